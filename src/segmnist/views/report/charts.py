"""Charts of a data set: histograms and a map of counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segmnist.html_page import bars, chart

SIDE, LEFT, BOTTOM = 240, 40, 40


def histogram(title: str, counts: Sequence[int] | NDArray[np.int64], labels: Sequence[str], axis: str) -> str:
    """Return a bar chart of the share of each count; `labels` stand below the bars, or one more at their edges."""
    numbers = [int(count) for count in counts]
    total = max(sum(numbers), 1)
    shares = [100 * count / total for count in numbers]
    texts = [f"{count:,} ({share:.1f}%)" for count, share in zip(numbers, shares, strict=True)]
    return bars(title, shares, labels, texts, top=max(shares, default=0), axis=axis, unit="%")


def heat(title: str, counts: NDArray[np.int64], height: int, width: int) -> str:
    """Return a map of counts `(rows, columns)` over a frame of `height` by `width` pixels, darker where there are more."""
    rows, columns = counts.shape
    most = max(int(counts.max(initial=0)), 1)
    scale = SIDE / max(height, width)
    down, across = height * scale, width * scale
    h, w = down / rows, across / columns
    cells = [
        f'<rect class="bar" x="{LEFT + x * w:.2f}" y="{y * h:.2f}" width="{w + 0.3:.2f}" height="{h + 0.3:.2f}" '
        f'fill-opacity="{counts[y, x] / most:.3f}"><title>{counts[y, x]:,}</title></rect>'
        for y in range(rows)
        for x in range(columns)
    ]
    frame = f'<rect x="{LEFT}" width="{across:g}" height="{down:g}" fill="none" stroke="#888"/>'
    ticks = [
        f'<text x="{LEFT + across * share:g}" y="{down + 15:g}" text-anchor="middle">{width * share:g}</text>'
        f'<text x="{LEFT - 6}" y="{down * share + 4:g}" text-anchor="end">{height * share:g}</text>'
        for share in (0, 0.5, 1)
    ]
    middle = LEFT + across / 2
    axis = f'<text class="axis" x="{middle:g}" y="{down + 32:g}" text-anchor="middle">px; strongest: {most:,} centres</text>'
    drawn = "".join([*cells, frame, *ticks, axis])
    return chart(title, LEFT + across + 20, down + BOTTOM, drawn)
