"""Clips as inline pictures for a page: rows of frames, truth, prediction and error."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.evaluate.arithmetic import Maps
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, GREY_LEVELS, INSTANCE_COLOURS

FRAMES_SHOWN = 8
"""Frames of each clip, spread over its length."""

ROWS = ("frame", "truth", "prediction", "error")

ERRORS = ("another digit", "missed digit", "invented digit")
"""Kinds of wrong pixels, in the order of their colours, which are the first three instances'."""


class Picture(NamedTuple):
    """A clip for the page: its id and `(T, H, W)` video, true classes and predicted classes, all uint8."""

    clip_id: int
    video: Maps
    truth: Maps
    prediction: Maps


def error_map(truth: Maps, prediction: Maps) -> Maps:
    """Return which pixels are wrong and how, uint8 of the maps' shape.

    0 right, 1 another digit, 2 a digit missed, 3 a digit invented.
    """
    kinds = [prediction == truth, prediction == BACKGROUND, truth == BACKGROUND]
    return np.select(kinds, [0, 2, 3], default=1).astype(np.uint8)


def key() -> str:
    """Return what the colours of classes and errors mean, as HTML."""
    classes = _swatches(zip(CLASS_NAMES, CLASS_COLOURS.tolist(), strict=False))
    errors = _swatches(zip(ERRORS, INSTANCE_COLOURS[1:].tolist(), strict=False))
    return f'<p class="key">Classes: {classes}</p><p class="key">Errors: {errors}</p>'


def _swatches(colours: Iterable[tuple[str, list[int]]]) -> str:
    return "".join(
        f'<span><i style="background:rgb{tuple(colour)}"></i>{name}</span>' for name, colour in colours
    )


def figure(picture: Picture) -> str:
    """Return a clip's contact sheet with the names of its rows, as HTML."""
    png = base64.b64encode(_png(contact_sheet(picture))).decode()
    names = "".join(f"<span>{name}</span>" for name in ROWS)
    return (
        f"<figure><figcaption>Clip {picture.clip_id}</figcaption>{names}"
        f'<img alt="clip {picture.clip_id}: {", ".join(ROWS)}" src="data:image/png;base64,{png}"></figure>'
    )


def contact_sheet(picture: Picture, gap: int = 2) -> NDArray[np.uint8]:
    """Return rows of frames, truth, prediction and error of a clip, `(h, w, 3)` uint8.

    Up to 8 frames stand side by side.
    """
    T, H, W = picture.video.shape
    frames = np.unique(np.linspace(0, T - 1, FRAMES_SHOWN).round().astype(int))
    wrong = error_map(picture.truth, picture.prediction)
    rows = (
        GREY_LEVELS[picture.video], CLASS_COLOURS[picture.truth], CLASS_COLOURS[picture.prediction],
        INSTANCE_COLOURS[wrong],
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
