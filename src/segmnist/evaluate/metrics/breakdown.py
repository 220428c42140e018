"""Breakdowns: where a model fails, by what is true of each digit pixel. Tables, and no scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps
from segmnist.evaluate.metric import Metric
from segmnist.evaluate.scored_clip import ScoredClip

OUTCOMES = ("right", "background", "twin", "another digit")
"""What a digit pixel was taken for: its class, the background, the digit's twin, any other class."""


class DigitPixels(NamedTuple):
    """The digit pixels of one clip, `(P,)` each.

    The row of the digit, the frame, and the place in the raveled `(T, H, W)` maps.
    """

    digit: NDArray[np.intp]
    frame: NDArray[np.intp]
    place: NDArray[np.intp]


class Breakdown(NamedTuple):
    """Which truth arrays it needs, the names of its buckets, and the bucket of each digit pixel."""

    needs: tuple[str, ...]
    buckets: tuple[str, ...]
    bucket_of: Callable[[ScoredClip, DigitPixels], NDArray[np.intp]]


def _bin(values: NDArray[Any], edges: tuple[float, ...]) -> NDArray[np.intp]:
    return np.searchsorted(np.asarray(edges), values, side="right")


def _visibility(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    return _bin(clip.truth["visibility"][pixels.digit, pixels.frame], (0.25, 0.5, 0.75, 1.0))


def _camouflage(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    seen, hidden = (
        clip.truth[name].ravel()[pixels.place].astype(np.int16) for name in ("noiseless", "beneath")
    )
    return _bin(np.abs(seen - hidden), (6, 21, 61))


def _speed(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    centres = clip.truth["pose"][..., :2]
    steps = np.diff(centres, axis=1)
    # The first frame has no frame before it, so it takes the speed of the next step.
    steps = np.concatenate([steps[:, :1], steps], axis=1) if steps.shape[1] else np.zeros_like(centres)
    return _bin(np.hypot(steps[..., 0], steps[..., 1])[pixels.digit, pixels.frame], (1, 2, 3, 4))


def _angle(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    angle = clip.truth["pose"][pixels.digit, pixels.frame, 2]
    return _bin(np.abs((angle + 180) % 360 - 180), (45, 90, 135))


def _twin(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    label, twin = clip.truth["labels"][pixels.digit], clip.twin_labels[pixels.digit]
    low, high = np.minimum(label, twin), np.maximum(label, twin)
    ten = clip.num_classes == NUM_CLASSES
    cases = [ten & (low == 6) & (high == 9), ten & (low == 2) & (high == 5), high == IGNORE]
    return np.select(cases, [0, 1, 2], default=3)


def _num_digits(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    return np.full(len(pixels.digit), _bin(np.array(len(clip.truth["labels"])), (2, 3, 4, 6)))


def _frame(clip: ScoredClip, pixels: DigitPixels) -> NDArray[np.intp]:
    return _bin(pixels.frame, (1, 4, 10))


BREAKDOWNS: dict[str, Breakdown] = {
    "visibility": Breakdown(("visibility",), ("< 0.25", "0.25-0.5", "0.5-0.75", "0.75-1", "1"), _visibility),
    "camouflage": Breakdown(
        ("noiseless", "beneath"), ("0-5 grey levels", "6-20", "21-60", "61-255"), _camouflage
    ),
    "twin": Breakdown(("labels",), ("6 and 9", "2 and 5", "no twin", "another pair"), _twin),
    "speed": Breakdown(("pose",), ("< 1 px/frame", "1-2", "2-3", "3-4", "4 and more"), _speed),
    "angle": Breakdown(("pose",), ("< 45 deg", "45-90", "90-135", "135-180"), _angle),
    "digits": Breakdown(("labels",), ("1", "2", "3", "4-5", "6 and more"), _num_digits),
    "frame": Breakdown((), ("first", "2-4", "5-10", "11 and later"), _frame),
}
"""Every breakdown by name.

`camouflage` goes by |digit - what it hides| before sensor noise: the less, the better hidden.
"""


def breakdown_counts(clip: ScoredClip) -> dict[str, Counts]:
    """Return digit pixels by bucket and outcome, `(buckets, 4)` int64, for each breakdown.

    A breakdown whose arrays the truth lacks is left out.
    """
    instance = clip.instance
    place = np.flatnonzero(instance)
    pixels = DigitPixels(
        instance.ravel()[place].astype(np.intp) - 1, place // (instance.shape[1] * instance.shape[2]), place
    )
    twin = clip.twin_labels[pixels.digit]
    seen, called = clip.semantic.ravel()[place], clip.predicted.ravel()[place]
    outcome = _outcomes(seen, called, twin, clip.background)
    tables = {}
    for name, breakdown in BREAKDOWNS.items():
        if all(need in clip.truth for need in breakdown.needs):
            size = len(breakdown.buckets)
            pairs = breakdown.bucket_of(clip, pixels) * len(OUTCOMES) + outcome
            counts = np.bincount(pairs, minlength=size * len(OUTCOMES))
            tables[name] = counts.reshape(size, len(OUTCOMES)).astype(np.int64)
    return tables


def _outcomes(truth: Maps, prediction: Maps, twin: Maps, background: int) -> NDArray[np.intp]:
    cases = [prediction == truth, prediction == background, prediction == twin]
    return np.select(cases, [0, 1, 2], default=3)


METRIC = Metric(
    title="Where digit pixels go",
    place=110,
    rows={},
    counted=tuple(BREAKDOWNS),
    plain=tuple(BREAKDOWNS),
    counts=breakdown_counts,
    scores=lambda sums: {},
)
