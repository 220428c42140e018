"""Sums over clips with bootstrap replicates, which merge exactly in any order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.scene.randomness import philox

NUM_REPLICATES = 1000
"""Bootstrap replicates: the ends of a 95% interval then lie among 25 replicates each."""

_KEY = (0x626F6F74, 0x73747261)
"""The bootstrap's own Philox key ("bootstra"), apart from any that draws scenes by seed alone."""

_CLIPS_AT_ONCE = 1024
"""Weights in memory at a time: 16 MB for 1,000 replicates."""

_DRAWN_AT_ONCE = 32
"""Clips whose weights are drawn at a time: what that takes stays in a core's cache."""

_NUMBERS_AT_ONCE = 1 << 23
"""Sums in memory at a time, 64 MB: with 250 classes one replicate has a hundred thousand."""

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
    return _weights_of([clip_id], num_replicates)[0]


def _weights_of(clip_ids: Sequence[int], num_replicates: int) -> NDArray[np.int64]:
    """Return the weights of some clips, `(num_clips, num_replicates)` int64."""
    ids = np.array(clip_ids, np.uint64)[:, None]
    counter = np.zeros((len(ids), -(-num_replicates // 4), 4), dtype=np.uint64)
    counter[..., 0] = np.arange(counter.shape[1])
    counter[..., 2], counter[..., 3] = ids & np.uint64(0xFFFFFFFF), ids >> np.uint64(32)
    draws = philox(counter, _KEY).reshape(len(ids), -1)[:, :num_replicates]
    return np.searchsorted(_POISSON, draws.astype(np.uint64), side="right").astype(np.int64)


def percentile_interval(values: Scores, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of the replicates `(R,)` of a score, NaN where none is defined."""
    known = values[~np.isnan(values)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def replicates_of(
    clip_ids: Sequence[int],
    counts: Counts,
    shapes: Mapping[str, tuple[int, ...]],
    num_replicates: int,
    first_replicate: int = 0,
) -> dict[str, Counts]:
    """Return sums over clips under each bootstrap replicate's weights, `(R, *shape)` int64 by name.

    counts: `(num_clips, K)` int64, each clip's numbers in the order of `shapes`. R are the replicates from `first_replicate`
    to `num_replicates`. Two results on the same clips resample the same ones.
    """
    sums = np.zeros((num_replicates - first_replicate, counts.shape[1]), np.int64)
    for first in range(0, len(clip_ids), _CLIPS_AT_ONCE):
        some = slice(first, first + _CLIPS_AT_ONCE)
        ids = clip_ids[some]
        pieces = (ids[i : i + _DRAWN_AT_ONCE] for i in range(0, len(ids), _DRAWN_AT_ONCE))
        weights = np.concatenate([_weights_of(piece, num_replicates) for piece in pieces])
        sums += _exact_product(weights.T[first_replicate:], counts[some])
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
    parts = np.split(sums, ends[:-1], axis=1) if len(ends) else []
    return {name: part.reshape(-1, *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _exact_product(weights: Counts, numbers: Counts) -> Counts:
    """Return `weights @ numbers`, exactly, and faster than NumPy multiplies matrices of int64.

    Each half of a number times a weight, summed over up to a million clips, is exact in float64.
    """
    halves = (numbers >> 26, numbers & ((1 << 26) - 1))
    high, low = (np.asarray(weights, np.float64) @ half.astype(np.float64) for half in halves)
    return (high.astype(np.int64) << 26) + low.astype(np.int64)


class ClipSums:
    """Sums over clips by name, and the same sums under each bootstrap replicate's weights.

    `plain` names the sums that get no replicates. All clips must bring the same names. `of_clip` keeps each
    clip's counts that have replicates, `(K,)` int64 in the order of `names`, a few kilobytes a clip.
    """

    def __init__(self, num_replicates: int = NUM_REPLICATES) -> None:
        self.num_clips = 0
        self.num_replicates = num_replicates
        self.totals: dict[str, Counts] = {}
        self.of_clip: dict[int, Counts] = {}
        self._plain: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """Return the names of the counts that have replicates, in alphabetical order."""
        return sorted(self.totals.keys() - self._plain)

    def replicate_pieces(self) -> Iterator[dict[str, Counts]]:
        """Iterate over the sums under each replicate's weights, some replicates `(R, *shape)` int64 by name at a time."""
        shapes = {name: self.totals[name].shape for name in self.names}
        if not shapes:
            return
        ids = sorted(self.of_clip)
        counts = np.array([self.of_clip[i] for i in ids])
        size = max(1, _NUMBERS_AT_ONCE // counts.shape[1])
        for first in range(0, max(self.num_replicates, 1), size):
            yield replicates_of(ids, counts, shapes, min(first + size, self.num_replicates), first)

    @property
    def replicates(self) -> dict[str, Counts]:
        """Return the sums under each replicate's weights, `(num_replicates, *shape)` int64 by name."""
        pieces = list(self.replicate_pieces())
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in (pieces or [{}])[0]}

    def add(self, clip_id: int, counts: Mapping[str, Counts], plain: frozenset[str] = frozenset()) -> None:
        """Add one clip's counts, int64 arrays by name."""
        self._expect(counts)
        self.num_clips += 1
        self._plain |= plain
        for name, value in counts.items():
            self.totals[name] = self.totals.get(name, 0) + value
        kept = [np.ravel(counts[name]) for name in self.names]
        self.of_clip[clip_id] = np.concatenate(kept) if kept else np.zeros(0, np.int64)

    def merge(self, other: ClipSums) -> None:
        """Add the sums over other clips; the order of merging changes no bit."""
        if not other.num_clips:
            return
        self._expect(other.totals)
        self.num_clips += other.num_clips
        self._plain |= other._plain
        self.of_clip |= other.of_clip
        for name, value in other.totals.items():
            self.totals[name] = self.totals.get(name, 0) + value

    def _expect(self, counts: Mapping[str, Counts]) -> None:
        if self.num_clips and counts.keys() != self.totals.keys():
            differing = sorted(counts.keys() ^ self.totals.keys())
            fix = "are some clips hard maps, others probabilities?"
            raise BadArgument("counts", differing, "the same names for every clip", fix)
