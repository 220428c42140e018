"""Where the point that a pixel shows is hidden, or outside the frame, in the next frame and in the one before.

Shapes and a still background move by whole pixels, from pixel centre to pixel centre, so that they are hidden exactly where
their flow is not valid. A point of a digit arrives anywhere between centres: the ink of every nearer digit is looked up there.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.render.numba_kernels.digits import (
    ClipDigits,
    Pose,
    find_digits,
    glyph_place,
    glyph_point,
    is_in_front,
    level_of,
    pose_at,
)
from segmnist.render.numba_kernels.layout import Frame, SceneArrays, Style
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]


class Traced(NamedTuple):
    """What is seen, and one direction of its flow, batches as the kernels of drawing and flow left them."""

    instance: Array
    flow: Array
    valid: Array


@subroutine
def is_cut_off(pose: Pose, scale: int, y: int, x: int) -> bool:
    """Return whether a point, Q16, lies outside the upright box that `cut_corners` keeps."""
    half_y, half_x = pose.height * scale >> 1, pose.width * scale >> 1
    dy, dx = y - pose.y, x - pose.x
    return pose.is_cut and not (-half_y <= dy < half_y and -half_x <= dx < half_x)


@subroutine
def value_at(image: Array, pose: Pose, scale: int, y: int, x: int) -> int:
    """Return the value of a digit's glyph at a point, Q16; 0 outside the glyph and what is cut off of it."""
    v, u = glyph_point(pose, y, x)
    v, u = v >> 16, u >> 16
    if not (0 <= v < pose.height and 0 <= u < pose.width) or is_cut_off(pose, scale, y, x):
        return 0
    return np.int64(image[v, u])


@subroutine
def is_hidden(
    frame: Frame,
    scene: SceneArrays,
    style: Style,
    digits: ClipDigits,
    b: int,
    n: int,
    t: int,
    y: int,
    x: int,
    value: int,
) -> bool:
    """Return whether a point of digit n, Q16, is not seen at frame t: outside, cut off, or behind another digit.

    value: the glyph's value at the point, which it keeps as it moves.
    """
    own = pose_at(scene, digits, style, b, n, t, frame)
    scale = np.int64(scene.scale[b, n, t])
    if not (0 <= y < frame.height << 16 and 0 <= x < frame.width << 16):
        return True
    if scale <= 0 or is_cut_off(own, scale, y, x):
        return True
    level = level_of(value, own.brightness, style)
    for k in range(scene.num_digits[b]):
        size = np.int64(scene.scale[b, k, t])
        is_nearer = scene.depth[b, k, t] > scene.depth[b, n, t]
        may_hide = is_nearer or (style.brighter_is_seen and k != n)
        if may_hide and scene.label[b, k] != NO_DIGIT and size > 0:
            pose = pose_at(scene, digits, style, b, k, t, frame)
            other = value_at(scene.images[scene.glyph[b, k]], pose, size, y, x)
            if other >= style.ink_threshold and is_in_front(
                style,
                level_of(other, pose.brightness, style),
                scene.depth[b, k, t],
                level,
                scene.depth[b, n, t],
            ):
                return True
    return False


@kernel
def find_hidden(
    frame: Frame, scene: SceneArrays, style: Style, step: int, traced: Traced, digits: ClipDigits, hidden: Array
) -> None:  # fmt: skip
    """Write where the point that each pixel shows is not seen `step` frames on, `(B,T,H,W)` uint8; digits: scratch."""
    instance, flow, valid, num_frames = traced.instance, traced.flow, traced.valid, scene.y.shape[2]
    for b in range(scene.clip_ids.shape[0]):
        find_digits(scene, b, style, digits)
        for t in range(num_frames):
            other = t + step
            for row in range(frame.height):
                for column in range(frame.width):
                    number = np.int64(instance[b, t, row, column])
                    if number == 0 or other < 0 or other >= num_frames:
                        hidden[b, t, row, column] = 1 - valid[b, t, row, column]
                        continue
                    y = math.floor((row + 0.5 + flow[b, t, row, column, 1]) * 65_536.0 + 0.5)
                    x = math.floor((column + 0.5 + flow[b, t, row, column, 0]) * 65_536.0 + 0.5)
                    value = 0
                    if style.brighter_is_seen:
                        pose = pose_at(scene, digits, style, b, number - 1, t, frame)
                        v, u = glyph_place(pose, row, column)
                        value = np.int64(scene.images[scene.glyph[b, number - 1], v >> 16, u >> 16])
                    hidden[b, t, row, column] = is_hidden(
                        frame, scene, style, digits, b, number - 1, other, np.int64(y), np.int64(x), value
                    )
