"""Digits: a turned, scaled glyph's ink, sampled row by row within the turned octagon that holds it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import subroutine
from segmnist.render.numba_kernels.blocks import (
    brightest_ink,
    count_ink,
    ink_bits,
    int64_at,
    keep_lanes,
    paint_byte,
    paint_copy,
    paint_levels,
    paint_second,
    put_int64,
    sample_ink,
    shade_ink,
)
from segmnist.render.numba_kernels.layout import Frame, SceneArrays, Style
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]

_MARGIN = 1 / 64
"""Glyph pixels around the octagon, far more than single precision can be wrong by."""


class InkOctagon(NamedTuple):
    """What holds a glyph's ink, in glyph pixels, half-open: rows, columns, their sums and differences; and the glyph's size.

    Empty if top >= bottom. low_sum <= v + u <= high_sum and low_difference <= u - v <= high_difference for every point of a
    pixel with ink.
    """

    top: int
    bottom: int
    left: int
    right: int
    low_sum: int
    high_sum: int
    low_difference: int
    high_difference: int
    height: int
    width: int


_INK_FIELDS = len(InkOctagon._fields)


class ClipDigits(NamedTuple):
    """The digits of a clip: `ink` `(N,10)` int64, the fields of their octagons; and how they are turned, `(N,T)` int64 each.

    a, b: the coefficients of `geometry.py`. The bounds (top, bottom, left, right) are half-open, of the pixels that the digit
    may touch, in the frame or outside.
    """

    ink: Array
    a: Array
    b: Array
    top: Array
    bottom: Array
    left: Array
    right: Array


class Pose(NamedTuple):
    """How a digit is drawn at one frame: Q16 centre, coefficients, the glyph's size, Q16 brightness; bounds in the frame."""

    y: int
    x: int
    a: int
    b: int
    height: int
    width: int
    brightness: int
    is_cut: bool
    top: int
    bottom: int
    left: int
    right: int


class Glyph(NamedTuple):
    """A digit's padded ink: the address of its pixels, 2^log2_stride a row, and the zeros before its first row and column."""

    pixels: int
    log2_stride: int
    pad: int


class Canvas(NamedTuple):
    """Where a digit is drawn at one frame: addresses of the frame in each output, 0 where not asked for.

    levels, counts: the level of the digit seen so far and the number of digits at each pixel, 0 where the nearer digit is seen.
    """

    video: int
    semantic: int
    instance: int
    beneath: int
    shape_instance: int
    amodal: int
    digit_layer: int
    ink_bits: int
    levels: int
    counts: int


@subroutine
def find_ink(image: Array, threshold: int) -> InkOctagon:
    """Return what holds a glyph's ink: the pixels at or above the threshold."""
    height, width = image.shape
    least, far = np.uint8(threshold), height + width
    top, bottom, left, right = height, 0, width, 0
    low_sum, high_sum, low_difference, high_difference = far, 0, far, -far
    for i in range(height):
        first, last = np.int32(width), np.int32(-1)
        for j in range(np.int32(width)):
            hit = image[i, np.uint64(j)] >= least
            first = min(first, j if hit else np.int32(width))
            last = max(last, j if hit else np.int32(-1))
        if last >= 0:
            top, bottom = min(top, i), i + 1
            left, right = min(left, first), max(right, last + 1)
            low_sum, high_sum = min(low_sum, i + first), max(high_sum, i + last + 2)
            low_difference = min(low_difference, first - i - 1)
            high_difference = max(high_difference, last - i + 1)
    return InkOctagon(
        top, bottom, left, right, low_sum, high_sum, low_difference, high_difference, height, width
    )


@subroutine
def pad_ink(image: Array, style: Style, pixels: Array) -> None:
    """Copy a glyph's ink into the middle of `pixels`, whose wide margin is zero and stays so."""
    least, offset, pad = np.uint8(style.ink_threshold), np.uint8(style.ink_offset), np.uint64(style.pad)
    flat = np.uint8(255 if style.flat_ink else 0)
    for i in range(np.uint64(image.shape[0])):
        for j in range(np.uint64(image.shape[1])):
            value = image[i, j]
            level = np.uint8(value - offset) if value > offset else np.uint8(1)
            pixels[i + pad, j + pad] = (level | flat) if value >= least else np.uint8(0)


@subroutine
def level_of(value: int, brightness: int, style: Style) -> int:
    """Return the grey level of ink, given its glyph's value; brightness Q16."""
    ink = 255 if style.flat_ink else max(value - style.ink_offset, 1)
    return min(ink * brightness >> 16, 255)


@subroutine
def is_in_front(style: Style, level: int, depth: int, other_level: int, other_depth: int) -> bool:
    """Return whether the first of two digits at a place is seen there: the nearer, or the brighter, as the style says."""
    if style.brighter_is_seen and level != other_level:
        return level > other_level
    return depth > other_depth


def new_clip_digits(scene: SceneArrays) -> ClipDigits:
    """Return room for the digits of a clip, for any of these; Python calls it, as kernels allocate nothing."""
    num_digits, num_frames = scene.y.shape[1:]
    return ClipDigits(
        np.empty((num_digits, _INK_FIELDS), np.int64), *np.empty((6, num_digits, num_frames), np.int64)
    )


@subroutine
def find_digits(scene: SceneArrays, b: int, style: Style, digits: ClipDigits) -> None:
    """Write the ink of the digits of clip b, and how they are turned."""
    for n in range(scene.num_digits[b]):
        ink = find_ink(scene.images[scene.glyph[b, n]], style.ink_threshold)
        for k in range(len(ink)):
            digits.ink[n, k] = ink[k]
        turn_digit(scene, b, n, ink, style, digits)


@subroutine
def ink_of(digits: ClipDigits, n: int) -> InkOctagon:
    """Return the ink of digit n."""
    row = digits.ink[n]
    return InkOctagon(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9])


@subroutine
def scaled(factor: float, low: float, high: float) -> tuple[float, float]:
    """Return the ends of an interval times a factor of any sign, the lower first."""
    one, other = factor * low, factor * high
    return min(one, other), max(one, other)


@subroutine
def cut(low: float, high: float, one: float, other: float) -> tuple[float, float]:
    """Return what an interval has in common with that between two numbers in any order."""
    return max(low, min(one, other)), min(high, max(one, other))


@subroutine
def turn_digit(scene: SceneArrays, b: int, n: int, ink: InkOctagon, style: Style, digits: ClipDigits) -> None:
    """Write how digit n of clip b is turned at each frame.

    Doubles hold every whole number here, and a quotient of two of them lies farther from the next whole number than it is
    rounded, so that its floor is exact: divisions of integers take three times as long.
    """
    y, x, angle, scale, sine = scene.y[b, n], scene.x[b, n], scene.angle[b, n], scene.scale[b, n], scene.sine
    u0, u1 = ink.left - ink.width / 2, ink.right - ink.width / 2
    v0, v1 = ink.top - ink.height / 2, ink.bottom - ink.height / 2
    middle_sum, middle_difference = (ink.width + ink.height) / 2, (ink.width - ink.height) / 2
    p0, p1 = ink.low_sum - middle_sum, ink.high_sum - middle_sum
    q0, q1 = ink.low_difference - middle_difference, ink.high_difference - middle_difference
    is_cut = style.cut_corners != 0
    for t in range(y.shape[0]):
        turn, size = np.int64(angle[t]), float(max(scale[t], 1))
        sine_q30, cosine_q30 = float(sine[turn]), float(sine[turn + 9_000])
        odd = 2 * np.int64(math.floor(2.0 * abs(cosine_q30) / size)) + 1
        even = 2 * np.int64(math.floor((4.0 * abs(sine_q30) + size) / (2.0 * size)))
        a = -odd if 9_000 <= turn < 27_000 else odd
        b = -even if sine_q30 < 0 else even
        # The forward map's coefficients: the inverse of [[a, -b], [b, a]].
        inverse = 65_536.0 / (float(a) * float(a) + float(b) * float(b))
        c, s = float(a) * inverse, float(b) * inverse
        # The ink's box in rows and columns, and that in sums and differences: it lies within both.
        low_u, high_u = scaled(-s, u0, u1)
        low_v, high_v = scaled(c, v0, v1)
        low_sum, high_sum = scaled(c - s, p0, p1)
        low_difference, high_difference = scaled(-(c + s), q0, q1)
        low_y = max(low_u + low_v, 0.5 * (low_sum + low_difference))
        high_y = min(high_u + high_v, 0.5 * (high_sum + high_difference))
        low_u, high_u = scaled(c, u0, u1)
        low_v, high_v = scaled(s, v0, v1)
        low_sum, high_sum = scaled(c + s, p0, p1)
        low_difference, high_difference = scaled(c - s, q0, q1)
        low_x = max(low_u + low_v, 0.5 * (low_sum + low_difference))
        high_x = min(high_u + high_v, 0.5 * (high_sum + high_difference))
        centre_y, centre_x = float(y[t]) / 65_536.0, float(x[t]) / 65_536.0
        top, bottom = math.floor(centre_y + low_y - 0.5), math.ceil(centre_y + high_y + 0.5)
        left, right = math.floor(centre_x + low_x - 0.5), math.ceil(centre_x + high_x + 0.5)
        if is_cut:
            # The upright box of `cut_corners`: pixel centres in [-half, half) about the digit's centre.
            half_y, half_x = ink.height * np.int64(scale[t]) >> 1, ink.width * np.int64(scale[t]) >> 1
            top = max(top, (y[t] - half_y + 32_767) >> 16)
            bottom = min(bottom, (y[t] + half_y + 32_767) >> 16)
            left = max(left, (x[t] - half_x + 32_767) >> 16)
            right = min(right, (x[t] + half_x + 32_767) >> 16)
        if scale[t] <= 0:
            bottom = top  # a digit of no size has no pixels
        digits.a[n, t], digits.b[n, t] = a, b
        digits.top[n, t], digits.bottom[n, t] = top, bottom
        digits.left[n, t], digits.right[n, t] = left, right


@subroutine
def pose_at(
    scene: SceneArrays, digits: ClipDigits, style: Style, b: int, n: int, t: int, frame: Frame
) -> Pose:  # fmt: skip
    """Return how digit n of clip b is drawn at frame t; bounds with top >= bottom if not at all."""
    ink = ink_of(digits, n)
    is_drawn = scene.label[b, n] != NO_DIGIT and ink.top < ink.bottom
    top, bottom = max(digits.top[n, t], 0), min(digits.bottom[n, t], frame.height)
    left, right = max(digits.left[n, t], 0), min(digits.right[n, t], frame.width)
    return Pose(
        np.int64(scene.y[b, n, t]), np.int64(scene.x[b, n, t]), digits.a[n, t], digits.b[n, t],
        ink.height, ink.width, np.int64(scene.brightness[b, n, t]), style.cut_corners != 0,
        top, bottom if is_drawn and left < right else top, left, right,
    )  # fmt: skip


@subroutine
def glyph_place(pose: Pose, row: int, column: int) -> tuple[int, int]:
    """Return the glyph's (row, column) under a pixel's centre, Q16."""
    return glyph_point(pose, (row << 16) + 32_768, (column << 16) + 32_768)


@subroutine
def glyph_point(pose: Pose, y: int, x: int) -> tuple[int, int]:
    """Return the glyph's (row, column) under a point of the frame, all Q16."""
    dy, dx = 2 * (y - pose.y) - 1, 2 * (x - pose.x) - 1
    u = ((pose.a * dx - pose.b * dy) >> 17) + (pose.width << 15)
    v = ((pose.b * dx + pose.a * dy) >> 17) + (pose.height << 15)
    return v, u


@subroutine
def cross_octagon(ink: InkOctagon, pose: Pose, spans: Array) -> None:
    """Write, for each row of the bounds, the columns that cross the turned octagon of the ink: a little more, never less.

    spans: int32, start << 16 | stop. Floating point is allowed here: what it decides is speed alone, since all around the ink
    lies a margin of zeros, which draws nothing. The loop has no branch, so that LLVM does eight rows at once.
    """
    one = np.float32(1 / 65_536)
    v0, u0 = glyph_place(pose, pose.top, pose.left)
    v, u = np.float32(v0) * one, np.float32(u0) * one
    a, b = np.float32(pose.a) * one, np.float32(pose.b) * one
    margin, most = np.float32(_MARGIN), np.float32(pose.right - pose.left)
    # b = 0: a row lies inside the ink's rows as a whole, or not at all.
    per_v = np.float32(1) / b if pose.b else np.float32(1e9)
    per_u = np.float32(1) / a
    per_sum, per_difference = np.float32(1) / (a + b), np.float32(1) / (a - b)
    top, bottom = np.float32(ink.top) - margin - v, np.float32(ink.bottom) + margin - v
    left, right = np.float32(ink.left) - margin - u, np.float32(ink.right) + margin - u
    low_sum, high_sum = np.float32(ink.low_sum) - margin - v - u, np.float32(ink.high_sum) + margin - v - u
    low_difference = np.float32(ink.low_difference) - margin + v - u
    high_difference = np.float32(ink.high_difference) + margin + v - u
    first = np.int32(pose.left)
    for r in range(np.int32(pose.bottom - pose.top)):
        row = np.float32(r)
        enter, leave = (top - a * row) * per_v, (bottom - a * row) * per_v
        low, high = min(enter, leave), max(enter, leave)
        low, high = cut(low, high, (left + b * row) * per_u, (right + b * row) * per_u)
        enter, leave = (low_sum - (a - b) * row) * per_sum, (high_sum - (a - b) * row) * per_sum
        low, high = cut(low, high, enter, leave)
        enter = (low_difference + (a + b) * row) * per_difference
        leave = (high_difference + (a + b) * row) * per_difference
        low, high = cut(low, high, enter, leave)
        low = min(max(low, np.float32(0)), most)
        high = min(max(high + np.float32(1), np.float32(0)), most)
        spans[r] = (np.int32(low) + first) << 16 | (np.int32(high) + first)


@subroutine
def draw_digit(
    canvas: Canvas, frame: Frame, glyph: Glyph, pose: Pose, spans: Array, number: int, label: int
) -> None:
    """Draw a digit into the frames of a canvas: `label` into `semantic`, `number` into `instance`."""
    v_row, u_row = glyph_place(pose, pose.top, 0)
    v_row, u_row = v_row + (glyph.pad << 16), u_row + (glyph.pad << 16)
    # A block may not leave its row, so the last two may overlap; what the first of them drew is blanked in the last, or else
    # `beneath` would hold the digit itself.
    last_block = frame.width - 16
    for r in range(pose.bottom - pose.top):
        span, row = np.int64(spans[r]), pose.top + r
        start, stop = min(span >> 16, last_block), span & 0xFFFF
        for column in range(start, stop, 16):
            place = min(column, last_block)
            v, u = v_row + pose.b * place, u_row + pose.a * place
            ink = sample_ink(glyph.pixels, v, u, pose.b, pose.a, glyph.log2_stride)
            if pose.is_cut or place < column:
                ink = keep_lanes(ink, max(pose.left, column) - place, pose.right - place)
            at = row * frame.width + place
            levels, seen = shade_ink(ink, pose.brightness), ink
            if canvas.levels:
                seen = brightest_ink(ink, levels, canvas.levels + at)
                paint_levels(canvas.levels + at, seen, levels)
                if canvas.beneath:
                    paint_second(canvas.beneath + at, ink, levels, canvas.counts + at)
                    count_ink(canvas.counts + at, ink)
            if canvas.beneath:
                paint_copy(canvas.beneath + at, seen, canvas.video + at)
            paint_levels(canvas.video + at, seen, levels)
            if canvas.semantic:
                paint_byte(canvas.semantic + at, seen, label)
            if canvas.instance:
                paint_byte(canvas.instance + at, seen, number)
            if canvas.shape_instance:
                paint_byte(canvas.shape_instance + at, seen, 0)
            if canvas.amodal:
                paint_byte(canvas.amodal + at, ink, 1)
            if canvas.digit_layer:
                paint_levels(canvas.digit_layer + at, ink, levels)
            if canvas.ink_bits:
                bits, shift = ink_bits(ink), place & 63
                word = canvas.ink_bits + 8 * (row * frame.words + (place >> 6))
                put_int64(word, int64_at(word) | bits << shift)
                if shift > 48:
                    put_int64(word + 8, int64_at(word + 8) | bits >> (64 - shift))
        # One row on is one step along the other axis of the glyph, exactly: the shift drops nothing of a whole step.
        v_row += pose.a
        u_row -= pose.b
