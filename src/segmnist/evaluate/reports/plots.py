"""Plots as inline SVG: bars cut by outcome, a reliability diagram, a confusion table."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from segmnist.classes import DIGITS, Classes
from segmnist.evaluate.reports.results import Bucket, Reliability
from segmnist.html_page import chart

SEGMENTS = ("right", "another digit", "twin", "background")
"""What digit pixels are taken for, as a bar shows it from left to right; the classes of style are o0, o1, ..."""

ROW, LABEL, WIDTH = 22, 130, 460

MOST_LETTERS = 3
"""Letters of the names that stand below bars; of longer ones the numbers of the classes do."""
MOST_FULL_CELLS = 64
"""Classes up to which a confusion has a cell for every pair, be it of no pixel."""
LEAST_CELL = 4
"""Pixels of the side of a cell."""


def outcome_bars(title: str, rows: Mapping[str, Bucket]) -> str:
    """Return a bar for each bucket of digit pixels, cut by what they were taken for.

    The number beside a bar is the share that is right.
    """
    length, lines = WIDTH - LABEL - 60, []
    for i, (name, bucket) in enumerate(rows.items()):
        y, x = i * ROW, float(LABEL)
        lines.append(f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>')
        shares = (bucket.right, bucket.another_digit, bucket.twin, bucket.background)
        for order, (outcome, share) in enumerate(zip(SEGMENTS, shares, strict=True)):
            lines.append(
                f'<rect class="o{order}" x="{x:.1f}" y="{y}" width="{length * share:.1f}" height="16"><title>'
                f"{html.escape(name)}, {bucket.pixels:,} pixels: {outcome} {share:.3f}</title></rect>"
            )
            x += length * share
        lines.append(f'<text x="{WIDTH - 52}" y="{y + 13}">{bucket.right:.3f}</text>')
    return chart(title, WIDTH, ROW * len(rows), "".join(lines))


def outcome_key() -> str:
    """Return what the colours of `outcome_bars` mean, as HTML."""
    spans = (f'<span><i class="o{i}"></i>{name}</span>' for i, name in enumerate(SEGMENTS))
    return f'<p class="key">Digit pixels taken for: {"".join(spans)}</p>'


def reliability_diagram(bins: Sequence[Reliability]) -> str:
    """Return a plot of accuracy over confidence; on the diagonal a model is calibrated.

    The area of a dot follows its number of pixels.
    """
    side, left, top = 230, 50, 8
    most = max(b.pixels for b in bins)
    dots = "".join(
        f'<circle class="bar" cx="{left + side * b.confidence:.1f}" cy="{top + side * (1 - b.accuracy):.1f}" '
        f'r="{2 + 7 * (b.pixels / most) ** 0.5:.1f}"><title>{b.pixels:,} pixels: confidence {b.confidence:.3f}, '
        f"accuracy {b.accuracy:.3f}</title></circle>"
        for b in bins
    )
    line = " ".join(f"{left + side * b.confidence:.1f},{top + side * (1 - b.accuracy):.1f}" for b in bins)
    ticks = "".join(
        f'<text x="{left + side * v:.0f}" y="{top + side + 16}" text-anchor="middle">{v:g}</text>'
        f'<text x="{left - 6}" y="{top + side * (1 - v) + 4:.0f}" text-anchor="end">{v:g}</text>'
        for v in (0.0, 0.5, 1.0)
    )
    frame = (
        f'<rect class="track" x="{left}" y="{top}" width="{side}" height="{side}"/>'
        f'<line class="diagonal" x1="{left}" y1="{top + side}" x2="{left + side}" y2="{top}"/>'
        f'<polyline class="line" points="{line}"/>'
        f'<text x="{left + side / 2}" y="{top + side + 34}" text-anchor="middle">confidence</text>'
        f'<text transform="translate(14 {top + side / 2}) rotate(-90)" text-anchor="middle">accuracy</text>'
    )
    return chart("Reliability, all pixels", left + side + 20, top + side + 42, frame + dots + ticks)


def short_names(classes: Classes) -> list[str]:
    """Return the names of the digits' classes, or their numbers where names have no room below bars."""
    if max(map(len, classes.names)) <= MOST_LETTERS:
        return list(classes.names)
    return [str(number) for number in range(classes.background)]


def confusion_table(confusion: Sequence[Sequence[int]], classes: Classes = DIGITS) -> str:
    """Return the confusion of digit pixels, each row as shares of its class.

    With more classes cells are smaller, some go without a label, and those of no pixel are left out.
    """
    labels, few = [*short_names(classes), "bg"], len(confusion) <= MOST_FULL_CELLS
    cell = max(LEAST_CELL, min(26, 960 // len(confusion)))
    every = -(-12 // cell)
    long = max(map(len, classes.names)) > MOST_LETTERS
    rows = [f"{name} {label}" if long else label for name, label in zip(classes.names, labels)]
    rows[0] = f"digit {rows[0]}" if classes == DIGITS else rows[0]
    left, top = max(74, 16 + 7 * max(map(len, rows))), 36
    middle = left + cell * len(confusion) / 2
    parts = [f'<text x="{middle:g}" y="12" text-anchor="middle">taken for</text>']
    for column, label in enumerate(labels):
        if column % -(-26 // cell) == 0:
            x = left + cell * (column + 0.5)
            parts.append(f'<text x="{x:.0f}" y="{top - 6}" text-anchor="middle">{html.escape(label)}</text>')
    for row, counts in enumerate(confusion[:-1]):
        y, total = top + cell * row, max(sum(counts), 1)
        if row % every == 0:
            name = html.escape(rows[row])
            parts.append(f'<text x="{left - 8}" y="{y + cell // 2 + 4}" text-anchor="end">{name}</text>')
        for column, count in enumerate(counts):
            if not count and not few:
                continue
            share, side = count / total, max(cell - 1, 1)
            pair = f"{classes.names[row]} taken for {(*classes.names, 'bg')[column]}: {share:.3f}"
            parts.append(
                f'<rect class="bar" x="{left + cell * column}" y="{y}" width="{side}" height="{side}" '
                f'style="fill-opacity:{0.06 + 0.94 * share:.3f}"><title>{html.escape(pair)}</title></rect>'
            )
    width, height = left + cell * len(confusion) + 10, top + cell * (len(confusion) - 1) + 8
    return chart("Confusion of digit pixels", width, height, "".join(parts))
