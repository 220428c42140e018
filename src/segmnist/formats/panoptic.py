"""Panoptic frames for COCO and VIPSeg: a PNG of segment ids and a list of segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from segmnist.classes import Classes
from segmnist.formats.card import CATEGORY_OF_CLASS
from segmnist.formats.layout import Array, Clip
from segmnist.formats.pictures import frames_of, jpeg, png_rgb
from segmnist.formats.rle import box_xywh

BACKGROUND_ID = 255


def segment_ids(instance: Array) -> Array:
    """Return the segment ids of `(...)` instance ids: 1..N for the digits, 255 for the background.

    A digit has the same id in every frame; 0 is void.
    """
    return np.where(instance == 0, np.uint32(BACKGROUND_ID), instance.astype(np.uint32))


def segments(instance: Array, labels: Array, classes: Classes) -> list[dict[str, Any]]:
    """Return the `segments_info` of a `(H,W)` frame: the background first, then each visible digit."""
    found = []
    for digit in np.unique(instance).tolist():
        mask = instance == digit
        label = int(labels[digit - 1]) if digit else classes.background
        found.append(
            {
                "id": digit or BACKGROUND_ID,
                "category_id": label + CATEGORY_OF_CLASS,
                "area": int(mask.sum()),
                "bbox": box_xywh(mask),
                "iscrowd": 0,
            }
        )
    return found


def frames_and_segments(clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's frames: of each its JPEG, then the PNG of its segments."""
    for frame, instance in zip(frames_of(clip), clip["instance"]):
        yield jpeg(frame)
        yield png_rgb(segment_ids(instance))
