"""Charts as inline SVG: bars and a map of counts. Each states its numbers in words too."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 420, 150
LEFT, BOTTOM = 4, 34


def bars(title: str, counts: Sequence[int] | NDArray[np.int64], labels: Sequence[str], axis: str) -> str:
    """Return a bar chart; `labels` stand below the bars, as many as fit."""
    values = np.asarray(counts, np.float64)
    most = max(float(values.max(initial=0)), 1.0)
    step = (WIDTH - 2 * LEFT) / max(len(values), 1)
    room = HEIGHT - BOTTOM
    parts = []
    for place, value in enumerate(values):
        height = room * value / most
        share = value / max(values.sum(), 1)
        note = f"{labels[place]}: {int(value):,} ({share:.1%})"
        parts.append(
            f'<rect class="bar" x="{LEFT + place * step:.1f}" y="{room - height:.1f}" width="{max(step - 1.5, 0.5):.1f}" '
            f'height="{height:.1f}"><title>{html.escape(note)}</title></rect>'
        )
        every = -(-len(values) // 12)
        if place % every == 0:
            x = LEFT + (place + 0.5) * step
            parts.append(
                f'<text x="{x:.1f}" y="{room + 14}" text-anchor="middle">{html.escape(labels[place])}</text>'
            )
    note = f"{html.escape(axis)}; tallest {int(most):,}"
    parts.append(f'<text class="axis" x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">{note}</text>')
    return _svg(title, WIDTH, HEIGHT, parts)


def heat(title: str, counts: NDArray[np.int64], side: int = 170) -> str:
    """Return a map of counts `(rows, columns)`, darker where there are more."""
    rows, columns = counts.shape
    most = max(int(counts.max(initial=0)), 1)
    width, height = side / columns, side / rows
    cells = [
        f'<rect x="{x * width:.2f}" y="{y * height:.2f}" width="{width + 0.3:.2f}" height="{height + 0.3:.2f}" '
        f'fill="#8a2981" fill-opacity="{counts[y, x] / most:.3f}"><title>{counts[y, x]:,}</title></rect>'
        for y in range(rows)
        for x in range(columns)
    ]
    frame = f'<rect width="{side}" height="{side}" fill="none" stroke="#999"/>'
    return _svg(title, side, side, [*cells, frame])


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    name = html.escape(title)
    return (
        f'<figure class="chart"><figcaption>{name}</figcaption><svg role="img" aria-label="{name}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{"".join(parts)}</svg></figure>'
    )
