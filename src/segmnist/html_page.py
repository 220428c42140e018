"""Parts of HTML pages that load nothing from elsewhere: the frame with its style, contents, tables, bars, pictures."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Iterable, Sequence

STYLE = """
:root{color-scheme:light dark;--accent:#a63a99}
@media(prefers-color-scheme:dark){:root{--accent:#d679c9}}
html,body{background:Canvas}
body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #8886;padding-bottom:.2rem}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;list-style:none}nav li{padding:.2rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.15rem 1rem .15rem 0;text-align:left;vertical-align:top}
td:first-child,th{overflow-wrap:normal}
.wide{overflow-x:auto}.wide td,.wide th{overflow-wrap:normal}
.wide td:first-child,.wide th:first-child{position:sticky;left:0;background:Canvas}
.charts{display:flex;flex-wrap:wrap;gap:1rem 2rem}figure{margin:0 0 1rem}figcaption{font-weight:600;margin-bottom:.3rem}
.chart{max-width:100%}
svg{max-width:100%;height:auto;overflow:visible;font:11px system-ui,sans-serif;fill:currentColor}
.bar{fill:var(--accent)}.track{fill:#8882}.axis{opacity:.8}.grid{stroke:currentColor;stroke-opacity:.2}
img{max-width:100%;height:auto;image-rendering:pixelated;display:block}
.key span{display:inline-block;margin-right:1em}
.key i{display:inline-block;width:.9em;height:.9em;margin-right:.3em;vertical-align:-.1em;border:1px solid #999}
@media(max-width:30rem){body{margin:1rem auto}svg{font-size:13px}td,th{padding-right:.6rem}
.wide td:first-child,.wide th:first-child{min-width:8rem;max-width:9rem}}
"""
"""What all pages share, in light and in dark, on a desktop and on a phone."""


class Html(str):
    """Text that is HTML. Whatever is not of this type is escaped where it becomes part of a page."""


WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 16, 38
MOST_LABELS = 13
"""More labels than this do not fit below bars: then every second one is left out, or more."""


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page; `body` is HTML, `title` is text, `style` adds rules to those that pages share."""
    name = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{style}</style></head>'
        f"<body><main><h1>{name}</h1>{body}</main></body></html>\n"
    )


def sections(parts: Iterable[tuple[str, str]]) -> str:
    """Return sections, each a title (text) and its HTML, below a list of links to them.

    >>> sections([("What it is", "<p>A set.</p>")]).count('what-it-is"')
    2
    """
    links, bodies = "", ""
    for title, content in parts:
        name, text = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-"), html.escape(title)
        links += f'<li><a href="#{name}">{text}</a></li>'
        bodies += f'<section id="{name}"><h2>{text}</h2>{content}</section>'
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>{bodies}'


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Return a table of text, or of `Html` as it is."""
    top = "<tr>" + "".join(f"<th>{html_of_text(name)}</th>" for name in head) + "</tr>" if head else ""
    cells = ("".join(f"<td>{html_of_text(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{top}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def wide(content: str, name: str) -> str:
    """Return HTML in a frame that scrolls by itself where the screen is narrower; `name` says what is in it."""
    return f'<div class="wide" role="group" aria-label="{html.escape(name)}" tabindex="0">{content}</div>'


def html_of_text(text: str) -> Html:
    """Return text as HTML, escaped unless it is HTML already.

    >>> html_of_text("<b>"), html_of_text(Html("<b>"))
    ('&lt;b&gt;', '<b>')
    """
    return text if isinstance(text, Html) else Html(html.escape(text))


def chart(title: str, width: float, height: float, body: str) -> str:
    """Return a figure with inline SVG; `body` is the SVG's content, `title` is text."""
    name = html.escape(title)
    return (
        f'<figure class="chart"><figcaption>{name}</figcaption><svg role="img" aria-label="{name}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">{body}</svg></figure>'
    )


def bars(
    title: str,
    values: Sequence[float | None],
    labels: Sequence[str],
    texts: Sequence[str],
    *,
    top: float,
    axis: str = "",
    unit: str = "",
    numbers: Sequence[str] = (),
) -> str:
    """Return a bar chart from 0 to the round number above `top`; None draws no bar.

    labels: one below each bar, or one more at their edges, as many as fit. texts: what the tooltip of each bar says.
    axis: stands below the labels. unit: stands behind the numbers of the upright axis. numbers: what stands above each bar.
    """
    ticks = round_numbers(0, top)
    step = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    room, every = HEIGHT - BOTTOM - TOP, -(-len(labels) // MOST_LABELS)
    at_edges = len(labels) > len(values)
    parts = []
    for tick in ticks:
        y = TOP + room * (1 - tick / ticks[-1])
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{tick:g}{unit}", anchor="end"))
    for place, (value, text) in enumerate(zip(values, texts, strict=True)):
        height = room * (value or 0) / ticks[-1]
        x, y = LEFT + place * step, TOP + room - height
        name = f"{labels[place]} to {labels[place + 1]}" if at_edges else labels[place]
        parts.append(
            f'<rect class="bar" x="{x + 0.75:.1f}" y="{y:.1f}" width="{max(step - 1.5, 0.5):.1f}" '
            f'height="{height:.1f}"><title>{html.escape(f"{name}: {text}")}</title></rect>'
        )
        if numbers:
            parts.append(_text(x + step / 2, y - 3, numbers[place]))
    for place, label in enumerate(labels):
        if place % every == 0:
            parts.append(_text(LEFT + (place if at_edges else place + 0.5) * step, TOP + room + 14, label))
    parts.append(_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, axis, "axis"))
    return chart(title, WIDTH, HEIGHT, "".join(parts))


def round_numbers(low: float, high: float) -> list[float]:
    """Return three to six round numbers, evenly spaced, the first and last of which enclose these two.

    >>> round_numbers(0, 17), round_numbers(0, 0)
    ([0, 5, 10, 15, 20], [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    if low == high == 0:
        high = 1.0
    span = (high - low) or abs(high)
    unit = 10 ** math.floor(math.log10(span / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= span / 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * number, 12) for number in range(first, max(last, first + 1) + 1)]


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def picture(png: bytes, name: str) -> str:
    """Return an inline picture; `name` says in words what it shows."""
    return f'<img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
