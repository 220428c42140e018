"""Clips, batches, scenes, specs and sources as HTML for notebooks, with nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from segmnist.classes import DIGITS, Classes
from segmnist.dataset.reader import StoredDataset
from segmnist.digits.bank import DigitBank
from segmnist.html_hooks import show
from segmnist.palette import INSTANCE_COLOURS, class_colours
from segmnist.render.arrays import ARRAYS
from segmnist.render.clips import Clip, Clips
from segmnist.render.engine import render
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec, limits_of
from segmnist.source import ClipSource
from segmnist.views.preview.encode import encode_webp, frame_durations
from segmnist.views.preview.figure import frames_shown
from segmnist.views.preview.strips import names_of

FPS = 10
Arrays = Mapping[str, Any]
"""Arrays of one clip by name."""
MAX_FRAMES = 10
"""Frames that are shown of a clip: a notebook keeps every picture that it ever showed, and noise does not compress."""
SPAN = 30
"""They are spread over so many of the clip's first frames, and each stays for as long as those that it stands for."""
PANEL_SIDE = 192
"""Pixels of the screen for the longer side of a frame; less for each of several clips. The picture itself has the clip's."""
BATCH_SHOWN = 4
GLYPHS_SHOWN = 12
"""Of each class of a digit bank."""
CLASSES_SHOWN = 60
"""Of a digit bank: the most rows of 256 pixels that a WebP has room for."""
GAP = 3
"""Transparent pixels between panels, so that they look well on a page of any colour."""


@show.register
def clip_html(clip: Clip) -> str:
    """Return a clip as a moving picture, its video beside the overlays that were drawn, and a table of its arrays."""
    clip = clip.numpy()
    digits = names_of(clip.labels, clip.classes)
    T, H, W = clip.video.shape
    caption = f"clip {clip.clip_id}: digits {digits}; {T} frames of {H}×{W}{_shown_of(T)}; {_panel_names(clip.arrays)}"
    return _film([clip.arrays], caption, clip.classes) + _arrays_table(clip.arrays)


@show.register
def clips_html(clips: Clips) -> str:
    """Return the first clips of a batch as a moving picture, and a table of its arrays."""
    clips = clips.numpy()
    shown = [clips[row] for row in range(min(len(clips), BATCH_SHOWN))]
    more = f"; the first {len(shown)} are shown" if len(shown) < len(clips) else ""
    caption = f"{len(clips)} clips{more}"
    picture = (
        _film(
            [clip.arrays for clip in shown],
            f"{caption}; {_panel_names(shown[0].arrays)}",
            clips.scene.bank.classes,
        )
        if shown
        else f"<p>{caption}</p>"
    )
    return picture + _arrays_table(clips.arrays)


@show.register
def scene_html(scene: Scene) -> str:
    """Return a scene's first clip, drawn, and a table of its arrays."""
    if not len(scene):
        return "<p>a scene of no clips</p>"
    drawn = render(scene.select([0]), ("semantic", "instance"))[0]
    first = int(scene.clip_ids[0])
    caption = (
        f"Scene of {len(scene)} clip{'s' if len(scene) > 1 else ''}, seed {scene.seed}, split {scene.split}"
    )
    rows = [(name, _shape(array), array.dtype) for name, array in scene.arrays().items()]
    table = _table(("array", "shape", "dtype"), rows, "what is true of it before a pixel is drawn")
    caption = f"{caption}; clip {first} is shown; {_panel_names(drawn.arrays)}"
    return _film([drawn.arrays], caption, drawn.classes) + table


@show.register
def spec_html(spec: SceneSpec) -> str:
    """Return a spec as a table: each field, its value, its unit and range, what it is for; changed values are bold."""
    standard = SceneSpec().to_dict()
    rows = []
    for name, value in spec.to_dict().items():
        limits = limits_of(name)
        text = html.escape(str(tuple(value) if isinstance(value, list) else value))
        shown = _Markup(text if value == standard[name] else f"<b>{text}</b>")
        bounds = f"{limits.low:g}…{limits.high:g} {limits.unit}" if limits else ""
        rows.append((name, shown, bounds, limits.about if limits else ""))
    summary = f"SceneSpec: {spec.num_frames} frames of {spec.height}×{spec.width}; bold differs from standard"
    return _table(("field", "value", "range", "what it is"), rows, summary)


@show.register
def source_html(source: ClipSource) -> str:
    """Return a source's first clips as a moving picture, its address, and its spec."""
    count = 4 if source.length is None else min(4, source.length)
    clips = render(source.scene(np.arange(count)), ("semantic",))
    length = "without end" if source.length is None else f"of {source.length} clips"
    caption = f"ClipSource {length}, split {source.split}, seed {source.seed}; its first clips; {_panel_names(clips[0].arrays)}"
    return _film([clip.arrays for clip in clips], caption, source.classes) + spec_html(source.spec)


@show.register
def dataset_html(dataset: StoredDataset) -> str:
    """Return the first clips of a data set on disk, what it was made from, and a table of its arrays."""
    recipe = dataset.recipe
    names = [name for name in ("video", "semantic", "instance") if name in dataset.arrays]
    shown = [
        {name: array[row] for name, array in batch.items()}
        for batch in [dataset.batch(range(min(BATCH_SHOWN, len(dataset))), names)]
        for row in range(len(batch["video"]))
    ]
    address = f"split {recipe.split}, seed {recipe.seed}, {recipe.format}"
    caption = f"StoredDataset of {len(dataset)} clips, {address}; its first clips"
    arrays = [(name, _size(a.shape), a.dtype, a.about) for name, a in dataset.arrays.items()]
    table = _table(("array", "shape of a clip", "dtype", "what it is"), arrays, f"{len(arrays)} arrays")
    caption = f"{caption}; {_panel_names(shown[0])}"
    return _film(shown, caption, dataset.classes) + spec_html(recipe.spec) + table


@show.register
def bank_html(bank: DigitBank) -> str:
    """Return the first digits of each class of a bank, and how many each split has."""
    classes = sorted(set(bank.labels.tolist()))[:CLASSES_SHOWN]
    height, width = bank.images.shape[1:]
    page = np.zeros((len(classes) * height, GLYPHS_SHOWN * width, 3), np.uint8)
    for row, label in enumerate(classes):
        for column, glyph in enumerate(np.flatnonzero(bank.labels == label)[:GLYPHS_SHOWN]):
            place = np.s_[row * height : (row + 1) * height, column * width : (column + 1) * width]
            page[place] = bank.images[glyph][:, :, None]
    counts = [
        (split, *(int((bank.labels[first:end] == label).sum()) for label in classes))
        for split, (first, end) in bank.splits.items()
    ]
    names = [bank.classes.names[label] for label in classes]
    table = _table(("split", *map(html.escape, names)), counts, "digits of each class by split")
    caption = (
        f"DigitBank {bank.name!r}: {len(bank.labels)} digits of {height}×{width}; the first of each class"
    )
    return _figure(encode_webp([page], [1]), (page.shape[1], page.shape[0]), caption) + table


def _film(clips: Sequence[Arrays], caption: str, classes: Classes) -> str:
    """Return an endless picture: of each clip its video and, in flat colours, the classes and instances that were drawn."""
    span = min(max(clip["video"].shape[0] for clip in clips), SPAN)
    frames = frames_shown(span, MAX_FRAMES)
    H, W = clips[0]["video"].shape[1:]
    scale = max(PANEL_SIDE * 2 // (3 if len(clips) > 1 else 2) // max(H, W), 1)
    pages = [_page(clips, t, classes) for t in frames]
    height, width = pages[0].shape[:2]
    durations = frame_durations(len(frames), FPS * len(frames) / span)
    return _figure(encode_webp(pages, durations), (width * scale, height * scale), caption)


def _shown_of(num_frames: int) -> str:
    """Return how many of a clip's frames are shown, where not all are."""
    if num_frames <= MAX_FRAMES:
        return ""
    return f", of which {MAX_FRAMES}" + (f" of the first {SPAN}" if num_frames > SPAN else "") + " are shown"


def _page(clips: Sequence[Arrays], t: int, classes: Classes) -> Any:
    """Return one frame, `(h,w,4)` uint8: two clips a row, each with its panels side by side."""
    gap = ((0, GAP), (0, GAP), (0, 0))
    cells = [
        np.concatenate([np.pad(panel, gap) for panel in _panels(clip, t, classes)], axis=1) for clip in clips
    ]
    if len(cells) % 2 and len(cells) > 1:
        cells.append(np.zeros_like(cells[0]))
    columns = [np.concatenate(cells[first::2]) for first in range(min(2, len(cells)))]
    return np.concatenate(columns, axis=1)[:-GAP, :-GAP]


def _panels(clip: Arrays, t: int, classes: Classes = DIGITS) -> list[Any]:
    """Return the panels that `_panel_names` names, `(H,W,4)` uint8; a clip that has ended shows its last frame."""
    t = min(t, clip["video"].shape[0] - 1)
    panels = [clip["rgb"][t] if "rgb" in clip else np.repeat(clip["video"][t][:, :, None], 3, axis=2)]
    if "semantic" in clip:
        panels.append(class_colours(classes)[clip["semantic"][t]])
    if "instance" in clip:
        panels.append(INSTANCE_COLOURS[clip["instance"][t]])
    return [np.pad(panel, ((0, 0), (0, 0), (0, 1)), constant_values=255) for panel in panels]


def _panel_names(clip: Arrays) -> str:
    """Return what the panels of a clip show, from left to right."""
    names = ["video", *(name for name in ("semantic", "instance") if name in clip)]
    return "left to right: " + ", ".join(names) if len(names) > 1 else "the video"


class _Markup(str):
    """Text that is HTML already."""


def _figure(picture: bytes, size: tuple[int, int], caption: str) -> str:
    """Return a WebP with its caption, shown at a size in pixels of the screen, width and height."""
    data = base64.b64encode(picture).decode()
    text = html.escape(caption)
    return (
        f'<figure style="margin:0 0 .6em"><img alt="{text}" width="{size[0]}" height="{size[1]}" '
        f'style="image-rendering:pixelated;max-width:100%;height:auto" src="data:image/webp;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _arrays_table(arrays: dict[str, Any]) -> str:
    rows = [(name, _shape(a), np.asarray(a).dtype, ARRAYS[name].about) for name, a in arrays.items()]
    return _table(("array", "shape", "dtype", "what it is"), rows, f"{len(rows)} arrays")


def _shape(array: Any) -> str:
    return _size(np.shape(array))


def _size(shape: Iterable[int]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]], summary: str) -> str:
    """Return a table that opens on a click."""
    cells = "".join(f"<th style='text-align:left'>{name}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{_cell(v)}</td>" for v in row) + "</tr>"
        for row in rows
    )
    return (
        f"<details><summary>{html.escape(summary)}</summary><table><tr>{cells}</tr>{lines}</table></details>"
    )


def _cell(value: object) -> str:
    return str(value) if isinstance(value, _Markup) else html.escape(str(value))
