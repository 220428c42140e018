"""A report as one self-contained HTML page: tables, plots as inline SVG, the worst clips as inline PNG."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate import plots
from segmnist.evaluate.counts import Maps
from segmnist.evaluate.report import PartReport, Result
from segmnist.evaluate.table import headline_rows, score_text
from segmnist.preview.palette import CLASS_COLOURS, GREY_LEVELS

FRAMES_SHOWN = 8
"""Frames of each of the worst clips, spread over its length."""

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:1060px;margin:2em auto;padding:0 1em;color:#1d1b26}
body{background:#fff}
h1{font-size:1.5em}
h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ddd;padding-bottom:.2em}
table{border-collapse:collapse}
td,th{padding:.15em .9em .15em 0;text-align:left;font-variant-numeric:tabular-nums}
.facts td:first-child{color:#555}
.wide{overflow-x:auto}
svg{margin:0 1.5em 1em 0;vertical-align:top;font:12px system-ui,sans-serif;fill:#1d1b26}
.title{font-weight:600;font-size:13px}
.bar{fill:#8a2981}
.track{fill:#efedf2}
.diagonal{stroke:#999;stroke-dasharray:4 3}
.line{fill:none;stroke:#8a2981;stroke-opacity:.5}
img{image-rendering:pixelated;max-width:100%;display:block}
figure{margin:1em 0}
figcaption{color:#555;margin-bottom:.3em}
.key span{display:inline-block;margin-right:1em}
.key i{display:inline-block;width:.9em;height:.9em;margin-right:.3em;vertical-align:-.1em;border:1px solid
#999}
"""


class Picture(NamedTuple):
    """A clip for the page: its id and `(T, H, W)` video, true classes and predicted classes, all uint8."""

    clip_id: int
    video: Maps
    truth: Maps
    prediction: Maps


def page(result: Result, pictures: Mapping[str, Sequence[Picture]]) -> str:
    """Return the page of a result; pictures are by part. It loads nothing from anywhere."""
    title = html.escape(f"{result.model} on {result.suite}")
    parts = "".join(_part(part, pictures.get(part.name, ()), len(result.parts) > 1) for part in result.parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"{_facts(result)}<h2>Scores</h2><p>In brackets: 95% bootstrap intervals over clips.</p>{_headline(result.parts)}"
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


def _headline(parts: Sequence[PartReport]) -> str:
    head = (
        "".join(f"<th>{html.escape(part.name)}</th>" for part in parts)
        if len(parts) > 1
        else "<th>value</th>"
    )
    rows = "".join(
        f"<tr><td>{title}</td>" + "".join(f"<td>{score_text(score)}</td>" for score in scores) + "</tr>"
        for title, scores in headline_rows(parts)
    )
    return f'<div class="wide"><table><tr><th>score</th>{head}</tr>{rows}</table></div>'


def _part(part: PartReport, pictures: Sequence[Picture], named: bool) -> str:
    title = f"Part {html.escape(part.name)}" if named else "Where it fails"
    names = [*map(str, range(10)), "background"]
    drawn = [plots.bars("IoU by class", [(n, c.iou) for n, c in zip(names, part.classes, strict=True)])]
    drawn.append(plots.confusion_table(part.confusion))
    for name, buckets in part.breakdowns.items():
        drawn.append(plots.bars(f"Digit pixels right, by {name}", [(n, b.right) for n, b in buckets.items()]))
    if part.reliability:
        drawn.append(plots.reliability_diagram(part.reliability))
    worst = f"<h3>Worst clips</h3>{_key()}{''.join(map(_figure, pictures))}" if pictures else ""
    return f"<h2>{title}</h2>{''.join(drawn)}{worst}"


def _key() -> str:
    spans = (
        f'<span><i style="background:rgb{tuple(colour)}"></i>{name}</span>'
        for name, colour in zip([*range(10), "background"], CLASS_COLOURS[:11].tolist(), strict=True)
    )
    return f'<p class="key">{"".join(spans)}</p>'


def _figure(picture: Picture) -> str:
    png = base64.b64encode(_png(contact_sheet(picture))).decode()
    return (
        f"<figure><figcaption>Clip {picture.clip_id}. Rows: frame, truth, prediction, error (white). "
        f'</figcaption><img alt="clip {picture.clip_id}" src="data:image/png;base64,{png}"></figure>'
    )


def contact_sheet(picture: Picture, gap: int = 2) -> NDArray[np.uint8]:
    """Return rows of frames, truth, prediction and error of a clip, up to 8 frames across, `(h, w, 3)`
    uint8.
    """
    T, H, W = picture.video.shape
    frames = np.unique(np.linspace(0, T - 1, FRAMES_SHOWN).round().astype(int))
    wrong = np.where(picture.prediction != picture.truth, 255, 0).astype(np.uint8)
    rows = (
        GREY_LEVELS[picture.video], CLASS_COLOURS[picture.truth], CLASS_COLOURS[picture.prediction], GREY_LEVELS[wrong],
    )  # fmt: skip
    sheet = np.full((4 * (H + gap) - gap, len(frames) * (W + gap) - gap, 3), 255, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, frame in enumerate(frames):
            y, x = i * (H + gap), j * (W + gap)
            sheet[y : y + H, x : x + W] = row[frame]
    return sheet


def _png(image: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    # Whole multiples keep pixels square; two is enough for a page a thousand pixels wide.
    factor = max(1, 1000 // image.shape[1])
    buffer = io.BytesIO()
    Image.fromarray(image.repeat(factor, axis=0).repeat(factor, axis=1)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
