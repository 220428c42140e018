"""Sheets of frames as SVG without a ground of their own: their words are dark or light as the page around them asks."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from segmnist.evaluate.reports.drawing import THEMES
from segmnist.palette import class_colours
from segmnist.preview import SheetLayout, Strip
from segmnist.views.preview.figure import frames_shown, paint_tile
from segmnist.views.preview.text import load_font, printable, text_width


def themed_sheet(strips: Sequence[Strip], layout: SheetLayout, *, legend: bool = True) -> bytes:
    """Return what `draw_sheet` draws, as an SVG file; legend: whether it ends with the colours of the classes."""
    height, width = layout.size
    page = np.zeros((height, width, 4), np.uint8)
    for strip, lines in zip(strips, layout.tiles, strict=True):
        for row, boxes in zip(strip.rows, lines, strict=True):
            for t, box in zip(frames_shown(strip.shape[0], len(boxes)), boxes, strict=True):
                paint_tile(page, box, np.pad(row.rgb(t), ((0, 0), (0, 0), (0, 1)), constant_values=255))
    end = max(box.top + box.height for lines in layout.tiles for boxes in lines for box in boxes)
    if legend:
        for colour, box in zip(class_colours(layout.classes), layout.swatches, strict=False):
            page[box.slices] = [*colour, 255]
    else:
        height = end + layout.font_size
    font = load_font(layout.font_size)
    ascent = font.getmetrics()[0]
    # As wide as it was measured, whatever font the reader has.
    words = "".join(
        f'<text x="{line.left}" y="{line.top + ascent}" textLength="{text_width(line.text, font)}" '
        f'lengthAdjust="spacingAndGlyphs">{html.escape(printable(line.text, font))}</text>'
        for line in layout.texts
        if legend or line.top < end
    )
    file = io.BytesIO()
    Image.fromarray(page[:height]).save(file, "WEBP", lossless=True, quality=100, method=6)
    tiles = base64.b64encode(file.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="{layout.font_size}"><style>{THEMES}</style>'
        f'<image width="{width}" height="{height}" style="image-rendering:pixelated" '
        f'href="data:image/webp;base64,{tiles}"/>{words}</svg>\n'
    ).encode()
