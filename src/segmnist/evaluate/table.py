"""Reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table

from segmnist.evaluate.report import PartReport, Score

HEADLINE = {
    "foreground_accuracy": "foreground accuracy",
    "oracle_foreground_accuracy": "  of the exact posterior",
    "miou_foreground": "mIoU, digits",
    "oracle_miou_foreground": "  of the exact posterior",
    "miou": "mIoU, with background",
    "clip_miou_foreground": "mIoU, digits, mean of clips",
    "pixel_accuracy": "pixel accuracy",
    "boundary_iou": "Boundary IoU",
    "vc8": "VC8, constant and correct",
    "vc8_truth_blind": "VC8, constant only",
    "tc": "temporal consistency",
    "vpq": "VPQ",
    "stq": "STQ",
    "aq": "association quality",
    "hota": "HOTA",
    "j_and_f": "J&F",
    "nll_foreground": "NLL, digits",
    "nll": "NLL",
    "oracle_nll": "  of the exact posterior",
    "excess_nll": "excess NLL",
    "entropy_error": "entropy-map error",
    "brier": "Brier",
    "ece": "ECE",
    "ece_foreground": "ECE, digits",
    "aurc": "AURC",
    "oracle_aurc": "  of the exact posterior",
    "augrc": "AUGRC",
    "oracle_augrc": "  of the exact posterior",
}
"""The scores that tables show, in order, and what they are called there."""


def score_text(score: Score) -> str:
    """Return a score with its interval, `-` where it is not defined.

    >>> score_text(Score(0.51234, 0.5, 0.52))
    '0.512 [0.500, 0.520]'
    """
    if score.value is None:
        return "-"
    return f"{score.value:.3f}" + ("" if score.low is None else f" [{score.low:.3f}, {score.high:.3f}]")


def tables(parts: Sequence[PartReport]) -> Group:
    """Return headline scores of all parts side by side, and of a single part also the classes and
    breakdowns.
    """
    return Group(headline_table(parts), *(_details(parts[0]) if len(parts) == 1 else ()))


def headline_table(parts: Sequence[PartReport]) -> Table:
    """Return the headline scores, a column for each part."""
    table = Table("score", *(part.name for part in parts), box=None, header_style="bold", pad_edge=False)
    for name, title in HEADLINE.items():
        if any(name in part.scores for part in parts):
            table.add_row(title, *(score_text(part.scores.get(name, Score(None))) for part in parts))
    return table


def _details(part: PartReport) -> Iterator[Table]:
    classes = Table("class", "IoU", "accuracy", "pixels", box=None, header_style="bold", pad_edge=False)
    for number, score in enumerate(part.classes):
        name = str(number) if number < 10 else "background"
        classes.add_row(name, _share(score.iou), _share(score.accuracy), f"{score.pixels:,}")
    yield classes
    columns = ("digit pixels", "", "pixels", "right", "background", "twin", "another digit")
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for name, buckets in part.breakdowns.items():
        for bucket, b in buckets.items():
            shares = map(_share, (b.right, b.background, b.twin, b.another_digit))
            table.add_row(name, bucket, f"{b.pixels:,}", *shares)
            name = ""
    yield table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
