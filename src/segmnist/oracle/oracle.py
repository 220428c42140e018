"""Oracle: the Bayes-optimal observer of a spec from the exactly solvable family."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.arrays import arrays_on
from segmnist.oracle.deterministic import deterministic_posterior
from segmnist.oracle.family import build_family
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.markov import markov_posterior
from segmnist.oracle.posterior import Posterior
from segmnist.scene.presets import preset
from segmnist.scene.randomness import check_address
from segmnist.scene.spec import SceneSpec

OBSERVERS = ("offline", "causal", "frame")
"""offline sees the whole video, causal the frames up to the one it labels, frame that one alone."""


class Oracle:
    """Exact posteriors of the videos that `ClipSource(spec, split=..., seed=..., bank=...)` draws.

    delta: how much posterior mass may be left out to save time; 0 leaves out nothing. device: None for
    NumPy, else a torch device such as "cuda". max_bytes: refuse a family that needs more memory. Raises
    `BadArgument` for a spec outside the solvable family and names the field that puts it outside.

    >>> oracle = Oracle(preset("exact", num_frames=2, classes=(6, 9), position_step=9.0))
    >>> oracle.family.num_hypotheses
    1152
    >>> Oracle("standard")
    Traceback (most recent call last):
    segmnist.errors.BadArgument: num_digits_range=(2, 3) is not permitted: expected (2, 2); this puts the
    spec outside ...
    """

    def __init__(
        self,
        spec: SceneSpec | str = "exact",
        *,
        split: str = "train",
        seed: int = 0,
        bank: DigitBank | None = None,
        delta: float = 1e-3,
        device: str | None = None,
        max_bytes: int = 4 << 30,
    ) -> None:
        self.spec = preset(spec) if isinstance(spec, str) else spec
        check_address(seed, split)
        if not 0 <= delta < 0.5:
            raise BadArgument("delta", delta, "0 or more and less than 0.5")
        self.delta, self.max_bytes = delta, max_bytes
        self.arrays = arrays_on(device)
        bank = DigitBank.mnist() if bank is None else bank
        self.family = build_family(self.spec, bank, split, seed, max_bytes)
        self._log_table = log_likelihood_table(self.spec)

    def posterior(self, video: NDArray[np.uint8], observer: str = "offline") -> Posterior:
        """Return the posterior of a video, `(T,H,W)` uint8, for an observer: "offline", "causal" or "frame".

        Raises `BadArgument` for another observer, shape or dtype.
        """
        if observer not in OBSERVERS:
            raise BadArgument("observer", observer, ", ".join(OBSERVERS))
        self._check_video(video)
        if self.spec.digit_motion == "markov":
            return markov_posterior(
                self.family, video, observer, self.max_bytes, self.arrays, self._log_table
            )
        return deterministic_posterior(self.family, video, observer, self.delta, self.arrays, self._log_table)

    def _check_video(self, video: Any) -> None:
        spec = self.spec
        expected = (spec.num_frames, spec.height, spec.width)
        if not isinstance(video, np.ndarray) or video.dtype != np.uint8:
            found = getattr(video, "dtype", type(video).__name__)
            raise BadArgument("video.dtype", str(found), "a NumPy array of uint8")
        if video.shape != expected:
            raise BadArgument("video.shape", video.shape, f"{expected}, one clip of the oracle's spec")

    def __repr__(self) -> str:
        count = self.family.num_hypotheses
        return f"<Oracle: {count:,} hypotheses a digit, {count**2:,} a clip, delta {self.delta:g}>"
