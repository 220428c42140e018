"""A score against the levels of a sweep or against minutes of training, a line for each model, as SVG or PNG."""

from __future__ import annotations

import html
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segmnist.evaluate.reports.levels import Levels
from segmnist.evaluate.reports.results import Score
from segmnist.evaluate.reports.table import score_text
from segmnist.html_page import chart, round_numbers

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    _Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

COLOURS = ("#aa3399", "#1199dd", "#ee6600", "#779966", "#8800ff", "#cc0022", "#6655dd", "#aa8899")
"""Colours of lines, which stand out from white and from black pages and are told apart by every kind of colour vision."""

DASHES = ((), (9.0, 4.0), (2.0, 3.0))
"""Lengths of strokes and gaps: the first eight models have whole lines, the next eight dashed ones, the next dotted ones. After
24 models they begin again.
"""

WIDTH, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT, ROW = 520, 56, 12, 440, 220, 18
GRID = "#999999"
"""Thin lines that one sees on white and on black."""

BESIDE, GROUP, MARGIN = 4, 0.7, 24
"""Between the intervals of two models at one level; less where all models would take more than this share of a level's room, or
reach beyond the margin at both ends of the axis.
"""

SCALE = 2
"""Pixels of a PNG to one unit of the drawing."""

THEMES = ":root{color-scheme:light dark}text{fill:#111}@media(prefers-color-scheme:dark){text{fill:#eee}}"
"""The style of a drawing without a ground of its own, which stands on light pages and on dark ones."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """A line through points, `(x, y)` from the top left; dash: lengths of strokes and gaps, none for a whole line."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.0
    dash: tuple[float, ...] = ()

    def strokes(self) -> list[tuple[tuple[float, float], ...]]:
        """Return the lines that a dashed line is made of."""
        return [self.points] if not self.dash else _strokes(self.points, self.dash)


@dataclass(frozen=True)
class Dot:
    """A filled circle with what it says when pointed at."""

    x: float
    y: float
    colour: str
    says: str = ""


@dataclass(frozen=True)
class Text:
    """Text whose baseline stands at y."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Curve:
    """A drawing of lines, dots and texts, which SVG and PNG show alike."""

    title: str
    height: float
    marks: tuple[Line | Dot | Text, ...]

    def figure(self) -> str:
        """Return a figure for a page of HTML, whose text has the page's colour."""
        return chart(self.title, WIDTH, self.height, "".join(map(_svg, self.marks)))

    def svg(self) -> str:
        """Return a file of its own, with the title above: transparent, its text dark or light as the page around it asks."""
        body = "".join(map(_svg, self.marks))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -24 {WIDTH} {self.height + 24:g}" width="{WIDTH}" '
            f'height="{self.height + 24:g}" font-family="sans-serif" font-size="11">'
            f"<style>{THEMES}</style>"
            f'<text x="{LEFT}" y="-6" font-weight="bold">{html.escape(self.title)}</text>{body}</svg>\n'
        )

    def png(self) -> bytes:
        """Return the same as PNG, black on white."""
        from PIL import Image, ImageDraw, ImageFont, features

        # Drawn at twice the size and reduced, so that edges are smooth.
        zoom = 2 * SCALE
        image = Image.new("RGB", (WIDTH * zoom, round(self.height + 24) * zoom), "white")
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(11 * zoom) if features.check("freetype2") else ImageFont.load_default()
        for mark in (Text(LEFT, -6, self.title), *self.marks):
            _paint(draw, mark, zoom, font)
        file = io.BytesIO()
        image.reduce(2).save(file, "PNG")
        return file.getvalue()


@dataclass(frozen=True)
class Point:
    """A score, where it stands on the axis from left to right, 0 to 1, and what it says when pointed at."""

    place: float
    score: Score
    says: str


def curve(title: str, levels: Levels, models: Mapping[str, Sequence[Score]]) -> Curve:
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


def learning_curve(title: str, models: Mapping[str, Sequence[tuple[float, float]]]) -> Curve:
    """Draw a score against minutes of training on a logarithmic axis; models: for each its points `(minutes, score)`."""
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
    return _plot(title, "minutes of processor time, logarithmic", labels, series)


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


def _plot(
    title: str, axis: str, labels: Sequence[tuple[float, str]], series: Mapping[str, Sequence[Point]]
) -> Curve:
    """Draw a line for each model that has a score; labels: what is written below the axis, and where."""
    series = {model: p for model, p in series.items() if any(point.score.value is not None for point in p)}
    ends = [
        end
        for points in series.values()
        for score in (point.score for point in points)
        for end in (score.value, score.low, score.high)
        if end is not None
    ]
    least, most = min(ends, default=0.0), max(ends, default=1.0)
    # What is hardly below 0 needs no axis of its own, most of which would be empty.
    ticks = round_numbers(0.0 if -0.02 * most < least < 0 else least, most)
    low, high = ticks[0], ticks[-1]

    def at(place: float, shift: float, value: float) -> tuple[float, float]:
        return LEFT + MARGIN + shift + place * (PLOT_WIDTH - 2 * MARGIN), TOP + PLOT_HEIGHT * (
            high - value
        ) / (high - low)

    bottom = TOP + PLOT_HEIGHT
    marks: list[Line | Dot | Text] = []
    for tick in ticks:
        y = at(0, 0, tick)[1]
        marks.append(Line(((LEFT, y), (LEFT + PLOT_WIDTH, y)), GRID, 0.5))
        marks.append(Text(LEFT - 6, y + 4, f"{tick:g}", "end"))
    for place, label in labels:
        marks.append(Text(at(place, 0, low)[0], bottom + 16, label, "middle"))
    marks.append(Text(LEFT + PLOT_WIDTH / 2, bottom + 32, axis, "middle"))
    room = min((b - a for (a, _), (b, _) in itertools.pairwise(labels)), default=1.0) * (
        PLOT_WIDTH - 2 * MARGIN
    )
    beside = min(BESIDE, min(GROUP * room, 2 * MARGIN) / max(len(series), 1))
    for order, (model, points) in enumerate(series.items()):
        colour, dash = COLOURS[order % len(COLOURS)], DASHES[order // len(COLOURS) % len(DASHES)]
        has_intervals = any(point.score.low is not None for point in points)
        shift = beside * (order - (len(series) - 1) / 2) if has_intervals else 0.0
        runs: list[list[tuple[float, float]]] = [[]]
        for point in points:
            score = point.score
            if score.value is None:
                runs.append([])
                continue
            if score.low is not None and score.high is not None:
                ends_at = (at(point.place, shift, score.low), at(point.place, shift, score.high))
                marks.append(Line(ends_at, colour))
            runs[-1].append(at(point.place, shift, score.value))
            marks.append(Dot(*runs[-1][-1], colour, point.says))
        marks += [Line(tuple(run), colour, 2, dash) for run in runs if len(run) > 1]
        y = bottom + 52 + ROW * order
        marks += [Line(((LEFT, y - 4), (LEFT + 34, y - 4)), colour, 2, dash), Dot(LEFT + 17, y - 4, colour)]
        marks.append(Text(LEFT + 42, y, model))
    return Curve(title, bottom + 52 + ROW * len(series), tuple(marks))


def _strokes(
    points: Sequence[tuple[float, float]], dash: Sequence[float]
) -> list[tuple[tuple[float, float], ...]]:
    """Cut a line into strokes and gaps of these lengths, which go on around corners; return the strokes.

    >>> _strokes([(0, 0), (10, 0)], (4, 2))
    [((0.0, 0.0), (4.0, 0.0)), ((6.0, 0.0), (10.0, 0.0))]
    """
    strokes: list[tuple[tuple[float, float], ...]] = []
    part, left = 0, dash[0]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length, at = math.hypot(x1 - x0, y1 - y0), 0.0
        while at < length:
            step = min(left, length - at)
            if part % 2 == 0:
                shares = (at / length, (at + step) / length)
                strokes.append(tuple((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in shares))
            at, left = at + step, left - step
            if left <= 0:
                part += 1
                left = dash[part % len(dash)]
    return strokes


def _svg(mark: Line | Dot | Text) -> str:
    if isinstance(mark, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
        dash = f' stroke-dasharray="{" ".join(f"{part:g}" for part in mark.dash)}"' if mark.dash else ""
        return f'<polyline points="{points}" fill="none" stroke="{mark.colour}" stroke-width="{mark.width:g}"{dash}/>'
    if isinstance(mark, Dot):
        says = f"<title>{html.escape(mark.says)}</title>" if mark.says else ""
        return f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="3" fill="{mark.colour}">{says}</circle>'
    return (
        f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" text-anchor="{mark.anchor}">{html.escape(mark.text)}</text>'
    )


def _paint(draw: ImageDraw.ImageDraw, mark: Line | Dot | Text, zoom: int, font: _Font) -> None:
    """Paint a mark `zoom` times as large, below the 24 units of the title."""
    if isinstance(mark, Line):
        for stroke in mark.strokes():
            points = [(x * zoom, (y + 24) * zoom) for x, y in stroke]
            draw.line(points, mark.colour, round(mark.width * zoom), joint="curve")
        return
    x, y = mark.x * zoom, (mark.y + 24) * zoom
    if isinstance(mark, Dot):
        radius = 3 * zoom
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), mark.colour)
        return
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
    bottom = font.getbbox("0")[3]
    draw.text((x - share * font.getlength(mark.text), y - bottom), mark.text, "black", font)
