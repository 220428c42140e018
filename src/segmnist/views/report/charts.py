"""Charts of a data set: histograms and a map of counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segmnist.html_page import bars, chart


def histogram(title: str, counts: Sequence[int] | NDArray[np.int64], labels: Sequence[str], axis: str) -> str:
    """Return a bar chart of counts with their shares; `labels` stand below the bars, as many as fit."""
    numbers = [int(count) for count in counts]
    most, total = max(numbers, default=0), max(sum(numbers), 1)
    texts = [f"{count:,} ({count / total:.1%})" for count in numbers]
    return bars(title, numbers, labels, texts, top=max(most, 1), axis=f"{axis}; tallest {most:,}")


def heat(title: str, counts: NDArray[np.int64], side: int = 170) -> str:
    """Return a map of counts `(rows, columns)`, darker where there are more."""
    rows, columns = counts.shape
    most = max(int(counts.max(initial=0)), 1)
    width, height = side / columns, side / rows
    cells = [
        f'<rect class="bar" x="{x * width:.2f}" y="{y * height:.2f}" width="{width + 0.3:.2f}" height="{height + 0.3:.2f}" '
        f'fill-opacity="{counts[y, x] / most:.3f}"><title>{counts[y, x]:,}</title></rect>'
        for y in range(rows)
        for x in range(columns)
    ]
    frame = f'<rect width="{side}" height="{side}" fill="none" stroke="#999"/>'
    return chart(title, side, side, "".join([*cells, frame]))
