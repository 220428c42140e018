"""The report as one HTML page: recipe, balance, difficulty, coverage, pictures, checksums, licences."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from segmnist.classes import IGNORE
from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.digits.bank import DigitBank
from segmnist.html_page import Html, html_of_text, page, picture
from segmnist.palette import CLASS_NAMES
from segmnist.render.derived import CAMOUFLAGE_LEVELS
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.version import __version__
from segmnist.views.preview.encode import encode_png
from segmnist.views.preview.figure import contact_sheet
from segmnist.views.preview.strips import title_of
from segmnist.views.report.charts import heat, histogram
from segmnist.views.report.survey import BINS, SHEET, Survey

STYLE = """
.sums{overflow:auto;max-height:22rem}.sums td{font-family:ui-monospace,monospace;font-size:.8rem}
.wrong{color:#c22;font-weight:600}
"""
LICENCE = (
    "The generator is under the Apache-2.0 licence. The digits are MNIST's (Yann LeCun, Corinna Cortes), "
    "which is widely given as CC BY-SA 3.0; a data set drawn from them carries that licence."
)
MAX_FILES = 1000


def report_page(found: Survey, *, bank: DigitBank | None = None) -> str:
    """Return the page of a survey; it holds its pictures and loads nothing from anywhere."""
    recipe = found.recipe
    title = f"{Path(found.place).name or found.place}: {recipe.num_clips:,} clips, split {recipe.split}"
    bank = DigitBank.mnist() if bank is None else bank
    own_bank = bank.sha256 == DigitBank.mnist().sha256
    sections = [
        ("What it is", _facts(found)),
        ("Class balance", _balance(found)),
        ("How hard it is", _difficulty(found)),
        ("Positions and motion", _coverage(found)),
        ("Contact sheet", _sheet(found, _spread_ids(found), bank)),
        ("Hardest clips, by mean visibility", _sheet(found, [clip for _, clip in found.hardest], bank)),
        ("Recipe", f"<p>Plan {recipe.plan_id}</p><pre>{html.escape(recipe.to_toml())}</pre>"),
        ("Checksums", _checksums(found)),
        ("Licence", f"<p>{LICENCE if own_bank else 'The digits are not MNIST: see their own licence.'}</p>"),
    ]
    body = "".join(f"<h2>{html.escape(name)}</h2>{content}" for name, content in sections)
    return page(title, body, STYLE)


def _facts(found: Survey) -> str:
    recipe, spec = found.recipe, found.recipe.spec
    size = sum(count for _, count, _ in found.files)
    equal = "equal to what the recipe gives, byte for byte"
    if found.differing:
        wrong = f"{len(found.differing)} clips are not what the recipe gives, such as {found.differing[0]}"
        equal = f'<span class="wrong">{html.escape(wrong)}</span>'
    surveyed = f"{found.num_surveyed:,} of them, spread evenly; their stored videos are {equal}"
    return _table(
        [
            ("clips", f"{recipe.num_clips:,} of {spec.num_frames} frames, {spec.height}×{spec.width}"),
            ("surveyed", Html(surveyed)),
            ("seed, split", f"{recipe.seed}, {recipe.split}"),
            ("truths", ", ".join(recipe.truths)),
            ("format", f"{recipe.format}, {len(found.files):,} files, {size:,} bytes"),
            ("made by", f"generator {recipe.generator_version}; this page by segmnist {__version__}"),
        ]
    )


def _balance(found: Survey) -> str:
    pixels = found.pixels_of_class
    share = pixels[10] / max(int(pixels.sum()), 1)
    counts = found.digits_a_clip
    low, high = found.recipe.spec.num_digits_range
    numbers = [str(number) for number in range(low, high + 1)]
    charts = [
        histogram("Digits of each class", found.digits_of_class, CLASS_NAMES[:10], "class"),
        histogram(
            "Pixels of each class", pixels[:10], CLASS_NAMES[:10], "class; the background is not shown"
        ),
        histogram("Digits in a clip", counts[low : high + 1], numbers, "digits"),
    ]
    return f'<div class="charts">{"".join(charts)}</div><p>Background: {share:.1%} of all pixels.</p>'


def _difficulty(found: Survey) -> str:
    edges = [f"{place / BINS:.2f}" for place in range(BINS)]
    hidden = f"share of digit pixels within {CAMOUFLAGE_LEVELS} grey levels of what they hide"
    charts = [
        histogram(
            "Visibility of each digit in each frame", found.visibility, edges, "share of it that is seen"
        ),
        histogram("Camouflage of each clip", found.camouflage, edges, hidden),
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _coverage(found: Survey) -> str:
    speeds = [f"{found.fastest * place / BINS:.1f}" for place in range(BINS)]
    charts = [
        heat("Centres of digits in the frame", found.positions),
        histogram("Speeds", found.speeds, speeds, "px/frame between frames; a bounce shortens the step"),
        histogram(
            "Angles", found.angles, [str(10 * place) for place in range(36)], "degrees counter-clockwise"
        ),
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _spread_ids(found: Survey) -> list[int]:
    count = min(SHEET, found.recipe.num_clips)
    rows = [place * found.recipe.num_clips // count for place in range(count)]
    return [int(found.recipe.ids(row, row + 1)[0]) for row in rows]


def _sheet(found: Survey, clip_ids: Sequence[int], bank: DigitBank) -> str:
    """Return a picture of these clips with their true classes, as they lie on disk."""
    dataset: StoredDataset = open_dataset(found.place)
    recipe = found.recipe
    clips = render(
        sample(recipe.spec, np.array(clip_ids, np.int64), split=recipe.split, seed=recipe.seed, bank=bank),
        ("semantic",),
    )
    rows = _rows_of(found, clip_ids)
    videos = dataset.batch(rows, ["video"])["video"]
    labels = [row[row != IGNORE] for row in clips.labels]
    titles = [title_of(clip_id, row) for clip_id, row in zip(clip_ids, labels, strict=True)]
    sheet = contact_sheet(
        list(videos), list(clips["semantic"]), labels, num_columns=8, scale=_scale(found), titles=titles
    )
    return picture(encode_png(sheet), f"{len(clip_ids)} clips, eight frames of each above their classes")


def _rows_of(found: Survey, clip_ids: Sequence[int]) -> list[int]:
    recipe = found.recipe
    if recipe.clip_ids:
        places = {clip_id: row for row, clip_id in enumerate(recipe.clip_ids)}
        return [places[clip_id] for clip_id in clip_ids]
    return [clip_id - recipe.first_clip for clip_id in clip_ids]


def _scale(found: Survey) -> int:
    spec = found.recipe.spec
    return max(96 // max(spec.height, spec.width), 1)


def _checksums(found: Survey) -> str:
    shown = found.files[:MAX_FILES]
    more = len(found.files) - len(shown)
    note = f"<p>{more:,} further files are in manifest.json.</p>" if more else ""
    rows = [(path, f"{size:,}", sha256) for path, size, sha256 in shown]
    return f'<div class="sums">{_table(rows, ("file", "bytes", "SHA-256"))}</div>{note}'


def _table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    top = "<tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in head) + "</tr>" if head else ""
    cells = ("".join(f"<td>{html_of_text(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{top}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
