"""Drawings of lines, dots, boxes and texts, as SVG or PNG."""

from __future__ import annotations

import html
import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segmnist.html_page import chart

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    _Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SCALE = 2
"""Pixels of a PNG to one unit of the drawing."""

TITLE = 24
"""The height of the title above a drawing that is a file of its own."""

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
    colour: str | None = None
    """That of the page's text, unless it is given."""


@dataclass(frozen=True)
class Box:
    """A filled rectangle from its upper left corner, with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    says: str = ""


Mark = Line | Dot | Text | Box


@dataclass(frozen=True)
class Drawing:
    """Marks within `width` x `height`, which SVG and PNG show alike; the title stands `left` from the edge."""

    title: str
    height: float
    marks: tuple[Mark, ...]
    width: float
    left: float

    def figure(self) -> str:
        """Return a figure for a page of HTML, whose text has the page's colour."""
        return chart(self.title, self.width, self.height, "".join(map(_svg, self.marks)))

    def svg(self) -> str:
        """Return a file of its own, with the title above: transparent, its text dark or light as the page around it asks."""
        body = "".join(map(_svg, self.marks))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -{TITLE} {self.width:g} {self.height + TITLE:g}" '
            f'width="{self.width:g}" height="{self.height + TITLE:g}" font-family="sans-serif" font-size="11">'
            f"<style>{THEMES}</style>"
            f'<text x="{self.left:g}" y="-6" font-weight="bold">{html.escape(self.title)}</text>{body}</svg>\n'
        )

    def png(self) -> bytes:
        """Return the same as PNG, black on white."""
        from PIL import Image, ImageDraw, ImageFont, features

        # Drawn at twice the size and reduced, so that edges are smooth.
        zoom = 2 * SCALE
        image = Image.new("RGB", (round(self.width) * zoom, round(self.height + TITLE) * zoom), "white")
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(11 * zoom) if features.check("freetype2") else ImageFont.load_default()
        for mark in (Text(self.left, -6, self.title), *self.marks):
            _paint(draw, mark, zoom, font)
        file = io.BytesIO()
        image.reduce(2).save(file, "PNG")
        return file.getvalue()


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


def _svg(mark: Mark) -> str:
    if isinstance(mark, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
        dash = f' stroke-dasharray="{" ".join(f"{part:g}" for part in mark.dash)}"' if mark.dash else ""
        return f'<polyline points="{points}" fill="none" stroke="{mark.colour}" stroke-width="{mark.width:g}"{dash}/>'
    if isinstance(mark, Text):
        place = f'x="{mark.x:.1f}" y="{mark.y:.1f}" text-anchor="{mark.anchor}"'
        colour = f' style="fill:{mark.colour}"' if mark.colour else ""
        return f"<text {place}{colour}>{html.escape(mark.text)}</text>"
    says = f"<title>{html.escape(mark.says)}</title>" if mark.says else ""
    if isinstance(mark, Dot):
        return f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="3" fill="{mark.colour}">{says}</circle>'
    size = f'width="{mark.width:.1f}" height="{mark.height:.1f}"'
    return f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" {size} fill="{mark.colour}">{says}</rect>'


def _paint(draw: ImageDraw.ImageDraw, mark: Mark, zoom: int, font: _Font) -> None:
    """Paint a mark `zoom` times as large, below the 24 units of the title."""
    if isinstance(mark, Line):
        for stroke in mark.strokes():
            points = [(x * zoom, (y + TITLE) * zoom) for x, y in stroke]
            draw.line(points, mark.colour, round(mark.width * zoom), joint="curve")
        return
    x, y = mark.x * zoom, (mark.y + TITLE) * zoom
    if isinstance(mark, Dot):
        radius = 3 * zoom
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), mark.colour)
        return
    if isinstance(mark, Box):
        draw.rectangle((x, y, x + mark.width * zoom - 1, y + mark.height * zoom - 1), mark.colour)
        return
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
    bottom = font.getbbox("0")[3]
    draw.text((x - share * font.getlength(mark.text), y - bottom), mark.text, mark.colour or "black", font)
