"""Compiled loops over the pixels of a clip that several scores count.

Maps are `(T, H, W)` uint8, contiguous. Each function also runs uncompiled (`.py_func`); the readable NumPy forms that they
equal are in the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.compiled import kernel

Array = NDArray[Any]


@kernel
def count_pairs(truth: Array, prediction: Array, table: Array) -> None:
    """Count pixels `(P,)` by true and predicted class in `table`, `(C, C)` int64; classes from C on count nowhere."""
    num_classes = table.shape[0]
    for i in range(truth.shape[0]):
        if truth[i] < num_classes and prediction[i] < num_classes:
            table[truth[i], prediction[i]] += 1


@kernel
def count_warped_pairs(maps: Array, flow: Array, valid: Array, table: Array) -> None:
    """Count pixels by the class of a map and that of the next map along the flow, in `table`, `(C, C)` int64."""
    T, H, W = maps.shape
    num_classes = table.shape[0]
    for t in range(T - 1):
        for y in range(H):
            for x in range(W):
                if not valid[t, y, x]:
                    continue
                to_x = x + int(np.rint(flow[t, y, x, 0]))
                to_y = y + int(np.rint(flow[t, y, x, 1]))
                if 0 <= to_x < W and 0 <= to_y < H:
                    now, following = maps[t, y, x], maps[t + 1, to_y, to_x]
                    if now < num_classes and following < num_classes:
                        table[now, following] += 1


@kernel
def count_overlaps(truth: Array, prediction: Array, known: Array, table: Array) -> None:
    """Count the pixels of each frame by their ids in two maps, in `table`, `(T, 1 + N, 1 + M)` int64.

    known: which pixels count, bool; all do if it is empty.
    """
    all_known = known.size == 0
    for t in range(truth.shape[0]):
        for y in range(truth.shape[1]):
            for x in range(truth.shape[2]):
                if all_known or known[t, y, x]:
                    table[t, truth[t, y, x], prediction[t, y, x]] += 1


@kernel
def find_boundary(maps: Array, distance: int, found: Array) -> None:
    """Mark in `found`, uint8, the pixels within a chessboard distance of another label or of the frame's edge."""
    T, H, W = maps.shape
    for t in range(T):
        for y in range(H):
            row, near = maps[t, y], found[t, y]
            at_edge = y < distance or y + distance >= H
            for x in range(W):
                # What lies outside the frame is like an ignored pixel.
                near[x] = (at_edge or x < distance or x + distance >= W) and row[x] != IGNORE
            for v in range(max(y - distance, 0), min(y + distance + 1, H)):
                other = maps[t, v]
                for dx in range(-distance, distance + 1):
                    for x in range(max(0, -dx), min(W, W - dx)):
                        near[x] |= other[x + dx] != row[x]


@kernel
def count_boundaries(
    truth: Array, prediction: Array, near_truth: Array, near_prediction: Array, table: Array
) -> None:
    """Count by class the boundary pixels of truth, of the prediction, and of both, in `table`, `(3, C)` int64."""
    num_classes = table.shape[1]
    for t in range(truth.shape[0]):
        for y in range(truth.shape[1]):
            for x in range(truth.shape[2]):
                seen, said = truth[t, y, x], prediction[t, y, x]
                if near_truth[t, y, x] and seen < num_classes:
                    table[0, seen] += 1
                if near_prediction[t, y, x] and said < num_classes:
                    table[1, said] += 1
                if near_truth[t, y, x] and near_prediction[t, y, x] and seen == said and seen < num_classes:
                    table[2, seen] += 1
