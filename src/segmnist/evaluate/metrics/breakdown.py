"""Breakdowns: where a model fails, by what is true of each digit pixel. Tables, and no scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts
from segmnist.evaluate.clip_tables import OUTCOMES
from segmnist.evaluate.metric import Metric
from segmnist.evaluate.scored_clip import ScoredClip

Buckets = NDArray[np.intp]
"""The bucket of each digit in each frame, `(N, T)` or what broadcasts to it."""


class Breakdown(NamedTuple):
    """Which truth arrays it needs, the names of its buckets, and the bucket of each digit in each frame.

    `bucket_of` is None for what differs from pixel to pixel: the table of outcomes has it.
    """

    needs: tuple[str, ...]
    buckets: tuple[str, ...]
    bucket_of: Callable[[ScoredClip], Buckets] | None


def _bin(values: NDArray[Any], edges: tuple[float, ...]) -> Buckets:
    return np.searchsorted(np.asarray(edges), values, side="right")


def _visibility(clip: ScoredClip) -> Buckets:
    return _bin(clip.truth["visibility"], (0.25, 0.5, 0.75, 1.0))


def _speed(clip: ScoredClip) -> Buckets:
    centres = clip.truth["pose"][..., :2]
    steps = np.diff(centres, axis=1)
    # The first frame has no frame before it, so it takes the speed of the next step.
    steps = np.concatenate([steps[:, :1], steps], axis=1) if steps.shape[1] else np.zeros_like(centres)
    return _bin(np.hypot(steps[..., 0], steps[..., 1]), (1, 2, 3, 4))


def _angle(clip: ScoredClip) -> Buckets:
    angle = clip.truth["pose"][..., 2]
    return _bin(np.abs((angle + 180) % 360 - 180), (45, 90, 135))


def _twin(clip: ScoredClip) -> Buckets:
    label, twin = clip.truth["labels"], clip.twin_labels
    low, high = np.minimum(label, twin), np.maximum(label, twin)
    ten = clip.num_classes == NUM_CLASSES
    cases = [ten & (low == 6) & (high == 9), ten & (low == 2) & (high == 5), high == IGNORE]
    return np.select(cases, [0, 1, 2], default=3)[:, None]


def _num_digits(clip: ScoredClip) -> Buckets:
    return _bin(np.array([[len(clip.truth["labels"])]]), (2, 3, 4, 6))


def _frame(clip: ScoredClip) -> Buckets:
    return _bin(np.arange(len(clip.semantic))[None], (1, 4, 10))


BREAKDOWNS: dict[str, Breakdown] = {
    "visibility": Breakdown(("visibility",), ("< 0.25", "0.25-0.5", "0.5-0.75", "0.75-1", "1"), _visibility),
    "camouflage": Breakdown(("noiseless", "beneath"), ("0-5 grey levels", "6-20", "21-60", "61-255"), None),
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
    outcomes = clip.tables.outcomes
    of_frames = outcomes.sum(axis=2)
    tables = {}
    for name, breakdown in BREAKDOWNS.items():
        if not all(need in clip.truth for need in breakdown.needs):
            continue
        if breakdown.bucket_of is None:
            tables[name] = outcomes.sum(axis=(0, 1))
            continue
        table = np.zeros((len(breakdown.buckets), len(OUTCOMES)), np.int64)
        buckets = np.broadcast_to(breakdown.bucket_of(clip), of_frames.shape[:2])
        np.add.at(table, buckets, of_frames)
        tables[name] = table
    return tables


METRIC = Metric(
    title="Where digit pixels go",
    place=110,
    rows={},
    counted=tuple(BREAKDOWNS),
    plain=tuple(BREAKDOWNS),
    counts=breakdown_counts,
    scores=lambda sums: {},
)
