"""Matches of true and predicted tubes in every window of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine

Array = NDArray[Any]


@kernel(allocates=True)
def count_matches(overlap: Array, rows: Array, columns: Array, windows: Array, counts: Array) -> None:
    """Match tubes in every window of each length, and add up in `counts`, `(len(windows), 4, C)` int64.

    overlap: `(T, 1+N, 1+M)`; rows `(1+N,)` and columns `(1+M,)`: the classes of its ids, int64. Lines are the sum of IoU in
    fixed point, then matches, false alarms and misses by class.
    """
    num_frames, num_rows, num_columns = overlap.shape
    for k in range(windows.size):
        shared = np.zeros((num_rows, num_columns), np.int64)
        length = min(windows[k], num_frames)
        for t in range(num_frames):
            shared += overlap[t]
            if t >= length:
                shared -= overlap[t - length]
            if t + 1 >= length:
                match_window(shared, rows, columns, counts[k])


@subroutine(allocates=True)
def match_window(shared: Array, rows: Array, columns: Array, counts: Array) -> None:
    """Match the tubes of one window, given the pixels that each pair shares."""
    truth, prediction = shared.sum(axis=1), shared.sum(axis=0)
    is_found, is_missed = np.zeros(columns.size, np.bool_), truth > 0
    for i in range(rows.size):
        for j in range(columns.size):
            if shared[i, j] == 0 or rows[i] != columns[j]:
                continue
            iou = shared[i, j] / (truth[i] + prediction[j] - shared[i, j])
            if iou > 0.5:
                counts[0, rows[i]] += int(np.rint(iou * 1048576))
                counts[1, rows[i]] += 1
                is_found[j], is_missed[i] = True, False
    for j in range(columns.size):
        if prediction[j] > 0 and not is_found[j]:
            counts[2, columns[j]] += 1
    for i in range(rows.size):
        if is_missed[i]:
            counts[3, rows[i]] += 1
