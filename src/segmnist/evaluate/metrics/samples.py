"""Joint samples of whole label maps, against samples of the exact posterior: HM-IoU and GED^2."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.errors import BadArgument, MissingDependency
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, nanmean, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.predictions import NUM_SAMPLES
from segmnist.evaluate.scored_clip import ScoredClip


def generalised_energy_distance(samples: Maps, truths: Maps, num_classes: int = NUM_CLASSES) -> float:
    """Return GED^2 = 2 E d(s, y) - E d(s, s') - E d(y, y') with d = 1 - IoU, without bias.

    samples: `(n, T, H, W)` of the model; truths: `(m, T, H, W)` of the exact posterior; two or more each.
    No sample is compared with itself, so that the expected value does not depend on n and m, and is 0 for
    samples of the posterior itself. Source: Kohl et al., "A probabilistic U-Net", NeurIPS 2018.
    """
    between = 1 - iou_table(samples, truths, num_classes).mean()
    within, among = (_mean_of_pairs(1 - iou_table(maps, maps, num_classes)) for maps in (samples, truths))
    return float(2 * between - within - among)


def _mean_of_pairs(distances: Scores) -> float:
    number = len(distances)
    if number < 2:
        raise BadArgument("samples", number, "2 or more maps")
    return float((distances.sum() - np.trace(distances)) / (number * (number - 1)))


def matched_iou(samples: Maps, truths: Maps, num_classes: int = NUM_CLASSES) -> float:
    """Return HM-IoU: the mean IoU of the best one-to-one matching of samples and truths.

    Both are `(n, T, H, W)`. It depends on n, so scores take 16. Needs scipy (the `tracking` extra). Source:
    Kohl et al., "A hierarchical probabilistic U-Net for modeling multi-scale ambiguities", 2019.
    """
    if len(samples) != len(truths):
        raise BadArgument("samples", len(samples), f"as many maps as truths, {len(truths)}")
    table = iou_table(samples, truths, num_classes)
    rows, columns = _assignment()(table, maximize=True)
    return float(table[rows, columns].mean())


def iou_table(ones: Maps, others: Maps, num_classes: int = NUM_CLASSES) -> Scores:
    """Return the mean IoU of each map of one set with each of another, `(n, m)`.

    The mean is over the digits that either map shows, 1 where neither shows any. ones: `(n, T, H, W)`;
    others: `(m, T, H, W)`, both uint8 classes. Raises `BadArgument` for other shapes.
    """
    if ones.ndim != 4 or not len(ones) or not len(others) or ones.shape[1:] != others.shape[1:]:
        shapes = (ones.shape, others.shape)
        raise BadArgument("samples", shapes, "at least one map each, of one shape (n, T, H, W)")
    background = num_classes - 1
    iou = np.stack([_iou_of_digit(ones, others, digit) for digit in range(background)], axis=-1)
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


KINDS = ("", "_twins", "_others")
"""What stands after the name of a score: of all clips, of those where a class has a twin, of the others."""


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if "posterior_samples" not in clip.truth:
        return {}
    samples = clip.masked(clip.prediction.joint_samples)
    judges = clip.masked(clip.truth["posterior_samples"][:NUM_SAMPLES])
    of_clip = [
        measure(samples, judges, clip.num_classes) for measure in (matched_iou, generalised_energy_distance)
    ]
    has_twin = bool((clip.twin_labels != IGNORE).any())
    counts = np.zeros((2, 3), dtype=np.int64)
    counts[0 if has_twin else 1] = [*to_fixed(of_clip), 1]
    return {"samples": counts}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    apart = sums["samples"]
    kinds = (apart.sum(axis=-2), apart[..., 0, :], apart[..., 1, :])
    return {
        f"{name}{kind}": mean_of(of_kind[..., i], of_kind[..., 2])
        for i, name in enumerate(("matched_iou", "ged"))
        for kind, of_kind in zip(KINDS, kinds, strict=True)
    }


METRIC = Metric(
    title="Joint samples",
    place=76,
    rows={
        "matched_iou": Row("HM-IoU"),
        "matched_iou_twins": Row("HM-IoU, clips with a twin class"),
        "matched_iou_others": Row("HM-IoU, other clips"),
        "ged": Row("GED^2", "lower"),
        "ged_twins": Row("GED^2, clips with a twin class", "lower"),
        "ged_others": Row("GED^2, other clips", "lower"),
    },
    counted=("samples",),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
