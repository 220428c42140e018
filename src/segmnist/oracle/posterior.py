"""Posterior: all that can be known of a clip from what was seen of its video."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.errors import BadArgument
from segmnist.evaluate.pixels import entropy
from segmnist.oracle.family import Family
from segmnist.oracle.scores import (
    coin_share,
    expected_accuracy,
    expected_foreground_accuracy,
    highest_foreground_accuracy,
)


class Worlds(Protocol):
    """What joint samples are drawn from: see `segmnist.oracle.worlds`."""

    @property
    def family(self) -> Family:
        """The hypotheses of one digit."""

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return label maps, `(count,T,H,W)`."""


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """Exact posterior of one video for one observer, to within `delta`.

    It pickles with its family and its video, some megabytes. What `sample` needs beside them is computed again then, which
    takes as long as the posterior did.
    """

    observer: str
    horizon: int
    """Frames that a forecast looks ahead; 0 for other observers."""
    class_probabilities: NDArray[np.float32]
    """`(T,11,H,W)` P(class of a pixel | what the observer saw); class 10 is the background."""
    covered: NDArray[np.float32]
    """`(T,H,W)` P(digit 1 lies at a pixel, hidden by digit 2, or by digit 0 after a swap); 0 where neither can be."""
    hypothesis_probabilities: NDArray[np.float64]
    """`(K,D,N)` P(digit n is there, and is hypothesis h of the family), for the D digits that a clip has at most,
    from back to front if none swap depths. K is T, or 1 for the offline observer of deterministic motion, whose
    hypotheses are whole paths."""
    depth_order: NDArray[np.float64]
    """`(K,10,10)` how many pairs of digits to expect of which that in front has label a, that behind label b: with
    two digits at most, the probability of such a pair. K is T for every observer where digits may swap depths."""
    num_digits_probabilities: NDArray[np.float64]
    """`(K,D+1)` P(the clip has so many digits)."""
    log_evidence: NDArray[np.float64]
    """`(K,)` log p(what was seen), in nats."""
    delta: NDArray[np.float64]
    """`(K,)` no probability here is off by more than this through what was left out."""
    pairs_kept: NDArray[np.float64]
    """`(K,)` the share of the N^2 pairs that was not left out."""
    flop: float
    """Floating point operations of the matrix products."""
    worlds: Worlds

    @cached_property
    def entropy(self) -> NDArray[np.float32]:
        """`(T,H,W)` float32: the entropy of each pixel's class, in nats."""
        return entropy(self.class_probabilities).astype(np.float32)

    @property
    def semantic(self) -> NDArray[np.uint8]:
        """`(T,H,W)` uint8: the most probable class of each pixel, which maximises expected accuracy."""
        return np.asarray(self.class_probabilities.argmax(1), np.uint8)

    @cached_property
    def amodal_probabilities(self) -> NDArray[np.float32]:
        """`(D,T,H,W)` float32: P(a pixel lies in the amodal mask of digit n), rows as in truth `amodal`."""
        family = self.worlds.family
        T, _, H, W = self.class_probabilities.shape
        D, N = self.hypothesis_probabilities.shape[1:]
        marginals = np.broadcast_to(self.hypothesis_probabilities, (T, D, N))
        covers = [[family.cover(t, marginals[t, n]) for t in range(T)] for n in range(D)]
        return np.array(covers, np.float32).reshape(D, T, H, W)

    @property
    def instance_probabilities(self) -> NDArray[np.float32]:
        """`(T,D+1,H,W)` float32: P(a pixel's `instance` id is 0, the background, or n + 1, digit n).

        Without swaps a later digit lies in front of earlier ones. So the last shows wherever it is, digit 1 where it
        is not covered, and what else is not background is digit 0.
        """
        background, shown = self.class_probabilities[:, BACKGROUND], self.amodal_probabilities[1:].copy()
        shown[:1] -= self.covered
        first = (1 - background - shown.sum(0)).clip(0, 1)
        return np.stack([background, first, *shown.clip(0, 1)], axis=1)

    @property
    def coin_share(self) -> float:
        """The share of the entropy that would vanish if twins had one label; 0 without twins."""
        return coin_share(self.class_probabilities, self.worlds.family.spec.twins)

    def expected(self) -> dict[str, float]:
        """Return scores that can be expected of this clip: accuracies, and nll in nats a pixel.

        `accuracy`, and `foreground_accuracy`, which counts digit pixels alone, are those of the most probable
        class. No answer's accuracy is higher. `highest_foreground_accuracy` is that of the likeliest digit
        named everywhere, and `nll` the entropy: nothing does better. mIoU is a score of many clips, in which
        every class occurs: see `segmnist.oracle.scores.miou_bracket`.
        """
        return {
            "accuracy": expected_accuracy(self.class_probabilities),
            "foreground_accuracy": expected_foreground_accuracy(self.class_probabilities),
            "highest_foreground_accuracy": highest_foreground_accuracy(self.class_probabilities),
            "nll": float(self.entropy.mean(dtype=np.float64)),
        }

    def sample(self, num_samples: int, seed: int = 0) -> NDArray[np.uint8]:
        """Return joint samples of whole label maps, `(num_samples,T,H,W)` uint8.

        A sample is one world: which digits, where they are in every frame, and how they are labelled. Offline,
        all its frames show one draw. The causal observer, and a forecast, hold one world from frame to frame
        and give it up only where a new frame speaks against it: each frame is a draw from that frame's
        posterior, and a sample changes its world as seldom as that allows. The frame observer has no memory:
        its frames are drawn apart. Sample s is the same whatever `num_samples` is.
        """
        if num_samples < 1:
            raise BadArgument("num_samples", num_samples, "1 or more")
        return self.worlds.sample(num_samples, seed)

    def __repr__(self) -> str:
        T, _, H, W = self.class_probabilities.shape
        ahead = f" {self.horizon}" if self.horizon else ""
        return f"<Posterior: {self.observer}{ahead}, {T} frames of {H}x{W}, delta {self.delta.max():.1e}>"
