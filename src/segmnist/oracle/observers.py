"""Observers: which frames of a video someone has seen when they say what a frame shows."""

from __future__ import annotations

from dataclasses import dataclass

from segmnist.errors import BadArgument

OBSERVERS = ("offline", "causal", "frame")
"""offline sees the whole video, causal the frames up to the one it labels, frame that one alone."""

FORECAST = "forecast"
"""Sees the frames up to `horizon` before the one that it labels; the first `horizon` frames it labels unseen."""


PREFIX = "prefix"
"""Sees the first `num_seen` frames and labels all: it is what a model knows that is given these and asked for the others."""


@dataclass(frozen=True)
class Look:
    """What an observer has seen when it answers, and for which frames it answers: frame numbers."""

    seen: tuple[int, ...]
    answered: tuple[int, ...]


@dataclass(frozen=True)
class Observer:
    """An observer by name; `horizon` is that of a forecast and `num_seen` that of a prefix, 0 otherwise.

    Raises `BadArgument` for another name, or a number that the observer does not have.
    """

    name: str
    horizon: int = 0
    num_seen: int = 0

    def __post_init__(self) -> None:
        if self.name not in (*OBSERVERS, FORECAST, PREFIX):
            raise BadArgument("observer", self.name, ", ".join((*OBSERVERS, FORECAST, PREFIX)))
        if self.name == PREFIX and self.num_seen < 1:
            raise BadArgument("num_seen", self.num_seen, "1 or more frames for observer='prefix'")
        if self.name != PREFIX and self.num_seen != 0:
            raise BadArgument("num_seen", self.num_seen, "0", "only observer='prefix' sees so many frames")
        if self.name == FORECAST and self.horizon < 1:
            raise BadArgument("horizon", self.horizon, "1 or more frames for observer='forecast'")
        if self.name != FORECAST and self.horizon != 0:
            raise BadArgument("horizon", self.horizon, "0", "only observer='forecast' looks ahead")

    def check_frames(self, num_frames: int) -> None:
        """Raise `BadArgument` if an observer looks further ahead, or sees more frames, than a clip has."""
        for name in ("horizon", "num_seen"):
            if getattr(self, name) > num_frames:
                raise BadArgument(name, getattr(self, name), f"1..{num_frames}, the frames of a clip")

    def looks(self, num_frames: int) -> list[Look]:
        """Return the looks at a clip: one for the whole video offline and after a prefix, else one a frame."""
        frames = tuple(range(num_frames))
        if self.name == PREFIX:
            return [Look(frames[: self.num_seen], frames)]
        if self.name == "offline":
            return [Look(frames, frames)]
        if self.name == "frame":
            return [Look((t,), (t,)) for t in frames]
        return [Look(frames[: max(t + 1 - self.horizon, 0)], (t,)) for t in frames]

    def __str__(self) -> str:
        return f"{self.name} {self.horizon}" if self.horizon else self.name
