"""Pages to the bytes of a file: a function for each kind of file, of its arguments alone."""

from __future__ import annotations

import importlib
import io
import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from segmnist.errors import MissingDependency
from segmnist.palette import UInt8

_MOST_COLOURS = 128


def encode_png(page: Image.Image) -> bytes:
    """A page as PNG."""
    buffer = io.BytesIO()
    page.save(buffer, format="PNG")
    return buffer.getvalue()


def encode_gif(pages: Iterable[UInt8], palette: UInt8, durations: list[int]) -> bytes:
    """Pages (h,w) uint8 of indices into a palette (n,3) uint8 as an endless GIF; durations in ms, by tens."""
    flat = palette.tobytes()

    def images() -> Iterator[Image.Image]:
        for page in pages:
            image = Image.fromarray(page)
            image.putpalette(flat)
            yield image

    # Disposal 1 (leave the page): each frame brings just the rectangle that changed. Without `optimize`
    # Pillow keeps the palette as it stands, and adds no transparency.
    return _animated(images(), "GIF", durations, palette=flat, optimize=False, disposal=1)


def encode_apng(pages: Iterable[UInt8], durations: list[int]) -> bytes:
    """Pages (h,w,3) uint8 as an endless animated PNG without loss; durations in ms."""
    return _animated(map(Image.fromarray, pages), "PNG", durations)


def encode_webp(pages: Iterable[UInt8], durations: list[int]) -> bytes:
    """Pages (h,w,3) uint8 as an endless animated WebP without loss; durations in ms."""
    # Noise does not compress: a higher method takes several times as long and saves a few per cent.
    return _animated(map(Image.fromarray, pages), "WEBP", durations, lossless=True, quality=20, method=1)


def _animated(images: Iterator[Image.Image], kind: str, durations: list[int], **options: Any) -> bytes:
    buffer = io.BytesIO()
    first, second = next(images), next(images, None)
    if second is None:
        # One frame is a still picture: Pillow takes no list of durations for it.
        first.save(buffer, format=kind, **options)
        return buffer.getvalue()
    # A list, because Pillow goes through the frames of a PNG twice.
    rest = [second, *images]
    options |= {"save_all": True, "append_images": rest, "duration": durations, "loop": 0}
    first.save(buffer, format=kind, **options)
    return buffer.getvalue()


def frame_durations(num_frames: int, fps: float, unit: int = 1) -> list[int]:
    """How long each frame shows in ms, in multiples of `unit`, such that the whole does not drift from `fps`.

    >>> frame_durations(6, 30, unit=10)
    [30, 40, 30, 30, 40, 30]
    """
    ends = [round(1000 * i / (fps * unit)) * unit for i in range(num_frames + 1)]
    return [end - start for start, end in itertools.pairwise(ends)]


def gif_palette(tables: Iterable[UInt8]) -> UInt8:
    """At most 256 distinct colours (n,3) uint8 for pages made of these tables: theirs, and grey levels.

    The first 128 colours of the tables are held exactly, in their order; greys within one level.
    """
    colours = np.concatenate(list(tables))
    _, firsts = np.unique(colours, axis=0, return_index=True)
    distinct = colours[np.sort(firsts)]
    is_grey = (distinct == distinct[:, :1]).all(axis=1)
    kept = distinct[~is_grey][:_MOST_COLOURS]
    levels = np.linspace(0, 255, 255 - len(kept)).round()
    # 128 is the grey of what is to be ignored; a neighbouring level will not do.
    greys = np.union1d(levels, [128]).astype(np.uint8)
    return np.concatenate([kept, np.repeat(greys[:, None], 3, axis=1)])


def nearest_colours(colours: UInt8, palette: UInt8) -> UInt8:
    """Index (...) uint8 of the palette's colour nearest to each of the colours (...,3) uint8."""
    packed = colours.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    distinct, inverse = np.unique(packed, return_inverse=True)
    rgb = np.stack([distinct >> 16, distinct >> 8 & 255, distinct & 255], axis=1).astype(np.int32)
    distance = ((rgb[:, None] - palette.astype(np.int32)) ** 2).sum(axis=2)
    indices: UInt8 = distance.argmin(axis=1).astype(np.uint8)[inverse].reshape(packed.shape)
    return indices


def load_av() -> Any:
    """PyAV, or MissingDependency."""
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise MissingDependency("mp4 preview", "video") from error


def encode_mp4(pages: Iterable[UInt8], fps: float) -> bytes:
    """Pages (h,w,3) uint8 as H.264 in yuv420p, which every player knows; an odd side grows by a white line.

    Raises MissingDependency without PyAV.
    """
    av = load_av()
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = None
        for page in pages:
            even = _padded_to_even(page)
            if stream is None:
                stream = _h264_stream(container, even.shape[0], even.shape[1], fps)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
    return buffer.getvalue()


def _h264_stream(container: Any, height: int, width: int, fps: float) -> Any:
    rate = Fraction(fps).limit_denominator(1000)
    # crf 14: the edges of the labels stay clean although yuv420p halves the resolution of colour.
    stream = container.add_stream("h264", rate=rate, options={"crf": "14", "preset": "medium"})
    stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
    # FFmpeg converts with BT.601's matrix; untold, players assume BT.709 for large pictures: other colours.
    context = stream.codec_context
    context.colorspace, context.color_range = 6, 1
    context.color_primaries, context.color_trc = 6, 6
    return stream


def _padded_to_even(page: UInt8) -> UInt8:
    height, width = page.shape[:2]
    return np.pad(page, ((0, height % 2), (0, width % 2), (0, 0)), constant_values=255)
