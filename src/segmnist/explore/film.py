"""A clip as a file to keep: contact sheet, GIF or MP4, of the clip itself or of what the page drew of it."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from segmnist.errors import BadArgument
from segmnist.explore.clip import Drawn
from segmnist.explore.view import real, whole
from segmnist.views.preview.animation import save_preview
from segmnist.views.preview.encode import encode_gif, encode_mp4, frame_durations
from segmnist.views.preview.strips import names_of

MEDIA = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
MAX_PIXELS = 48 << 20
"""Pixels of all pages of a film that is enlarged."""
MAX_SHEET_BYTES = 64 << 20
"""Bytes of a PNG with all frames of a film that the page drew."""
MAX_FRAMES, MAX_SIDE = 10_000, 16_384
TILE_SIDE = 256
MAX_SCALE = 32


def film_of(drawn: Drawn, kind: str) -> bytes:
    """Return the clip, in colour where the view has `rgb`, beside its classes and instances as png, gif or mp4.

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
            path, [clip["rgb" if "rgb" in drawn.view.layers else "video"]], [clip["semantic"]], [clip.labels],
            instances=[clip["instance"]], titles=[title], scale=scale, classes=clip.classes,
        )  # fmt: skip
        return path.read_bytes()


def film_of_sheet(sheet: bytes, kind: str, query: Mapping[str, str]) -> bytes:
    """Return the frames that the page drew, with their overlays, as gif or mp4.

    sheet: a PNG of the frames side by side, in rows. query: `frames`, the number of them, `width` and `height` of each, and
    `fps`. Raises `BadArgument` for a sheet that has not these frames, `MissingDependency` for mp4 without PyAV.
    """
    frames = whole("frames", query.get("frames", ""), 1, MAX_FRAMES)
    width, height = (whole(side, query.get(side, ""), 1, MAX_SIDE) for side in ("width", "height"))
    fps = real("fps", query.get("fps", "10"))
    if not 0.1 <= fps <= 50:
        raise BadArgument("fps", fps, "0.1..50")
    pages = _pages(_opened(sheet), frames, height, width, colours=kind == "gif")
    if kind == "mp4":
        return encode_mp4((np.asarray(page) for page in pages), fps)
    palette = np.array(pages[0].getpalette(), np.uint8).reshape(-1, 3)
    return encode_gif((np.asarray(page) for page in pages), palette, frame_durations(frames, fps, unit=10))


def _opened(sheet: bytes) -> Image.Image:
    """Return the picture; raise `BadArgument` for what is no PNG, and for one that is too large, before it is decoded."""
    try:
        image = Image.open(io.BytesIO(sheet), formats=["PNG"])
    except (OSError, ValueError, Image.DecompressionBombError):
        raise BadArgument("sheet", f"{len(sheet):,} bytes", "a PNG of the frames") from None
    if image.width * image.height > MAX_PIXELS:
        fix = "save the page instead, or a shorter clip"
        raise BadArgument("sheet", f"{image.width}x{image.height}", f"{MAX_PIXELS:,} pixels at most", fix)
    return image


def _pages(sheet: Image.Image, frames: int, height: int, width: int, colours: bool) -> list[Image.Image]:
    """Return the frames of a sheet, with `colours` as indices into one palette of 256."""
    columns, rows = sheet.width // width, sheet.height // height
    if (columns * width, rows * height) != sheet.size or columns * rows < frames:
        raise BadArgument("sheet", f"{sheet.width}x{sheet.height}", f"{frames} frames of {width}x{height}")
    try:
        drawn = sheet.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        raise BadArgument("sheet", f"{sheet.width}x{sheet.height}", "a whole PNG") from None
    if colours:
        drawn = drawn.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    corners = [(t % columns * width, t // columns * height) for t in range(frames)]
    return [drawn.crop((x, y, x + width, y + height)) for x, y in corners]
