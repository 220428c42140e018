"""Observers: which frames of a video someone has seen when they say what a frame shows."""

from __future__ import annotations

from dataclasses import dataclass

from segmnist.errors import BadArgument

OBSERVERS = ("offline", "causal", "frame")
"""offline sees the whole video, causal the frames up to the one it labels, frame that one alone."""

FORECAST = "forecast"
"""Sees the frames up to `horizon` before the one that it labels; the first `horizon` frames it labels unseen."""


@dataclass(frozen=True)
class Look:
    """What an observer has seen when it answers, and for which frames it answers: frame numbers."""

    seen: tuple[int, ...]
    answered: tuple[int, ...]


@dataclass(frozen=True)
class Observer:
    """An observer by name; `horizon` is that of a forecast and 0 otherwise.

    Raises `BadArgument` for another name, or a horizon that the observer does not have.
    """

    name: str
    horizon: int = 0

    def __post_init__(self) -> None:
        if self.name not in (*OBSERVERS, FORECAST):
            raise BadArgument("observer", self.name, ", ".join((*OBSERVERS, FORECAST)))
        if self.name == FORECAST and self.horizon < 1:
            raise BadArgument("horizon", self.horizon, "1 or more frames for observer='forecast'")
        if self.name != FORECAST and self.horizon != 0:
            raise BadArgument("horizon", self.horizon, "0", "only observer='forecast' looks ahead")

    def check_horizon(self, num_frames: int) -> None:
        """Raise `BadArgument` if a forecast looks further ahead than a clip is long."""
        if self.horizon > num_frames:
            raise BadArgument("horizon", self.horizon, f"1..{num_frames}, the frames of a clip")

    def looks(self, num_frames: int) -> list[Look]:
        """Return the looks at a clip: one for the whole video offline, else one a frame."""
        frames = tuple(range(num_frames))
        if self.name == "offline":
            return [Look(frames, frames)]
        if self.name == "frame":
            return [Look((t,), (t,)) for t in frames]
        return [Look(frames[: max(t + 1 - self.horizon, 0)], (t,)) for t in frames]

    def __str__(self) -> str:
        return f"{self.name} {self.horizon}" if self.horizon else self.name
