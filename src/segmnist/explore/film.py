"""A view's clip as a file to keep: contact sheet, GIF or MP4."""

from __future__ import annotations

import tempfile
from pathlib import Path

from segmnist.classes import IGNORE
from segmnist.errors import BadArgument
from segmnist.explore.clip import Drawn
from segmnist.views.preview.animation import save_preview

MEDIA = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
MAX_PIXELS = 48 << 20
"""Pixels of all pages of a film."""
TILE_SIDE = 256


def film_of(drawn: Drawn, kind: str) -> bytes:
    """Return the clip beside its classes and instances as png, gif or mp4.

    Raises `BadArgument` for a film of too many pixels, `MissingDependency` for mp4 without PyAV.
    """
    clip = drawn.clip
    T, H, W = clip.video.shape
    scale = max(TILE_SIDE // max(H, W), 1)
    pixels = 3 * H * W * scale * scale
    if T * pixels > MAX_PIXELS and kind != "png":
        raise BadArgument("num_frames", T, f"{MAX_PIXELS // pixels} or fewer for a {kind} of this size")
    with tempfile.TemporaryDirectory(prefix="segmnist-") as folder:
        path = Path(folder) / f"clip.{kind}"
        title = f"Clip {clip.clip_id} : MNIST digits {clip.labels[clip.labels != IGNORE].tolist()}"
        save_preview(
            path, [clip.video], [clip["semantic"]], [clip.labels],
            instances=[clip["instance"]], titles=[title], scale=min(scale, 32),
        )  # fmt: skip
        return path.read_bytes()
