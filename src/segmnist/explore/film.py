"""A view's clip as a file to keep: contact sheet, GIF or MP4."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from segmnist.explore.clip import Drawn
from segmnist.views.preview.animation import save_preview
from segmnist.views.preview.strips import names_of

MEDIA = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
MAX_PIXELS = 48 << 20
"""Pixels of all pages of a film that is enlarged."""
TILE_SIDE = 256
MAX_SCALE = 32


def film_of(drawn: Drawn, kind: str) -> bytes:
    """Return the clip beside its classes and instances as png, gif or mp4.

    A long film is enlarged less. Raises `MissingDependency` for mp4 without PyAV.
    """
    clip = drawn.clip
    T, H, W = clip.video.shape
    # Three panels of T frames; what a view may cost leaves room for films that are not enlarged.
    fits = math.isqrt(MAX_PIXELS // (3 * T * H * W)) if kind != "png" else MAX_SCALE
    scale = max(min(TILE_SIDE // max(H, W), fits, MAX_SCALE), 1)
    with tempfile.TemporaryDirectory(prefix="segmnist-") as folder:
        path = Path(folder) / f"clip.{kind}"
        title = f"Clip {clip.clip_id}: digits {names_of(clip.labels, clip.classes)}"
        save_preview(
            path, [clip.video], [clip["semantic"]], [clip.labels],
            instances=[clip["instance"]], titles=[title], scale=scale, classes=clip.classes,
        )  # fmt: skip
        return path.read_bytes()
