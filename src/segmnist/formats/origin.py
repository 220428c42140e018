"""The arrays of the 2020 layout, all uint8, 255 for no class.

images and masks are (N,T,1,H,W), labels (N,T,max_digits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.formats.layout import Arrays, Layout

NAMES = ("images", "masks", "labels")
TRUTHS = ("semantic",)
Shapes = Mapping[str, tuple[int, ...]]
BACKGROUND, PADDING = 10, 255
"""The values in `semantic` and `labels` that the 2020 layout replaces by the ignore label."""


def origin_arrays(arrays: Arrays, ignore_label: int = 255) -> dict[str, NDArray[np.uint8]]:
    """Return a batch as images, masks `(B,T,1,H,W)` and labels `(B,T,N)`.

    One label stands for background and padding.
    """
    semantic, labels = arrays["semantic"], arrays["labels"]
    num_frames = semantic.shape[1]
    masks = np.where(semantic == BACKGROUND, np.uint8(ignore_label), semantic)
    padded = np.where(labels == PADDING, np.uint8(ignore_label), labels)
    every_frame = np.repeat(padded[:, None, :], num_frames, axis=1)
    return {"images": arrays["video"][:, :, None], "masks": masks[:, :, None], "labels": every_frame}


def clip_arrays(
    layout: Layout, names: Sequence[str], rows: Sequence[int], stored: Arrays
) -> dict[str, NDArray[Any]]:
    """Return these arrays of our own layout, made of those of the 2020 layout."""
    labels = stored["labels"][:, 0]
    ids = layout.recipe.get("clip_ids") or ()
    first = layout.recipe.get("first_clip", 0)
    arrays = {
        "clip_id": np.array([ids[row] if ids else first + row for row in rows], np.int64),
        "video": stored["images"][:, :, 0],
        "semantic": np.where(stored["masks"] == IGNORE, np.uint8(BACKGROUND), stored["masks"])[:, :, 0],
        "labels": labels,
        "num_digits": (labels != PADDING).sum(axis=1),
    }
    return {name: arrays[name].astype(layout.arrays[name].dtype, copy=False) for name in names}


def shapes(layout: Layout) -> Shapes:
    """Return the shapes of the arrays of all clips, by name."""
    T, H, W = layout.arrays["video"].shape
    frames = (layout.num_clips, T, 1, H, W)
    return {
        "images": frames,
        "masks": frames,
        "labels": (layout.num_clips, T, *layout.arrays["labels"].shape),
    }
