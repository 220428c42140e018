"""How much of a score is left under corruption, from the parts of a suite such as corrupted-v1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from segmnist.corruptions.corrupt import CLEAN, CORRUPTIONS, SEVERITIES
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.levels import Levels
from segmnist.evaluate.reports.results import PartResult, Result, Score

LEVELS = Levels(
    knob="severity",
    parts=(CLEAN, *(f"severity-{severity}" for severity in SEVERITIES)),
    labels=("0", *map(str, SEVERITIES)),
    places=(0.0, *(severity / SEVERITIES[-1] for severity in SEVERITIES)),
)
"""The severities, clean clips before them, as the axis of a curve."""


@dataclass(frozen=True)
class Robustness:
    """A score of clean clips, and of each corruption at each severity.

    by_corruption: the name of a corruption -> scores at severities 0 (clean) to 5.
    """

    by_corruption: Mapping[str, Sequence[Score]]

    @property
    def clean(self) -> float:
        """The score of the clean clips."""
        return _number(next(iter(self.by_corruption.values()))[0])

    @property
    def mean(self) -> float:
        """The mean performance under corruption, mPC: over all corruptions and severities."""
        return fmean(self.mean_of(name) for name in self.by_corruption)

    @property
    def share(self) -> float:
        """The relative performance under corruption, rPC: mPC over the clean score; not a number where that is 0."""
        return self.mean / self.clean if self.clean else float("nan")

    def mean_of(self, name: str) -> float:
        """Return the mean over the severities of one corruption."""
        return fmean(map(_number, self.by_corruption[name][1:]))


def robustness_of(parts: Sequence[PartResult], score: str = "miou") -> Robustness | None:
    """Return a score, one of those where more is better, by corruption and severity.

    None unless the parts are the clean clips and all corruptions. Source of mPC and rPC: Michaelis et al., "Benchmarking
    robustness in object detection", 2019.
    """
    found = {part.name: part.scores[score] for part in parts if score in part.scores}
    names = [CLEAN, *(f"{name}-{severity}" for name in CORRUPTIONS for severity in SEVERITIES)]
    if any(name not in found or found[name].value is None for name in names):
        return None
    return Robustness({
        name: [found[CLEAN], *(found[f"{name}-{severity}"] for severity in SEVERITIES)] for name in CORRUPTIONS
    })  # fmt: skip


def parts_by_severity(parts: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    """Return the names of the parts at each of `LEVELS`, of all corruptions; None unless these are the parts."""
    found = {CLEAN: (CLEAN,)} | {
        f"severity-{severity}": tuple(f"{name}-{severity}" for name in CORRUPTIONS) for severity in SEVERITIES
    }
    return found if {name for names in found.values() for name in names} == set(parts) else None


def corruption_error(result: Result, baseline: Result, score: str = "miou") -> float:
    """Return the mean corruption error, mCE: 1 for the baseline, less for a model that errs less.

    For each corruption the errors, 1 - score, are summed over the severities and divided by the baseline's sum; mCE is
    the mean over the corruptions (Hendrycks and Dietterich, ICLR 2019). Raises `BadArgument` for results of another suite.
    """
    ours, theirs = robustness_of(result.parts, score), robustness_of(baseline.parts, score)
    if ours is None or theirs is None:
        which = result if ours is None else baseline
        raise BadArgument(
            "result", which.suite, f"a result of corrupted-v1, all parts, with the score {score}"
        )
    return fmean((1 - ours.mean_of(name)) / (1 - theirs.mean_of(name)) for name in ours.by_corruption)


def _number(score: Score) -> float:
    assert score.value is not None  # or else `robustness_of` returns None
    return score.value
