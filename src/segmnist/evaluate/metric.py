"""Metric: a family of scores, from what is counted of a clip to what a table says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.evaluate.scored_clip import ScoredClip


@dataclass(frozen=True)
class Row:
    """How tables show one score: its title, which way is better, whether they show it, and a note."""

    title: str
    better: Literal["higher", "lower"] = "higher"
    shown: bool = True
    note: str = ""


@dataclass(frozen=True)
class Metric:
    """A family of scores.

    title: names the family. place: where its rows stand in tables, the lowest first. rows: each score's
    name and how tables show it. counts: what is counted of a clip, int64 arrays by name that add up over
    clips; nothing where the clip lacks what is needed. scores: from the sums of all metrics to scores by
    name. counted: the names of the counts. plain: those of them that get no bootstrap replicates, being
    thousands of numbers; a score that needs them has no interval.
    of_posterior: the exact posterior is scored, too, under the same names with `oracle_` before them.
    needs_tracking: counted only if asked for, with the `tracking` extra. of_frames: about predicted frames, and not about
    classes; a model that predicts frames alone gets no other scores.
    """

    title: str
    place: int
    rows: Mapping[str, Row]
    counted: tuple[str, ...]
    counts: Callable[[ScoredClip], Mapping[str, Counts]]
    scores: Callable[[Mapping[str, Counts]], Mapping[str, Scores]]
    plain: tuple[str, ...] = ()
    of_posterior: bool = False
    needs_tracking: bool = False
    of_frames: bool = False
