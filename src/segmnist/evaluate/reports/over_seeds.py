"""Results of a model that differ in their seed alone, as one row of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

import msgspec

from segmnist.evaluate.reports.results import PartResult, Result, Score


@dataclass(frozen=True)
class Entry:
    """Results of one model, trained alike with one seed or several, in the order of their seeds."""

    results: tuple[Result, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds; none of a model that has no seed."""
        return tuple(result.seed for result in self.results if result.seed is not None)

    def mean(self, part: str) -> PartResult:
        """Return the part's result with the mean of every score over the seeds, and of the ends of its interval.

        A score that is not defined for all seeds is not defined.
        """
        parts = [self._part(result, part) for result in self.results]
        names = [name for name in parts[0].scores if all(name in each.scores for each in parts)]
        scores = {name: mean_score([each.scores[name] for each in parts]) for name in names}
        return msgspec.structs.replace(parts[0], scores=scores)

    def range(self, part: str, name: str) -> tuple[float, float] | None:
        """Return the lowest and the highest value of a score over two seeds or more."""
        scores = [self._part(result, part).scores.get(name) for result in self.results]
        values = [score.value for score in scores if score and score.value is not None]
        return (min(values), max(values)) if len(values) > 1 else None

    @staticmethod
    def _part(result: Result, part: str) -> PartResult:
        return next(each for each in result.parts if each.name == part)


def entries(results: Iterable[Result], part: str) -> list[Entry]:
    """Return the results that have a part, those together that have the same model, minutes, parameters and hardware."""
    found: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        if any(each.name == part for each in result.parts):
            minutes = None if result.minutes is None else f"{result.minutes:.2g}"
            key = (result.model, minutes, result.parameters, result.hardware)
            found.setdefault(key, []).append(result)
    return [
        Entry(tuple(sorted(alike, key=lambda result: -1 if result.seed is None else result.seed)))
        for alike in found.values()
    ]


def mean_score(scores: Iterable[Score]) -> Score:
    """Return the mean of scores and of the ends of their intervals.

    >>> mean_score([Score(0.25, 0.0, 0.5), Score(0.75, 0.5, 1.0)])
    Score(value=0.5, low=0.25, high=0.75)
    """
    ends = zip(*((score.value, score.low, score.high) for score in scores), strict=True)
    return Score(*(None if None in values else fmean(values) for values in ends))
