"""Sums over clips with bootstrap replicates, which merge exactly in any order."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.scene.randomness import philox

NUM_REPLICATES = 1000
"""Bootstrap replicates: the ends of a 95% interval then lie among 25 replicates each."""

_KEY = (0x626F6F74, 0x73747261)
"""The bootstrap's own Philox key ("bootstra"), apart from any that draws scenes by seed alone."""

_POISSON = np.array(
    [round(sum(math.exp(-1) / math.factorial(j) for j in range(k + 1)) * 2**32) for k in range(12)],
    dtype=np.uint64,
)


def poisson_weights(clip_id: int, num_replicates: int = NUM_REPLICATES) -> NDArray[np.int64]:
    """Return how often this clip occurs in each bootstrap replicate, `(num_replicates,)` int64.

    Poisson with mean 1, and a function of the clip id alone, so that shards need not know of one another.
    Source: Chamandy et al., "Estimating uncertainty for massive data streams", 2012.

    >>> poisson_weights(17, 8).tolist() == poisson_weights(17, 100)[:8].tolist()
    True
    """
    counter = np.zeros((-(-num_replicates // 4), 4), dtype=np.uint64)
    counter[:, 0] = np.arange(len(counter))
    counter[:, 2], counter[:, 3] = clip_id & 0xFFFFFFFF, clip_id >> 32
    draws = philox(counter, _KEY).reshape(-1)[:num_replicates]
    return np.searchsorted(_POISSON, draws.astype(np.uint64), side="right").astype(np.int64)


def percentile_interval(values: Scores, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of the replicates `(R,)` of a score, NaN where none is defined."""
    known = values[~np.isnan(values)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class ClipSums:
    """Sums over clips by name, and the same sums under each bootstrap replicate's weights.

    `plain` names the sums that get no replicates. All clips must bring the same names. `of_clip` keeps each
    clip's counts that have replicates, `(K,)` int64 in the order of `names`, a few kilobytes a clip.
    """

    def __init__(self, num_replicates: int = NUM_REPLICATES) -> None:
        self.num_clips = 0
        self.num_replicates = num_replicates
        self.totals: dict[str, Counts] = {}
        self.replicates: dict[str, Counts] = {}
        self.of_clip: dict[int, Counts] = {}

    @property
    def names(self) -> list[str]:
        """Return the names of the counts that have replicates, in alphabetical order."""
        return sorted(self.replicates)

    def add(self, clip_id: int, counts: Mapping[str, Counts], plain: frozenset[str] = frozenset()) -> None:
        """Add one clip's counts, int64 arrays by name."""
        self._expect(counts)
        self.num_clips += 1
        weights = poisson_weights(clip_id, self.num_replicates)
        for name, value in counts.items():
            self.totals[name] = self.totals.get(name, 0) + value
            if name not in plain:
                weighted = weights.reshape(-1, *[1] * value.ndim) * value
                self.replicates[name] = self.replicates.get(name, 0) + weighted
        kept = [np.ravel(counts[name]) for name in self.names]
        self.of_clip[clip_id] = np.concatenate(kept) if kept else np.zeros(0, np.int64)

    def merge(self, other: ClipSums) -> None:
        """Add the sums over other clips; the order of merging changes no bit."""
        if not other.num_clips:
            return
        self._expect(other.totals)
        self.num_clips += other.num_clips
        self.of_clip |= other.of_clip
        for mine, theirs in ((self.totals, other.totals), (self.replicates, other.replicates)):
            for name, value in theirs.items():
                mine[name] = mine.get(name, 0) + value

    def _expect(self, counts: Mapping[str, Counts]) -> None:
        if self.num_clips and counts.keys() != self.totals.keys():
            differing = sorted(counts.keys() ^ self.totals.keys())
            fix = "are some clips hard maps, others probabilities?"
            raise BadArgument("counts", differing, "the same names for every clip", fix)
