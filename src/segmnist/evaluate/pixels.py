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
    p = probabilities.astype(np.float32, copy=False)
    given = np.take_along_axis(p, truth[:, None].astype(np.intp), axis=1)[:, 0]
    squares = np.einsum("tchw,tchw->thw", p, p)
    nll = -np.log(np.maximum(given, np.float32(LEAST)))
    return PixelScores(nll, squares - 2 * given + 1, p.max(axis=1), p.argmax(axis=1) == truth)


def entropy(probabilities: Probabilities) -> NDArray[np.float64]:
    """Return the entropy of each pixel in nats, `(..., H, W)`, of `(..., C, H, W)` probabilities."""
    p = probabilities.astype(np.float64)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    return np.asarray(-(p * logs).sum(axis=-3))
