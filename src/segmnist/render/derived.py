"""Truths that follow from a Scene and measured areas in a line or two of NumPy: B clips, N digits, S shapes, T frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.scene.fixed_point import ONE
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene

Array = NDArray[Any]

TWINS = (2, 5, 6, 9)
"""Classes that have a twin: a turned 6 is a 9, and a 2 is easily taken for a 5."""

CAMOUFLAGE_LEVELS = 5
"""A digit pixel within so many grey levels of what it hides counts as camouflaged in `camouflaged_share`."""


def real_digits(scene: Scene) -> Array:
    """Return which rows hold a digit, `(B,N)` bool: neither padding, nor taken out."""
    in_use = np.arange(scene.label.shape[1]) < scene.num_digits[:, None]
    rows: Array = in_use & (scene.label != NO_DIGIT)
    return rows


def real_shapes(scene: Scene) -> Array:
    """Return which rows hold a shape, `(B,S)` bool: neither padding, nor taken out."""
    in_use = np.arange(scene.shape_kind.shape[1]) < scene.num_shapes[:, None]
    rows: Array = in_use & (scene.shape_kind != NO_SHAPE)
    return rows


def visibility(visible_area: Array, amodal_area: Array) -> Array:
    """Return visible / amodal area as float32, 0 where there is nothing to see."""
    return (visible_area / np.maximum(amodal_area, 1)).astype(np.float32)


def truncation(amodal_area: Array, whole_area: Array) -> Array:
    """Return the share of the whole area that lies outside the frame as float32, 0 for a digit without ink."""
    return ((whole_area - amodal_area) / np.maximum(whole_area, 1)).astype(np.float32)


def depth_order(scene: Scene) -> Array:
    """Return ranks from back to front `(B,N,T)` uint8, 255 in padding."""
    return np.where(real_digits(scene)[:, :, None], scene.depth, np.uint8(255))


def pose(scene: Scene) -> Array:
    """Return centre y, centre x, angle, scale, brightness `(B,N,T,5)` float64: exactly what is drawn."""
    lengths = [scene.y / ONE, scene.x / ONE, scene.angle / 100, scene.scale / ONE, scene.brightness / ONE]
    return np.where(real_digits(scene)[:, :, None, None], np.stack(lengths, axis=-1), 0.0)


def shape_arrays(scene: Scene) -> dict[str, Array]:
    """Return shape_pose `(B,S,T,4)`, shape_kind, shape_level `(B,S)` and num_shapes `(B,)`."""
    height, width = scene.shape_height[:, :, None], scene.shape_width[:, :, None]
    columns = (scene.shape_y + height / 2, scene.shape_x + width / 2, height, width)
    real = real_shapes(scene)
    poses = np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float32)
    return {
        "shape_pose": np.where(real[:, :, None, None], poses, np.float32(0)),
        "shape_kind": np.where(real, scene.shape_kind, np.int8(-1)),
        "shape_level": np.where(real, scene.shape_level, np.uint8(0)),
        "num_shapes": scene.num_shapes,
    }


def difficulty(scene: Scene, visible_area: Array, amodal_area: Array, counts: Array) -> dict[str, Array]:
    """Return what makes each clip hard: min and mean visibility, camouflaged share, digits with a twin; each `(B,)`.

    counts: digit pixels seen, and those of them that are camouflaged, `(B,2)`. Digits outside the frame do not count; a clip
    whose digits are never in the frame has visibility 0.
    """
    present = amodal_area > 0
    shares = np.where(present, visible_area / np.maximum(amodal_area, 1), 0.0)
    some = present.any(axis=(1, 2))
    lowest = np.where(present, shares, np.inf).min(axis=(1, 2), initial=np.inf)
    mean = shares.sum(axis=(1, 2)) / np.maximum(present.sum(axis=(1, 2)), 1)
    camouflaged = counts[:, 1] / np.maximum(counts[:, 0], 1)
    return {
        "min_visibility": np.where(some, lowest, 0.0).astype(np.float32),
        "mean_visibility": mean.astype(np.float32),
        "camouflaged_share": camouflaged.astype(np.float32),
        "num_twins": np.isin(scene.label, TWINS).sum(axis=1, dtype=np.int32),
    }
