"""Information gained over knowing how frequent each class is: the headline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.pixels import PixelScores
from segmnist.evaluate.scored_clip import ScoredClip


def information_sums(truth: Maps, pixels: PixelScores, class_prior: Scores) -> Counts:
    """Return the NLL of the class prior and that of the model, summed in fixed point, `(2,)` int64.

    truth: the classes of the pixels that count, `(P,)`; pixels: their scores, `(P,)` each; class_prior:
    `(C,)`.
    """
    # In the precision of the model's NLL, so that a model that answers with the prior gains exactly nothing.
    nll_of_class = -np.log(class_prior.astype(np.float32))
    of_prior = nll_of_class[truth].sum(dtype=np.float64)
    return to_fixed([of_prior, pixels.nll.sum(dtype=np.float64)])


def information_gained(sums: Counts) -> Scores:
    """Return the information gained in bits a frame, from `(..., 3)` sums, the last being frames."""
    return mean_of(sums[..., 0] - sums[..., 1], sums[..., 2]) / np.log(2)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.pixels is None or clip.class_prior is None:
        return {}
    truth = clip.select(clip.truth["semantic"])
    sums = information_sums(truth, clip.pixels, clip.class_prior)
    return {"information": np.array([*sums, len(clip.semantic)], dtype=np.int64)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    gained = information_gained(sums["information"])
    scores = {"information_gained": gained}
    if "oracle_information" in sums:
        scores["information_share"] = ratio(gained, information_gained(sums["oracle_information"]))
    return scores


METRIC = Metric(
    title="Information gained",
    place=10,
    rows={
        "information_gained": Row("information gained, bits a frame"),
        "information_share": Row("information gained, share of the exact posterior's"),
    },
    counted=("information",),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
