"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group
from rich.measure import Measurement
from rich.table import Column, Table

from segmnist.corruptions.corrupt import CLEAN
from segmnist.evaluate.metrics import CEILING, POSTERIOR, ROWS
from segmnist.evaluate.reports.results import PartResult, Result, Score
from segmnist.evaluate.reports.robustness import LEVELS, Robustness, robustness_of

BESIDE = {
    POSTERIOR: "  of the exact posterior",
    CEILING: "  the best to be expected",
}
"""Rows that stand under a score's own: what comes before its name, and their title."""

ID_LENGTH = 12
"""Digits of a content id in a table; a result file has all 64."""

ANY_WIDTH = 10_000
"""More than the characters of any line."""

BRACKET = {"_low": ", at least", "_high": ", at most"}
"""Ends of a bracket: what comes after the score's name, and after the title."""


def score_text(score: Score) -> str:
    """Return a score with its interval, small ones with more digits and large ones with fewer, `-` where it is not defined.

    >>> score_text(Score(0.51234, 0.5, 0.52)), score_text(Score(0.00123)), score_text(Score(449.727, 429.9, 472.16))
    ('0.512 [0.500, 0.520]', '0.00123', '449.7 [429.9, 472.2]')
    """
    if score.value is None:
        return "-"
    size = abs(score.value)
    digits = 5 if 0 < size < 0.01 else 3 if size < 10 else 2 if size < 100 else 1
    interval = "" if score.low is None else f" [{score.low:z.{digits}f}, {score.high:z.{digits}f}]"
    return f"{score.value:z.{digits}f}{interval}"


def tables(parts: Sequence[PartResult]) -> Group:
    """Return the scores of all parts side by side; of a single part also its classes and breakdowns.

    Of a suite of corruptions only mIoU, by corruption and severity: its parts are too many for more.
    """
    found = robustness_of(parts)
    if found is not None:
        return Group(robustness_table(found), _summary(found), *notes(parts))
    return Group(SideBySide(parts), *(_details(parts[0]) if len(parts) == 1 else ()))


class SideBySide:
    """The scores of parts in one table, or in several below one another, each with the parts that fit beside one another."""

    def __init__(self, parts: Sequence[PartResult]) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | str]:
        """Iterate over the tables, and at the end the notes."""
        without_end = options.update(width=ANY_WIDTH)
        together = [self.parts[0]]
        for part in self.parts[1:]:
            wider = [*together, part]
            if Measurement.get(console, without_end, score_table(wider)).maximum <= options.max_width:
                together = wider
            else:
                yield score_table(together)
                yield ""
                together = [part]
        yield score_table(together)
        yield "\n".join(notes(self.parts))


def ranked(results: Iterable[Result], part: str | None = None) -> list[Result]:
    """Return results in the order of tables, the best first: of all parts, or of one part alone.

    By information gained, mean over the parts; models without probabilities come after the others, by mIoU
    with background.
    """
    return sorted(results, key=lambda result: rank(_parts_of(result, part)), reverse=True)


def _parts_of(result: Result, part: str | None) -> list[PartResult]:
    return [each for each in result.parts if part in (None, each.name)]


def rank(parts: Sequence[PartResult]) -> tuple[bool, float]:
    """Return what tables are sorted by, larger for better models."""
    for name in ("information_gained", "miou"):
        values = [part.scores[name].value for part in parts if name in part.scores]
        known = [value for value in values if value is not None]
        if known:
            return name == "information_gained", sum(known) / len(known)
    return False, float("-inf")


def score_table(parts: Sequence[PartResult]) -> Table:
    """Return the scores that tables show, a column for each part, under the beginning of its clips' content id."""
    columns = (Column(part.name, no_wrap=True) for part in parts)
    table = Table("score", *columns, box=None, header_style="bold", pad_edge=False)
    table.add_row("content id of the clips", *(part.content_id[:ID_LENGTH] or "-" for part in parts))
    for title, scores in score_rows(parts):
        table.add_row(title, *map(score_text, scores))
    return table


def notes(parts: Sequence[PartResult]) -> list[str]:
    """Return what is to be kept in mind of the scores that the table shows."""
    found = {name for part in parts for name in part.scores}
    return [
        f"{row.title}: {row.note}" for name, row in ROWS.items() if row.note and row.shown and name in found
    ]


def score_rows(parts: Sequence[PartResult]) -> Iterator[tuple[str, list[Score]]]:
    """Iterate over the titles of the scores that any part has, and each part's score.

    Under each score stand the exact posterior's own and the best to be expected, their titles indented. A
    score that only these have is shown as missing.
    """
    found = {name for part in parts for name in part.scores}
    for name, row in ROWS.items():
        titles = {name: row.title} | _beside(name)
        if row.shown and found & titles.keys():
            for each, title in titles.items():
                if each in found or each == name:
                    yield title, [part.scores.get(each, Score(None)) for part in parts]


def _beside(name: str) -> dict[str, str]:
    titles = {prefix + name: title for prefix, title in BESIDE.items()}
    ends = {CEILING + name + end: BESIDE[CEILING] + which for end, which in BRACKET.items()}
    return titles | ends


def robustness_table(found: Robustness) -> Table:
    """Return mIoU by corruption, the mean over its severities and each severity."""
    severities = [f"severity {label}" for label in LEVELS.labels[1:]]
    table = Table("mIoU", "mean", *severities, box=None, header_style="bold", pad_edge=False)
    table.add_row(CLEAN, score_text(Score(found.clean)))
    for name, scores in found.by_corruption.items():
        values = (Score(score.value) for score in scores[1:])
        table.add_row(name, score_text(Score(found.mean_of(name))), *map(score_text, values))
    return table


def _summary(found: Robustness) -> str:
    return f"mIoU under corruption (mPC): {found.mean:.3f}, {found.share:.3f} of the clean {found.clean:.3f} (rPC)"


def _details(part: PartResult) -> Iterator[Table]:
    classes = Table("class", "IoU", "accuracy", "pixels", box=None, header_style="bold", pad_edge=False)
    for name, score in zip(part.names.all_names, part.classes, strict=True):
        classes.add_row(name, _share(score.iou), _share(score.accuracy), f"{score.pixels:,}")
    yield classes
    columns = ("breakdown", "kind", "digit pixels", "right", "background", "twin", "other digit")
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for name, buckets in part.breakdowns.items():
        for bucket, b in buckets.items():
            shares = map(_share, (b.right, b.background, b.twin, b.another_digit))
            table.add_row(name, bucket, f"{b.pixels:,}", *shares)
            name = ""
    yield table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
