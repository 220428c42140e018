"""Plots as inline SVG: bars cut by outcome, a reliability diagram, a confusion table."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from segmnist.evaluate.reports.results import Bucket, Reliability
from segmnist.html_page import chart

SEGMENTS = ("right", "another digit", "twin", "background")
"""What digit pixels are taken for, as a bar shows it from left to right; the classes of style are o0, o1, ..."""

ROW, LABEL, WIDTH = 22, 130, 460


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


def confusion_table(confusion: Sequence[Sequence[int]]) -> str:
    """Return the confusion of digit pixels, each row as shares of its class."""
    cell, left, top = 26, 74, 36
    names = [*map(str, range(10)), "bg"]
    parts = [f'<text x="{left + cell * 5.5}" y="12" text-anchor="middle">taken for</text>']
    for column, name in enumerate(names):
        x = left + cell * (column + 0.5)
        parts.append(f'<text x="{x:.0f}" y="{top - 6}" text-anchor="middle">{name}</text>')
    for row, counts in enumerate(confusion[:10]):
        y, total = top + cell * row, max(sum(counts), 1)
        parts.append(
            f'<text x="{left - 8}" y="{y + 17}" text-anchor="end">{"digit " if not row else ""}{row}</text>'
        )
        for column, count in enumerate(counts):
            share = count / total
            parts.append(
                f'<rect class="bar" x="{left + cell * column}" y="{y}" width="{cell - 1}" height="{cell - 1}" '
                f'style="fill-opacity:{0.06 + 0.94 * share:.3f}"><title>{row} taken for {names[column]}: {share:.3f}'
                "</title></rect>"
            )
    return chart("Confusion of digit pixels", left + cell * 11 + 10, top + cell * 10 + 8, "".join(parts))
