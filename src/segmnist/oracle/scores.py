"""Scores that a posterior expects before any prediction is made: accuracy, NLL, and a bracket of mIoU.

Scores over a set of pixels are ratios of expected counts, as a score over a large data set is. Arrays of
class probabilities have their eleven classes at axis -3, `(...,11,H,W)`; class 10 is the background.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND, NUM_CLASSES
from segmnist.errors import BadArgument
from segmnist.evaluate.pixels import entropy

Probabilities = NDArray[np.float32]
Floats = NDArray[np.float64]


def expected_accuracy(probabilities: Probabilities) -> float:
    """Return the expected share of pixels that the most probable class gets right; nothing has a higher one."""
    return float(probabilities.max(-3).mean(dtype=np.float64))


def expected_foreground_accuracy(probabilities: Probabilities) -> float:
    """Return the expected right digit pixels of the most probable class over the expected digit pixels.

    NaN where no pixel can show a digit.
    This is no ceiling: an answer that never says background finds more digit pixels.
    """
    decided = probabilities.argmax(-3)
    right = np.where(decided != BACKGROUND, probabilities.max(-3), 0).sum(dtype=np.float64)
    return _of_digit_pixels(right, probabilities)


def highest_foreground_accuracy(probabilities: Probabilities) -> float:
    """Return the highest expected foreground accuracy: that of the likeliest digit named everywhere.

    NaN where no pixel can show a digit.
    """
    right = probabilities[..., :BACKGROUND, :, :].max(-3).sum(dtype=np.float64)
    return _of_digit_pixels(right, probabilities)


def _of_digit_pixels(right: float, probabilities: Probabilities) -> float:
    """Return a number of pixels over the expected number of digit pixels, NaN if that is 0."""
    digits = (1 - probabilities[..., BACKGROUND, :, :].astype(np.float64)).sum()
    return float(right / digits) if digits > 0 else float("nan")


def coin_entropy(probabilities: Probabilities, twins: tuple[tuple[int, int], ...]) -> Floats:
    """Return how much of each pixel's entropy is the twins' label coin, in nats, `(...,H,W)` float64.

    twins: as in the spec. This is the entropy less that with the twins of each pair taken for one class.
    """
    merged = probabilities.copy()
    for first, second in twins:
        merged[..., first, :, :] += merged[..., second, :, :]
        merged[..., second, :, :] = 0
    return entropy(probabilities) - entropy(merged)


def coin_share(probabilities: Probabilities, twins: tuple[tuple[int, int], ...]) -> float:
    """Return the share of the entropy that would vanish if twins were one class, 0 where there is none."""
    total = float(entropy(probabilities).sum(dtype=np.float64))
    return float(coin_entropy(probabilities, twins).sum(dtype=np.float64)) / total if total > 0 else 0.0


def iou_of_rule(probabilities: Probabilities, decided: NDArray[Any]) -> Floats:
    """Return each class' expected intersection over expected union, `(11,)`; NaN where a class cannot occur."""
    columns = _by_class(probabilities)
    result = np.full(NUM_CLASSES, np.nan)
    for label in range(NUM_CLASSES):
        chosen = decided.reshape(-1) == label
        intersection = columns[label][chosen].sum(dtype=np.float64)
        union = chosen.sum() + columns[label].sum(dtype=np.float64) - intersection
        if union > 0:
            result[label] = intersection / union
    return result


def decide_for_miou(probabilities: Probabilities, num_rounds: int = 20) -> tuple[NDArray[np.uint8], float]:
    """Return the classes decided for a high mean IoU, `(...,H,W)` uint8, and that expected mIoU.

    Iterates y = argmax_c ((1 + J_c) p_c - J_c) / U_c from the most probable class on and keeps the best
    round: each round raises the sum of J_c to first order. Achievable, not proven optimal.
    """
    decided = probabilities.argmax(-3).astype(np.uint8)
    best, best_score = decided, float(np.nanmean(iou_of_rule(probabilities, decided)))
    total = _by_class(probabilities).sum(1, dtype=np.float64)
    for _ in range(num_rounds):
        iou = np.nan_to_num(iou_of_rule(probabilities, decided))
        union = (np.bincount(decided.reshape(-1), minlength=NUM_CLASSES) + total) / (1 + iou)
        gain = np.divide(1.0, union, out=np.zeros(NUM_CLASSES), where=union > 0)
        scale, offset = ((1 + iou) * gain)[:, None, None], (iou * gain)[:, None, None]
        offset[total == 0] = np.inf  # a class that cannot occur is never chosen
        following = (probabilities * scale - offset).argmax(-3).astype(np.uint8)
        score = float(np.nanmean(iou_of_rule(probabilities, following)))
        if score > best_score:
            best, best_score = following, score
        if np.array_equal(following, decided):
            break
        decided = following
    return best, best_score


def best_single_iou(probabilities: Probabilities) -> Floats:
    """Return each class' highest expected IoU of any set of pixels, `(11,)`; NaN where it cannot occur.

    The best set holds the pixels above a threshold on p_c. One pixel may be in several classes' sets, so
    the mean of these bounds every predictor's expected mIoU from above.
    """
    result = np.full(NUM_CLASSES, np.nan)
    for label, column in enumerate(_by_class(probabilities)):
        falling = np.sort(column)[::-1].astype(np.float64)
        intersection = np.cumsum(falling)
        if intersection[-1] > 0:
            union = np.arange(1, len(falling) + 1) + intersection[-1] - intersection
            result[label] = (intersection / union).max()
    return result


def miou_bracket(probabilities: Probabilities) -> tuple[float, float]:
    """Return (low, high) around the highest expected mIoU.

    `decide_for_miou` reaches the low end, and nothing exceeds the high one.
    """
    return decide_for_miou(probabilities)[1], float(np.nanmean(best_single_iou(probabilities)))


def _by_class(probabilities: Probabilities) -> Probabilities:
    if probabilities.ndim < 3 or probabilities.shape[-3] != NUM_CLASSES:
        raise BadArgument("probabilities.shape", probabilities.shape, "(..., 11, H, W)")
    return np.moveaxis(probabilities, -3, 0).reshape(NUM_CLASSES, -1)
