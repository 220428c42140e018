"""The contact sheet: for each clip frames spread over time, and under each its labels in colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from segmnist.classes import DIGITS, Classes
from segmnist.errors import BadArgument
from segmnist.palette import UInt8, class_colours
from segmnist.views.preview.layout import Block, Box, SheetLayout, lay_out, whole_scale
from segmnist.views.preview.strips import Batch, Strip, clip_strips
from segmnist.views.preview.text import load_font, printable

TILE_TARGET = 128
MAX_COLUMNS = 100
MAX_SCALE = 32


def contact_sheet(
    videos: Batch,
    semantics: Batch,
    labels: Batch,
    *,
    num_columns: int = 10,
    scale: int | None = None,
    titles: Sequence[str] | None = None,
    instances: Batch | None = None,
    classes: Classes = DIGITS,
) -> Image.Image:
    """Draw 1..100 clips, (T,H,W) or (T,H,W,3) uint8 each, one above the other, as an RGB image on white with a legend.

    Each clip shows `num_columns` of its frames, from the first to the last, or all if it has fewer; below
    them the classes (T,H,W) and, if given, the instances (T,H,W). Its title names `labels` (N,) uint8, unless
    `titles` has another; `classes` has the names of other digits' classes. `scale` enlarges by a whole factor;
    None chooses one that shows frames at up to 128 pixels. Clips may differ in shape.

    Raises BadArgument for a wrong number of clips, shape, dtype, class, `num_columns` (1..100) or `scale`
    (1..32).

    >>> still = np.zeros((30, 64, 48), np.uint8)
    >>> contact_sheet([still], [still + 10], [np.array([], np.uint8)]).mode
    'RGB'
    """
    strips = clip_strips(videos, semantics, labels, instances=instances, titles=titles, classes=classes)
    return draw_sheet(strips, sheet_layout(strips, num_columns=num_columns, scale=scale))


def sheet_layout(strips: Sequence[Strip], *, num_columns: int = 10, scale: int | None = None) -> SheetLayout:
    """Where `draw_sheet` puts everything: `tiles[clip][row][column]` is a box.

    Raises BadArgument for `num_columns` outside 1..100 or `scale` outside 1..32.
    """
    check_whole("num_columns", num_columns, MAX_COLUMNS)
    blocks = [_sheet_block(strip, num_columns, scale) for strip in strips]
    return lay_out(blocks, num_columns=1, classes=strips[0].classes)


def draw_sheet(strips: Sequence[Strip], layout: SheetLayout) -> Image.Image:
    """Draw strips (whatever their rows) as the layout from `sheet_layout` says; an RGB image."""
    page = blank_page(layout)
    for strip, lines in zip(strips, layout.tiles, strict=True):
        for row, boxes in zip(strip.rows, lines, strict=True):
            for t, box in zip(frames_shown(strip.shape[0], len(boxes)), boxes, strict=True):
                paint_tile(page, box, row.rgb(t))
    return Image.fromarray(page)


def frames_shown(num_frames: int, num_columns: int) -> tuple[int, ...]:
    """The frames that `num_columns` columns show: spread evenly from the first to the last, each once.

    >>> frames_shown(30, 10)
    (0, 3, 6, 10, 13, 16, 19, 23, 26, 29)
    >>> frames_shown(3, 10)
    (0, 1, 2)
    """
    count = min(num_frames, num_columns)
    if count == 1:
        return (0,)
    return tuple((2 * i * (num_frames - 1) + count - 1) // (2 * (count - 1)) for i in range(count))


def blank_page(layout: SheetLayout) -> UInt8:
    """Titles and legend in black on white, without tiles: (height, width, 3) uint8."""
    height, width = layout.size
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = load_font(layout.font_size)
    for line in layout.texts:
        draw.text((line.left, line.top), printable(line.text, font), fill="black", font=font)
    page = np.array(image)
    for digit, box in enumerate(layout.swatches):
        page[box.slices] = class_colours(layout.classes)[digit]
    return page


def paint_tile(page: UInt8, box: Box, frame: UInt8) -> None:
    """Copy a frame (h,w) or (h,w,3) into its box of a page of the same kind, enlarged by a whole factor."""
    scale = box.height // frame.shape[0]
    page[box.slices] = frame.repeat(scale, axis=0).repeat(scale, axis=1)


def tile_scale(strip: Strip, scale: int | None, target: int) -> int:
    """`scale` if given (1..32, else BadArgument), or the factor that brings frames near `target` pixels."""
    if scale is None:
        return whole_scale(*strip.shape[1:], target)
    check_whole("scale", scale, MAX_SCALE)
    return scale


def check_whole(name: str, value: object, most: int) -> None:
    """Raise BadArgument unless `value` is a whole number from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadArgument(name, value, f"a whole number 1..{most}")


def _sheet_block(strip: Strip, num_columns: int, scale: int | None) -> Block:
    num_frames, height, width = strip.shape
    factor = tile_scale(strip, scale, TILE_TARGET)
    return Block(strip.title, height * factor, width * factor, len(strip.rows), min(num_frames, num_columns))
