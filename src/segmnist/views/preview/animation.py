"""The preview as a file: a contact sheet, or all clips playing side by side."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from segmnist.classes import DIGITS, Classes
from segmnist.errors import BadArgument
from segmnist.palette import UInt8, class_colours
from segmnist.views.preview.encode import (
    encode_apng,
    encode_gif,
    encode_mp4,
    encode_png,
    encode_webp,
    frame_durations,
    gif_palette,
    nearest_colours,
)
from segmnist.views.preview.figure import blank_page, draw_sheet, paint_tile, sheet_layout, tile_scale
from segmnist.views.preview.layout import Block, SheetLayout, lay_out
from segmnist.views.preview.strips import Batch, Row, Strip, clip_strips
from segmnist.whole_file import check_target, replace_file

# The longest side that the format (or, for mp4, the common encoder) takes.
_LONGEST_SIDE = {".png": 2**31 - 1, ".gif": 65535, ".apng": 2**31 - 1, ".webp": 16383, ".mp4": 16384}
SUFFIXES = tuple(_LONGEST_SIDE)

COLOUR_CUBE = (
    np.stack(np.meshgrid(*([np.linspace(0, 255, 5).round()] * 3)), axis=-1).reshape(-1, 3).astype(np.uint8)
)
"""Colours spread over all there are, for videos in colour in a GIF."""

_FPS_RANGE = (0.1, 50)


def save_preview(
    path: str | os.PathLike[str],
    videos: Batch,
    semantics: Batch,
    labels: Batch,
    *,
    fps: float = 10,
    instances: Batch | None = None,
    titles: Sequence[str] | None = None,
    scale: int | None = None,
    classes: Classes = DIGITS,
) -> None:
    """Show 1..100 clips, (T,H,W) or (T,H,W,3) uint8 each, in a file whose suffix tells its kind, replaced at once or not.

    `.png` is the contact sheet. `.gif`, `.apng`, `.webp` and `.mp4` play all clips together, each beside its
    labels and, if given, its instances; a clip that ends earlier holds its last frame. A frame that equals
    the one before lengthens it instead (not in mp4). `classes` has the names of other digits' classes; a GIF has
    no room for the exact colours of more than 120.

    Raises BadArgument for another suffix, a folder that is not there or not writable, `fps` outside 0.1..50,
    a page too large for the format, and what `contact_sheet` refuses; MissingDependency for `.mp4` without
    PyAV.
    """
    path = Path(path)
    suffix = check_suffix(path)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not _FPS_RANGE[0] <= fps <= _FPS_RANGE[1]:
        raise BadArgument("fps", fps, f"{_FPS_RANGE[0]}..{_FPS_RANGE[1]} frames per second")
    check_target(path)
    strips = clip_strips(videos, semantics, labels, instances=instances, titles=titles, classes=classes)
    layout = _layout_for(suffix, strips, scale)
    _check_size(suffix, layout)
    replace_file(path, _encoded(suffix, strips, layout, fps))


def animation_layout(strips: Sequence[Strip], *, scale: int | None = None) -> SheetLayout:
    """Where each clip's rows play: the boxes of `tiles[clip]`, in order, beside or below one another.

    Raises BadArgument for a `scale` outside 1..32.
    """
    blocks = [_panel(strip, scale, alone=len(strips) == 1) for strip in strips]
    height = max(block.down * block.tile_height for block in blocks)
    width = max(block.across * block.tile_width for block in blocks)
    return lay_out(blocks, balanced_columns(len(blocks), height, width), strips[0].classes)


def _panel(strip: Strip, scale: int | None, alone: bool) -> Block:
    _, height, width = strip.shape
    count = len(strip.rows)
    # Landscape frames stand below one another: beside, the page would be a ribbon.
    stacked = width > 1.5 * height
    factor = tile_scale(strip, scale, 256 if alone or stacked else 128)
    down, across = (count, 1) if stacked else (1, count)
    return Block(strip.title, height * factor, width * factor, down, across)


def balanced_columns(num_panels: int, height: int, width: int) -> int:
    """Columns of a grid of panels (height, width) whose page comes nearest to 4:3 with few places empty.

    >>> balanced_columns(1, 130, 260), balanced_columns(4, 130, 260), balanced_columns(100, 130, 260)
    (1, 2, 10)
    """

    def cost(columns: int) -> float:
        rows = math.ceil(num_panels / columns)
        # 50 pixels: about what a title and the space below a panel take.
        aspect = columns * (width + 25) / (rows * (height + 50) + 100)
        return abs(math.log(aspect * 3 / 4)) + 0.5 * (rows * columns - num_panels) / columns

    return min(range(1, num_panels + 1), key=cost)


def check_suffix(path: Path) -> str:
    """Return the file's suffix in lower case; raise `BadArgument` for one that is no kind of preview."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadArgument("path", str(path), f"a suffix out of {', '.join(SUFFIXES)}, not {suffix!r}")
    return suffix


def _layout_for(suffix: str, strips: Sequence[Strip], scale: int | None) -> SheetLayout:
    if suffix == ".png":
        return sheet_layout(strips, scale=scale)
    return animation_layout(strips, scale=scale)


def _check_size(suffix: str, layout: SheetLayout) -> None:
    longest = _LONGEST_SIDE[suffix]
    if max(layout.size) > longest:
        height, width = layout.size
        fix = f"{suffix} ends at {longest}; preview fewer clips"
        raise BadArgument("path", suffix, f"a format that takes {height}x{width} pixels", fix)


def _encoded(suffix: str, strips: Sequence[Strip], layout: SheetLayout, fps: float) -> bytes:
    if suffix == ".png":
        return encode_png(draw_sheet(strips, layout))
    num_frames = max(strip.shape[0] for strip in strips)
    if suffix == ".gif":
        palette = gif_palette(
            [class_colours(layout.classes), *(row.colours for strip in strips for row in strip.rows)]
        )
        durations = frame_durations(num_frames, fps, unit=10)
        return encode_gif(_indexed_pages(strips, layout, palette), palette, durations)
    pages = _colour_pages(strips, layout)
    if suffix == ".mp4":
        return encode_mp4(pages, fps)
    encode = encode_apng if suffix == ".apng" else encode_webp
    return encode(pages, frame_durations(num_frames, fps))


def _colour_pages(strips: Sequence[Strip], layout: SheetLayout) -> Iterator[UInt8]:
    return _pages(strips, layout, blank_page(layout), Row.rgb)


def _indexed_pages(strips: Sequence[Strip], layout: SheetLayout, palette: UInt8) -> Iterator[UInt8]:
    # Indices from the start: Pillow's own matching of colours is approximate, and labels must be exact.
    rows = [row for strip in strips for row in strip.rows]
    tables = {id(row): nearest_colours(row.colours, palette) for row in rows}

    def indices(row: Row, t: int) -> UInt8:
        return nearest_colours(row.pixels[t], palette) if row.is_rgb else tables[id(row)][row.pixels[t]]

    return _pages(strips, layout, nearest_colours(blank_page(layout), palette), indices)


def _pages(
    strips: Sequence[Strip], layout: SheetLayout, blank: UInt8, shown: Callable[[Row, int], UInt8]
) -> Iterator[UInt8]:
    for t in range(max(strip.shape[0] for strip in strips)):
        page = np.copy(blank)
        for strip, lines in zip(strips, layout.tiles, strict=True):
            boxes = [box for line in lines for box in line]
            for row, box in zip(strip.rows, boxes, strict=True):
                paint_tile(page, box, shown(row, min(t, len(row.pixels) - 1)))
        yield page
