"""Clips, batches, scenes, specs and sources as HTML for notebooks, with nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from segmnist.classes import BACKGROUND, IGNORE
from segmnist.html_hooks import show
from segmnist.palette import CLASS_COLOURS, INSTANCE_COLOURS
from segmnist.render.arrays import ARRAYS
from segmnist.render.clips import Clip, Clips
from segmnist.render.engine import render
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec, limits_of
from segmnist.source import ClipSource
from segmnist.views.preview.encode import encode_apng, frame_durations

FPS = 10
MAX_FRAMES = 60
"""Longer clips show their first frames: a notebook keeps every picture that it ever showed."""
PANEL_SIDE = 192
"""Pixels of the screen for the longer side of a frame; less for each of several clips."""
BATCH_SHOWN = 8


@show.register
def clip_html(clip: Clip) -> str:
    """Return a clip as a moving picture, its video beside the overlays that were drawn, and a table of its arrays."""
    clip = clip.numpy()
    digits = ", ".join(str(label) for label in clip.labels if label != IGNORE) or "none"
    T, H, W = clip.video.shape
    caption = f"clip {clip.clip_id}: digits {digits}; {T} frames of {H}×{W}"
    return _figure(_film([clip]), caption) + _arrays_table(clip.arrays)


@show.register
def clips_html(clips: Clips) -> str:
    """Return the first clips of a batch as a moving picture, and a table of its arrays."""
    clips = clips.numpy()
    shown = [clips[row] for row in range(min(len(clips), BATCH_SHOWN))]
    more = f"; the first {len(shown)} are shown" if len(shown) < len(clips) else ""
    caption = f"{len(clips)} clips{more}"
    return (_figure(_film(shown), caption) if shown else f"<p>{caption}</p>") + _arrays_table(clips.arrays)


@show.register
def scene_html(scene: Scene) -> str:
    """Return a scene's first clip, drawn, and a table of its arrays."""
    if not len(scene):
        return "<p>a scene of no clips</p>"
    picture = _film([render(scene.select([0]), ("semantic", "instance"))[0]])
    first = int(scene.clip_ids[0])
    caption = (
        f"Scene of {len(scene)} clip{'s' if len(scene) > 1 else ''}, seed {scene.seed}, split {scene.split}"
    )
    rows = [(name, _shape(array), array.dtype) for name, array in scene.arrays().items()]
    table = _table(("array", "shape", "dtype"), rows, "what is true of it before a pixel is drawn")
    return _figure(picture, f"{caption}; clip {first} is shown") + table


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
    caption = f"ClipSource {length}, split {source.split}, seed {source.seed}; its first clips"
    return _figure(_film(list(clips)), caption) + spec_html(source.spec)


def _film(clips: list[Clip]) -> bytes:
    """Return an endless APNG: a row a clip, its video and, tinted, the classes and the instances that were drawn."""
    T = min(max(clip.video.shape[0] for clip in clips), MAX_FRAMES)
    H, W = clips[0].video.shape[1:]
    scale = max(PANEL_SIDE * 2 // (3 if len(clips) > 1 else 2) // max(H, W), 1)
    pages = (_page(clips, t, scale) for t in range(T))
    return encode_apng(pages, frame_durations(T, FPS))


def _page(clips: list[Clip], t: int, scale: int) -> Any:
    rows = [np.concatenate(_panels(clip, t), axis=1) for clip in clips]
    if len(rows) > 1:
        rows = [np.pad(row, ((0, 2), (0, 4), (0, 0)), constant_values=255) for row in rows]
    columns = [np.concatenate(rows[first::2]) for first in range(min(2, len(rows)))]
    tallest = max(column.shape[0] for column in columns)
    even = [np.pad(c, ((0, tallest - c.shape[0]), (0, 0), (0, 0)), constant_values=255) for c in columns]
    return np.concatenate(even, axis=1).repeat(scale, axis=0).repeat(scale, axis=1)


def _panels(clip: Clip, t: int) -> list[Any]:
    grey = np.repeat(clip.video[t][:, :, None], 3, axis=2)
    panels = [grey]
    if "semantic" in clip.arrays:
        panels.append(_tinted(grey, CLASS_COLOURS[clip["semantic"][t]], clip["semantic"][t] != BACKGROUND))
    if "instance" in clip.arrays:
        panels.append(_tinted(grey, INSTANCE_COLOURS[clip["instance"][t]], clip["instance"][t] != 0))
    return panels


def _tinted(grey: Any, colours: Any, where: Any) -> Any:
    """Return digits in their colours, seven parts in ten, and the rest darkened by half."""
    mixed = np.where(where[:, :, None], 0.3 * grey + 0.7 * colours, 0.5 * grey)
    return mixed.round().astype(np.uint8)


class _Markup(str):
    """Text that is HTML already."""


def _figure(film: bytes, caption: str) -> str:
    with Image.open(io.BytesIO(film)) as picture:
        width, height = picture.size
    data = base64.b64encode(film).decode()
    text = html.escape(caption)
    return (
        f'<figure style="margin:0 0 .6em"><img alt="{text}" width="{width}" height="{height}" '
        f'style="image-rendering:pixelated;max-width:100%;height:auto" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _arrays_table(arrays: dict[str, Any]) -> str:
    rows = [(name, _shape(a), np.asarray(a).dtype, ARRAYS[name].about) for name, a in arrays.items()]
    return _table(("array", "shape", "dtype", "what it is"), rows, f"{len(rows)} arrays")


def _shape(array: Any) -> str:
    return "(" + ", ".join(map(str, np.shape(array))) + ")"


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
