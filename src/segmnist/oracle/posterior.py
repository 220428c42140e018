"""Posterior: all that can be known of a clip's classes from what was seen of its video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.oracle.scores import entropy, expected_accuracy, expected_foreground_accuracy

Sampler = Callable[[int, int], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """Exact posterior of one video for one observer, to within `delta`."""

    observer: str
    class_probabilities: NDArray[np.float32]
    """`(T,11,H,W)` P(class of a pixel | what the observer saw); class 10 is the background."""
    hypothesis_probabilities: NDArray[np.float64]
    """`(K,2,N)` P(digit row is hypothesis h of the family): row 0 lies behind, row 1 in front. K is T, or
    1 for the offline observer of deterministic motion, whose hypotheses are whole paths."""
    log_evidence: NDArray[np.float64]
    """`(K,)` log p(what was seen), in nats."""
    delta: NDArray[np.float64]
    """`(K,)` no probability here is off by more than this through what was left out."""
    pairs_kept: NDArray[np.float64]
    """`(K,)` the share of the N^2 pairs that was not left out."""
    flop: float
    """Floating point operations of the matrix products."""
    sampler: Sampler

    @cached_property
    def entropy(self) -> NDArray[np.float32]:
        """`(T,H,W)` float32: the entropy of each pixel's class, in nats."""
        return entropy(self.class_probabilities)

    @property
    def semantic(self) -> NDArray[np.uint8]:
        """`(T,H,W)` uint8: the most probable class of each pixel, which maximises expected accuracy."""
        return np.asarray(self.class_probabilities.argmax(1), np.uint8)

    def expected(self) -> dict[str, float]:
        """Return the best expected accuracy and foreground accuracy of this clip, and its expected nll,
        nats a pixel.

        mIoU is a score of many clips, in which every class occurs: see `segmnist.oracle.scores.miou_bracket`.
        """
        return {
            "accuracy": expected_accuracy(self.class_probabilities),
            "foreground_accuracy": expected_foreground_accuracy(self.class_probabilities),
            "nll": float(self.entropy.mean(dtype=np.float64)),
        }

    def sample(self, num_samples: int, seed: int = 0) -> NDArray[np.uint8]:
        """Return joint samples of whole label maps, `(num_samples,T,H,W)` uint8.

        Offline, a sample is one possible truth of the whole video. The causal and frame observers know
        something else at each frame, so their frames are drawn each from its own posterior.
        """
        if num_samples < 1:
            raise BadArgument("num_samples", num_samples, "1 or more")
        return self.sampler(num_samples, seed)

    def __repr__(self) -> str:
        T, _, H, W = self.class_probabilities.shape
        return f"<Posterior: {self.observer}, {T} frames of {H}x{W}, delta {self.delta.max():.1e}>"
