"""segmnist: videos of moving MNIST digits with per-pixel ground truth.

>>> import segmnist
>>> clip = segmnist.ClipSource("standard", split="train", seed=0)[17]
>>> clip.video.shape, clip.semantic.shape
((30, 64, 64), (30, 64, 64))
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from segmnist.version import GENERATOR_VERSION, __version__

if TYPE_CHECKING:
    from segmnist.digits.bank import DigitBank
    from segmnist.errors import BadArgument, CorruptData, MissingDependency, SegmnistError
    from segmnist.render.clips import Clip, Clips
    from segmnist.render.engine import render
    from segmnist.scene.presets import PRESETS, preset
    from segmnist.scene.sample import sample
    from segmnist.scene.scene import Scene
    from segmnist.scene.spec import SceneSpec
    from segmnist.source import ClipSource

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

_HOMES = {
    "PRESETS": "scene.presets",
    "BadArgument": "errors",
    "Clip": "render.clips",
    "ClipSource": "source",
    "Clips": "render.clips",
    "CorruptData": "errors",
    "DigitBank": "digits.bank",
    "MissingDependency": "errors",
    "Scene": "scene.scene",
    "SceneSpec": "scene.spec",
    "SegmnistError": "errors",
    "preset": "scene.presets",
    "render": "render.engine",
    "sample": "scene.sample",
}
"""The module of each public name. It is imported when the name is first used, so that the command line starts fast."""


class _Package(ModuleType):
    """The package: imports public names and parts when they are asked for; `render` is the function, not its folder."""

    def __getattr__(self, name: str) -> Any:
        if name in _HOMES:
            found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
            setattr(self, name, found)
            return found
        if not name.startswith("_") and importlib.util.find_spec(f"{__name__}.{name}"):
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_HOMES})


sys.modules[__name__].__class__ = _Package
