"""The figure: a video, its truth, what its posterior says, and how sure that is, over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segmnist.errors import BadArgument
from segmnist.oracle.posterior import Posterior
from segmnist.preview import CLASS_COLOURS, Row, Strip, draw_sheet, sheet_layout
from segmnist.preview.palette import GREY_LEVELS
from segmnist.render.clips import Clip

ENTROPY_FULL = float(np.log(2))
"""Nats that are drawn white: a toss-up between two classes."""


def _entropy_colours() -> NDArray[np.uint8]:
    """Return black to blue to white over 256 steps, (256,3) uint8: no colour of the classes."""
    steps = np.linspace(0, 1, 256)[:, None]
    blue, white, black = np.array([0, 130, 200]), np.array([255, 255, 255]), np.array([0, 0, 0])
    lower, upper = black + (blue - black) * (steps / 0.5), blue + (white - blue) * (steps / 0.5 - 1)
    return np.where(steps < 0.5, lower, upper).round().astype(np.uint8)


def posterior_strip(clip: Clip, posterior: Posterior, title: str) -> Strip:
    """Return four rows for a contact sheet: video, truth, most probable class, entropy (white from ln 2
    on)."""
    if posterior.semantic.shape != clip.video.shape:
        raise BadArgument(
            "posterior", posterior.semantic.shape, f"a posterior of this clip, {clip.video.shape}"
        )
    bits = np.minimum(posterior.entropy / ENTROPY_FULL, 1)
    rows = (
        Row(clip.video, GREY_LEVELS),
        Row(clip.semantic, CLASS_COLOURS),
        Row(posterior.semantic, CLASS_COLOURS),
        Row((255 * bits).round().astype(np.uint8), _entropy_colours()),
    )
    return Strip(title, rows)


def posterior_sheet(clip: Clip, posteriors: list[Posterior], *, num_columns: int = 8) -> Image.Image:
    """Draw one clip (with semantic truth) for several observers, as an RGB image.

    Each observer's rows are, from above: the video, its truth, the most probable class, the entropy of the
    class (black 0, white ln 2 or more).
    """
    digits = ", ".join(map(str, clip.labels.tolist()))
    about = "video, truth, most probable class, entropy (white: ln 2)"
    strips = [
        posterior_strip(
            clip, posterior, f"clip {clip.clip_id}, digits [{digits}], {posterior.observer} observer: {about}"
        )
        for posterior in posteriors
    ]
    return draw_sheet(strips, sheet_layout(strips, num_columns=num_columns))
