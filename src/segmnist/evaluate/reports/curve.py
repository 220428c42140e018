"""A score against the levels of a sweep or against minutes of training, a line for each model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segmnist.evaluate.reports.drawing import Dot, Drawing, Line, Mark, Text
from segmnist.evaluate.reports.levels import Levels
from segmnist.evaluate.reports.results import Score
from segmnist.evaluate.reports.table import score_text
from segmnist.html_page import round_numbers

COLOURS = ("#aa3399", "#1199dd", "#ee6600", "#779966", "#8800ff", "#cc0022", "#6655dd", "#aa8899")
"""Colours of lines, which stand out from white and from black pages and are told apart by every kind of colour vision."""

DASHES = ((), (9.0, 4.0), (2.0, 3.0))
"""Lengths of strokes and gaps: the first eight models have whole lines, the next eight dashed ones, the next dotted ones. After
24 models they begin again.
"""

Style = tuple[str, tuple[float, ...]]
"""A line's colour and dashes."""

WIDTH, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT, ROW = 520, 56, 12, 440, 220, 18
NAMES, NAME_ROW = 200, 14
"""The room beside a plot whose lines are named where they end, and the height of a name."""

GRID = "#999999"
"""Thin lines that one sees on white and on black."""

BESIDE, GROUP, MARGIN = 4, 0.7, 24
"""Between the intervals of two models at one level; less where all models would take more than this share of a level's room, or
reach beyond the margin at both ends of the axis.
"""


@dataclass(frozen=True)
class Point:
    """A score, where it stands on the axis from left to right, 0 to 1, and what it says when pointed at."""

    place: float
    score: Score
    says: str


def curve(title: str, levels: Levels, models: Mapping[str, Sequence[Score]]) -> Drawing:
    """Draw a score against the levels of a sweep, with its intervals.

    models: for each model its score at each level, in the order of `levels.parts`; one that is not defined
    interrupts the line, and a model that has none is left out.
    """
    series = {
        model: [
            Point(place, score, f"{model}, {levels.knob} {label}: {score_text(score)}")
            for place, label, score in zip(levels.places, levels.labels, scores, strict=True)
        ]
        for model, scores in models.items()
    }
    return _plot(title, levels.knob, list(zip(levels.places, levels.labels, strict=True)), series)


def learning_curve(title: str, models: Mapping[str, Sequence[tuple[float, float]]]) -> Drawing:
    """Draw a score against minutes of training on a logarithmic axis, with the names of models beside the ends of their lines.

    models: for each its points `(minutes, score)`.
    """
    minutes = [minute for points in models.values() for minute, _ in points if minute > 0] or [1.0]
    ticks = _log_ticks(min(minutes), max(minutes))
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    series = {
        model: [
            Point(
                (math.log(minute) - low) / (high - low),
                Score(score),
                f"{model}, {minute:.3g} minutes: {score:.4g}",
            )
            for minute, score in points
            if minute > 0
        ]
        for model, points in models.items()
    }
    labels = [((math.log(tick) - low) / (high - low), f"{tick:g}") for tick in ticks]
    return _plot(title, "minutes of processor time, logarithmic", labels, series, beside=True)


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2, 5 times powers of ten from at most `low` to at least `high`, two or more.

    >>> _log_ticks(1.3, 40)
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1
    steps = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    start = max(i for i, step in enumerate(steps) if step <= low)
    end = min(i for i, step in enumerate(steps) if step >= high)
    return [round(step, 12) for step in steps[start : max(end, start + 1) + 1]]


@dataclass(frozen=True)
class Axes:
    """Where values lie on a plot."""

    low: float
    high: float
    height: int

    @property
    def bottom(self) -> int:
        """Return where the plot ends and its labels begin."""
        return TOP + self.height

    def at(self, place: float, value: float, shift: float = 0.0) -> tuple[float, float]:
        """Return x and y of a value at a place of the axis, 0 to 1, shifted to the right."""
        x = LEFT + MARGIN + shift + place * (PLOT_WIDTH - 2 * MARGIN)
        return x, TOP + self.height * (self.high - value) / (self.high - self.low)


def _plot(
    title: str,
    axis: str,
    labels: Sequence[tuple[float, str]],
    series: Mapping[str, Sequence[Point]],
    beside: bool = False,
) -> Drawing:
    """Draw a line for each model that has a score; labels: what is written below the axis, and where.

    The models are named below the plot, or beside it where their lines end.
    """
    series = {model: p for model, p in series.items() if any(point.score.value is not None for point in p)}
    ticks = _ticks(point.score for points in series.values() for point in points)
    height = max(PLOT_HEIGHT, NAME_ROW * len(series)) if beside else PLOT_HEIGHT
    axes = Axes(ticks[0], ticks[-1], height)
    marks = _grid(axes, ticks, labels, axis)
    apart = _apart([place for place, _ in labels], len(series))
    ends = dict[str, tuple[float, float]]()
    styles = dict[str, Style]()
    for order, (model, points) in enumerate(series.items()):
        style = COLOURS[order % len(COLOURS)], DASHES[order // len(COLOURS) % len(DASHES)]
        has_intervals = any(point.score.low is not None for point in points)
        shift = apart * (order - (len(series) - 1) / 2) if has_intervals else 0.0
        line, ends[model] = _line(axes, points, shift, style)
        marks += line
        styles[model] = style
    names = _names_beside(ends, styles, axes.bottom) if beside else _names_below(styles)
    lowest = max((mark.y for mark in names if isinstance(mark, Text)), default=0)
    return Drawing(title, max(axes.bottom + 40, lowest + 8), (*marks, *names), WIDTH + NAMES * beside, LEFT)


def _ticks(scores: Iterable[Score]) -> list[float]:
    """Return round numbers from the lowest to the highest score, their intervals included."""
    values = [
        value for score in scores for value in (score.value, score.low, score.high) if value is not None
    ]
    least, most = min(values, default=0.0), max(values, default=1.0)
    # What is hardly below 0 needs no axis of its own, most of which would be empty.
    return round_numbers(0.0 if -0.02 * most < least < 0 else least, most)


def _grid(axes: Axes, ticks: Sequence[float], labels: Sequence[tuple[float, str]], axis: str) -> list[Mark]:
    """Return a line and a number for each tick, and what is written below the axis."""
    marks: list[Mark] = []
    for tick in ticks:
        y = axes.at(0, tick)[1]
        marks.append(Line(((LEFT, y), (LEFT + PLOT_WIDTH, y)), GRID, 0.5))
        marks.append(Text(LEFT - 6, y + 4, f"{tick:g}", "end"))
    for place, label in labels:
        marks.append(Text(axes.at(place, axes.low)[0], axes.bottom + 16, label, "middle"))
    marks.append(Text(LEFT + PLOT_WIDTH / 2, axes.bottom + 32, axis, "middle"))
    return marks


def _apart(places: Sequence[float], num_models: int) -> float:
    """Return how far the intervals of two models at one level are from one another."""
    room = min((b - a for a, b in itertools.pairwise(places)), default=1.0) * (PLOT_WIDTH - 2 * MARGIN)
    return min(BESIDE, min(GROUP * room, 2 * MARGIN) / max(num_models, 1))


def _line(
    axes: Axes, points: Sequence[Point], shift: float, style: Style
) -> tuple[list[Mark], tuple[float, float]]:
    """Return a model's dots, intervals and line, which a missing score interrupts, and where the line ends."""
    colour, dash = style
    marks: list[Mark] = []
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        score = point.score
        if score.value is None:
            runs.append([])
            continue
        if score.low is not None and score.high is not None:
            ends = (axes.at(point.place, score.low, shift), axes.at(point.place, score.high, shift))
            marks.append(Line(ends, colour))
        runs[-1].append(axes.at(point.place, score.value, shift))
        marks.append(Dot(*runs[-1][-1], colour, point.says))
    marks += [Line(tuple(run), colour, 2, dash) for run in runs if len(run) > 1]
    return marks, next(run[-1] for run in reversed(runs) if run)


def _names_below(styles: Mapping[str, Style]) -> list[Mark]:
    """Return the models' names with a sample of each line, one below another."""
    below = TOP + PLOT_HEIGHT + 48
    places = ((LEFT, below + ROW * order) for order in range(len(styles)))
    return [
        mark for style, place in zip(styles.items(), places, strict=True) for mark in _name(*style, *place)
    ]


def _names_beside(
    ends: Mapping[str, tuple[float, float]], styles: Mapping[str, Style], bottom: float
) -> list[Mark]:
    """Return the same beside the plot, each as high as its line ends if there is room, with a thin line from there."""
    left = LEFT + PLOT_WIDTH + 8
    marks: list[Mark] = []
    for model, y in _spread({model: y for model, (_, y) in ends.items()}, TOP, bottom).items():
        marks.append(Line((ends[model], (left, y)), styles[model][0], 0.5))
        marks += _name(model, styles[model], left, y)
    return marks


def _name(model: str, style: Style, x: float, y: float) -> list[Mark]:
    colour, dash = style
    return [
        Line(((x, y), (x + 34, y)), colour, 2, dash),
        Dot(x + 17, y, colour),
        Text(x + 42, y + 4, model),
    ]


def _spread(wanted: Mapping[str, float], low: float, high: float) -> dict[str, float]:
    """Return places for names from `low` to `high` that are a name's height apart, and near to where each is wanted.

    >>> _spread({"a": 100, "b": 101, "c": 20, "d": 19}, 20, 105)
    {'d': 20.0, 'c': 34.0, 'a': 91.0, 'b': 105.0}
    """
    names = sorted(wanted, key=lambda name: wanted[name])
    places = [max(low, wanted[name]) for name in names]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + NAME_ROW)
    for i in reversed(range(len(places))):
        places[i] = min(places[i], high - NAME_ROW * (len(places) - 1 - i))
    return dict(zip(names, map(float, places), strict=True))
