"""The compiled pass over the pixels of a clip that fills all its tables of counts.

A frame is flat here, `(H * W,)`. Compared at once are whole frames, which gives each pixel some marks: it begins a run of
equal pixels, or it lies at a boundary. Few pixels have a mark, and the rest need no further look.
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

_RUNS, _AT_BOUNDARIES = (np.uint64(mark * 0x0101010101010101) for mark in (_RUN, _BOUNDARIES))
"""The marks of eight pixels."""


class Pixels(NamedTuple):
    """The maps of a clip, flat frames `(T, H * W)` uint8: true and predicted classes, and true and predicted ids."""

    seen: Array
    called: Array
    instance: Array
    named: Array


class Meanings(NamedTuple):
    """What numbers in maps mean.

    number_of: the digit that each predicted id is of, `(256,)` uint8, 0 for none. twins: the class that each true digit looks
    like, `(N,)` uint8. level, hidden: the grey levels of each pixel and of what it hides, `(T, H * W)` uint8, or `(0, 0)`.
    bucket_of: the bucket of each difference of the two, `(256,)` uint8.
    """

    number_of: Array
    twins: Array
    level: Array
    hidden: Array
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


@kernel(allocates=True)
def count_clip(
    pixels: Pixels, meanings: Meanings, motion: Motion, height: int, window: int, tables: Tables
) -> None:
    """Fill the tables of a clip; window: the frames of a window of `lasting`."""
    num_frames, size = pixels.seen.shape
    width = size // height
    # Eight marks are looked at in one step, as a word of 64 bits. A last run begins behind the frame.
    words = np.zeros(size // 8 + 1, np.uint64)
    marks = words.view(np.uint8)
    marks[size] = _RUN
    seen_since, called_since = np.zeros(size, np.int32), np.zeros(size, np.int32)
    for t in range(num_frames):
        seen, called, before = pixels.seen[t], pixels.called[t], max(t - 1, 0)
        mark_runs(pixels, t, marks)
        mark_boundaries(seen, width, _TRUE_BOUNDARY, marks)
        mark_boundaries(called, width, _CALLED_BOUNDARY, marks)
        mark_edges(height, width, marks)
        count_runs(pixels, meanings, t, words, marks, tables)
        count_boundaries(seen, called, words, marks, tables.boundary)
        note_changes(seen, pixels.seen[before], t, seen_since)
        note_changes(called, pixels.called[before], t, called_since)
        if t + 1 >= window:
            first, num_classes = t + 1 - window, tables.confusion.shape[0]
            count_lasting(seen, called, seen_since, called_since, first, num_classes, tables.lasting[first])
        if motion.flow.size and t + 1 < num_frames:
            count_warped(called, pixels.called[t + 1], motion.flow[t], motion.valid[t], tables.warped)


@subroutine(is_apart=True)
def mark_runs(pixels: Pixels, t: int, marks: Array) -> None:
    """Give each pixel the mark of a run where any map differs from the pixel before, and no other mark."""
    seen, called, instance, named = pixels.seen[t], pixels.called[t], pixels.instance[t], pixels.named[t]
    a, b, c, d, found = seen[1:], called[1:], instance[1:], named[1:], marks[1:]
    marks[0] = _RUN
    for i in range(a.size):
        found[i] = (a[i] != seen[i]) | (b[i] != called[i]) | (c[i] != instance[i]) | (d[i] != named[i])


@subroutine(is_apart=True)
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


@subroutine(is_apart=True)
def mark_edges(height: int, width: int, marks: Array) -> None:
    """Mark the pixels at the frame's edge as boundaries of both maps: outside, nothing has a class."""
    for x in range(width):
        marks[x] |= _BOUNDARIES
        marks[(height - 1) * width + x] |= _BOUNDARIES
    for y in range(height):
        marks[y * width] |= _BOUNDARIES
        marks[y * width + width - 1] |= _BOUNDARIES


@subroutine(is_apart=True)
def count_runs(
    pixels: Pixels, meanings: Meanings, t: int, words: Array, marks: Array, tables: Tables
) -> None:
    """Count the runs of a frame: pixels in a row that are equal in every map."""
    seen, called, instance, named = pixels.seen[t], pixels.called[t], pixels.instance[t], pixels.named[t]
    confusion, overlap, tubes, outcomes = tables.confusion, tables.overlap[t], tables.tubes, tables.outcomes
    num_classes, start = confusion.shape[0], 0
    background = num_classes - 1
    for word in range(words.size):
        if words[word] & _RUNS == 0:
            continue
        for end in range(max(8 * word, 1), min(8 * word + 8, seen.size + 1)):
            if marks[end] & _RUN == 0:
                continue
            true, said, digit, number = seen[start], called[start], instance[start], named[start]
            first, length = start, end - start
            start = end
            if true >= num_classes:
                continue
            number = meanings.number_of[number]
            overlap[digit, number] += length
            if said < num_classes:
                confusion[true, said] += length
            if tubes.size:
                tubes[digit, number, min(said, background)] += length
            if digit == 0:
                continue
            outcome = 3
            if said == true:
                outcome = 0
            elif said == background:
                outcome = 1
            elif said == meanings.twins[digit - 1]:
                outcome = 2
            if meanings.level.size:
                for i in range(first, end):
                    contrast = abs(np.int64(meanings.level[t, i]) - np.int64(meanings.hidden[t, i]))
                    outcomes[digit - 1, t, meanings.bucket_of[contrast], outcome] += 1
            else:
                outcomes[digit - 1, t, 0, outcome] += length


@subroutine(is_apart=True)
def count_boundaries(seen: Array, called: Array, words: Array, marks: Array, table: Array) -> None:
    """Count the pixels at boundaries of the truth, of the prediction, and of both in the same class."""
    num_classes = table.shape[1]
    for word in range(words.size):
        if words[word] & _AT_BOUNDARIES == 0:
            continue
        for i in range(8 * word, min(8 * word + 8, seen.size)):
            is_true = marks[i] & _TRUE_BOUNDARY != 0 and seen[i] < num_classes
            is_called = marks[i] & _CALLED_BOUNDARY != 0 and called[i] < num_classes
            if is_true:
                table[0, seen[i]] += 1
            if is_called:
                table[1, called[i]] += 1
            if is_true and is_called and seen[i] == called[i]:
                table[2, seen[i]] += 1


@subroutine(is_apart=True)
def note_changes(frame: Array, before: Array, t: int, since: Array) -> None:
    """Note the frame since when each pixel has its class."""
    for i in range(frame.size):
        since[i] = since[i] if frame[i] == before[i] else t


@subroutine(is_apart=True)
def count_lasting(
    seen: Array,
    called: Array,
    seen_since: Array,
    called_since: Array,
    first: int,
    num_classes: int,
    row: Array,
) -> None:
    """Count the pixels whose true class lasts since a frame, and their predicted one, and is the same."""
    steady = held = right = 0
    for i in range(seen.size):
        is_steady = (seen_since[i] <= first) & (seen[i] < num_classes)
        is_held = is_steady & (called_since[i] <= first)
        steady += is_steady
        held += is_held
        right += is_held & (seen[i] == called[i])
    row[0], row[1], row[2] = steady, held, right


@subroutine(is_apart=True)
def count_warped(now: Array, following: Array, flow: Array, valid: Array, table: Array) -> None:
    """Count pixels by their class and that of the pixel of the next frame to which the flow leads."""
    height, width = valid.shape
    num_classes = table.shape[0]
    for y in range(height):
        for x in range(width):
            if not valid[y, x]:
                continue
            to_x, to_y = x + int(np.rint(flow[y, x, 0])), y + int(np.rint(flow[y, x, 1]))
            if 0 <= to_x < width and 0 <= to_y < height:
                one, other = now[y * width + x], following[to_y * width + to_x]
                if one < num_classes and other < num_classes:
                    table[one, other] += 1
