"""Reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table

from segmnist.evaluate.report import PartReport, Score

POSTERIOR = "  of the exact posterior"
CEILING = "  the best to be expected"
HEADLINE = {
    "foreground_accuracy": "foreground accuracy",
    "oracle_foreground_accuracy": POSTERIOR,
    "ceiling_foreground_accuracy": CEILING,
    "miou_foreground": "mIoU, digits",
    "oracle_miou_foreground": POSTERIOR,
    "miou": "mIoU, with background",
    "oracle_miou": POSTERIOR,
    "ceiling_miou_low": "  the best to be expected, at least",
    "ceiling_miou_high": "  the best to be expected, at most",
    "clip_miou_foreground": "mIoU, digits, mean of clips",
    "pixel_accuracy": "pixel accuracy",
    "oracle_pixel_accuracy": POSTERIOR,
    "ceiling_pixel_accuracy": CEILING,
    "boundary_iou": "Boundary IoU",
    "vc8": "VC8, constant and correct",
    "vc8_truth_blind": "VC8, constant only",
    "tc": "temporal consistency",
    "vpq": "VPQ",
    "stq": "STQ",
    "aq": "association quality",
    "hota": "HOTA",
    "j_and_f": "J&F",
    "vis_ap": "VIS AP",
    "nll_foreground": "NLL, digits",
    "oracle_nll_foreground": POSTERIOR,
    "nll": "NLL",
    "oracle_nll": POSTERIOR,
    "ceiling_nll": CEILING,
    "excess_nll": "excess NLL",
    "entropy_error": "entropy-map error",
    "ged": "GED^2",
    "oracle_ged": POSTERIOR,
    "matched_iou": "HM-IoU",
    "oracle_matched_iou": POSTERIOR,
    "brier": "Brier",
    "ece": "ECE",
    "ece_foreground": "ECE, digits",
    "aurc": "AURC",
    "oracle_aurc": POSTERIOR,
    "augrc": "AUGRC",
    "oracle_augrc": POSTERIOR,
}
"""The scores that tables show, in order, and what they are called there."""


def score_text(score: Score) -> str:
    """Return a score with its interval, small ones with more digits, `-` where it is not defined.

    >>> score_text(Score(0.51234, 0.5, 0.52)), score_text(Score(0.00123))
    ('0.512 [0.500, 0.520]', '0.00123')
    """
    if score.value is None:
        return "-"
    digits = 5 if 0 < abs(score.value) < 0.01 else 3
    interval = "" if score.low is None else f" [{score.low:.{digits}f}, {score.high:.{digits}f}]"
    return f"{score.value:.{digits}f}{interval}"


def tables(parts: Sequence[PartReport]) -> Group:
    """Return headline scores of all parts side by side, and of a single part also the classes and
    breakdowns.
    """
    return Group(headline_table(parts), *(_details(parts[0]) if len(parts) == 1 else ()))


def headline_table(parts: Sequence[PartReport]) -> Table:
    """Return the headline scores, a column for each part."""
    table = Table("score", *(part.name for part in parts), box=None, header_style="bold", pad_edge=False)
    for title, scores in headline_rows(parts):
        table.add_row(title, *map(score_text, scores))
    return table


def headline_rows(parts: Sequence[PartReport]) -> Iterator[tuple[str, list[Score]]]:
    """Iterate over the headline's titles and each part's score; a score that only the posterior has is shown
    as missing.
    """
    for name, title in HEADLINE.items():
        if any({name, f"oracle_{name}"} & set(part.scores) for part in parts):
            yield title, [part.scores.get(name, Score(None)) for part in parts]


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
