"""The class prior of a part: how frequent each class is among the pixels of its train clips."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource
from segmnist.suites.catalog import SEED, Part

NUM_CLIPS = 1000
"""Train clips that are counted, from clip 0 on."""

_AT_ONCE = 50


def class_prior(part: Part) -> NDArray[np.float64]:
    """Return the class frequencies in the part's first 1,000 train clips, `(C,)`, summing to 1.

    Train clips are drawn by their ids, so the prior is the same on every machine and looks at no clip that
    is scored. One pixel is added to each class, so that none has probability 0.
    """
    return _class_prior(part.train_spec, part.bank)


@functools.cache
def _class_prior(spec: SceneSpec, bank: DigitBank | None) -> NDArray[np.float64]:
    source = ClipSource(spec, split="train", seed=SEED, bank=bank)
    num_classes = source.classes.num_classes
    background = source.classes.background
    pixels = np.ones(num_classes, dtype=np.int64)
    for first in range(0, NUM_CLIPS, _AT_ONCE):
        classes = source[first : first + _AT_ONCE].semantic
        digits = np.bincount(classes[classes != background], minlength=num_classes)
        pixels += digits
        pixels[background] += classes.size - digits.sum()
    prior = pixels / pixels.sum()
    prior.flags.writeable = False
    return prior
