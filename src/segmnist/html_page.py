"""Parts of HTML pages that load nothing from elsewhere: the frame with its style, bars, charts and pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #8886;padding-bottom:.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.15rem 1rem .15rem 0;text-align:left}
.charts{display:flex;flex-wrap:wrap;gap:1rem 2rem}figure{margin:0 0 1rem}figcaption{font-weight:600;margin-bottom:.3rem}
svg{max-width:100%;height:auto;overflow:visible;font:11px system-ui,sans-serif;fill:currentColor}
.bar{fill:#a63a99}.track{fill:#8882}.axis{opacity:.7}
img{max-width:100%;height:auto;image-rendering:pixelated;display:block}
pre{overflow:auto;padding:.7rem;border:1px solid #8886}
.key span{display:inline-block;margin-right:1em}
.key i{display:inline-block;width:.9em;height:.9em;margin-right:.3em;vertical-align:-.1em;border:1px solid #999}
"""
"""What all pages share, in light and in dark."""


class Html(str):
    """Text that is HTML. Whatever is not of this type is escaped where it becomes part of a page."""


WIDTH, HEIGHT = 420, 150
LEFT, TOP, BOTTOM = 4, 14, 34
MOST_NUMBERS = 12
"""More bars than this carry their numbers in tooltips alone."""


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page; `body` is HTML, `title` is text, `style` adds rules to those that pages share."""
    name = html.escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}{style}</style></head>'
        f"<body><h1>{name}</h1>{body}</body></html>\n"
    )


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
) -> str:
    """Return a bar chart from 0 to `top`; None draws no bar.

    `labels` stand below the bars, as many as fit; `texts` say each value, above few bars and in tooltips of all.
    """
    step = (WIDTH - 2 * LEFT) / max(len(values), 1)
    room, every = HEIGHT - BOTTOM - TOP, -(-len(values) // MOST_NUMBERS)
    parts = []
    for place, (value, label, text) in enumerate(zip(values, labels, texts, strict=True)):
        height = room * (value or 0) / top
        x, y = LEFT + place * step, TOP + room - height
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{max(step - 1.5, 0.5):.1f}" height="{height:.1f}">'
            f"<title>{html.escape(f'{label}: {text}')}</title></rect>"
        )
        if len(values) <= MOST_NUMBERS:
            parts.append(_text(x + step / 2, y - 3, text))
        if place % every == 0:
            parts.append(_text(x + step / 2, TOP + room + 14, label))
    parts.append(_text(WIDTH / 2, HEIGHT - 4, axis, "axis"))
    return chart(title, WIDTH, HEIGHT, "".join(parts))


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{html.escape(text)}</text>'


def picture(png: bytes, name: str) -> str:
    """Return an inline picture; `name` says in words what it shows."""
    return f'<img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
