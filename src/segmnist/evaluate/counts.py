"""Counts: everything that scores need to know of a hard map, as whole numbers that add up over clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND, NUM_CLASSES

Maps = NDArray[np.uint8]
Counts = NDArray[np.int64]


def confusion(truth: Maps, prediction: Maps) -> Counts:
    """Return how many pixels of class i (row) were called class j (column), `(11, 11)` int64.

    Both maps are uint8 of one shape, with classes 0..10. Pixels whose truth is above 10 (ignore) count
    nowhere.

    >>> table = confusion(np.array([3, 3, 10], np.uint8), np.array([3, 5, 10], np.uint8))
    >>> int(table[3, 3]), int(table[3, 5]), int(table[10, 10])
    (1, 1, 1)
    """
    pairs = truth.ravel().astype(np.intp) * NUM_CLASSES + prediction.ravel()
    counts = np.bincount(pairs, minlength=NUM_CLASSES**2)[: NUM_CLASSES**2]
    return counts.reshape(NUM_CLASSES, NUM_CLASSES).astype(np.int64)


def digit_counts(instance: Maps, prediction: Maps, num_digits: int) -> Counts:
    """Return how many pixels of each digit in each frame were called each class, `(N, T, 11)` int64.

    instance: `(T, H, W)` with 1..N, 0 = background; row i of the result is id i+1.
    """
    T = len(instance)
    frame = np.arange(T, dtype=np.intp).reshape(T, 1, 1)
    where = instance > 0
    digit_and_frame = ((instance.astype(np.intp) - 1) * T + frame)[where]
    pairs = digit_and_frame * NUM_CLASSES + prediction[where]
    counts = np.bincount(pairs, minlength=num_digits * T * NUM_CLASSES)
    return counts.reshape(num_digits, T, NUM_CLASSES).astype(np.int64)


def boundary(maps: Maps, distance: int = 1) -> NDArray[np.bool_]:
    """Return the pixels within `distance` (chessboard) of another label or of the frame's edge, `(T, H, W)`
    bool.

    The union over labels of what a (2d+1)-square erosion takes from each label's mask: the bands of Boundary
    IoU.
    """
    T, H, W = maps.shape
    inside = np.ones((T, H, W), dtype=bool)
    padded = np.full((T, H + 2 * distance, W + 2 * distance), 255, dtype=np.uint8)
    padded[:, distance : distance + H, distance : distance + W] = maps
    for dy in range(2 * distance + 1):
        for dx in range(2 * distance + 1):
            inside &= padded[:, dy : dy + H, dx : dx + W] == maps
    return ~inside


def boundary_counts(truth: Maps, prediction: Maps, distance: int = 1) -> Counts:
    """Return per class the boundary pixels of truth, of the prediction, and those in both, `(3, 11)`
    int64.
    """
    near_truth, near_prediction = boundary(truth, distance), boundary(prediction, distance)
    both = near_truth & near_prediction & (truth == prediction)
    return np.stack([_per_class(m) for m in (truth[near_truth], prediction[near_prediction], truth[both])])


def _per_class(classes: Maps) -> Counts:
    return np.bincount(classes, minlength=NUM_CLASSES)[:NUM_CLASSES].astype(np.int64)


def consistency_counts(truth: Maps, prediction: Maps, num_frames: int) -> Counts:
    """Return, over all windows of `num_frames`, pixels with constant truth; of these, those whose prediction
    is constant and correct; and those whose prediction is constant, `(3,)` int64. Zeros if the clip is
    shorter.
    """
    windows = len(truth) - num_frames + 1
    if windows < 1:
        return np.zeros(3, dtype=np.int64)
    steady = _constant(truth, windows, num_frames)
    held = steady & _constant(prediction, windows, num_frames)
    correct = held & (prediction[:windows] == truth[:windows])
    return np.array([m.sum() for m in (steady, correct, held)], dtype=np.int64)


def _constant(maps: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    """Return where each window's first label lasts through the window, `(windows, H, W)` bool."""
    same = np.ones((windows, *maps.shape[1:]), dtype=bool)
    for step in range(1, num_frames):
        same &= maps[step : step + windows] == maps[:windows]
    return same


def warped_confusion(prediction: Maps, flow: NDArray[np.float32], valid: NDArray[np.bool_]) -> Counts:
    """Return the confusion of each frame's prediction with the next frame's, followed along the flow, `(11,
    11)`.

    flow: `(T, H, W, 2)` pixels to the next frame as (dx, dy); valid: `(T, H, W)`. Pixels without a valid
    flow, or that leave the frame, count nowhere.
    """
    T, H, W = prediction.shape
    frame, y, x = np.nonzero(valid[: T - 1])
    moved = np.rint(flow[frame, y, x]).astype(np.intp)
    to_x, to_y = x + moved[:, 0], y + moved[:, 1]
    kept = (to_x >= 0) & (to_x < W) & (to_y >= 0) & (to_y < H)
    now = prediction[frame[kept], y[kept], x[kept]]
    return confusion(now, prediction[frame[kept] + 1, to_y[kept], to_x[kept]])


def overlaps(truth: Maps, prediction: Maps, num_true: int, num_predicted: int) -> Counts:
    """Return how many pixels each pair of ids shares in each frame, `(T, 1 + num_true, 1 + num_predicted)`
    int64.

    Both maps are `(T, H, W)` with 0 = background; row and column 0 are the background's.
    """
    T, rows, columns = len(truth), 1 + num_true, 1 + num_predicted
    frame = np.arange(T, dtype=np.intp).reshape(T, 1, 1)
    pairs = (frame * rows + truth) * columns + prediction
    return np.bincount(pairs.ravel(), minlength=T * rows * columns).reshape(T, rows, columns).astype(np.int64)


def windows_of(table: Counts, num_frames: int) -> Counts:
    """Return the sums of a `(T, ...)` table over every window of `num_frames` frames, `(T - num_frames + 1,
    ...)`.
    """
    total = np.concatenate([np.zeros((1, *table.shape[1:]), np.int64), table.cumsum(axis=0)])
    return np.asarray(total[num_frames:] - total[:-num_frames])


def segments_from_classes(prediction: Maps) -> tuple[Maps, Sequence[int]]:
    """Return ids and their classes when a model gives classes only: each class is one digit, id = class +
    1.
    """
    return np.where(prediction == BACKGROUND, 0, prediction + 1).astype(np.uint8), range(BACKGROUND)


def classes_of_segments(instance: Maps, prediction: Maps) -> tuple[Maps, list[int]]:
    """Return ids renumbered 1..M and the class most of each id's pixels have (background last), by
    majority.
    """
    ids = np.unique(instance[instance > 0])
    renumber = np.zeros(256, dtype=np.uint8)
    renumber[ids] = np.arange(1, len(ids) + 1)
    renamed = renumber[instance]
    table = digit_counts(renamed, prediction, len(ids)).sum(axis=1)
    digits = table[:, :BACKGROUND]
    return renamed, [int(row.argmax()) if row.any() else BACKGROUND for row in digits]
