"""Ceilings: the best scores that any model can expect on a spec of the exact family, for each observer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.errors import BadArgument
from segmnist.evaluate.metrics.miou_bracket import enough_clips
from segmnist.executors import Where, run
from segmnist.oracle.observers import OBSERVERS
from segmnist.oracle.oracle import Oracle
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.scores import coin_entropy, decide_for_miou, iou_of_rule, miou_bracket
from segmnist.oracle.store import CLIPS_PER_WORKER, HERE
from segmnist.source import ClipSource

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ceiling:
    """One row of the table of ceilings.

    Expected scores come from the posteriors alone, realised ones from the truth of the same clips. Pairs are (value,
    standard error). The error is clustered by video, as the pixels of a video are far from independent.
    """

    observer: str
    num_videos: int
    accuracy: tuple[float, float]
    foreground_accuracy: tuple[float, float]
    """Of the most probable class: no maximum."""
    highest_foreground_accuracy: tuple[float, float]
    """Of the likeliest digit named everywhere: nothing has a higher one."""
    nll: tuple[float, float]
    """The mean entropy, which is the least NLL that can be expected, in nats a pixel."""
    coin_share: tuple[float, float]
    """The share of the entropy that would vanish if twins had one label; 0 where nothing is open."""
    realised_accuracy: tuple[float, float]
    realised_foreground_accuracy: tuple[float, float]
    realised_nll: tuple[float, float]
    miou_low: float | None
    """Expected mIoU of the rule `decide_for_miou` over all these videos; None where they are too few for a bracket."""
    miou_high: float | None
    """No rule's expected mIoU is higher; None as above."""
    realised_miou: float
    """mIoU of that rule's labels against the truth."""
    delta: float
    """The largest certificate of any posterior behind this row."""


def ratio_with_error(numerators: Floats, denominators: Floats) -> tuple[float, float]:
    """Return sum/sum over videos and its standard error by linearisation, one cluster a video.

    The error is NaN for one video. Formula: Cochran, "Sampling Techniques", 3rd edition, section 6.4.
    """
    count, ratio = len(numerators), float(numerators.sum() / denominators.sum())
    if count < 2:
        return ratio, float("nan")
    residuals = numerators - ratio * denominators
    return ratio, float(np.sqrt(count / (count - 1) * (residuals**2).sum()) / denominators.sum())


@dataclass(frozen=True, eq=False)
class Scored:
    """One video as one observer sees it."""

    counts: dict[str, float]
    class_probabilities: NDArray[np.float32]
    truth: NDArray[np.uint8]
    delta: float


def ceiling(
    oracle: Oracle,
    source: ClipSource,
    observer: str,
    num_videos: int,
    report: Callable[[int], None] = lambda done: None,
    *,
    where: Where = HERE,
) -> Ceiling:
    """Return one observer's ceiling over the first `num_videos` clips of a source with semantic truth.

    `report` is called with the number of videos done. where: who works. Raises `BadArgument` unless there is at least one
    video.
    """
    if observer not in OBSERVERS:
        raise BadArgument("observer", observer, ", ".join(OBSERVERS))
    return next(_ceilings(oracle, source, (observer,), num_videos, lambda _, done: report(done), where))


def ceilings(
    oracle: Oracle,
    source: ClipSource,
    num_videos: int,
    report: Callable[[str, int], None] = lambda observer, done: None,
    *,
    where: Where = HERE,
) -> Iterator[Ceiling]:
    """Yield the ceiling of each observer: frame, causal, offline; see `ceiling`.

    A predictor that has seen more than an observer can score higher than its ceiling.
    """
    return _ceilings(oracle, source, tuple(reversed(OBSERVERS)), num_videos, report, where)


def _ceilings(
    oracle: Oracle,
    source: ClipSource,
    observers: tuple[str, ...],
    num_videos: int,
    report: Callable[[str, int], None],
    where: Where,
) -> Iterator[Ceiling]:
    """Yield the observers' ceilings in this order, each as soon as all of its videos are there."""
    if num_videos < 1:
        raise BadArgument("num_videos", num_videos, "1 or more")
    work = partial(_score, oracle, source, observers)
    known: dict[str, dict[int, Scored]] = {observer: {} for observer in observers}
    waiting = list(observers)
    numbers = range(len(observers) * num_videos)
    for observer, clip_id, scored in run(work, numbers, where, unit="video", at_a_time=CLIPS_PER_WORKER):
        known[observer][clip_id] = scored
        report(observer, len(known[observer]))
        while waiting and len(known[waiting[0]]) == num_videos:
            videos = known.pop(waiting[0])
            yield _summary(waiting.pop(0), [videos[clip_id] for clip_id in range(num_videos)])


def _score(
    oracle: Oracle, source: ClipSource, observers: tuple[str, ...], number: int
) -> tuple[str, int, Scored]:
    """Score one video for one observer; observers vary fastest, so that all are about as far."""
    clip_id, place = divmod(number, len(observers))
    clip = source[clip_id]
    posterior = oracle.posterior(clip, observers[place])
    counts, delta = _counts(posterior, clip.semantic), float(posterior.delta.max())
    return observers[place], clip_id, Scored(counts, posterior.class_probabilities, clip.semantic, delta)


def _counts(posterior: Posterior, truth: NDArray[np.uint8]) -> dict[str, float]:
    """Return one video's sums over its pixels."""
    probabilities = posterior.class_probabilities
    decided, digit = posterior.semantic, truth != BACKGROUND
    right = decided == truth
    likely = probabilities.max(1).astype(np.float64)
    of_truth = np.take_along_axis(probabilities, truth[:, None].astype(np.intp), 1).astype(np.float64)
    return {
        "pixels": float(truth.size),
        "expected_right": float(likely.sum()),
        "expected_digit_right": float(likely[decided != BACKGROUND].sum()),
        "highest_digit_right": float(probabilities[:, :BACKGROUND].max(1).sum(dtype=np.float64)),
        "expected_digit": float((1 - probabilities[:, BACKGROUND].astype(np.float64)).sum()),
        "entropy": float(posterior.entropy.sum(dtype=np.float64)),
        "coin": float(coin_entropy(probabilities, posterior.worlds.family.spec.twins).sum(dtype=np.float64)),
        "right": float(right.sum()),
        "digit_right": float(right[digit].sum()),
        "digit": float(digit.sum()),
        # A truth that was left out with the pruned pairs would cost infinitely; its probability is below delta.
        "nll": float(-np.log(np.maximum(of_truth, 1e-12)).sum()),
    }


def _summary(observer: str, videos: list[Scored]) -> Ceiling:
    maps = np.stack([video.class_probabilities for video in videos])
    truths = np.stack([video.truth for video in videos])
    rows = [video.counts for video in videos]
    sums = {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def share(numerator: str, denominator: str) -> tuple[float, float]:
        return ratio_with_error(sums[numerator], sums[denominator])

    low, high = miou_bracket(maps) if enough_clips(maps.max((1, 3, 4)).sum(0, dtype=float)) else (None, None)
    certain: Any = np.eye(BACKGROUND + 1, dtype=np.float32)[truths]
    decided, _ = decide_for_miou(maps)
    realised = iou_of_rule(np.moveaxis(certain, -1, -3), decided)
    return Ceiling(
        observer,
        len(rows),
        share("expected_right", "pixels"),
        share("expected_digit_right", "expected_digit"),
        share("highest_digit_right", "expected_digit"),
        share("entropy", "pixels"),
        share("coin", "entropy") if sums["entropy"].any() else (0.0, 0.0),
        share("right", "pixels"),
        share("digit_right", "digit"),
        share("nll", "pixels"),
        low,
        high,
        float(np.nanmean(realised)),
        max(video.delta for video in videos),
    )
