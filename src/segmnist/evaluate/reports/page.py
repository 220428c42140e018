"""A result as one HTML page that loads nothing: tables, plots as inline SVG, worst clips as inline PNG."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from segmnist.classes import BACKGROUND_NAME
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.compare import HEADLINE
from segmnist.evaluate.reports.curve import curve
from segmnist.evaluate.reports.levels import Levels, levels_of
from segmnist.evaluate.reports.plots import (
    confusion_table,
    outcome_bars,
    outcome_key,
    reliability_diagram,
    short_names,
)
from segmnist.evaluate.reports.results import PartResult, Result, Score
from segmnist.evaluate.reports.robustness import LEVELS, Robustness, robustness_of
from segmnist.evaluate.reports.table import ID_LENGTH, notes, score_rows, score_text
from segmnist.html_page import MOST_LABELS, bars, sections, wide
from segmnist.html_page import page as whole_page

_STYLE = """
.beside td:first-child{padding-left:1.2em;font-weight:normal}
.scores td:first-child{font-weight:600;min-width:14rem}
.scores td{white-space:nowrap}.scores td:first-child{white-space:normal}
.facts td:first-child{opacity:.8}
.o0{fill:#a63a99;background:#a63a99}
.o1{fill:#e69f00;background:#e69f00}
.o2{fill:#009e73;background:#009e73}
.o3{fill:#8884;background:#8884}
.diagonal{stroke:#999;stroke-dasharray:4 3}
.line{fill:none;stroke:var(--accent);stroke-opacity:.5}
"""

_BESIDE = ' class="beside"'
"""A row that belongs to the score above it."""


def page(result: Result, mistakes: Mapping[str, str]) -> str:
    """Return the page of a result, which loads nothing from elsewhere; `mistakes` is HTML about clips, by part."""
    levels = levels_of([part.name for part in result.parts])
    parts = [_part(part, mistakes.get(part.name, ""), len(result.parts) > 1) for part in result.parts]
    content = [("Scores", _score_table(result.parts))]
    if (robustness := robustness_of(result.parts)) is not None:
        content.append(("Scores by severity", _severities(robustness)))
    if levels is not None:
        content.append((f"Scores by {levels.knob}", _curves(result, levels)))
    return whole_page(
        f"{result.model} on {result.suite}", _facts(result) + sections([*content, *parts]), _STYLE
    )


def _facts(result: Result) -> str:
    # In full to cite the clips of one part; of several, enough to tell them.
    shown = None if len(result.parts) == 1 else ID_LENGTH
    facts = {
        "split": f"{result.split}, {'the first ' if result.partial else ''}{sum(p.num_clips for p in result.parts):,} clips, "
        f"{sum(p.num_frames for p in result.parts):,} frames",
        "suite": f"{result.suite}, SHA-256 {result.suite_sha256[:16]}",
        "content id": ", ".join(part.content_id[:shown] for part in result.parts if part.content_id),
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
    said = "".join(f"<p>{html.escape(note[:1].upper() + note[1:])}.</p>" for note in notes(parts))
    scores = f'<table class="scores"><tr><th>score</th>{head}</tr>{rows}</table>'
    return f"<p>In brackets: 95% bootstrap intervals over clips.</p>{wide(scores, 'Scores')}{said}"


def _curves(result: Result, levels: Levels) -> str:
    """Return the headline scores against the levels of a sweep."""
    drawn = [
        curve(
            ROWS[name].title,
            levels,
            {result.model: [part.scores.get(name, Score(None)) for part in result.parts]},
        )
        for name in HEADLINE
        if any(name in part.scores for part in result.parts)
    ]
    return f'<div class="charts">{"".join(each.figure() for each in drawn)}</div>'


def _severities(found: Robustness) -> str:
    """Return mIoU against the severity, a line for each corruption, below a sentence with their means."""
    drawn = curve(ROWS["miou"].title, LEVELS, found.by_corruption)
    said = f"Mean under corruption (mPC) {found.mean:.3f}, clean {found.clean:.3f}, share left (rPC) {found.share:.3f}."
    return f'<p>{said}</p><div class="charts">{drawn.figure()}</div>'


def _part(part: PartResult, mistakes: str, named: bool) -> tuple[str, str]:
    classes = part.names
    labels = [*short_names(classes), "bg"]
    shares = [each.iou for each in part.classes]
    texts = ["-" if share is None else f"{share:.2f}" for share in shares]
    axis = "class; bg is the background"
    said = [
        text if name in (label, BACKGROUND_NAME) else f"{name}, {text}"
        for name, label, text in zip(classes.all_names, labels, texts, strict=True)
    ]
    numbers = texts if len(texts) <= MOST_LABELS else ()
    drawn = [bars("IoU by class", shares, labels, said, top=1.0, axis=axis, numbers=numbers)]
    drawn.append(confusion_table(part.confusion, classes))
    for name, buckets in part.breakdowns.items():
        drawn.append(outcome_bars(f"Digit pixels by {name}", buckets))
    if part.reliability:
        drawn.append(reliability_diagram(part.reliability))
    worst = f"<h3>Worst clips</h3>{mistakes}" if mistakes else ""
    content = f'{outcome_key()}<div class="charts">{"".join(drawn)}</div>{worst}'
    return f"Part {part.name}" if named else "Where it fails", content
