"""What a page shows of each clip: a title and rows, each an array of pixels with its table of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, IGNORE, Classes
from segmnist.errors import BadArgument
from segmnist.palette import GREY_LEVELS, INSTANCE_COLOURS, UInt8, class_colours

Batch = Sequence[UInt8] | UInt8
"""One array a clip: a sequence of them, or one array with a leading clip axis."""

MAX_CLIPS = 100


@dataclass(frozen=True, eq=False)
class Row:
    """Pixels (T,H,W) uint8 and the RGB that each of the 256 values stands for, colours (256,3) uint8.

    A table instead of RGB pixels: it is a third of the size, and a GIF can keep every colour of it. Pixels (T,H,W,3) of a
    video in colour are RGB already, and need no table.
    """

    pixels: UInt8
    colours: UInt8

    def __post_init__(self) -> None:
        _check_video("pixels", self.pixels)
        if self.colours.shape != (256, 3) or self.colours.dtype != np.uint8:
            raise BadArgument("colours", f"{self.colours.dtype} {self.colours.shape}", "uint8 (256, 3)")

    @property
    def is_rgb(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 4

    def rgb(self, t: int) -> UInt8:
        """Return frame t, (H,W,3) uint8."""
        return self.pixels[t] if self.is_rgb else self.colours[self.pixels[t]]


@dataclass(frozen=True, eq=False)
class Strip:
    """One clip on a page: its title, its rows, all of the same frames, height and width, and its classes."""

    title: str
    rows: tuple[Row, ...]
    classes: Classes = DIGITS

    def __post_init__(self) -> None:
        shapes = [row.pixels.shape[:3] for row in self.rows]
        if len(set(shapes)) != 1:
            raise BadArgument("rows", shapes, "at least one row, all of one shape")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height, width."""
        T, H, W = self.rows[0].pixels.shape[:3]
        return T, H, W


def clip_title(index: int, labels: UInt8, classes: Classes = DIGITS) -> str:
    """The title of clip `index` (from 0) with these labels (N,) uint8; padding (255) is left out.

    >>> clip_title(0, np.array([6, 0, 9, 255], np.uint8))
    'Sample 1 : MNIST digits [6, 0, 9]'
    >>> clip_title(1, np.array([], np.uint8))
    'Sample 2 : no digits'
    """
    digits = labels[labels != IGNORE].tolist()
    words = f"MNIST digits {digits}" if classes == DIGITS else names_of(labels, classes)
    return f"Sample {index + 1} : " + (words if digits else "no digits")


def names_of(labels: UInt8, classes: Classes) -> str:
    """Return the names of labels (N,) uint8 with commas between them, padding (255) left out; "none" of none.

    >>> names_of(np.array([6, 0, 255], np.uint8), DIGITS)
    '6, 0'
    """
    return ", ".join(classes.names[label] for label in labels[labels != IGNORE]) or "none"


def title_of(clip_id: int, labels: UInt8, classes: Classes = DIGITS) -> str:
    """Return the title of a clip that has an id.

    >>> title_of(57, np.array([6, 0, 9, 255], np.uint8)), title_of(3, np.array([], np.uint8))
    ('Clip 57: digits 6, 0, 9', 'Clip 3: no digits')
    """
    kind = "digits " if classes == DIGITS else ""
    found = (labels != IGNORE).any()
    return f"Clip {clip_id}: " + (f"{kind}{names_of(labels, classes)}" if found else "no digits")


def clip_strips(
    videos: Batch,
    semantics: Batch,
    labels: Batch,
    *,
    instances: Batch | None = None,
    titles: Sequence[str] | None = None,
    classes: Classes = DIGITS,
) -> tuple[Strip, ...]:
    """Strips of 1..100 clips: the video, the classes and, if given, the instances, each (T,H,W) uint8 a clip.

    `labels` are (N,) uint8 a clip, the number of a class of digits or the padding 255; `titles` replaces the titles made of
    them. `classes` has the names. Clips may differ in shape.

    Raises BadArgument for a wrong number of clips, shape, dtype, or a class that is none of these and not 255.
    """
    if not 1 <= len(videos) <= MAX_CLIPS:
        raise BadArgument("videos", f"{len(videos)} clips", f"1..{MAX_CLIPS} clips", "preview a selection")
    for name, group in (("semantics", semantics), ("labels", labels), ("instances", instances)):
        _check_count(name, group, len(videos))
    _check_count("titles", titles, len(videos))
    return tuple(
        Strip(
            clip_title(i, _checked_labels(labels[i], i, classes), classes)
            if titles is None
            else str(titles[i]),
            _clip_rows(i, videos[i], semantics[i], None if instances is None else instances[i], classes),
            classes,
        )
        for i in range(len(videos))
    )


def _clip_rows(
    clip: int, video: UInt8, semantic: UInt8, instance: UInt8 | None, classes: Classes
) -> tuple[Row, ...]:
    _check_video(f"videos[{clip}]", video)
    _check_like(f"semantics[{clip}]", semantic, video)
    odd = (semantic > classes.background) & (semantic != IGNORE)
    if np.any(odd):
        expected = f"{classes.range} a digit, {classes.background} background, 255 ignore"
        raise BadArgument(f"semantics[{clip}]", int(semantic[odd][0]), expected)
    rows = [Row(video, GREY_LEVELS), Row(semantic, class_colours(classes))]
    if instance is not None:
        _check_like(f"instances[{clip}]", instance, video)
        rows.append(Row(instance, INSTANCE_COLOURS))
    return tuple(rows)


def _check_count(name: str, group: Sequence[Any] | NDArray[Any] | None, num_clips: int) -> None:
    if group is not None and len(group) != num_clips:
        raise BadArgument(name, f"{len(group)} clips", f"{num_clips}, one for each video")


def _check_array(name: str, array: Any, axes: str, ndim: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != ndim:
        raise BadArgument(name, _described(array), f"a uint8 array {axes}")
    if array.size == 0 and ndim > 1:
        raise BadArgument(name, _described(array), f"at least one frame, row and column in {axes}")


def _check_video(name: str, video: Any) -> None:
    is_rgb = isinstance(video, np.ndarray) and video.ndim == 4 and video.shape[-1] == 3
    _check_array(name, video, "(T,H,W,3)" if is_rgb else "(T,H,W)", 4 if is_rgb else 3)


def _check_like(name: str, array: Any, video: UInt8) -> None:
    _check_array(name, array, "(T,H,W)", 3)
    if array.shape != video.shape[:3]:
        raise BadArgument(name, array.shape, f"the shape of its video, {video.shape[:3]}")


def _checked_labels(labels: Any, clip: int, classes: Classes) -> UInt8:
    _check_array(f"labels[{clip}]", labels, "(N,)", 1)
    checked: UInt8 = labels
    if np.any((checked >= classes.background) & (checked != IGNORE)):
        raise BadArgument(f"labels[{clip}]", checked.tolist(), f"digits {classes.range}, or 255 for padding")
    return checked


def _described(array: Any) -> str:
    if isinstance(array, np.ndarray):
        return f"{array.dtype} {array.shape}"
    return type(array).__name__
