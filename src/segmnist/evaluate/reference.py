"""Every table of a clip, and what is matched in it, by definition: plain NumPy, which the compiled pass equals bit for bit.

Maps are `(T, H, W)` uint8: classes, with 255 at ignored pixels, or ids, with 0 there. `ids` of a prediction are numbered 1..M.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Probabilities, ratio, to_fixed
from segmnist.evaluate.clip_tables import CONTRASTS, OUTCOMES
from segmnist.evaluate.pixels import LEAST, PixelScores


def overlaps(
    truth: Maps, ids: Maps, num_true: int, num_ids: int, known: NDArray[np.bool_] | None = None
) -> Counts:
    """Return how many of the known pixels each pair of ids shares in each frame, `(T, 1 + num_true, 1 + num_ids)`."""
    table = np.zeros((len(truth), 1 + num_true, 1 + num_ids), np.int64)
    frame, y, x = np.nonzero(np.ones(truth.shape, bool) if known is None else known)
    np.add.at(table, (frame, truth[frame, y, x], ids[frame, y, x]), 1)
    return table


def tubes(
    truth: Maps, ids: Maps, classes: Maps, num_true: int, num_ids: int, num_classes: int = NUM_CLASSES
) -> Counts:
    """Return pixels by true id, predicted id and class, `(1 + num_true, 1 + num_ids, C)`; ignored ones have class 255."""
    table = np.zeros((1 + num_true, 1 + num_ids, num_classes), np.int64)
    where = classes != IGNORE
    np.add.at(table, (truth[where], ids[where], classes[where]), 1)
    return table


def outcomes(
    instance: Maps, truth: Maps, prediction: Maps, twins: NDArray[np.uint8], levels: tuple[Maps, Maps] | None,
    num_classes: int = NUM_CLASSES,
) -> Counts:  # fmt: skip
    """Return digit pixels by digit, frame, bucket of contrast and outcome, `(N, T, 4, 4)`.

    levels: the grey levels of the digits and of what they hide; without them all are in the first bucket.
    """
    table = np.zeros((len(twins), len(instance), 1 + len(CONTRASTS), len(OUTCOMES)), np.int64)
    frame, y, x = np.nonzero(instance)
    digit, called = instance[frame, y, x].astype(np.intp) - 1, prediction[frame, y, x]
    cases = [called == truth[frame, y, x], called == num_classes - 1, called == twins[digit]]
    outcome = np.select(cases, [0, 1, 2], default=3)
    bucket = np.zeros_like(digit)
    if levels is not None:
        level, hidden = (one[frame, y, x].astype(int) for one in levels)
        bucket = np.searchsorted(CONTRASTS, np.abs(level - hidden), side="right")
    np.add.at(table, (digit, frame, bucket, outcome), 1)
    return table


def boundary(maps: Maps, distance: int = 1) -> NDArray[np.bool_]:
    """Return the pixels within `distance` (chessboard) of another label or of the frame's edge.

    `(T, H, W)` bool: the union over labels of what a (2d+1)-square erosion takes from each label's mask,
    the bands of Boundary IoU. Ignored pixels are like what lies outside the frame.
    """
    H, W = maps.shape[1:]
    padded = np.pad(maps, [(0, 0), (distance, distance), (distance, distance)], constant_values=IGNORE)
    places = range(2 * distance + 1)
    differs = [padded[:, dy : dy + H, dx : dx + W] != maps for dy in places for dx in places]
    return np.asarray(np.any(differs, axis=0))


def boundary_counts(truth: Maps, prediction: Maps, num_classes: int = NUM_CLASSES) -> Counts:
    """Return per class the boundary pixels of truth, of the prediction, and of both, `(3, C)` int64."""
    near, other = boundary(truth), boundary(prediction)
    both = near & other & (truth == prediction)
    groups = truth[near], prediction[other], truth[both]
    return np.stack([np.bincount(classes, minlength=256)[:num_classes] for classes in groups])


def lasting(truth: Maps, prediction: Maps, num_frames: int, num_classes: int = NUM_CLASSES) -> Counts:
    """Return for each window of frames its pixels of constant truth, those also predicted constant, and right, `(W, 3)`."""
    windows = max(len(truth) - num_frames + 1, 0)
    steady = _constant(truth, windows, num_frames) & (truth[:windows] < num_classes)
    held = steady & _constant(prediction, windows, num_frames)
    right = held & (prediction[:windows] == truth[:windows])
    return np.stack([pixels.sum(axis=(1, 2)) for pixels in (steady, held, right)], axis=1)


def _constant(maps: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    """Return where each window's first label lasts through the window, `(windows, H, W)` bool."""
    same = np.ones((windows, *maps.shape[1:]), dtype=bool)
    for step in range(1, num_frames):
        same &= maps[step : step + windows] == maps[:windows]
    return same


def warped(
    maps: Maps, flow: NDArray[np.float32], valid: NDArray[np.bool_], num_classes: int = NUM_CLASSES
) -> Counts:
    """Return the confusion of each frame's classes with the next frame's along the flow, `(C, C)`.

    flow: `(T, H, W, 2)` pixels to the next frame as (dx, dy); valid: `(T, H, W)`. Pixels without a valid
    flow, or that leave the frame, count nowhere; nor do ignored ones.
    """
    T, H, W = maps.shape
    frame, y, x = np.nonzero(valid[: T - 1])
    moved = np.rint(flow[frame, y, x]).astype(int)
    to_x, to_y = x + moved[:, 0], y + moved[:, 1]
    kept = (to_x >= 0) & (to_x < W) & (to_y >= 0) & (to_y < H)
    table = np.zeros((256, 256), np.int64)
    np.add.at(table, (maps[frame, y, x][kept], maps[frame[kept] + 1, to_y[kept], to_x[kept]]), 1)
    return table[:num_classes, :num_classes]


def pixel_scores(truth: Maps, probabilities: Probabilities) -> PixelScores:
    """Return the scores of every pixel, as `pixels.pixel_scores` does."""
    p = probabilities.astype(np.float32)
    given = np.take_along_axis(p, truth[:, None].astype(np.intp), axis=1)[:, 0]
    squares = np.zeros_like(given)
    for c in range(p.shape[1]):
        squares += p[:, c] * p[:, c]
    nll = -np.log(np.maximum(given, np.float32(LEAST)))
    return PixelScores(nll, squares - 2 * given + 1, p.max(axis=1), p.argmax(axis=1) == truth)


def reliability_bins(confidence: NDArray[np.float32], correct: NDArray[np.bool_], num_bins: int) -> Counts:
    """Return pixels, right ones, and confidence in fixed point, in equal bins open below and closed above, `(3, num_bins)`."""
    which = np.clip(np.ceil(confidence * num_bins).astype(np.intp) - 1, 0, num_bins - 1)
    count = np.bincount(which, minlength=num_bins)
    hits = np.bincount(which[correct], minlength=num_bins)
    summed = to_fixed(np.bincount(which, weights=confidence, minlength=num_bins))
    return np.stack([count, hits, summed]).astype(np.int64)


def matches(
    overlap: Counts, true_classes: Sequence[int], classes: Sequence[int], num_frames: int,
    num_classes: int = NUM_CLASSES,
) -> Counts:  # fmt: skip
    """Return per class the sum of IoU in fixed point, then TP, FP and FN, `(4, C)`, over all windows of frames.

    overlap: `(T, 1+N, 1+M)` pixels shared by each pair of ids, background first; true_classes `(N,)` and
    classes `(M,)` are the ids' classes. Within each window of `num_frames` a tube matches one of its class
    at IoU > 1/2, which is unique. A clip shorter than the window is one window.
    """
    shared = _windows_of(overlap, min(num_frames, len(overlap)))
    truth, prediction = shared.sum(axis=2), shared.sum(axis=1)
    rows, columns = (np.array([num_classes - 1, *each]) for each in (true_classes, classes))
    iou = ratio(shared, truth[:, :, None] + prediction[:, None, :] - shared)
    matched = (iou > 0.5) & (rows[:, None] == columns[None, :])
    counts = np.zeros((4, num_classes), dtype=np.int64)
    _, row, _ = np.nonzero(matched)
    np.add.at(counts[0], rows[row], to_fixed(iou[matched]))
    np.add.at(counts[1], rows[row], 1)
    for line, present, found, names in (
        (2, prediction > 0, matched.any(axis=1), columns),
        (3, truth > 0, matched.any(axis=2), rows),
    ):
        np.add.at(counts[line], names[np.nonzero(present & ~found)[1]], 1)
    return counts


def _windows_of(table: Counts, num_frames: int) -> Counts:
    """Return the sums of a `(T, ...)` table over every window of frames, `(T - num_frames + 1, ...)`."""
    total = np.concatenate([np.zeros((1, *table.shape[1:]), np.int64), table.cumsum(axis=0)])
    return np.asarray(total[num_frames:] - total[:-num_frames])
