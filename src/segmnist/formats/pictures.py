"""Frames as picture files with reproducible bytes: no clock and no comment in them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segmnist.formats.layout import Array, Arrays, Clip
from segmnist.render.arrays import ARRAYS

UInt8 = NDArray[np.uint8]

PNG_LEVEL = 6

JPEG_QUALITY = 100
"""All quantisation steps are 1: nine pixels of ten keep their grey level, none is off by more than 2.

At 95 a third of the pixels keep theirs, and some are off by 10. Readers that look for `.jpg` names get real JPEGs:
Pillow and OpenCV would open a PNG under such a name, but decoders that take nothing but JPEG would not.
"""


def frames_of(clip: Clip) -> Array:
    """Return the frames that a model would see: `rgb` `(T,H,W,3)` where it was drawn, else `video` `(T,H,W)`."""
    return clip.get("rgb", clip["video"])


def png(frame: UInt8) -> bytes:
    """Return a `(H,W)` or `(H,W,3)` frame as a grey PNG or one in colour, 8 bits a channel."""
    return _saved(frame, None, "PNG")


def png_palette(ids: UInt8, colours: UInt8) -> bytes:
    """Return `(H,W)` ids as a palette PNG: programs read the ids, people see the `(256,3)` colours."""
    return _saved(ids, colours, "PNG")


def png_rgb(ids: Array) -> bytes:
    """Return `(H,W)` ids below 2^24 as the COCO panoptic PNG: id = R + 256 G + 65536 B."""
    return _saved(
        np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8), None, "PNG"
    )


def jpeg(frame: UInt8) -> bytes:
    """Return a `(H,W)` frame as a grey JPEG, no pixel off by more than 2 levels, or a `(H,W,3)` frame as one in colour."""
    return _saved(frame, None, "JPEG")


def _saved(pixels: UInt8, colours: UInt8 | None, kind: str) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels)
    if colours is not None:
        picture.putpalette(colours.tobytes())
    file = io.BytesIO()
    options = {"compress_level": PNG_LEVEL} if kind == "PNG" else {"quality": JPEG_QUALITY}
    if kind == "JPEG" and pixels.ndim == 3:
        options["subsampling"] = 0  # hues as sharp as grey levels
    picture.save(file, kind, **options)
    return file.getvalue()


def clips_of(shard: Arrays) -> Iterator[Clip]:
    """Iterate over the clips of a shard; each has as many digit rows as it has digits."""
    for row, count in enumerate(shard["num_digits"].tolist()):
        yield {name: array[row][:count] if _has_digits(name) else array[row] for name, array in shard.items()}


def _has_digits(name: str) -> bool:
    return name in ARRAYS and ARRAYS[name].axes[:1] == ("digit",)
