"""How good the probabilities of each pixel are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.arithmetic import Maps, Probabilities

LEAST = 1e-12
"""A probability counts as at least this, so that one certain mistake costs 27.6 nats and not infinity."""


class PixelScores(NamedTuple):
    """Each pixel's NLL in nats, Brier score, confidence in the likeliest class, and whether it is right."""

    nll: NDArray[np.float32]
    brier: NDArray[np.float32]
    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]


def pixel_scores(truth: Maps, probabilities: Probabilities) -> PixelScores:
    """Return the scores of every pixel, `(T, H, W)` each.

    truth: `(T, H, W)`; probabilities: `(T, C, H, W)`, summing to 1. The Brier score is the sum over
    classes of (p - y)^2, between 0 and 2.
    """
    from segmnist.evaluate.kernels.probabilities import look_up

    T, C, H, W = probabilities.shape
    p = np.require(probabilities, np.float32, ("C", "W")).reshape(T, C, H * W)
    classes = np.require(truth, np.uint8, ("C", "W")).reshape(T, H * W)
    given, squares, confidence = np.empty((3, T, H * W), np.float32)
    likeliest = np.empty((T, H * W), np.uint8)
    look_up(classes, p, given, squares, confidence, likeliest)
    nll = -np.log(np.maximum(given, np.float32(LEAST)))
    scores = nll, squares - 2 * given + 1, confidence, likeliest == classes
    return PixelScores(*(score.reshape(T, H, W) for score in scores))


def entropy(probabilities: Probabilities) -> NDArray[np.float64]:
    """Return the entropy of each pixel in nats, `(..., H, W)`, of `(..., C, H, W)` probabilities."""
    p = probabilities.astype(np.float64)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    return np.asarray(-(p * logs).sum(axis=-3))
