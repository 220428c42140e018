"""Panoptic frames, as COCO and VIPSeg share them: a PNG of segment ids and what each segment is."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmnist.classes import BACKGROUND
from segmnist.formats.card import CATEGORY_OF_CLASS
from segmnist.formats.layout import Array
from segmnist.formats.rle import box_xywh


def segment_ids(instance: Array) -> Array:
    """Return the segment ids of `(...)` instance ids: 1..N the digits, N's like in every frame, and 255 the
    background; 0 is void."""
    return np.where(instance == 0, np.uint32(255), instance.astype(np.uint32))


def segments(instance: Array, labels: Array) -> list[dict[str, Any]]:
    """Return the `segments_info` of a `(H,W)` frame: one for each digit that is seen, one for the
    background."""
    ids = segment_ids(instance)
    found = []
    for segment in np.unique(ids).tolist():
        mask = ids == segment
        label = BACKGROUND if segment == 255 else int(labels[segment - 1])
        found.append(
            {
                "id": segment,
                "category_id": label + CATEGORY_OF_CLASS,
                "area": int(mask.sum()),
                "bbox": box_xywh(mask),
                "iscrowd": 0,
            }
        )
    return found
