"""segmnist: videos of moving MNIST digits with per-pixel ground truth.

>>> import segmnist
>>> clip = segmnist.ClipSource("standard", split="train", seed=0)[17]
>>> clip.video.shape, clip.semantic.shape
((30, 64, 64), (30, 64, 64))
"""

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData, MissingDependency, SegmnistError
from segmnist.render.clips import Clip, Clips
from segmnist.render.engine import render
from segmnist.scene.presets import PRESETS, preset
from segmnist.scene.sample import sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource
from segmnist.version import GENERATOR_VERSION, __version__

__all__ = [
    "GENERATOR_VERSION",
    "PRESETS",
    "BadArgument",
    "Clip",
    "ClipSource",
    "Clips",
    "CorruptData",
    "DigitBank",
    "MissingDependency",
    "Scene",
    "SceneSpec",
    "SegmnistError",
    "__version__",
    "preset",
    "render",
    "sample",
]
