"""A result as one HTML page that loads nothing: tables, plots as inline SVG, worst clips as inline PNG."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from segmnist.evaluate.reports.pictures import Picture, figure, key
from segmnist.evaluate.reports.plots import (
    bars,
    confusion_table,
    outcome_bars,
    outcome_key,
    reliability_diagram,
)
from segmnist.evaluate.reports.results import PartResult, Result
from segmnist.evaluate.reports.table import score_rows, score_text

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:1060px;margin:2em auto;padding:0 1em;color:#1d1b26}
body{background:#fff}
h1{font-size:1.5em}
h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ddd;padding-bottom:.2em}
table{border-collapse:collapse}
td,th{padding:.15em .9em .15em 0;text-align:left;font-variant-numeric:tabular-nums}
.beside td{color:#666}
.beside td:first-child{padding-left:1.2em}
.facts td:first-child{color:#555}
.wide{overflow-x:auto}
svg{margin:0 1.5em 1em 0;vertical-align:top;font:12px system-ui,sans-serif;fill:#1d1b26}
.title{font-weight:600;font-size:13px}
.bar{fill:#8a2981}
.o0{fill:#8a2981;background:#8a2981}
.o1{fill:#e69f00;background:#e69f00}
.o2{fill:#009e73;background:#009e73}
.o3{fill:#d5d2da;background:#d5d2da}
.track{fill:#efedf2}
.diagonal{stroke:#999;stroke-dasharray:4 3}
.line{fill:none;stroke:#8a2981;stroke-opacity:.5}
img{image-rendering:pixelated;max-width:100%;display:block}
figure{margin:1em 0;display:grid;grid-template-columns:5.5em auto;grid-template-rows:auto repeat(4,1fr)}
figcaption{grid-column:1/3;color:#555;margin-bottom:.3em}
figure span{align-self:center;color:#555}
figure img{grid-column:2;grid-row:2/6}
.key span{display:inline-block;margin-right:1em}
.key i{display:inline-block;width:.9em;height:.9em;margin-right:.3em;vertical-align:-.1em;border:1px solid
#999}
"""


_BESIDE = ' class="beside"'
"""A row that belongs to the score above it."""


def page(result: Result, pictures: Mapping[str, Sequence[Picture]]) -> str:
    """Return the page of a result; pictures are by part. It loads nothing from anywhere."""
    title = html.escape(f"{result.model} on {result.suite}")
    parts = "".join(_part(part, pictures.get(part.name, ()), len(result.parts) > 1) for part in result.parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"{_facts(result)}<h2>Scores</h2><p>In brackets: 95% bootstrap intervals over clips.</p>{_score_table(result.parts)}"
        f"{parts}</body></html>\n"
    )


def _facts(result: Result) -> str:
    facts = {
        "split": f"{result.split}, {sum(p.num_clips for p in result.parts):,} clips, "
        f"{sum(p.num_frames for p in result.parts):,} frames",
        "suite": f"{result.suite}, SHA-256 {result.suite_sha256[:16]}",
        "versions": f"segmnist {result.segmnist_version}, generator {result.generator_version}",
        "training seed": result.seed,
        "commit": result.commit,
        "hardware": result.hardware,
        "notes": result.notes,
    }
    rows = "".join(
        f"<tr><td>{k}</td><td>{html.escape(str(v))}</td></tr>"
        for k, v in facts.items()
        if v not in (None, "")
    )
    return f'<table class="facts">{rows}</table>'


def _score_table(parts: Sequence[PartResult]) -> str:
    head = (
        "".join(f"<th>{html.escape(part.name)}</th>" for part in parts)
        if len(parts) > 1
        else "<th>value</th>"
    )
    rows = "".join(
        f"<tr{_BESIDE if title.startswith(' ') else ''}><td>{title.strip()}</td>"
        + "".join(f"<td>{score_text(score)}</td>" for score in scores)
        + "</tr>"
        for title, scores in score_rows(parts)
    )
    return f'<div class="wide"><table><tr><th>score</th>{head}</tr>{rows}</table></div>'


def _part(part: PartResult, pictures: Sequence[Picture], named: bool) -> str:
    title = f"Part {html.escape(part.name)}" if named else "Where it fails"
    names = [*map(str, range(10)), "background"]
    drawn = [bars("IoU by class", [(n, c.iou) for n, c in zip(names, part.classes, strict=True)])]
    drawn.append(confusion_table(part.confusion))
    for name, buckets in part.breakdowns.items():
        drawn.append(outcome_bars(f"Digit pixels by {name}", buckets))
    if part.reliability:
        drawn.append(reliability_diagram(part.reliability))
    worst = f"<h3>Worst clips</h3>{key()}{''.join(map(figure, pictures))}" if pictures else ""
    return f"<h2>{title}</h2>{outcome_key()}{''.join(drawn)}{worst}"
