"""Predicted digits as segments: the number of each id, and its class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps


def numbers_of_classes(num_classes: int = NUM_CLASSES) -> NDArray[np.uint8]:
    """Return the segments of a model that gives classes only, `(256,)` uint8: each class is one digit, number = class + 1.

    0 is for the background, and for what is no class.
    """
    numbers = np.zeros(256, np.uint8)
    numbers[: num_classes - 1] = np.arange(1, num_classes)
    return numbers


def numbers_of_ids(instance: Maps) -> NDArray[np.uint8]:
    """Return the numbers 1..M of the ids in a map, in their order, `(256,)` uint8; 0 for other ids, and for id 0."""
    ids = np.flatnonzero(np.bincount(instance.ravel(), minlength=256)[1:]) + 1
    numbers = np.zeros(256, np.uint8)
    numbers[ids] = np.arange(1, len(ids) + 1)
    return numbers


def classes_of_ids(tubes: Counts) -> list[int]:
    """Return the class that most pixels of each id have, of `(1 + N, 1 + M, C)` pixels by true id, id and class: M classes.

    The background counts only for an id that has no other class.
    """
    digits = tubes.sum(axis=0)[1:, :-1]
    return [int(row.argmax()) if row.any() else tubes.shape[2] - 1 for row in digits]
