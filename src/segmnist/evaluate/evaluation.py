"""Evaluation: from clips to counts, their sums, and scores."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, from_fixed, ratio
from segmnist.evaluate.metrics import PLAIN, counts_of, scores_of
from segmnist.evaluate.predictions import BadPrediction, Prediction
from segmnist.evaluate.scored_clip import ScoredClip, Truth
from segmnist.evaluate.sums import NUM_REPLICATES, ClipSums, percentile_interval

NUM_WORST = 6
"""Clips that a report shows."""

_MIXED = (
    "probabilities, but the clips before are hard maps of classes",
    "a hard map of classes, but the clips before are probabilities",
)


class Evaluation:
    """Scores of a stream of clips, which keeps a few kilobytes of counts of each.

    Shards merge exactly, in any order.

    >>> truth = {"semantic": np.full((2, 16, 20), 10, np.uint8), "instance": np.zeros((2, 16, 20), np.uint8),
    ...          "labels": np.zeros(0, np.uint8)}
    >>> evaluation = Evaluation()
    >>> evaluation.add(0, truth, Prediction(truth["semantic"]))
    >>> float(evaluation.scores()["miou"])
    1.0
    """

    def __init__(self, *, tracking: bool = False, num_replicates: int = NUM_REPLICATES) -> None:
        self.tracking = tracking
        self.sums = ClipSums(num_replicates)
        self.clip_ids: set[int] = set()
        self._worst: list[tuple[float, int]] = []

    def add(self, clip_id: int, truth: Truth, prediction: Prediction) -> None:
        """Score one clip.

        Raises `BadPrediction` if the clip came before, if it has probabilities and those before have
        none, or the other way round, or if it is of another number of classes.
        """
        if clip_id in self.clip_ids:
            raise BadPrediction(f"clip {clip_id}: given twice")
        self._check_classes(clip_id, prediction.num_classes)
        counts = counts_of(ScoredClip(truth, prediction), tracking=self.tracking)
        if self.clip_ids and ("confusion" in counts) != ("confusion" in self.sums.totals):
            raise BadPrediction(f"clip {clip_id}: frames alone for some clips, classes for others")
        if self.clip_ids and ("nll" in counts) != ("nll" in self.sums.totals):
            raise BadPrediction(f"clip {clip_id}: {_MIXED[prediction.probabilities is None]}")
        self.sums.add(clip_id, counts, PLAIN)
        self.clip_ids.add(clip_id)
        right = _rightness(counts)
        if not np.isnan(right):
            self._keep_worst([(-right, -clip_id)])

    def _check_classes(self, clip_id: int, num_classes: int) -> None:
        known = len(self.sums.totals.get("confusion", ()))
        if known not in (0, num_classes):
            raise BadPrediction(f"clip {clip_id}: of {num_classes} classes, but the clips before of {known}")

    def merge(self, other: Evaluation) -> None:
        """Take in another shard's clips. Raises `BadPrediction` for a clip in both."""
        both = self.clip_ids & other.clip_ids
        if both:
            raise BadPrediction(f"clip {min(both)}: given twice")
        self.sums.merge(other.sums)
        self.clip_ids |= other.clip_ids
        self._keep_worst(other._worst)

    def _keep_worst(self, clips: list[tuple[float, int]]) -> None:
        self._worst = heapq.nlargest(NUM_WORST, self._worst + clips)

    def worst(self) -> list[int]:
        """Return the ids of the clips with the lowest foreground mIoU, or SSIM of frames alone, the worst first.

        Of clips with the same score the lower id comes first.
        """
        return [-clip_id for _, clip_id in self._worst]

    def scores(self) -> dict[str, float]:
        """Return every score by name, NaN where it is not defined."""
        return {name: float(value) for name, value in scores_of(self.sums.totals).items()}

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return percentile bootstrap intervals of the scores that have replicates.

        Clips are resampled with Poisson weights.
        """
        pieces = [scores_of(piece) for piece in self.sums.replicate_pieces()]
        names = pieces[0] if pieces else ()
        values = {name: np.concatenate([piece[name] for piece in pieces]) for name in names}
        return {name: percentile_interval(values[name], level) for name in names}

    def counts(self, name: str) -> Counts:
        """Return one of the sums, for instance `confusion` `(C, C)` or `visibility` `(5, 4)`."""
        return self.sums.totals[name]


def _rightness(counts: Mapping[str, Counts]) -> float:
    """Return the foreground mIoU of one clip, or the mean SSIM of its frames if nothing else was predicted."""
    if "clip_miou" in counts:
        return float(ratio(counts["clip_miou"][0], counts["clip_miou"][1]))
    return float(ratio(from_fixed(counts["ssim_sums"].sum()), counts["predicted_frames"].sum()))
