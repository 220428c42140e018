"""The renderer that says what is drawn: plain NumPy, one clip and frame at a time, obvious and slow.

`numba_kernels` must equal it bit for bit. Nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.render.arrays import check_truths
from segmnist.render.geometry import glyph_coordinates, inverse_coefficients
from segmnist.render.noise import is_plain_bytes, noise_table, sensor_thresholds
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN
from segmnist.scene.randomness import PURPOSE_NOISE, PURPOSE_SENSOR, words
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene

Array = NDArray[Any]


def render_reference(scene: Scene, truth: str | Iterable[str] = ("semantic",)) -> dict[str, Array]:
    """Return `video`, `labels`, `num_digits` and the arrays of the truths asked for, each with a leading clip axis."""
    clips = [_render_clip(scene, row, check_truths(truth)) for row in range(len(scene))]
    arrays = {name: np.stack([clip[name] for clip in clips]) for name in clips[0]}
    return {**arrays, "labels": scene.label.copy(), "num_digits": scene.num_digits.copy()}


def _render_clip(scene: Scene, row: int, truths: tuple[str, ...]) -> dict[str, Array]:
    spec = scene.spec
    arrays = {"video": np.zeros((spec.num_frames, spec.height, spec.width), np.uint8)}
    arrays.update({name: arrays["video"].copy() for name in truths})
    for t in range(spec.num_frames):
        video = background(scene, row, t)
        for s in range(scene.num_shapes[row]):
            video[shape_mask(scene, row, s, t)] = scene.shape_level[row, s]
        instance = np.zeros_like(video)
        for n in np.argsort(scene.depth[row, : scene.num_digits[row], t]):
            ink = drawn_ink(scene, row, int(n), t)
            video[ink >= 0] = ink[ink >= 0]
            instance[ink >= 0] = n + 1
        arrays["video"][t] = with_sensor_noise(scene, row, t, video)
        if "instance" in truths:
            arrays["instance"][t] = instance
        if "semantic" in truths:
            classes = np.append(BACKGROUND, scene.label[row]).astype(np.uint8)
            arrays["semantic"][t] = classes[instance]
    return arrays


def grid(scene: Scene) -> tuple[Array, Array]:
    """Return the row and the column of each pixel, `(H,W)` int64."""
    y, x = np.indices((scene.spec.height, scene.spec.width), dtype=np.int64)
    return y, x


def background(scene: Scene, row: int, t: int) -> Array:
    """Return the pepper noise `(H,W)`, before any shape covers it."""
    spec = scene.spec
    size = spec.height * spec.width
    frame = t * spec.frame_stride
    draws = 1 if is_plain_bytes(spec) else 2
    bits = words(
        scene.seed, scene.split, int(scene.clip_ids[row]), PURPOSE_NOISE, frame, -(-size * draws // 4)
    )
    if draws == 1:
        levels = bits.astype("<u4").view(np.uint8)
    else:
        levels = noise_table(spec)[bits.astype("<u4").view("<u2")]
    return levels[:size].reshape(spec.height, spec.width).copy()


def shape_mask(scene: Scene, row: int, s: int, t: int) -> Array:
    """Return where shape s lies in the frame, `(H,W)` bool, whatever covers it."""
    y, x = grid(scene)
    if scene.shape_kind[row, s] == NO_SHAPE:
        return np.zeros(y.shape, bool)
    h, w = int(scene.shape_height[row, s]), int(scene.shape_width[row, s])
    r, c = y - int(scene.shape_y[row, s, t]), x - int(scene.shape_x[row, s, t])
    box = (r >= 0) & (r < h) & (c >= 0) & (c < w)
    kind = scene.shape_kind[row, s]
    if kind == RECTANGLE:
        return box
    if kind == ELLIPSE:
        return box & (((2 * c + 1 - w) * h) ** 2 + ((2 * r + 1 - h) * w) ** 2 <= (w * h) ** 2)
    apex = int(scene.shape_apex[row, s])
    below_apex = 2 * (h - 1 - r if kind == TRIANGLE_DOWN else r) + 1
    right_of_left_edge = (2 * c + 1) * h >= apex * (2 * h - below_apex)
    left_of_right_edge = (2 * c + 1) * h < 2 * h * apex + (w - apex) * below_apex
    return box & right_of_left_edge & left_of_right_edge


def drawn_ink(scene: Scene, row: int, n: int, t: int) -> Array:
    """Return the grey level that digit n draws at each pixel, `(H,W)` int64, -1 where it has no ink; occlusion ignored."""
    y, x = grid(scene)
    if scene.label[row, n] == NO_DIGIT or scene.scale[row, n, t] <= 0:
        return np.full(y.shape, -1)
    glyph = scene.bank.images[scene.glyph[row, n]].astype(np.int64)
    a, b = inverse_coefficients(np.int64(scene.angle[row, n, t]), np.int64(scene.scale[row, n, t]))
    centre_y, centre_x = int(scene.y[row, n, t]), int(scene.x[row, n, t])
    v, u = glyph_coordinates(y, x, centre_y, centre_x, int(a), int(b), glyph.shape)
    inside = (v >= 0) & (v < glyph.shape[0]) & (u >= 0) & (u < glyph.shape[1])
    if scene.spec.cut_corners:
        inside &= _upright_box(scene, row, n, t)
    value = np.where(inside, glyph[np.where(inside, v, 0), np.where(inside, u, 0)], 0)
    ink = 255 if scene.spec.grey_levels else np.maximum(value - scene.spec.ink_offset, 1)
    level = np.minimum(ink * np.int64(scene.brightness[row, n, t]) >> 16, 255)
    return np.where(value >= scene.spec.ink_threshold, level, -1)


def _upright_box(scene: Scene, row: int, n: int, t: int) -> Array:
    y, x = grid(scene)
    scale = int(scene.scale[row, n, t])
    half_y, half_x = (size * scale >> 1 for size in scene.bank.images.shape[1:])
    dy = (y << 16) + 32_768 - int(scene.y[row, n, t])
    dx = (x << 16) + 32_768 - int(scene.x[row, n, t])
    return (dy >= -half_y) & (dy < half_y) & (dx >= -half_x) & (dx < half_x)


def with_sensor_noise(scene: Scene, row: int, t: int, video: Array) -> Array:
    """Return the frame as the sensor sees it: a rounded Gaussian deviation added, clipped to 0..255."""
    spec = scene.spec
    if spec.sensor_sigma == 0:
        return video
    thresholds, _ = sensor_thresholds(spec.sensor_sigma)
    frame = t * spec.frame_stride
    bits = words(scene.seed, scene.split, int(scene.clip_ids[row]), PURPOSE_SENSOR, frame, video.size)
    deviation = np.searchsorted(thresholds, bits.astype(np.int64), side="right") - len(thresholds) // 2
    seen: Array = np.clip(video + deviation.reshape(video.shape), 0, 255).astype(np.uint8)
    return seen
