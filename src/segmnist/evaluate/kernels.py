"""The compiled pass over the pixels of a clip that fills all its tables of counts, and what is counted of their windows.

A frame is flat here, `(H * W,)`. Compared at once are whole frames, which gives each pixel some marks: it begins a run of
equal pixels, or it lies at a boundary. Few pixels have a mark, and the rest need no further look. `reference.py` has the
readable NumPy forms that these loops equal bit for bit. Each kernel also runs uncompiled (`.py_func`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine

Array = NDArray[Any]

_RUN, _TRUE_BOUNDARY, _CALLED_BOUNDARY = 1, 2, 4
"""Marks of a pixel: a run of equal pixels begins here; it is at a boundary of the truth, of the prediction."""

_BOUNDARIES = _TRUE_BOUNDARY | _CALLED_BOUNDARY


class Pixels(NamedTuple):
    """The maps of a clip, flat frames `(T, H * W)` uint8: true and predicted classes, and true and predicted ids."""

    seen: Array
    called: Array
    instance: Array
    named: Array


class Meanings(NamedTuple):
    """What numbers in maps mean.

    number_of: the digit that each predicted id is of, `(256,)` uint8, 0 for none. twins: the class that each true digit looks
    like, `(N,)` uint8. contrast: that of each pixel with what it hides, `(T, H * W)` uint8, or `(0, 0)`. bucket_of: the bucket
    of each contrast, `(256,)` uint8.
    """

    number_of: Array
    twins: Array
    contrast: Array
    bucket_of: Array


class Motion(NamedTuple):
    """Flow to the next frame, `(T, H, W, 2)` float32 as (dx, dy), and where it is valid, bool; of no size if unknown."""

    flow: Array
    valid: Array


class Tables(NamedTuple):
    """The tables of a clip, int64 zeros at first: `ClipTables` says what they hold. `tubes` may be of no size."""

    confusion: Array
    overlap: Array
    tubes: Array
    outcomes: Array
    boundary: Array
    lasting: Array
    warped: Array


@kernel
def count_clip(
    pixels: Pixels, meanings: Meanings, motion: Motion, height: int, window: int, tables: Tables
) -> None:
    """Fill the tables of a clip; window: the frames of a window of `lasting`."""
    num_frames, size = pixels.seen.shape
    width = size // height
    # Eight marks are looked at in one step, as a word of 64 bits.
    words = np.zeros(-(-size // 8), np.uint64)
    marks = words.view(np.uint8)[:size]
    since = np.zeros((2, size), np.int32)
    for t in range(num_frames):
        mark_runs(pixels, t, marks)
        mark_boundaries(pixels.seen[t], width, _TRUE_BOUNDARY, marks)
        mark_boundaries(pixels.called[t], width, _CALLED_BOUNDARY, marks)
        mark_edges(height, width, marks)
        count_marked(pixels, meanings, t, words, marks, tables)
        count_lasting(pixels, t, window, since, tables)
        if motion.flow.size and t + 1 < num_frames:
            count_warped(pixels.called[t], pixels.called[t + 1], motion.flow[t], motion.valid[t], tables)


@subroutine
def mark_runs(pixels: Pixels, t: int, marks: Array) -> None:
    """Give each pixel the mark of a run where any map differs from the pixel before, and no other mark."""
    seen, called, instance, named = pixels.seen[t], pixels.called[t], pixels.instance[t], pixels.named[t]
    a, b, c, d, found = seen[1:], called[1:], instance[1:], named[1:], marks[1:]
    marks[0] = _RUN
    for i in range(a.size):
        found[i] = (a[i] != seen[i]) | (b[i] != called[i]) | (c[i] != instance[i]) | (d[i] != named[i])


@subroutine
def mark_boundaries(frame: Array, width: int, mark: int, marks: Array) -> None:
    """Mark the pixels that differ from one of their eight neighbours; those at the frame's edge in any way."""
    above, row, below = frame, frame[width:], frame[2 * width :]
    a, b, c, d = above[1:], above[2:], row[1:], row[2:]
    e, f, found = below[1:], below[2:], marks[width + 1 :]
    for i in range(frame.size - 2 * width - 2):
        own = c[i]
        differs = (above[i] != own) | (a[i] != own) | (b[i] != own) | (row[i] != own) | (d[i] != own)
        differs |= (below[i] != own) | (e[i] != own) | (f[i] != own)
        found[i] |= np.uint8(differs) * np.uint8(mark)


@subroutine
def mark_edges(height: int, width: int, marks: Array) -> None:
    """Mark the pixels at the frame's edge as boundaries of both maps: outside, nothing has a class."""
    for x in range(width):
        marks[x] |= _BOUNDARIES
        marks[(height - 1) * width + x] |= _BOUNDARIES
    for y in range(height):
        marks[y * width] |= _BOUNDARIES
        marks[y * width + width - 1] |= _BOUNDARIES


@subroutine
def count_marked(
    pixels: Pixels, meanings: Meanings, t: int, words: Array, marks: Array, tables: Tables
) -> None:
    """Count the runs and the boundaries of a frame."""
    start = 0
    for word in range(words.size):
        if words[word] == 0:
            continue
        for i in range(8 * word, min(8 * word + 8, marks.size)):
            if marks[i] & _RUN and i > 0:
                count_run(pixels, meanings, t, start, i, tables)
                start = i
            if marks[i] & _BOUNDARIES:
                count_boundary(pixels.seen[t, i], pixels.called[t, i], marks[i], tables.boundary)
    count_run(pixels, meanings, t, start, marks.size, tables)


@subroutine
def count_run(pixels: Pixels, meanings: Meanings, t: int, start: int, end: int, tables: Tables) -> None:
    """Count the pixels from start to end, which are equal in every map."""
    seen, called, digit = pixels.seen[t, start], pixels.called[t, start], pixels.instance[t, start]
    num_classes, length = tables.confusion.shape[0], end - start
    background = num_classes - 1
    if seen >= num_classes:
        return
    number = meanings.number_of[pixels.named[t, start]]
    tables.overlap[t, digit, number] += length
    if called < num_classes:
        tables.confusion[seen, called] += length
    if tables.tubes.size:
        tables.tubes[digit, number, min(called, background)] += length
    if digit == 0:
        return
    outcome = 3
    if called == seen:
        outcome = 0
    elif called == background:
        outcome = 1
    elif called == meanings.twins[digit - 1]:
        outcome = 2
    if not meanings.contrast.size:
        tables.outcomes[digit - 1, t, 0, outcome] += length
        return
    for i in range(start, end):
        tables.outcomes[digit - 1, t, meanings.bucket_of[meanings.contrast[t, i]], outcome] += 1


@subroutine
def count_boundary(seen: int, called: int, marks: int, table: Array) -> None:
    """Count a pixel at a boundary of the truth, of the prediction, or of both in the same class."""
    num_classes = table.shape[1]
    is_true = marks & _TRUE_BOUNDARY != 0 and seen < num_classes
    is_called = marks & _CALLED_BOUNDARY != 0 and called < num_classes
    if is_true:
        table[0, seen] += 1
    if is_called:
        table[1, called] += 1
    if is_true and is_called and seen == called:
        table[2, seen] += 1


@subroutine
def count_lasting(pixels: Pixels, t: int, window: int, since: Array, tables: Tables) -> None:
    """Note the frame since when each pixel has its class, and count the window that ends with this frame."""
    before, first, num_classes = max(t - 1, 0), t + 1 - window, tables.confusion.shape[0]
    seen, called, seen_before, called_before = (
        pixels.seen[t], pixels.called[t], pixels.seen[before], pixels.called[before],
    )  # fmt: skip
    seen_since, called_since = since[0], since[1]
    steady = held = right = 0
    for i in range(seen.size):
        seen_since[i] = seen_since[i] if seen[i] == seen_before[i] else t
        called_since[i] = called_since[i] if called[i] == called_before[i] else t
        is_steady = (seen_since[i] <= first) & (seen[i] < num_classes)
        is_held = is_steady & (called_since[i] <= first)
        steady += is_steady
        held += is_held
        right += is_held & (seen[i] == called[i])
    if first >= 0:
        tables.lasting[first, 0] = steady
        tables.lasting[first, 1] = held
        tables.lasting[first, 2] = right


@subroutine
def count_warped(now: Array, following: Array, flow: Array, valid: Array, tables: Tables) -> None:
    """Count pixels by their class and that of the pixel of the next frame to which the flow leads."""
    height, width = valid.shape
    num_classes = tables.warped.shape[0]
    for y in range(height):
        for x in range(width):
            if not valid[y, x]:
                continue
            to_x, to_y = x + int(np.rint(flow[y, x, 0])), y + int(np.rint(flow[y, x, 1]))
            if 0 <= to_x < width and 0 <= to_y < height:
                one, other = now[y * width + x], following[to_y * width + to_x]
                if one < num_classes and other < num_classes:
                    tables.warped[one, other] += 1


@kernel
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


@subroutine
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
