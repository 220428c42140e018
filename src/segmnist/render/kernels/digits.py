"""Digits: a turned, scaled glyph's ink, sampled row by row within the turned box that holds it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import keep_block, label_block, shade_block
from segmnist.render.kernels.layout import Outputs, SceneArrays, Style

Array = NDArray[Any]

_BLOCK = np.uint64(16)


class InkBox(NamedTuple):
    """The half-open box of a glyph's ink in glyph pixels, empty if top >= bottom, and the glyph's size."""

    top: int
    bottom: int
    left: int
    right: int
    height: int
    width: int


class Pose(NamedTuple):
    """How a digit is drawn: Q16 centre, the coefficients of `geometry.py`, Q16 brightness; half the upright box or 0."""

    y: int
    x: int
    a: int
    b: int
    brightness: int
    half_y: int
    half_x: int


@njit(nogil=True, cache=True)
def find_ink(image: Array, threshold: int) -> InkBox:
    """Return the box of a glyph's ink."""
    top, bottom, left, right = image.shape[0], 0, image.shape[1], 0
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if image[i, j] >= threshold:
                top, bottom = min(top, i), max(bottom, i + 1)
                left, right = min(left, j), max(right, j + 1)
    return InkBox(top, bottom, left, right, image.shape[0], image.shape[1])


@njit(nogil=True, cache=True)
def pad_ink(image: Array, style: Style, pixels: Array) -> None:
    """Copy a glyph's ink into a wide margin of zeros."""
    pixels[:] = 0
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            value = np.int64(image[i, j])
            if value >= style.ink_threshold:
                level = 255 if style.flat_ink else max(value - style.ink_offset, 1)
                pixels[i + style.pad, j + style.pad] = level


@njit(nogil=True, cache=True)
def inverse_coefficients(angle: int, scale: int, sine_table: Array) -> tuple[int, int]:
    """Return A and B of `geometry.py`."""
    sine, cosine = sine_table[angle], sine_table[angle + 9_000]
    a = 2 * (((abs(cosine) << 16) // scale) >> 15) + 1
    b = 2 * ((((abs(sine) << 16) // scale) + (1 << 14)) >> 15)
    return (-a if 9_000 <= angle < 27_000 else a), (-b if sine < 0 else b)


@njit(nogil=True, cache=True)
def pose_of(scene: SceneArrays, style: Style, b: int, n: int, t: int) -> Pose:
    """Return how digit n of clip b is drawn at frame t."""
    scale = np.int64(scene.scale[b, n, t])
    cosine, sine = inverse_coefficients(scene.angle[b, n, t], scale, scene.sine)
    half_y = scene.images.shape[1] * scale >> 1 if style.cut_corners else 0
    half_x = scene.images.shape[2] * scale >> 1 if style.cut_corners else 0
    y, x = np.int64(scene.y[b, n, t]), np.int64(scene.x[b, n, t])
    return Pose(y, x, cosine, sine, np.int64(scene.brightness[b, n, t]), half_y, half_x)


@njit(nogil=True, cache=True)
def pixel_bounds(box: InkBox, pose: Pose) -> tuple[int, int, int, int]:
    """Return half-open bounds (top, bottom, left, right) of the pixels that the digit may touch, in the frame or outside."""
    # The forward map's coefficients: the inverse of [[a, -b], [b, a]].
    norm = (pose.a * pose.a + pose.b * pose.b) / 65_536.0
    c, s = pose.a / norm, pose.b / norm
    u0, u1 = box.left - box.width / 2, box.right - box.width / 2
    v0, v1 = box.top - box.height / 2, box.bottom - box.height / 2
    y, x = pose.y / 65_536.0, pose.x / 65_536.0
    top = math.floor(y + min(-s * u0, -s * u1) + min(c * v0, c * v1) - 0.5)
    bottom = math.ceil(y + max(-s * u0, -s * u1) + max(c * v0, c * v1) + 0.5)
    left = math.floor(x + min(c * u0, c * u1) + min(s * v0, s * v1) - 0.5)
    right = math.ceil(x + max(c * u0, c * u1) + max(s * v0, s * v1) + 0.5)
    if pose.half_y:
        # The upright box of `cut_corners`: pixel centres in [-half, half) about the digit's centre.
        top = max(top, (pose.y - pose.half_y + 32_767) >> 16)
        bottom = min(bottom, (pose.y + pose.half_y + 32_767) >> 16)
        left = max(left, (pose.x - pose.half_x + 32_767) >> 16)
        right = min(right, (pose.x + pose.half_x + 32_767) >> 16)
    return top, bottom, left, right


@njit(nogil=True, cache=True)
def glyph_place(box: InkBox, pose: Pose, row: int, column: int) -> tuple[int, int]:
    """Return the glyph's (row, column) under a pixel's centre, Q16."""
    dy = ((2 * row + 1) << 16) - 2 * pose.y - 1
    dx = ((2 * column + 1) << 16) - 2 * pose.x - 1
    u = ((pose.a * dx - pose.b * dy) >> 17) + (box.width << 15)
    v = ((pose.b * dx + pose.a * dy) >> 17) + (box.height << 15)
    return v, u


@njit(nogil=True, cache=True)
def cross_rows(
    box: InkBox, pose: Pose, top: int, bottom: int, left: int, right: int, starts: Array, stops: Array
) -> None:
    """Write, for each row from top on, the columns that cross the turned box of the ink: a little more, never less.

    Floating point is allowed here: what it decides is speed alone, since all around the ink lies a margin of zeros, which
    draws nothing. The loop has no branch, so that LLVM does eight rows at once.
    """
    a, b = float(pose.a), float(pose.b)
    inverse_a = 1.0 / a
    # b = 0: a row lies inside the ink's rows as a whole, or not at all.
    inverse_b = 1.0 / b if pose.b else 1e9
    v, u = glyph_place(box, pose, 0, 0)
    box_top, box_bottom = float((box.top << 16) - v), float((box.bottom << 16) - v)
    box_left, box_right = float((box.left << 16) - u), float((box.right << 16) - u)
    first, last = float(left), float(right)
    for row in range(top, bottom):
        enter, leave = (box_left + b * row) * inverse_a, (box_right + b * row) * inverse_a
        low = enter if enter < leave else leave
        high = leave if enter < leave else enter
        enter, leave = (box_top - a * row) * inverse_b, (box_bottom - a * row) * inverse_b
        low2 = enter if enter < leave else leave
        high2 = leave if enter < leave else enter
        low = low2 if low2 > low else low
        high = high2 if high2 < high else high
        low = first if low < first else low
        high = last if high > last else high
        # Half a pixel more each way than the exact crossing covers all rounding, here and in the glyph's Q16 place.
        starts[row - top] = np.int32(low if low < last else last)
        stops[row - top] = np.int32(high + 1.0 if high > -1.0 else 0.0)


@njit(nogil=True, cache=True)
def draw_digit(
    out: Outputs, base: int, layer: int, frame_height: int, frame_width: int,
    pixels: Array, at: int, pad: int, box: InkBox, pose: Pose, n: int, label: int,
    line: Array, starts: Array, stops: Array,
) -> None:  # fmt: skip
    """Draw digit n into the frame that begins at `base`, and into its own mask and layer at `layer`.

    pixels: the padded ink of all digits, flat; this one's begins at `at`.
    """
    if box.top >= box.bottom:
        return
    top, bottom, left, right = pixel_bounds(box, pose)
    top, bottom, left, right = max(top, 0), min(bottom, frame_height), max(left, 0), min(right, frame_width)
    if left >= right or top >= bottom:
        return
    cross_rows(box, pose, top, bottom, left, right, starts, stops)
    # Out of the tuple once, as each access of an array in a tuple counts references.
    video, semantic, instance, beneath = out.video, out.semantic, out.instance, out.beneath
    shape_instance, amodal, digit_layers = out.shape_instance, out.amodal, out.digit_layers
    has_semantic, has_instance, has_beneath = semantic.size > 0, instance.size > 0, beneath.size > 0
    has_shapes, has_amodal, has_layers = shape_instance.size > 0, amodal.size > 0, digit_layers.size > 0
    a, b = pose.a, pose.b
    stride, step, is_cut = box.width + 2 * pad, (b << 32) + a, pose.half_y != 0
    brightness, byte, number = np.uint32(pose.brightness), np.uint8(label), np.uint8(n + 1)
    dx = (1 << 16) - 2 * pose.x - 1
    # A block may not leave its row, so the last two may overlap; what the first of them drew is blanked in the last, or else
    # `beneath` would hold the digit itself.
    last_block = frame_width - 16
    for row in range(top, bottom):
        stop = min(np.int64(stops[row - top]), right)
        start = min(np.int64(starts[row - top]), last_block)
        if start >= stop:
            continue
        dy = ((2 * row + 1) << 16) - 2 * pose.y - 1
        u_row = ((a * dx - b * dy) >> 17) + (box.width << 15) + (pad << 16)
        v_row = ((b * dx + a * dy) >> 17) + (box.height << 15) + (pad << 16)
        num_blocks = (stop - start + 15) >> 4
        for j in range(num_blocks):
            column = min(start + 16 * j, last_block)
            # The glyph's row and column step together in one word, 16.16 bits each; both are positive inside the margin.
            place = ((v_row + b * column) << 32) + (u_row + a * column)
            target = np.uint64(16 * j)
            for k in range(_BLOCK):
                line[target + k] = pixels[np.uint64(at + (place >> 48) * stride + ((place >> 16) & 0xFFFF))]
                place += step
            if is_cut or column < start + 16 * j:
                for k in range(16):
                    if column + k < max(left, start + 16 * j) or column + k >= right:
                        line[target + np.uint64(k)] = 0
        for j in range(num_blocks):
            source = np.uint64(16 * j)
            offset = row * frame_width + min(start + 16 * j, last_block)
            here, alone = np.uint64(base + offset), np.uint64(layer + offset)
            if has_beneath:
                keep_block(beneath, here, video, line, source)
            shade_block(video, here, line, source, brightness)
            if has_semantic:
                label_block(semantic, here, line, source, byte)
            if has_instance:
                label_block(instance, here, line, source, number)
            if has_shapes:
                label_block(shape_instance, here, line, source, np.uint8(0))
            if has_amodal:
                label_block(amodal, alone, line, source, np.uint8(1))
            if has_layers:
                shade_block(digit_layers, alone, line, source, brightness)
