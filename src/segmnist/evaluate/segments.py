"""Predicted and true digits as segments with ids, and how many pixels each pair of them shares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps


class Segments(NamedTuple):
    """Ids `(T, H, W)` uint8, 1..M with 0 = background, and the class of each id, `(M,)`."""

    instance: Maps
    classes: list[int]


def segments_of_classes(prediction: Maps, num_classes: int = NUM_CLASSES) -> Segments:
    """Return the segments of a model that gives classes only: each class is one digit, id = class + 1."""
    background = num_classes - 1
    instance = np.where(prediction >= background, 0, prediction + 1).astype(np.uint8)
    return Segments(instance, list(range(background)))


def segments_of_ids(instance: Maps, prediction: Maps, num_classes: int = NUM_CLASSES) -> Segments:
    """Return ids relabelled 1..M, each with the class that most of its pixels have.

    The background counts only for an id that has no other class.
    """
    ids = np.unique(instance[instance > 0])
    renumber = np.zeros(256, dtype=np.uint8)
    renumber[ids] = np.arange(1, len(ids) + 1)
    renamed = renumber[instance]
    digits = class_counts(renamed, prediction, len(ids), num_classes)[:, :-1]
    return Segments(renamed, [int(row.argmax()) if row.any() else num_classes - 1 for row in digits])


def class_counts(instance: Maps, prediction: Maps, num_ids: int, num_classes: int = NUM_CLASSES) -> Counts:
    """Return how many pixels of each id were called each class, `(M, num_classes)` int64; row i is id i+1."""
    where = instance > 0
    pairs = (instance[where].astype(np.intp) - 1) * num_classes + prediction[where]
    counts = np.bincount(pairs, minlength=num_ids * num_classes)
    return counts.reshape(num_ids, num_classes).astype(np.int64)


def overlaps(
    truth: Maps, prediction: Maps, num_true: int, num_predicted: int, known: NDArray[np.bool_] | None = None
) -> Counts:
    """Return how many pixels each pair of ids shares in each frame.

    Both maps are `(T, H, W)` with 0 = background; only pixels that are `known` count. The result is
    `(T, 1 + num_true, 1 + num_predicted)` int64; row and column 0 are the background's.
    """
    from segmnist.evaluate.kernels import count_overlaps

    table = np.zeros((len(truth), 1 + num_true, 1 + num_predicted), np.int64)
    everywhere = np.zeros((0, 0, 0), bool)
    count_overlaps(
        *map(np.ascontiguousarray, (truth, prediction, everywhere if known is None else known)), table
    )
    return table
