"""A comparison as a table: for the terminal, in Markdown, LaTeX, CSV or a page of HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Iterator

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.compare import Comparison
from segmnist.evaluate.reports.results import Score
from segmnist.evaluate.reports.table import score_text
from segmnist.html_page import page, wide


def terminal(comparison: Comparison) -> Group:
    """Return a table that is as wide as the terminal at most, its cells broken into lines, and below it the notes."""
    head, *rows = _grid(comparison)
    columns = (Column(title, no_wrap=title in ("part", "model")) for title in head)
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return Group(table, *(Text(f"\n{note}") for note in comparison.notes))


def markdown(comparison: Comparison) -> str:
    """Return a Markdown table, and below it the notes."""
    head, *rows = _grid(comparison)
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
    return f"{table}\n\n" + "\n\n".join(comparison.notes) + "\n"


def latex(comparison: Comparison) -> str:
    """Return a LaTeX `tabular` for the package booktabs; the notes stand above it as comments."""
    head, *rows = _grid(comparison)
    notes = "".join(f"% {note}\n" for note in comparison.notes)
    body = [" & ".join(map(_escaped, line)) + r" \\" for line in (head, *rows)]
    lines = [rf"\begin{{tabular}}{{{'l' * len(head)}}}", r"\toprule", body[0], r"\midrule", *body[1:]]
    return notes + "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def csv_text(comparison: Comparison) -> str:
    """Return CSV with a line for each part, model and score, and every number in a column of its own."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    ends = [f"{name}{end}" for name in ("score", "difference") for end in ("", "_low", "_high")]
    lines.writerow(["part", "model", "name", *ends])
    for (part, model, name), cell in comparison.cells.items():
        numbers = [n for score in (cell.score, cell.difference) for n in (score.value, score.low, score.high)]
        lines.writerow([part, model, name, *("" if n is None else f"{n:.9g}" for n in numbers)])
    return file.getvalue()


def html_page(comparison: Comparison) -> str:
    """Return a page that loads nothing: the table, and for a sweep the curves of its scores."""
    head, *rows = _grid(comparison)
    lines = [_line(head, "th"), *(_line(row, "td") for row in rows)]
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in comparison.notes)
    levels, curves = comparison.levels, ""
    if levels:
        drawn = "".join(comparison.curve(name, levels).figure() for name in comparison.scores)
        curves = f'<h2>By level</h2><div class="charts">{drawn}</div>'
    title = f"{len(comparison.models)} models on {comparison.suite}"
    return page(
        title,
        wide(f"<table>{''.join(lines)}</table>", "Scores") + notes + curves,
        "td{white-space:nowrap}",
    )


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "markdown": markdown,
    "latex": latex,
    "csv": csv_text,
    "html": html_page,
}
"""How a comparison is written, by the name of the format."""


def _grid(comparison: Comparison) -> Iterator[list[str]]:
    """Iterate over the lines of the table, the head first; lines of one part stand together, the best model first."""
    several = len(comparison.parts) > 1
    columns = [
        column for name in comparison.scores for column in (_title(name), f"minus {comparison.models[0]}")
    ]
    yield [*(["part"] if several else []), "model", *columns]
    for part in comparison.parts:
        for model in comparison.models:
            cells = [comparison.cells[part, model, name] for name in comparison.scores]
            texts = [text for cell in cells for text in (score_text(cell.score), _signed(cell.difference))]
            yield [*([part] if several else []), model, *texts]


def _title(name: str) -> str:
    return ROWS[name].title if name in ROWS else name


def _signed(score: Score) -> str:
    """Return a difference with its sign."""
    text = score_text(score)
    return f"+{text}" if score.value is not None and score.value > 0 else text


def _line(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"


_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
    | {mark: f"\\{mark}" for mark in "&%$#_{}"}
)


def _escaped(text: str) -> str:
    r"""Return text as LaTeX sets it.

    >>> _escaped("u_net & 50%")
    'u\\_net \\& 50\\%'
    """
    return text.translate(_ESCAPES)
