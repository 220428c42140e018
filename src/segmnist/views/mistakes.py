"""Wrong predictions as pictures for a page: frames, truth, prediction and errors of clips."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlencode

import numpy as np

from segmnist.classes import BACKGROUND
from segmnist.html_page import picture
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, GREY_LEVELS, INSTANCE_COLOURS, UInt8
from segmnist.suites.worst import Predicted
from segmnist.views.preview.encode import encode_png
from segmnist.views.preview.figure import draw_sheet, sheet_layout
from segmnist.views.preview.strips import Row, Strip

EXPLORER = "http://127.0.0.1:8008"
"""Where `segmnist explore` serves its page."""

FRAMES_SHOWN = 8
"""Frames of each clip, spread over its length."""

ERRORS = ("another digit", "missed digit", "invented digit")
"""Kinds of wrong pixels, in the order of their colours, which are the first three instances'."""


def error_map(truth: UInt8, prediction: UInt8) -> UInt8:
    """Return which pixels are wrong and how, uint8 of the maps' shape.

    0 right, 1 another digit, 2 a digit missed, 3 a digit invented.
    """
    kinds = [prediction == truth, prediction == BACKGROUND, truth == BACKGROUND]
    return np.select(kinds, [0, 2, 3], default=1).astype(np.uint8)


def mistake_strip(clip: Predicted) -> Strip:
    """Return a clip's frames above its true classes, its predicted classes and its errors."""
    rows = (
        Row(clip.video, GREY_LEVELS),
        Row(clip.truth, CLASS_COLOURS),
        Row(clip.prediction, CLASS_COLOURS),
        Row(error_map(clip.truth, clip.prediction), INSTANCE_COLOURS),
    )
    return Strip(f"Clip {clip.clip_id}: frame, truth, prediction, error", rows)


def mistakes_html(clips: Sequence[Predicted]) -> str:
    """Return a contact sheet of clips and what its colours mean, as HTML."""
    if not clips:
        return ""
    strips = [mistake_strip(clip) for clip in clips]
    sheet = draw_sheet(strips, sheet_layout(strips, num_columns=FRAMES_SHOWN))
    errors = _swatches(zip(ERRORS, INSTANCE_COLOURS[1:].tolist(), strict=False))
    classes = _swatches(zip(CLASS_NAMES, CLASS_COLOURS.tolist(), strict=False))
    key = f'<p class="key">Classes: {classes}</p><p class="key">Errors: {errors}</p>'
    return key + picture(encode_png(sheet), f"{len(clips)} clips: frames, truth, prediction and errors")


def explorer_html(command: Sequence[str], part: str, clips: Sequence[Predicted]) -> str:
    """Return links to these clips of a part in the explorer that this command starts, as HTML."""
    if not clips:
        return ""
    addresses = [f"{EXPLORER}/clip?{urlencode({'part': part, 'clip': clip.clip_id})}" for clip in clips]
    links = ", ".join(
        f'<a href="{escape(address)}">clip {clip.clip_id}</a>'
        for address, clip in zip(addresses, clips, strict=True)
    )
    return f"<p>In the explorer: {links}. Start it with <code>{escape(shlex.join(command))}</code>.</p>"


def _swatches(colours: Iterable[tuple[str, list[int]]]) -> str:
    return "".join(
        f'<span><i style="background:rgb{tuple(colour)}"></i>{name}</span>' for name, colour in colours
    )
