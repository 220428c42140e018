"""Digits: a turned, scaled glyph's ink, sampled row by row within the turned box that holds it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import keep_block, label_block, sample_block, shade_block
from segmnist.render.kernels.layout import Style

Array = NDArray[Any]

_FIRST = np.uint64(0)


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
def find_ink(image: Array, threshold: int, columns: Array) -> InkBox:
    """Return the box of a glyph's ink; `columns` is scratch of the glyph's width."""
    height, width = image.shape
    least = np.uint8(threshold)
    top, bottom, left, right = height, 0, 0, width
    columns[:] = 0
    for i in range(np.uint64(height)):
        any_ink = np.uint8(0)
        for j in range(np.uint64(width)):
            hit = np.uint8(image[i, j] >= least)
            columns[j] |= hit
            any_ink |= hit
        if any_ink:
            row = np.int64(i)
            top, bottom = min(top, row), row + 1
    if top < bottom:
        while not columns[left]:
            left += 1
        while not columns[right - 1]:
            right -= 1
    return InkBox(top, bottom, left, right, height, width)


@njit(nogil=True, cache=True)
def pad_ink(image: Array, style: Style, pixels: Array) -> None:
    """Copy a glyph's ink into the middle of `pixels`, whose wide margin is zero and stays so."""
    least, offset, pad = np.uint8(style.ink_threshold), np.uint8(style.ink_offset), np.uint64(style.pad)
    flat = np.uint8(255 if style.flat_ink else 0)
    for i in range(np.uint64(image.shape[0])):
        for j in range(np.uint64(image.shape[1])):
            value = image[i, j]
            level = np.uint8(value - offset) if value > offset else np.uint8(1)
            pixels[i + pad, j + pad] = (level | flat) if value >= least else np.uint8(0)


@njit(nogil=True, cache=True)
def inverse_coefficients(angle: int, scale: int, sine_table: Array) -> tuple[int, int]:
    """Return A and B of `geometry.py`."""
    sine, cosine = sine_table[angle], sine_table[angle + 9_000]
    a = 2 * (((abs(cosine) << 16) // scale) >> 15) + 1
    b = 2 * ((((abs(sine) << 16) // scale) + (1 << 14)) >> 15)
    return (-a if 9_000 <= angle < 27_000 else a), (-b if sine < 0 else b)


@njit(nogil=True, cache=True)
def make_pose(
    y: int, x: int, angle: int, scale: int, brightness: int, sine_table: Array, box: InkBox, cut_corners: int
) -> Pose:
    """Return how a digit of a Scene is drawn at one frame."""
    size = np.int64(scale)
    a, b = inverse_coefficients(angle, size, sine_table)
    half_y = box.height * size >> 1 if cut_corners else 0
    half_x = box.width * size >> 1 if cut_corners else 0
    return Pose(np.int64(y), np.int64(x), a, b, np.int64(brightness), half_y, half_x)


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
        stops[row - top] = np.int32(high + 1.0 if high < last - 1.0 else last) if high > -1.0 else np.int32(0)


@njit(nogil=True, cache=True)
def draw_digit(
    video: Array, semantic: Array, instance: Array, amodal: Array, beneath: Array, shape_instance: Array,
    digit_layers: Array, base: int, layer: int, frame_height: int, frame_width: int,
    pixels: Array, at: int, pad: int, box: InkBox, pose: Pose, n: int, label: int,
    line: Array, starts: Array, stops: Array,
) -> None:  # fmt: skip
    """Draw digit n into the frames that begin at `base`, and into its own mask and layer at `layer`.

    pixels: the padded ink of all digits, flat; this one's begins at `at`.
    """
    if box.top >= box.bottom:
        return
    top, bottom, left, right = pixel_bounds(box, pose)
    top, bottom, left, right = max(top, 0), min(bottom, frame_height), max(left, 0), min(right, frame_width)
    if left >= right or top >= bottom:
        return
    cross_rows(box, pose, top, bottom, left, right, starts, stops)
    has_semantic, has_instance, has_beneath = semantic.size > 0, instance.size > 0, beneath.size > 0
    has_shapes, has_amodal, has_layers = shape_instance.size > 0, amodal.size > 0, digit_layers.size > 0
    a, b = pose.a, pose.b
    stride, first, is_cut = box.width + 2 * pad, np.uint64(at), pose.half_y != 0
    brightness, byte, number = np.uint32(pose.brightness), np.uint8(label), np.uint8(n + 1)
    v_row, u_row = glyph_place(box, pose, top, 0)
    v_row, u_row = v_row + (pad << 16), u_row + (pad << 16)
    # A block may not leave its row, so the last two may overlap; what the first of them drew is blanked in the last, or else
    # `beneath` would hold the digit itself.
    last_block = frame_width - 16
    for row in range(top, bottom):
        stop, start = np.int64(stops[row - top]), min(np.int64(starts[row - top]), last_block)
        for column in range(start, stop, 16):
            place = min(column, last_block)
            sample_block(line, _FIRST, pixels, first, v_row + b * place, u_row + a * place, b, a, stride)
            if is_cut or place < column:
                for k in range(16):
                    if place + k < max(left, column) or place + k >= right:
                        line[k] = 0
            here = np.uint64(base + row * frame_width + place)
            alone = np.uint64(layer + row * frame_width + place)
            if has_beneath:
                keep_block(beneath, here, video, line, _FIRST)
            shade_block(video, here, line, _FIRST, brightness)
            if has_semantic:
                label_block(semantic, here, line, _FIRST, byte)
            if has_instance:
                label_block(instance, here, line, _FIRST, number)
            if has_shapes:
                label_block(shape_instance, here, line, _FIRST, np.uint8(0))
            if has_amodal:
                label_block(amodal, alone, line, _FIRST, np.uint8(1))
            if has_layers:
                shade_block(digit_layers, alone, line, _FIRST, brightness)
        # One row on is one step along the other axis of the glyph, exactly: the shift drops nothing of a whole step.
        v_row += a
        u_row -= b
