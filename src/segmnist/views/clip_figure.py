"""A clip on a page: rows of its frames with their names, and a caption."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from PIL import Image

from segmnist.classes import DIGITS, Classes
from segmnist.html_page import picture, wide
from segmnist.palette import UInt8, class_colours
from segmnist.views.preview.encode import encode_png
from segmnist.views.preview.figure import frames_shown
from segmnist.views.preview.strips import Row

FRAMES_SHOWN = 8
"""Frames of each clip, spread over its length."""

GAP = 2
"""Clear pixels between frames, through which the page is seen."""

STYLE = """
.clip{margin-bottom:1.6rem}.clip p{margin:.2rem 0;font-weight:normal}.clip small{font-weight:normal}
.rows{display:flex;min-width:38rem;line-height:1.1}
.rows div{display:flex;flex-direction:column;position:sticky;left:0;background:Canvas;padding-right:.6rem}
.rows span{flex:1;display:flex;align-items:center}
.rows img{flex:1;min-width:0;max-width:calc(100% - 5rem)}
"""
"""What a page with such figures adds to its style."""


def clip_figure(title: str, rows: Sequence[tuple[str, Row]], more: str = "") -> str:
    """Return a figure of named rows, `(T, H, W)` each, of up to 8 frames; `more` is HTML below the title."""
    frames = frames_shown(rows[0][1].pixels.shape[0], FRAMES_SHOWN)
    names = "".join(f"<span>{html.escape(name)}</span>" for name, _ in rows)
    drawn = np.concatenate([_in_a_row(row.colours[row.pixels[list(frames)]]) for _, row in rows])
    told = f"{title}: {', '.join(name for name, _ in rows)} at frames {', '.join(map(str, frames))}"
    image = picture(encode_png(Image.fromarray(drawn[:-GAP, :-GAP])), told)
    caption = f"{html.escape(title)} <small>frames {', '.join(map(str, frames))}</small>"
    body = wide(f'<div class="rows"><div>{names}</div>{image}</div>', title)
    return f'<figure class="clip"><figcaption>{caption}{more}</figcaption>{body}</figure>'


def class_key(classes: Classes = DIGITS) -> str:
    """Return what the colours of classes mean, as HTML."""
    return f'<p class="key">Classes: {swatches(classes.all_names, class_colours(classes))}</p>'


def swatches(names: Sequence[str], colours: UInt8) -> str:
    """Return names beside their colours, `(N, 3)` with at least as many rows, as HTML."""
    pairs = zip(names, colours.tolist(), strict=False)
    return "".join(
        f'<span><i style="background:rgb{tuple(colour)}"></i>{html.escape(name)}</span>'
        for name, colour in pairs
    )


def _in_a_row(frames: UInt8) -> UInt8:
    """Return frames `(T, H, W, 3)` side by side, each with a clear edge below and to the right, `(h, w, 4)`."""
    T, H, W = frames.shape[:3]
    row = np.zeros((H + GAP, T, W + GAP, 4), np.uint8)
    row[:H, :, :W, :3] = frames.swapaxes(0, 1)
    row[:H, :, :W, 3] = 255
    return row.reshape(H + GAP, -1, 4)
