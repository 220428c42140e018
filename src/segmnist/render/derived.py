"""Arrays that follow from a Scene and other arrays in a line or two of NumPy: B clips, N digits, S shapes, T frames.

Each function bears the name of the array that it returns, and takes the Scene and the arrays that the table in `arrays.py` says
it needs, each with its leading clip axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, twin_classes
from segmnist.render.arrays import made
from segmnist.scene.fixed_point import ONE
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Derive = Callable[[Scene, Arrays], Array]

CAMOUFLAGE_LEVELS = 5
"""A digit pixel within so many grey levels of what it hides counts as camouflaged in `camouflaged_share`."""


def real_digits(scene: Scene) -> Array:
    """Return which rows hold a digit, `(B,N)` bool: neither padding nor taken out."""
    in_use = np.arange(scene.label.shape[1]) < scene.num_digits[:, None]
    rows: Array = in_use & (scene.label != NO_DIGIT)
    return rows


def real_shapes(scene: Scene) -> Array:
    """Return which rows hold a shape, `(B,S)` bool: neither padding nor taken out."""
    in_use = np.arange(scene.shape_kind.shape[1]) < scene.num_shapes[:, None]
    rows: Array = in_use & (scene.shape_kind != NO_SHAPE)
    return rows


def present(scene: Scene, arrays: Arrays) -> Array:
    """Return whether each digit is there, in the frame or outside, hidden or not: `(B,N,T)` bool."""
    return real_digits(scene)[:, :, None] & (scene.scale > 0)


def visibility(scene: Scene, arrays: Arrays) -> Array:
    """Return visible / amodal area `(B,N,T)`, 0 where the amodal area is 0."""
    return arrays["visible_area"] / np.maximum(arrays["amodal_area"], 1)


def truncation(scene: Scene, arrays: Arrays) -> Array:
    """Return the share of the whole area outside the frame `(B,N,T)`, 0 for a digit without ink."""
    whole = arrays["whole_area"]
    return (whole - arrays["amodal_area"]) / np.maximum(whole, 1)


def depth_order(scene: Scene, arrays: Arrays) -> Array:
    """Return ranks from back to front `(B,N,T)` uint8, 255 in padding."""
    return np.where(real_digits(scene)[:, :, None], scene.depth, np.uint8(255))


def pose(scene: Scene, arrays: Arrays) -> Array:
    """Return centre y, centre x, angle, scale, brightness `(B,N,T,5)` float64: exactly what is drawn."""
    lengths = [scene.y / ONE, scene.x / ONE, scene.angle / 100, scene.scale / ONE, scene.brightness / ONE]
    return np.where(real_digits(scene)[:, :, None, None], np.stack(lengths, axis=-1), 0.0)


def shape_pose(scene: Scene, arrays: Arrays) -> Array:
    """Return centre y, centre x, height, width of each shape, `(B,S,T,4)` float32."""
    height, width = scene.shape_height[:, :, None], scene.shape_width[:, :, None]
    columns = (scene.shape_y + height / 2, scene.shape_x + width / 2, height, width)
    poses = np.stack(np.broadcast_arrays(*columns), axis=-1)
    return np.where(real_shapes(scene)[:, :, None, None], poses, 0.0)


def shape_kind(scene: Scene, arrays: Arrays) -> Array:
    """Return the kind of each shape, `(B,S)` int8, -1 in padding."""
    return np.where(real_shapes(scene), scene.shape_kind, np.int8(-1))


def shape_level(scene: Scene, arrays: Arrays) -> Array:
    """Return the grey level of each shape, `(B,S)` uint8."""
    return np.where(real_shapes(scene), scene.shape_level, np.uint8(0))


def num_shapes(scene: Scene, arrays: Arrays) -> Array:
    """Return the shape rows in use, `(B,)` int32."""
    return scene.num_shapes


def min_visibility(scene: Scene, arrays: Arrays) -> Array:
    """Return the least visibility of a digit in a frame that it is in, `(B,)`; 0 if none ever is."""
    present, shares = _shares(arrays)
    lowest = np.where(present, shares, np.inf).min(axis=(1, 2), initial=np.inf)
    return np.where(present.any(axis=(1, 2)), lowest, 0.0)


def mean_visibility(scene: Scene, arrays: Arrays) -> Array:
    """Return the mean visibility over digits and the frames that they are in, `(B,)`; 0 if none ever is."""
    present, shares = _shares(arrays)
    return shares.sum(axis=(1, 2)) / np.maximum(present.sum(axis=(1, 2)), 1)


def _shares(arrays: Arrays) -> tuple[Array, Array]:
    """Return where digits are in the frame, and the share of them that is seen there, 0 elsewhere."""
    present = arrays["amodal_area"] > 0
    return present, np.where(present, arrays["visible_area"] / np.maximum(arrays["amodal_area"], 1), 0.0)


def camouflaged_share(scene: Scene, arrays: Arrays) -> Array:
    """Return the share of the digit pixels seen within `CAMOUFLAGE_LEVELS` of what they hide, `(B,)`."""
    from segmnist.render.numba_kernels.measures import count_camouflaged

    counts = np.zeros((len(scene), 2), np.int64)
    pixels = math.prod(arrays["instance"].shape[1:])  # not -1, as there may be no clip
    frames = (arrays[name].reshape(len(scene), pixels) for name in ("instance", "noiseless", "beneath"))
    count_camouflaged(*frames, CAMOUFLAGE_LEVELS, counts)
    return counts[:, 1] / np.maximum(counts[:, 0], 1)


def num_twins(scene: Scene, arrays: Arrays) -> Array:
    """Return the digits of a clip whose class has a twin, `(B,)` int32."""
    return (twin_labels(scene, arrays) != IGNORE).sum(axis=1, dtype=np.int32)


def twin_labels(scene: Scene, arrays: Arrays) -> Array:
    """Return the class that is each digit's twin, `(B,N)` uint8, 255 where there is none."""
    twins = np.append(twins_of(scene), np.uint8(IGNORE))
    return twins[np.where(real_digits(scene), scene.label, len(twins) - 1)]


def twins_of(scene: Scene) -> NDArray[np.uint8]:
    """Return the twin of each class in the clips of a scene, `(K,)` uint8, 255 where there is none.

    Digits turn if they start at more than one angle or rotate.
    """
    spec = scene.spec
    low, high = spec.angle_range
    turning = low != high or any(spec.rotation_rate_range)
    return twin_classes(spec.twins, turning=turning, classes=scene.bank.classes)


DERIVED: dict[str, Derive] = {name: globals()[name] for name in made("derived")}
"""The functions of this module by the array that each makes."""
