"""The figure: a video, its truth, what its posterior says, and how sure that is, over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segmnist.errors import BadArgument
from segmnist.oracle.posterior import Posterior
from segmnist.palette import CLASS_COLOURS, GREY_LEVELS
from segmnist.render.clips import Clip
from segmnist.views.preview.figure import draw_sheet, sheet_layout
from segmnist.views.preview.layout import whole_scale
from segmnist.views.preview.strips import Row, Strip

ENTROPY_FULL = float(np.log(2))
"""Nats that are drawn white: a toss-up between two classes."""

COLUMNS = 6
"""Frames of a clip that are shown, so that a figure as wide as a page of text can be read."""

TILE_TARGET = 192
"""Pixels of the longer side of a frame, or up to this many."""


def _entropy_colours() -> NDArray[np.uint8]:
    """Return black to blue to white over 256 steps, (256,3) uint8: no colour of the classes."""
    steps = np.linspace(0, 1, 256)[:, None]
    blue, white, black = np.array([0, 130, 200]), np.array([255, 255, 255]), np.array([0, 0, 0])
    lower, upper = black + (blue - black) * (steps / 0.5), blue + (white - blue) * (steps / 0.5 - 1)
    return np.where(steps < 0.5, lower, upper).round().astype(np.uint8)


def posterior_strips(clip: Clip, posteriors: list[Posterior], about: str = "") -> list[Strip]:
    """Return strips for a contact sheet: the video over its truth, then a pair of rows for each observer.

    A pair is the most probable class over the entropy of the class. The clip needs its semantic truth. Raises
    `BadArgument` for a posterior of another shape.
    """
    digits = ", ".join(map(str, clip.labels.tolist()))
    title = f"{about or f'clip {clip.clip_id}, digits [{digits}]'}: the video, its truth"
    strips = [Strip(title, (Row(clip.video, GREY_LEVELS), Row(clip.semantic, CLASS_COLOURS)))]
    for posterior in posteriors:
        if posterior.semantic.shape != clip.video.shape:
            fix = f"a posterior of this clip, {clip.video.shape}"
            raise BadArgument("posterior", posterior.semantic.shape, fix)
        ahead = f" {posterior.horizon}" if posterior.horizon else ""
        share = np.minimum(posterior.entropy / ENTROPY_FULL, 1)
        doubt = Row((255 * share).round().astype(np.uint8), _entropy_colours())
        top = float(posterior.entropy.max())
        most = f"at most {top:.2g} nats here; black 0, white ln 2 or more" if top > 0 else "0 everywhere"
        title = f"{posterior.observer}{ahead} observer: the most probable class, its entropy ({most})"
        strips.append(Strip(title, (Row(posterior.semantic, CLASS_COLOURS), doubt)))
    return strips


def posterior_sheet(clip: Clip, posteriors: list[Posterior], *, num_columns: int = COLUMNS) -> Image.Image:
    """Draw one clip, with its semantic truth, and what several observers know of it, as an RGB image."""
    return draw_posteriors(posterior_strips(clip, posteriors), num_columns=num_columns)


def draw_posteriors(
    strips: list[Strip], *, num_columns: int = COLUMNS, scale: int | None = None
) -> Image.Image:
    """Draw strips of `posterior_strips`, of one clip or several of one shape, as an RGB image.

    `scale` enlarges by a whole factor; None chooses one that shows frames at up to 192 pixels.
    """
    factor = whole_scale(*strips[0].shape[1:], TILE_TARGET) if scale is None else scale
    return draw_sheet(strips, sheet_layout(strips, num_columns=num_columns, scale=factor))
