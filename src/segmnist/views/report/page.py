"""The report as one HTML page: recipe, balance, difficulty, coverage, pictures, checksums, licences."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.html_page import Html, page, sections, table, wide
from segmnist.palette import GREY_LEVELS, class_colours
from segmnist.render.derived import CAMOUFLAGE_LEVELS
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.scene.spec import SceneSpec, about_of, limits_of
from segmnist.scene.spec import sections as sections_of_spec
from segmnist.version import __version__
from segmnist.views.clip_figure import STYLE as CLIP_STYLE
from segmnist.views.clip_figure import class_key, clip_figure
from segmnist.views.preview.strips import Row, names_of
from segmnist.views.report.charts import heat, histogram
from segmnist.views.report.survey import BINS, SHEET, Survey

STYLE = f"""
{CLIP_STYLE}
.sheet{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,31rem),1fr));gap:0 2rem}}
.sheet figure{{min-width:0}}.sheet .rows{{min-width:30rem}}
.sums td{{font-family:ui-monospace,monospace;font-size:.8rem}}
h3{{font-size:1rem}}summary{{cursor:pointer}}
.wrong{{font-weight:600;border-bottom:2px solid #c22}}
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
    hardest = {clip_id: f"Mean visibility {visibility:.2f}" for visibility, clip_id in found.hardest}
    body = sections(
        [
            ("What it is", _facts(found)),
            ("Class balance", _balance(found)),
            ("How hard it is", _difficulty(found)),
            ("Positions and motion", _coverage(found)),
            ("Clips", _sheet(found, dict.fromkeys(_spread_ids(found), ""), bank)),
            ("Hardest clips", _sheet(found, hardest, bank)),
            ("Recipe", _recipe(recipe)),
            ("Checksums", _checksums(found)),
            (
                "Licence",
                f"<p>{LICENCE if own_bank else 'The digits are not MNIST: see their own licence.'}</p>",
            ),
        ]
    )
    return page(title, body, STYLE)


def _facts(found: Survey) -> str:
    recipe, spec = found.recipe, found.recipe.spec
    size = sum(count for _, count, _ in found.files)
    equal = "equal to what the recipe gives, byte for byte"
    if found.differing:
        wrong = f"{len(found.differing)} clips are not what the recipe gives, such as {found.differing[0]}"
        equal = f'<span class="wrong">{html.escape(wrong)}</span>'
    surveyed = f"{found.num_surveyed:,} of them, spread evenly; their stored videos are {equal}"
    return table(
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
    names = found.recipe.class_names
    share = pixels[-1] / max(int(pixels.sum()), 1)
    counts = found.digits_a_clip
    low, high = found.recipe.spec.num_digits_range
    numbers = [str(number) for number in range(low, high + 1)]
    charts = [
        histogram("Digits of each class", found.digits_of_class, names, "class"),
        histogram("Pixels of each class", pixels[:-1], names, "class; the background is not shown"),
        histogram("Digits in a clip", counts[low : high + 1], numbers, "digits"),
    ]
    return f'<div class="charts">{"".join(charts)}</div><p>Background: {share:.1%} of all pixels.</p>'


def _difficulty(found: Survey) -> str:
    edges = [f"{place / BINS:g}" for place in range(BINS + 1)]
    hidden = f"share of digit pixels within {CAMOUFLAGE_LEVELS} grey levels of what they hide"
    charts = [
        histogram(
            "Visibility of each digit in each frame", found.visibility, edges, "share of it that is seen"
        ),
        histogram("Camouflage of each clip", found.camouflage, edges, hidden),
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _coverage(found: Survey) -> str:
    spec = found.recipe.spec
    speeds = [f"{found.fastest * place / BINS:g}" for place in range(BINS + 1)]
    angles = [str(10 * place) for place in range(37)]
    charts = [
        heat("Centres of digits in the frame", found.positions, spec.height, spec.width),
        histogram(
            "Speeds of digits between frames", found.speeds, speeds, "px/frame; a bounce shortens the step"
        ),
        histogram("Angles of digits in frames", found.angles, angles, "degrees counter-clockwise"),
    ]
    return f'<div class="charts">{"".join(charts)}</div>'


def _spread_ids(found: Survey) -> list[int]:
    count = min(SHEET, found.recipe.num_clips)
    rows = [place * found.recipe.num_clips // count for place in range(count)]
    return [int(found.recipe.ids(row, row + 1)[0]) for row in rows]


def _sheet(found: Survey, clips_shown: Mapping[int, str], bank: DigitBank) -> str:
    """Return pictures of these clips, as they lie on disk, above their true classes, with what is said of each."""
    dataset: StoredDataset = open_dataset(found.place)
    recipe, clip_ids = found.recipe, list(clips_shown)
    clips = render(
        sample(recipe.spec, np.array(clip_ids, np.int64), split=recipe.split, seed=recipe.seed, bank=bank),
        ("semantic",),
    )
    videos = dataset.batch(_rows_of(found, clip_ids), ["video"])["video"]
    figures = []
    for place, (clip_id, said) in enumerate(clips_shown.items()):
        digits = names_of(clips.labels[place], recipe.classes)
        rows = (
            ("video", Row(np.ascontiguousarray(videos[place]), GREY_LEVELS)),
            ("classes", Row(clips["semantic"][place], class_colours(recipe.classes))),
        )
        more = f"<p>{html.escape(said)}</p>" if said else ""
        figures.append(clip_figure(f"Clip {clip_id}, digits {digits}", rows, more))
    return f'{class_key(recipe.classes)}<div class="sheet">{"".join(figures)}</div>'


def _rows_of(found: Survey, clip_ids: Sequence[int]) -> list[int]:
    recipe = found.recipe
    if recipe.clip_ids:
        places = {clip_id: row for row, clip_id in enumerate(recipe.clip_ids)}
        return [places[clip_id] for clip_id in clip_ids]
    return [clip_id - recipe.first_clip for clip_id in clip_ids]


def _recipe(recipe: Recipe) -> str:
    """Return tables of a recipe and of its spec, where bold values are not those of `standard`."""
    fields = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    listed = fields.pop("clip_ids")
    fields |= {"plan_id": recipe.plan_id, "content_id": recipe.content_id}
    if listed:
        fields["first_clip"] = f"none: {listed[0]}, ... are listed one by one in recipe.json"
    rows = [(name, _value(value)) for name, value in fields.items() if name != "spec"]
    parts = [f"<p>Bold values of the spec are not those of standard.</p>{table(rows)}"]
    head = ("field", "value", "range", "what it is")
    for title, names in sections_of_spec().items():
        spec = table([_field(name, getattr(recipe.spec, name)) for name in names], head)
        parts.append(f"<h3>{html.escape(title)}</h3>{wide(spec, title)}")
    return "".join(parts)


def _field(name: str, value: object) -> tuple[str, ...]:
    limits = limits_of(name)
    bounds = f"{limits.low:g} to {limits.high:g} {limits.unit}" if limits else ""
    text = html.escape(_value(value))
    shown = text if value == getattr(SceneSpec(), name) else f"<b>{text}</b>"
    return name, Html(shown), bounds, about_of(name)


def _value(value: object) -> str:
    """Return a value for people.

    >>> _value((("semantic"), "boxes")), _value(((6, 9), (2, 5))), _value(True), _value(())
    ('semantic, boxes', '6-9, 2-5', 'yes', 'none')
    """
    if isinstance(value, tuple):
        return ", ".join("-".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value) or "none"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _checksums(found: Survey) -> str:
    shown = found.files[:MAX_FILES]
    more = len(found.files) - len(shown)
    note = f"<p>{more:,} further files are in manifest.json.</p>" if more else ""
    rows = [(path, f"{size:,}", sha256) for path, size, sha256 in shown]
    listed = wide(table(rows, ("file", "bytes", "SHA-256")), "Files and their checksums")
    return f'<details class="sums"><summary>{len(shown):,} files</summary>{listed}</details>{note}'
