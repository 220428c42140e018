"""Distance from the exact posterior: excess NLL, and the error of the entropy map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.arithmetic import Counts, Probabilities, Scores, mean_of, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.pixels import LEAST, entropy
from segmnist.evaluate.scored_clip import ScoredClip


def excess_nll(posterior: Probabilities, probabilities: Probabilities) -> NDArray[np.float64]:
    """Return KL(posterior || model) of each pixel in nats, `(T, H, W)`.

    Both are `(T, C, H, W)`. This is the NLL that a model can expect to lose to the exact answer: never
    negative but for rounding, and 0 only for the posterior itself.
    """
    p, q = posterior.astype(np.float64), probabilities.astype(np.float64)
    logs = np.log(np.maximum(p, LEAST)) - np.log(np.maximum(q, LEAST))
    return np.asarray((p * logs).sum(axis=1))


def entropy_error(posterior: Probabilities, probabilities: Probabilities) -> NDArray[np.float64]:
    """Return |entropy of the posterior - entropy of the model| of each pixel in nats, `(T, H, W)`."""
    return np.abs(entropy(posterior) - entropy(probabilities))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    posterior, probabilities = clip.posterior, clip.prediction.probabilities
    if posterior is None or probabilities is None:
        return {}
    excess, error = excess_nll(posterior, probabilities), entropy_error(posterior, probabilities)
    summed = [clip.select(excess).sum(), clip.select(error).sum()]
    return {"excess": np.array([*to_fixed(summed), clip.known.sum()], dtype=np.int64)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    excess, error, pixels = np.moveaxis(sums["excess"], -1, 0)
    return {"excess_nll": mean_of(excess, pixels), "entropy_error": mean_of(error, pixels)}


METRIC = Metric(
    title="Distance from the exact posterior",
    place=75,
    rows={
        "excess_nll": Row("excess NLL", "lower"),
        "entropy_error": Row("entropy-map error", "lower"),
    },
    counted=("excess",),
    counts=_counts,
    scores=_scores,
)
