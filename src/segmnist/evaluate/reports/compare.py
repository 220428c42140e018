"""Results of several models on the same clips side by side, with differences and their paired intervals."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import to_builtins

from segmnist.errors import BadArgument, CorruptData
from segmnist.evaluate.arithmetic import Scores
from segmnist.evaluate.metrics import ROWS, scores_of
from segmnist.evaluate.reports.curve import curve
from segmnist.evaluate.reports.drawing import Drawing
from segmnist.evaluate.reports.levels import Levels, levels_of
from segmnist.evaluate.reports.results import Result, Score
from segmnist.evaluate.reports.robustness import LEVELS as SEVERITY
from segmnist.evaluate.reports.robustness import parts_by_severity
from segmnist.evaluate.reports.table import ranked
from segmnist.evaluate.sums import percentile_interval

HEADLINE = ("information_gained", "information_share", "miou")
"""The scores that are compared unless others are asked for, the first to rank by."""

MEAN = "mean of parts"
"""Stands in place of a part's name."""


@dataclass(frozen=True)
class Cell:
    """A model's score on a part, and its difference to the best model: its score minus that of the best."""

    score: Score
    difference: Score


@dataclass(frozen=True)
class Comparison:
    """Scores of several models on the same clips.

    content_ids: of the clips of each part. models: the best first. parts: the suite's, after them `MEAN` where
    there are several. scores: their names. cells: by part, model and score. levels: those of a sweep, or the severities of
    corruptions; by_level: the score of each, which is the mean over the corruptions, by level, model and score. unpaired:
    the models without counts of each clip, whose differences have no interval.
    """

    suite: str
    split: str
    num_clips: int
    content_ids: tuple[str, ...]
    partial: bool
    models: tuple[str, ...]
    parts: tuple[str, ...]
    scores: tuple[str, ...]
    cells: Mapping[tuple[str, str, str], Cell]
    levels: Levels | None
    by_level: Mapping[tuple[str, str, str], Score]
    unpaired: tuple[str, ...]

    def curve(self, name: str, levels: Levels) -> Drawing:
        """Draw one of the scores against the levels, a line for each model."""
        series = {
            model: [self.by_level[level, model, name] for level in levels.parts] for model in self.models
        }
        title = f"{ROWS[name].title if name in ROWS else name}, {self.suite}"
        return curve(title + (", mean over corruptions" if levels == SEVERITY else ""), levels, series)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: `rows` has an object for each part, model and score, with the difference to the best."""
        rows = [
            {"part": part, "model": model, "score": name}
            | to_builtins(self.cells[part, model, name].score)
            | {"difference": to_builtins(self.cells[part, model, name].difference)}
            for part in self.parts
            for model in self.models
            for name in self.scores
        ]
        facts = (
            "suite",
            "split",
            "num_clips",
            "content_ids",
            "partial",
            "models",
            "parts",
            "scores",
            "unpaired",
        )
        return {name: getattr(self, name) for name in facts} | {"rows": rows}

    @property
    def notes(self) -> list[str]:
        """Return what a reader of the numbers has to know, a line each."""
        lines = [
            f"{self.suite}, {self.split}, {self.num_clips:,} clips. In brackets: 95% bootstrap intervals; of "
            f"differences to {self.models[0]}, with the same clips resampled for both."
        ]
        if any(self.content_ids):
            # In full to cite the clips of one part; of several, enough to tell them.
            shown = None if len(self.content_ids) == 1 else 12
            lines.append(f"Content id of the clips: {', '.join(each[:shown] for each in self.content_ids)}.")
        if self.partial:
            lines.append("Partial: only the first clips of the suite were scored.")
        if self.unpaired:
            whose = (
                "any result" if self.unpaired == self.models else f"the results of {', '.join(self.unpaired)}"
            )
            lines.append(
                f"No counts of each clip in {whose}, so no intervals there: score again with this version."
            )
        return lines


def compare(results: Mapping[str, Result], scores: Sequence[str] = ()) -> Comparison:
    """Compare the results of models, by the name that each is to have.

    scores: names of scores, instead of those of `HEADLINE` that any result has. Raises `BadArgument` without results,
    for results on different clips, and for scores that no result has; `CorruptData` for counts of clips that cannot
    be read.
    """
    if not results:
        raise BadArgument("results", 0, "one or more")
    first, *others = results.items()
    for other in others:
        _check_same_clips(first, other)
    order = ranked(results.values())
    models = sorted(results, key=lambda model: order.index(results[model]))
    names = _chosen(results, scores)
    whole = results[models[0]]
    parts = [part.name for part in whole.parts]
    drawn = {model: _replicates(model, results[model], names) for model in models}
    best, cells = models[0], {}
    groups = {part: (part,) for part in parts} | ({MEAN: tuple(parts)} if len(parts) > 1 else {})
    for part, members in groups.items():
        for name in names:
            scored = {model: _scored(results[model], drawn[model], members, name) for model in models}
            for model in models:
                gap = Score(None) if model == best else _difference(scored[model], scored[best])
                cells[part, model, name] = Cell(scored[model][0], gap)
    levels, at_levels = _levels(parts)
    by_level = {
        (level, model, name): _scored(results[model], drawn[model], members, name)[0]
        for level, members in at_levels.items()
        for model in models
        for name in names
    }
    return Comparison(
        suite=whole.suite,
        split=whole.split,
        num_clips=sum(part.num_clips for part in whole.parts),
        content_ids=tuple(part.content_id for part in whole.parts),
        partial=whole.partial,
        models=tuple(models),
        parts=tuple(dict.fromkeys(part for part, _, _ in cells)),
        scores=tuple(names),
        cells=cells,
        levels=levels,
        by_level=by_level,
        unpaired=tuple(model for model in models if not drawn[model]),
    )


def _check_same_clips(first: tuple[str, Result], other: tuple[str, Result]) -> None:
    """Raise `BadArgument` unless two named results are scores of the same clips."""
    (name, one), (other_name, two) = first, other
    facts = {
        "suite": (one.suite, two.suite),
        "split": (one.split, two.split),
        "parts": (_of_parts(one, "name"), _of_parts(two, "name")),
        "clips": (_of_parts(one, "num_clips"), _of_parts(two, "num_clips")),
        "content id": (_of_parts(one, "content_id"), _of_parts(two, "content_id")),
        "suite's SHA-256": (one.suite_sha256[:12], two.suite_sha256[:12]),
    }
    for fact, (ours, theirs) in facts.items():
        if ours != theirs:
            raise BadArgument(
                "results", [name, other_name], "results on the same clips", f"{fact}: {ours} and {theirs}"
            )


def _of_parts(result: Result, field: str) -> str:
    return ", ".join(str(getattr(part, field))[:40] for part in result.parts)


def _chosen(results: Mapping[str, Result], scores: Sequence[str]) -> list[str]:
    found = {name for result in results.values() for part in result.parts for name in part.scores}
    for name in scores:
        if name not in found:
            near = difflib.get_close_matches(name, sorted(found), n=3) or sorted(found & set(HEADLINE))
            raise BadArgument("score", name, f"a score that a result has, such as {', '.join(near)}")
    return list(dict.fromkeys(scores or (name for name in HEADLINE if name in found)))


def _replicates(model: str, result: Result, names: Sequence[str]) -> dict[str, dict[str, Scores]]:
    """Return the bootstrap replicates `(R,)` of scores by part and name; nothing where a part lacks counts."""
    drawn = {}
    for part in result.parts:
        if part.clip_counts is None:
            return {}
        try:
            scores = scores_of(part.clip_counts.replicates())
        except CorruptData as error:
            raise CorruptData(f"{model}, part {part.name}: {error}") from None
        except LookupError as error:
            raise CorruptData(f"{model}, part {part.name}: the counts of clips lack {error}") from None
        drawn[part.name] = {name: scores[name] for name in names if name in scores}
    return drawn


_Scored = tuple[Score, Scores | None]
"""A score, and its replicates if there are any."""


def _levels(parts: Sequence[str]) -> tuple[Levels | None, Mapping[str, Sequence[str]]]:
    """Return the levels that the parts are, and the parts of each; None and nothing where they are no levels."""
    levels = levels_of(parts)
    if levels is not None:
        return levels, {part: (part,) for part in levels.parts}
    by_severity = parts_by_severity(parts)
    return (None, {}) if by_severity is None else (SEVERITY, by_severity)


def _scored(
    result: Result, drawn: Mapping[str, Mapping[str, Scores]], parts: Sequence[str], name: str
) -> _Scored:
    """Return the score of one part, or the mean of several."""
    of_parts = {each.name: each.scores.get(name, Score(None)) for each in result.parts}
    if len(parts) == 1:
        return of_parts[parts[0]], drawn.get(parts[0], {}).get(name)
    values = [of_parts[part].value for part in parts]
    replicates = [drawn[part][name] for part in parts if name in drawn.get(part, {})]
    mean = np.mean(replicates, axis=0) if len(replicates) == len(parts) else None
    known = [value for value in values if value is not None]
    value = sum(known) / len(known) if len(known) == len(values) else None
    return _with_interval(value, mean), mean


def _difference(scored: _Scored, best: _Scored) -> Score:
    (one, drawn), (two, drawn_best) = scored, best
    if one.value is None or two.value is None:
        return Score(None)
    paired = None if drawn is None or drawn_best is None else drawn - drawn_best
    return _with_interval(one.value - two.value, paired)


def _with_interval(value: float | None, replicates: Scores | None) -> Score:
    if value is None or replicates is None:
        return Score(value)
    low, high = percentile_interval(replicates)
    return Score(value) if math.isnan(low) else Score(value, low, high)
