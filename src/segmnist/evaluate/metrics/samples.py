"""Joint samples of whole label maps, against samples of the exact posterior: HM-IoU and GED^2."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.errors import BadArgument, MissingDependency
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, nanmean, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def generalised_energy_distance(samples: Maps, truths: Maps) -> float:
    """Return GED^2 = 2 E d(s, y) - E d(s, s') - E d(y, y') with d = 1 - IoU.

    samples: `(n, T, H, W)` of the model; truths: `(m, T, H, W)` of the exact posterior. 0 when both hold
    the same maps in the same shares. Means run over all pairs, a sample with itself included, so that even
    the posterior's own n samples score about E d(y, y') (1/n + 1/m). Source: Kohl et al., "A probabilistic
    U-Net", NeurIPS 2018.
    """
    between, within, among = (
        1 - iou_table(ones, others).mean()
        for ones, others in ((samples, truths), (samples, samples), (truths, truths))
    )
    return float(2 * between - within - among)


def matched_iou(samples: Maps, truths: Maps) -> float:
    """Return HM-IoU: the mean IoU of the best matching of samples and truths.

    Each side is repeated to a common count and matched one to one. Shapes as for
    `generalised_energy_distance`. Needs scipy (the `tracking` extra). Source: Kohl et al., "A hierarchical
    probabilistic U-Net for modeling multi-scale ambiguities", 2019.
    """
    common = math.lcm(len(samples), len(truths))
    table = iou_table(samples, truths)
    table = table.repeat(common // len(samples), axis=0).repeat(common // len(truths), axis=1)
    rows, columns = _assignment()(table, maximize=True)
    return float(table[rows, columns].mean())


def iou_table(ones: Maps, others: Maps) -> Scores:
    """Return the mean IoU of each map of one set with each of another, `(n, m)`.

    The mean is over the digits that either map shows, 1 where neither shows any. ones: `(n, T, H, W)`;
    others: `(m, T, H, W)`, both uint8 classes. Raises `BadArgument` for other shapes.
    """
    if ones.ndim != 4 or not len(ones) or not len(others) or ones.shape[1:] != others.shape[1:]:
        shapes = (ones.shape, others.shape)
        raise BadArgument("samples", shapes, "at least one map each, of one shape (n, T, H, W)")
    iou = np.stack([_iou_of_digit(ones, others, digit) for digit in range(BACKGROUND)], axis=-1)
    return np.nan_to_num(nanmean(iou), nan=1.0)


def _iou_of_digit(ones: Maps, others: Maps, digit: int) -> Scores:
    # Single precision counts exactly up to 2^24 pixels a clip, and its product is many times faster.
    a, b = ((maps.reshape(len(maps), -1) == digit).astype(np.float32) for maps in (ones, others))
    shared = a @ b.T
    return ratio(shared, a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - shared)


def _assignment() -> Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise MissingDependency("HM-IoU", "tracking") from None
    assignment: Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]] = linear_sum_assignment
    return assignment


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if "posterior_samples" not in clip.truth:
        return {}
    samples = clip.masked(clip.prediction.joint_samples)
    judges = clip.masked(clip.truth["posterior_samples"])
    distance = generalised_energy_distance(samples, judges)
    return {"samples": np.array([*to_fixed([distance, matched_iou(samples, judges)]), 1], dtype=np.int64)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    distance, matched, clips = np.moveaxis(sums["samples"], -1, 0)
    return {"ged": mean_of(distance, clips), "matched_iou": mean_of(matched, clips)}


METRIC = Metric(
    title="Joint samples",
    place=76,
    rows={"ged": Row("GED^2", "lower"), "matched_iou": Row("HM-IoU")},
    counted=("samples",),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
