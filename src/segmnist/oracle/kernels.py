"""Compiled loops of the oracle: over the ink of pictures, and over tiles of pairs.

Ink is a list of pixels, one picture after another; a digit of a tile has in frame k the entries `begin[k]` up to `end[k]`.
Every function also runs uncompiled (`.py_func`), which the tests use as the specification of the compiled form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine

Array = NDArray[Any]


@kernel
def weigh_ink(
    start: Array, pixel: Array, level: Array, seen: Array, log_table: Array, behind: Array,
    ratio: Array, total: Array, most: Array,
) -> None:  # fmt: skip
    """Fill each ink pixel's log p(seen | level) - behind, and each picture's sum of them and of the positive ones."""
    for u in range(total.shape[0]):
        all_of_it = 0.0
        positive = 0.0
        for e in range(start[u], start[u + 1]):
            p = pixel[e]
            value = log_table[level[e], seen[p]] - behind[p]
            ratio[e] = value
            all_of_it += value
            positive += max(value, 0.0)
        total[u] = all_of_it
        most[u] = positive


@kernel
def sum_under(start: Array, pixel: Array, ratio: Array, cover: Array, out: Array) -> None:
    """Fill each picture's sum of ratio x cover[pixel], `(U,)`."""
    for u in range(out.shape[0]):
        total = 0.0
        for e in range(start[u], start[u + 1]):
            total += ratio[e] * cover[pixel[e]]
        out[u] = total


@kernel
def sum_at(start: Array, pixel: Array, worth: Array, out: Array) -> None:
    """Fill each picture's sum of worth[pixel], `(U,)`."""
    for u in range(out.shape[0]):
        total = 0.0
        for e in range(start[u], start[u + 1]):
            total += worth[pixel[e]]
        out[u] = total


@kernel
def splat(weight: Array, odds: Array, begin: Array, end: Array, pixel: Array, out: Array) -> None:
    """Add each hypothesis' weight, split over its labels, to the pixels that it covers; out: `(10,P)`."""
    for h in range(weight.shape[0]):
        for label in range(odds.shape[1]):
            share = weight[h] * odds[h, label]
            if share > 0:
                for e in range(begin[h], end[h]):
                    out[label, pixel[e]] += share


@subroutine
def number_pixels(begin: Array, end: Array, pixel: Array, place: Array, touched: Array, held: Array) -> int:
    """Number the pixels under any of these digits from 0 on, and return how many there are.

    Fills `place` at these pixels, `touched` with them in order, and their rows of `held` with zeros.
    """
    used = 0
    for c in range(begin.shape[0]):
        for e in range(begin[c], end[c]):
            p = pixel[e]
            if place[p] < 0:
                place[p] = used
                touched[used] = p
                for other in range(held.shape[1]):
                    held[used, other] = 0.0
                used += 1
    return used


@kernel
def subtract_hidden(
    weights: Array, rest: Array, front_rest: Array, floor: float, swapped: Array,
    front_begin: Array, front_end: Array, front_pixel: Array, front_ratio: Array,
    behind_begin: Array, behind_end: Array, pixel: Array, ratio: Array, place: Array, touched: Array, held: Array, live: Array,
) -> int:  # fmt: skip
    """Subtract from the log-weights of a tile, `(R,C)`, what the row's digit hides of the column's in each frame.

    swapped `(K,)`: frames in which the column's digit hides the row's. rest[c, k], front_rest[r, k]: the most that frames k
    and later can give column c and row r back. A row is given up, and set to -inf, as soon as none of its pairs can reach
    `floor`. place `(P,)`, all -1, touched `(P,)`, held `(P,C)` and live `(R,)` are for scratch. Returns the additions done.
    """
    num_rows, num_columns = weights.shape
    for r in range(num_rows):
        live[r] = r
    num_live, work = num_rows, 0
    for k in range(front_begin.shape[1]):
        used = number_pixels(behind_begin[:, k], behind_end[:, k], pixel, place, touched, held)
        for c in range(num_columns):
            for e in range(behind_begin[c, k], behind_end[c, k]):
                held[place[pixel[e]], c] = 1.0 if swapped[k] else ratio[e]
        still = 0
        for n in range(num_live):
            r = live[n]
            for e in range(front_begin[r, k], front_end[r, k]):
                at = place[front_pixel[e]]
                if at >= 0:
                    work += 1
                    share = front_ratio[e] if swapped[k] else 1.0
                    for c in range(num_columns):
                        weights[r, c] -= share * held[at, c]
            reach = -np.inf
            for c in range(num_columns):
                reach = max(reach, weights[r, c] + rest[c, k + 1])
            if reach + front_rest[r, k + 1] >= floor:
                live[still] = r
                still += 1
            else:
                weights[r, :] = -np.inf
        num_live = still
        for n in range(used):
            place[touched[n]] = -1
    return work * num_columns


@kernel
def add_hidden(
    weights: Array, odds: Array, front_begin: Array, front_end: Array, front_pixel: Array,
    behind_begin: Array, behind_end: Array, pixel: Array, place: Array, touched: Array, held: Array, hidden: Array,
) -> int:  # fmt: skip
    """Add, for each frame, label and pixel, the weight of the pairs whose digit behind is of this label and hidden there.

    weights `(R,C)`; odds `(C,10)`; hidden `(K,10,P)`; place, touched, held as in `subtract_hidden`. Returns the additions done.
    """
    num_rows, num_columns = weights.shape
    work = 0
    for k in range(front_begin.shape[1]):
        used = number_pixels(behind_begin[:, k], behind_end[:, k], pixel, place, touched, held)
        for r in range(num_rows):
            for e in range(front_begin[r, k], front_end[r, k]):
                at = place[front_pixel[e]]
                if at >= 0:
                    work += 1
                    for c in range(num_columns):
                        held[at, c] += weights[r, c]
        for c in range(num_columns):
            for label in range(odds.shape[1]):
                if odds[c, label] > 0:
                    for e in range(behind_begin[c, k], behind_end[c, k]):
                        hidden[k, label, pixel[e]] += odds[c, label] * held[place[pixel[e]], c]
        for n in range(used):
            place[touched[n]] = -1
    return work * num_columns


@kernel
def union_ink(
    front_begin: Array, front_end: Array, middle_begin: Array, middle_end: Array, pixel: Array, mark: Array,
    begin: Array, end: Array, out: Array,
) -> None:  # fmt: skip
    """Fill in the pixels that either of two digits covers, each once, and where each pair's begin and end.

    mark: `(P,)`, all -1, for scratch.
    """
    used = 0
    stamp = 0
    for r in range(begin.shape[0]):
        for k in range(begin.shape[1]):
            begin[r, k] = used
            for e in range(front_begin[r, k], front_end[r, k]):
                out[used] = pixel[e]
                mark[pixel[e]] = stamp
                used += 1
            for e in range(middle_begin[r, k], middle_end[r, k]):
                if mark[pixel[e]] != stamp:
                    out[used] = pixel[e]
                    used += 1
            end[r, k] = used
            stamp += 1


@kernel
def hide_pairs(
    weight: Array, odds: Array, front_begin: Array, front_end: Array, middle_begin: Array, middle_end: Array,
    pixel: Array, mark: Array, hidden: Array,
) -> None:  # fmt: skip
    """Add each pair's weight, split over the labels of its second digit, where the first hides the second.

    odds `(R,10)`; hidden `(K,10,P)`; mark as in `union_ink`.
    """
    stamp = 0
    for r in range(weight.shape[0]):
        for k in range(front_begin.shape[1]):
            for e in range(front_begin[r, k], front_end[r, k]):
                mark[pixel[e]] = stamp
            for e in range(middle_begin[r, k], middle_end[r, k]):
                if mark[pixel[e]] == stamp:
                    for label in range(odds.shape[1]):
                        if odds[r, label] > 0:
                            hidden[k, label, pixel[e]] += weight[r] * odds[r, label]
            stamp += 1
