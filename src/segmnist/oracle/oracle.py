"""Oracle: the Bayes-optimal observer of a spec from the exactly solvable family."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.arrays import arrays_on
from segmnist.oracle.deterministic import deterministic_posterior
from segmnist.oracle.family import build_family
from segmnist.oracle.markov import chain_of, markov_posterior
from segmnist.oracle.observers import OBSERVERS, PREFIX, Observer
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.solvable import check_bank
from segmnist.render.clips import Clip, Clips
from segmnist.scene.presets import PresetName, preset
from segmnist.scene.randomness import Split, check_address
from segmnist.scene.sample import glyph_pool, pool_split
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource


class Oracle:
    """Exact posteriors of the videos that `ClipSource(spec, split=..., seed=..., bank=...)` draws.

    delta: how much posterior mass may be left out to save time; 0 leaves out nothing. device: None for
    NumPy, else a torch device such as "cuda". max_bytes: refuse a family that needs more memory. Raises
    `BadArgument` for a spec outside the solvable family and names the field that puts it outside, for a
    digit larger than the frame, and for a family larger than `max_bytes`.

    >>> oracle = Oracle(preset("exact", num_frames=2, classes=(6, 9), position_step=9.0))
    >>> oracle.family.num_hypotheses
    1152
    >>> Oracle("standard")
    Traceback (most recent call last):
    segmnist.errors.BadArgument: sensor_sigma=0.0 is not permitted: expected more than 0; this
    puts the spec outside ...
    """

    def __init__(
        self,
        spec: SceneSpec | PresetName = "exact",
        *,
        split: Split = "train",
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
        self.split, self.seed, self.delta = split, seed, delta
        self.bank = DigitBank.mnist() if bank is None else bank
        check_bank(self.bank)
        self.arrays = arrays_on(device)
        self.family = build_family(self.spec, self.bank, split, seed, max_bytes)
        self.chain = chain_of(self.family, max_bytes) if self.spec.digit_motion == "markov" else None

    @classmethod
    def of(cls, source: ClipSource, **options: Any) -> Oracle:
        """Return the oracle of a source's clips; options: delta, device, max_bytes.

        >>> source = ClipSource(preset("exact", num_frames=2, position_step=18.0), split="test")
        >>> Oracle.of(source, delta=1e-4).posterior(source[3])
        <Posterior: offline, 2 frames of 32x32, delta ...>
        """
        return cls(source.spec, split=source.split, seed=source.seed, bank=source.bank, **options)

    def posterior(
        self,
        video: Clip | NDArray[np.uint8],
        observer: str = "offline",
        *,
        horizon: int = 0,
        num_seen: int = 0,
    ) -> Posterior:
        """Return the posterior of one video for an observer.

        video: a clip of this oracle's family, or `(T,H,W)` uint8, of which the shape alone can be checked.
        observer: "offline" has seen the whole video, "causal" the frames up to the one it labels, "frame"
        that one alone, "forecast" the frames up to `horizon` before it, 1 to T, "prefix" the first `num_seen`
        frames, of motion that is deterministic. Raises `BadArgument` for another observer, shape or dtype, and for
        a clip of another spec, split, seed or bank.
        """
        seen = Observer(observer, horizon, num_seen)
        if isinstance(video, Clip):
            self.check_made_by(video.scene)
            video = np.ascontiguousarray(video.video)
        self._check_video(video)
        seen.check_frames(self.spec.num_frames)
        if self.chain is not None:
            if observer == PREFIX:
                fix = "forecasts go so far ahead for every motion"
                raise BadArgument(
                    "observer", observer, f"{', '.join(OBSERVERS)}, forecast for digit_motion='markov'", fix
                )
            return markov_posterior(self.chain, video, seen, self.arrays)
        return deterministic_posterior(self.family, video, seen, self.delta, self.arrays)

    def posteriors(self, clips: Clips, observer: str = "offline", *, horizon: int = 0) -> Iterator[Posterior]:
        """Yield the posterior of each clip of a batch, as `posterior` does."""
        return (self.posterior(clip, observer, horizon=horizon) for clip in clips)

    def check_made_by(self, origin: ClipSource | Scene) -> None:
        """Raise `BadArgument` unless clips of this source or scene are of the oracle's family.

        They must have its spec and bank. Splits may differ where they share their glyphs and backgrounds,
        seeds where there is no bank of backgrounds.
        """
        fix = "Oracle.of(source) makes the oracle of a source's clips"
        for field in dataclasses.fields(self.spec):
            mine, theirs = (getattr(spec, field.name) for spec in (self.spec, origin.spec))
            if mine != theirs:
                raise BadArgument(field.name, theirs, f"{mine!r} as in the oracle's spec", fix)
        if origin.bank.sha256 != self.bank.sha256:
            raise BadArgument("bank", origin.bank.name, "the oracle's digits", fix)
        if origin.split != self.split and not self._same_family(origin.split):
            raise BadArgument("split", origin.split, f"{self.split!r}, the oracle's", fix)
        if origin.seed != self.seed and self.spec.max_shapes:
            raise BadArgument("seed", origin.seed, f"{self.seed}, which the oracle's backgrounds are of", fix)

    def _same_family(self, split: str) -> bool:
        """Return whether another split has the glyphs and the backgrounds of the oracle's."""
        if pool_split(self.spec, split) == pool_split(self.spec, self.split):
            return True
        mine, theirs = (glyph_pool(self.spec, self.bank, name) for name in (self.split, split))
        return np.array_equal(mine, theirs) and not self.spec.max_shapes

    def _check_video(self, video: Any) -> None:
        spec = self.spec
        expected = (spec.num_frames, spec.height, spec.width)
        if not isinstance(video, np.ndarray) or video.dtype != np.uint8:
            found = getattr(video, "dtype", type(video).__name__)
            raise BadArgument("video.dtype", str(found), "a Clip, or a NumPy array of uint8")
        if video.shape != expected:
            raise BadArgument("video.shape", video.shape, f"{expected}, one clip of the oracle's spec")

    def __repr__(self) -> str:
        count = self.family.num_hypotheses
        return f"<Oracle: {count:,} hypotheses a digit, {count**2:,} a clip, delta {self.delta:g}>"
