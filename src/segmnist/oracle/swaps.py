"""Depth swaps of two digits: in which frames they have changed places, and how likely each pattern is.

A swap holds from a random frame on, so two swaps before a frame undo each other there. What counts is the pattern: the
frames before which an odd number of swaps came. A posterior is a mixture over patterns, so their number is limited.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from math import comb

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.oracle.lattice import Floats, lattice_probabilities
from segmnist.scene.spec import SceneSpec

MAX_PATTERNS = 256
"""The most patterns that a posterior is summed over: each costs as much as a posterior without swaps."""


@dataclass(frozen=True, eq=False)
class SwapPatterns:
    """All patterns of a spec's swaps; one, without a swap, where a clip never has two digits."""

    swapped: NDArray[np.bool_]
    """`(Q,T)` whether digit 0 is in front of digit 1."""
    prior: Floats
    """`(Q,)`, sums to one."""


def check_swaps(spec: SceneSpec) -> None:
    """Raise `BadArgument` if the spec's swaps leave more than `MAX_PATTERNS` patterns."""
    T, value = spec.num_frames, spec.num_depth_swaps_range
    # With n swaps at most, a pattern changes before n of the T frames at most.
    most = sum(n <= MAX_PATTERNS for n in accumulate(comb(T, k) for k in range(value[1] + 1))) - 1
    if spec.max_digits > 1 and value[1] > most:
        fix = f"more leave over {MAX_PATTERNS} patterns of swaps, outside the exactly solvable family; lower num_frames"
        raise BadArgument("num_depth_swaps_range", value, f"numbers in 0..{most} for {T} frames", fix)


def swap_patterns(spec: SceneSpec) -> SwapPatterns:
    """Return the patterns of a spec's swaps, that without a swap first if there is one, with the sampler's odds."""
    T, (low, high) = spec.num_frames, spec.num_depth_swaps_range
    if spec.max_digits < 2:
        return SwapPatterns(np.zeros((1, T), bool), np.ones(1))
    # A swap at step s of the motion shows from the first frame that is not before s: past the last one, not at all.
    shows_from = -(-np.arange(spec.duration) // spec.frame_stride)
    from_frame = np.bincount(shows_from, lattice_probabilities(spec.duration), T + 1)
    # A pattern is a whole number whose bit t stands for frame t.
    law, mixed = {0: 1.0}, defaultdict[int, float](float)
    for share in (*np.zeros(low), *lattice_probabilities(high - low + 1)):
        for pattern, chance in law.items() if share else ():
            mixed[pattern] += chance * share
        later = defaultdict[int, float](float)
        for pattern, chance in law.items():
            for t in np.flatnonzero(from_frame).tolist():
                later[pattern ^ (1 << T) - (1 << t)] += chance * from_frame[t]
        law = later
    patterns = sorted(mixed)
    swapped = np.array([[pattern >> t & 1 for t in range(T)] for pattern in patterns], bool)
    return SwapPatterns(swapped, np.array([mixed[pattern] for pattern in patterns]))
