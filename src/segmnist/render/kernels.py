"""Compiled loops of drawing: the arrays of a Scene to pixels and masks, bit for bit as `reference.py` draws them.

The caller allocates every array; an output that was not asked for has zero size. Numbers in the comments are microseconds
a 64x64 frame of the `standard` preset on one core, from `benchmarks/render.py`.

Two habits run through the file. Indexes into pixels are unsigned, since a signed one makes Numba insert a wrap-around
check that keeps LLVM from using vector instructions (shapes: 1.27 with signed indexes, 0.39 with unsigned). And short runs of
pixels are done in blocks of 16, whose loops LLVM unrolls into single instructions; the last block overlaps the one before it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN
from segmnist.scene.randomness import PURPOSE_NOISE, PURPOSE_SENSOR

Array = NDArray[Any]

NO_NOISE, BYTE_NOISE, TABLE_NOISE = range(3)

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE, _FOUR, _EIGHT, _BLOCK = np.uint64(1), np.uint64(4), np.uint64(8), np.uint64(16)


class SceneArrays(NamedTuple):
    """A Scene's arrays, as described there, and the bank's images."""

    clip_ids: Array
    num_digits: Array
    glyph: Array
    label: Array
    y: Array
    x: Array
    angle: Array
    scale: Array
    brightness: Array
    depth: Array
    num_shapes: Array
    shape_kind: Array
    shape_height: Array
    shape_width: Array
    shape_apex: Array
    shape_level: Array
    shape_y: Array
    shape_x: Array
    images: Array
    sine: Array


class Style(NamedTuple):
    """What holds for every frame of a spec. `pad`: zeros around a glyph, enough for any block that a row can touch."""

    frame_stride: int
    split: int
    key0: int
    key1: int
    ink_threshold: int
    ink_offset: int
    flat_ink: int
    cut_corners: int
    pad: int
    noise_kind: int
    background_level: int
    sensor_reach: int


class Tables(NamedTuple):
    """Random bits to grey levels: see `noise.py`."""

    noise: Array
    sensor_thresholds: Array
    sensor_guide: Array


class Outputs(NamedTuple):
    """What is drawn, `(B,T,H,W)` uint8; zero-sized where not asked for."""

    video: Array
    semantic: Array
    instance: Array


@njit(nogil=True, cache=True)
def fill_random(words: Array, word1: int, id_low: int, id_high: int, key0: int, key1: int) -> None:
    """Fill `words` with Philox4x32-10; 0.35 a frame, as LLVM does 8 blocks at once; a call per block costs 2.4."""
    fixed1, fixed2, fixed3 = np.uint64(word1), np.uint64(id_low), np.uint64(id_high)
    for i in range(words.shape[0] // 4):
        a, b, c, d = np.uint64(i), fixed1, fixed2, fixed3
        k0, k1 = np.uint64(key0), np.uint64(key1)
        for _ in range(10):
            p0, p1 = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b = (p1 >> _HALF) ^ b ^ k0, p1 & _LOW
            c, d = (p0 >> _HALF) ^ d ^ k1, p0 & _LOW
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & _LOW, (k1 + np.uint64(0xBB67AE85)) & _LOW
        words[4 * i] = np.uint32(a)
        words[4 * i + 1] = np.uint32(b)
        words[4 * i + 2] = np.uint32(c)
        words[4 * i + 3] = np.uint32(d)


@njit(nogil=True, cache=True)
def draw_background(
    pixels: Array, scratch: Array, style: Style, tables: Tables, frame: int, id_low: int, id_high: int
) -> None:
    """Fill a frame, `(H*W,)` uint8, with its pepper noise."""
    if style.noise_kind == NO_NOISE:
        pixels[:] = style.background_level
        return
    word1 = PURPOSE_NOISE << 24 | style.split << 16 | frame
    if style.noise_kind == BYTE_NOISE and pixels.shape[0] % 16 == 0:
        fill_random(pixels.view(np.uint32), word1, id_low, id_high, style.key0, style.key1)
        return
    fill_random(scratch, word1, id_low, id_high, style.key0, style.key1)
    if style.noise_kind == BYTE_NOISE:
        pixels[:] = scratch.view(np.uint8)[: pixels.shape[0]]
    else:
        draws = scratch.view(np.uint16)
        for i in range(pixels.shape[0]):
            pixels[i] = tables.noise[draws[i]]


@njit(nogil=True, cache=True)
def add_sensor_noise(
    pixels: Array, scratch: Array, style: Style, tables: Tables, frame: int, id_low: int, id_high: int
) -> None:
    """Add a rounded Gaussian deviation to each pixel of a frame, `(H*W,)` uint8, and clip to 0..255."""
    word1 = PURPOSE_SENSOR << 24 | style.split << 16 | frame
    fill_random(scratch, word1, id_low, id_high, style.key0, style.key1)
    thresholds, guide = tables.sensor_thresholds, tables.sensor_guide
    for i in range(pixels.shape[0]):
        bits = np.int64(scratch[i])
        count = guide[bits >> 24]
        while count < thresholds.shape[0] and thresholds[count] <= bits:
            count += 1
        pixels[i] = min(max(np.int64(pixels[i]) + count - style.sensor_reach, 0), 255)


@njit(nogil=True, cache=True)
def shape_spans(kind: int, height: int, width: int, apex: int, left: Array, right: Array) -> None:
    """Write the half-open span of columns that each row of a shape covers, relative to its left edge."""
    for r in range(height):
        if kind == RECTANGLE:
            left[r], right[r] = 0, width
        elif kind == ELLIPSE:
            # |2c+1-w| h <= sqrt((wh)^2 - ((2r+1-h) w)^2); the square root is exact enough for whole numbers below 2^52.
            across = (2 * r + 1 - height) * width
            reach = np.int64(math.sqrt((width * height) ** 2 - across * across)) // height
            left[r], right[r] = (width - reach) >> 1, ((width - 1 + reach) >> 1) + 1
        else:
            below = 2 * (height - 1 - r if kind == TRIANGLE_DOWN else r) + 1
            left[r] = -((height - apex * (2 * height - below)) // (2 * height))
            right[r] = -((height - 2 * height * apex - (width - apex) * below) // (2 * height))


@njit(nogil=True, cache=True)
def fill_span(row: Array, start: int, stop: int, value: int) -> None:
    """Set row[start:stop] by whole blocks; the last one overlaps its neighbour, so no pixel is done one by one."""
    count = stop - start
    if count <= 0:
        return
    first, last = np.uint64(start), np.uint64(stop)
    if count >= 16:
        last -= _BLOCK
        while first < last:
            for k in range(_BLOCK):
                row[first + k] = value
            first += _BLOCK
        for k in range(_BLOCK):
            row[last + k] = value
    elif count >= 8:
        for k in range(_EIGHT):
            row[first + k] = value
        for k in range(_EIGHT):
            row[last - _EIGHT + k] = value
    elif count >= 4:
        for k in range(_FOUR):
            row[first + k] = value
        for k in range(_FOUR):
            row[last - _FOUR + k] = value
    else:
        while first < last:
            row[first] = value
            first += _ONE


@njit(nogil=True, cache=True)
def draw_shape(frame: Array, top: int, left: int, height: int, level: int, lefts: Array, rights: Array) -> None:
    """Fill a shape's spans into a frame `(H,W)`, clipped to it."""
    frame_height, frame_width = frame.shape
    for r in range(max(0, -top), min(height, frame_height - top)):
        fill_span(frame[top + r], max(0, left + lefts[r]), min(frame_width, left + rights[r]), level)


@njit(nogil=True, cache=True)
def pad_ink(image: Array, style: Style, ink: Array, box: Array) -> None:
    """Copy a glyph's ink into a wide margin of zeros, and write the half-open box (top, bottom, left, right) that holds it."""
    ink[:] = 0
    box[0], box[1], box[2], box[3] = image.shape[0], 0, image.shape[1], 0
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            value = np.int64(image[i, j])
            if value >= style.ink_threshold:
                ink[i + style.pad, j + style.pad] = 255 if style.flat_ink else max(value - style.ink_offset, 1)
                box[0], box[1] = min(box[0], i), max(box[1], i + 1)
                box[2], box[3] = min(box[2], j), max(box[3], j + 1)


@njit(nogil=True, cache=True)
def inverse_coefficients(angle: int, scale: int, sine_table: Array) -> tuple[int, int]:
    """Return A and B of `geometry.py`."""
    sine, cosine = sine_table[angle], sine_table[angle + 9_000]
    a = 2 * (((abs(cosine) << 16) // scale) >> 15) + 1
    b = 2 * ((((abs(sine) << 16) // scale) + (1 << 14)) >> 15)
    return (-a if 9_000 <= angle < 27_000 else a), (-b if sine < 0 else b)


@njit(nogil=True, cache=True)
def draw_digit(
    video: Array, semantic: Array, instance: Array, ink: Array, box: Array, glyph_height: int, glyph_width: int,
    pad: int, y: int, x: int, a: int, b: int, brightness: int, half_y: int, half_x: int, label: int, number: int,
    line: Array,
) -> None:  # fmt: skip
    """Draw one digit into one frame. Only the turned box of its ink is walked.

    The bounds of that walk are floating point and a little too wide; what they decide is speed alone, since all around the
    ink is a margin of zeros, which draws nothing.
    """
    frame_height, frame_width = video.shape
    top, bottom, left, right = box[0], box[1], box[2], box[3]
    if top >= bottom:
        return
    # The forward map's coefficients, to bound the turned box in the frame.
    norm = (a * a + b * b) / 65_536.0
    c, s = a / norm, b / norm
    u0, u1 = left - glyph_width / 2, right - glyph_width / 2
    v0, v1 = top - glyph_height / 2, bottom - glyph_height / 2
    centre_y, centre_x = y / 65_536.0, x / 65_536.0
    low_y = centre_y + min(-s * u0, -s * u1) + min(c * v0, c * v1)
    high_y = centre_y + max(-s * u0, -s * u1) + max(c * v0, c * v1)
    low_x = centre_x + min(c * u0, c * u1) + min(s * v0, s * v1)
    high_x = centre_x + max(c * u0, c * u1) + max(s * v0, s * v1)
    first_y, last_y = max(0, math.floor(low_y - 0.5)), min(frame_height, math.ceil(high_y + 0.5))
    first_x, last_x = max(0, math.floor(low_x - 0.5)), min(frame_width, math.ceil(high_x + 0.5))
    if half_y:
        # The upright box of `cut_corners`: pixel centres in [-half, half) about the digit's centre.
        first_y, last_y = max(first_y, (y - half_y + 32_767) >> 16), min(last_y, (y + half_y + 32_767) >> 16)
        first_x, last_x = max(first_x, (x - half_x + 32_767) >> 16), min(last_x, (x + half_x + 32_767) >> 16)
    if first_x >= last_x:
        return
    box_top, box_bottom = float(top << 16), float(bottom << 16)
    box_left, box_right = float(left << 16), float(right << 16)
    inverse_a = 1.0 / a
    inverse_b = 1.0 / b if b else 0.0
    stride = glyph_width + 2 * pad
    step = (b << 32) + a
    dx = (1 << 16) - 2 * x - 1
    for row in range(first_y, last_y):
        dy = ((2 * row + 1) << 16) - 2 * y - 1
        u_row = ((a * dx - b * dy) >> 17) + (glyph_width << 15)
        v_row = ((b * dx + a * dy) >> 17) + (glyph_height << 15)
        enter, leave = (box_left - u_row) * inverse_a, (box_right - u_row) * inverse_a
        low, high = min(enter, leave), max(enter, leave)
        if b:
            enter, leave = (box_top - v_row) * inverse_b, (box_bottom - v_row) * inverse_b
            low, high = max(low, min(enter, leave)), min(high, max(enter, leave))
        low, high = max(low, float(first_x)), min(high, float(last_x))
        if low > high:
            continue
        # The last block may not leave the row; blocks may overlap, since drawing a pixel twice changes nothing.
        last_block = frame_width - 16
        start = min(int(low), last_block)
        num_blocks = (min(int(high) + 1, last_x) - start + 15) >> 4
        for j in range(num_blocks):
            column = min(start + 16 * j, last_block)
            # The glyph's row and column step together in one word, 16.16 bits each; both are positive inside the margin.
            place = ((v_row + b * column + (pad << 16)) << 32) + (u_row + a * column + (pad << 16))
            for k in range(16):
                line[16 * j + k] = ink[np.uint64((place >> 48) * stride + ((place >> 16) & 0xFFFF))]
                place += step
            if half_y:
                for k in range(16):
                    if column + k < first_x or column + k >= last_x:
                        line[16 * j + k] = 0
        for j in range(num_blocks):
            column = min(start + 16 * j, last_block)
            shade_block(video, line, row, column, 16 * j, np.int32(brightness))
            if semantic.shape[0]:
                label_block(semantic, line, row, column, 16 * j, label)
            if instance.shape[0]:
                label_block(instance, line, row, column, 16 * j, number)


@njit(nogil=True, cache=True)
def shade_block(frame: Array, line: Array, row: int, column: int, place: int, brightness: int) -> None:
    """Write the scaled ink of 16 pixels where there is ink."""
    y, x, source = np.uint64(row), np.uint64(column), np.uint64(place)
    for k in range(_BLOCK):
        ink = line[source + k]
        level = min((np.int32(ink) * brightness) >> np.int32(16), np.int32(255))
        frame[y, x + k] = np.uint8(level) if ink else frame[y, x + k]


@njit(nogil=True, cache=True)
def label_block(frame: Array, line: Array, row: int, column: int, place: int, value: int) -> None:
    """Write a label at 16 pixels where there is ink."""
    y, x, source = np.uint64(row), np.uint64(column), np.uint64(place)
    for k in range(_BLOCK):
        frame[y, x + k] = value if line[source + k] else frame[y, x + k]


@njit(nogil=True, cache=True)
def draw_clips(first: int, last: int, scene: SceneArrays, style: Style, tables: Tables, out: Outputs) -> None:
    """Draw clips first..last-1 of a scene."""
    video, semantic, instance = out.video, out.semantic, out.instance
    _, num_frames, frame_height, frame_width = video.shape
    num_rows, max_shapes = scene.glyph.shape[1], scene.shape_kind.shape[1]
    glyph_height, glyph_width = scene.images.shape[1:]
    stride = glyph_width + 2 * style.pad
    inks = np.zeros((num_rows, glyph_height + 2 * style.pad, stride), np.uint8)
    boxes = np.zeros((num_rows, 4), np.int64)
    max_height = 1
    for b in range(first, last):
        for s in range(scene.num_shapes[b]):
            max_height = max(max_height, scene.shape_height[b, s])
    lefts, rights = np.zeros((max_shapes, max_height), np.int64), np.zeros((max_shapes, max_height), np.int64)
    line = np.zeros(frame_width + 32, np.uint8)
    order = np.zeros(num_rows, np.int64)
    # One word a pixel is the most that any noise takes: sensor noise.
    scratch = np.zeros((frame_height * frame_width + 15) // 16 * 16, np.uint32)
    background_words = (frame_height * frame_width + 15) // 16 * 4
    if style.noise_kind == TABLE_NOISE:
        background_words *= 2
    nothing = np.zeros((0, 0), np.uint8)
    for b in range(first, last):
        clip_id = np.int64(scene.clip_ids[b])
        id_low, id_high = clip_id & 0xFFFFFFFF, clip_id >> 32
        num_digits, num_shapes = scene.num_digits[b], scene.num_shapes[b]
        for s in range(num_shapes):
            shape_spans(
                scene.shape_kind[b, s], np.int64(scene.shape_height[b, s]), np.int64(scene.shape_width[b, s]),
                np.int64(scene.shape_apex[b, s]), lefts[s], rights[s],
            )  # fmt: skip
        for n in range(num_digits):
            pad_ink(scene.images[scene.glyph[b, n]], style, inks[n], boxes[n])
        for t in range(num_frames):
            pixels = video[b, t].reshape(frame_height * frame_width)
            frame = t * style.frame_stride
            draw_background(pixels, scratch[:background_words], style, tables, frame, id_low, id_high)
            for s in range(num_shapes):
                draw_shape(
                    video[b, t], scene.shape_y[b, s, t], scene.shape_x[b, s, t], scene.shape_height[b, s],
                    scene.shape_level[b, s], lefts[s], rights[s],
                )  # fmt: skip
            semantic_frame, instance_frame = nothing, nothing
            if semantic.shape[0]:
                semantic_frame = semantic[b, t]
                semantic_frame[:] = 10
            if instance.shape[0]:
                instance_frame = instance[b, t]
                instance_frame[:] = 0
            for n in range(num_digits):
                order[scene.depth[b, n, t]] = n
            for rank in range(num_digits):
                n = order[rank]
                scale = np.int64(scene.scale[b, n, t])
                a, b_ = inverse_coefficients(scene.angle[b, n, t], scale, scene.sine)
                half_y = glyph_height * scale >> 1 if style.cut_corners else 0
                half_x = glyph_width * scale >> 1 if style.cut_corners else 0
                draw_digit(
                    video[b, t], semantic_frame, instance_frame, inks[n].reshape(-1), boxes[n],
                    glyph_height, glyph_width, style.pad,
                    np.int64(scene.y[b, n, t]), np.int64(scene.x[b, n, t]), a, b_,
                    scene.brightness[b, n, t], half_y, half_x, scene.label[b, n], n + 1, line,
                )  # fmt: skip
            if style.sensor_reach:
                add_sensor_noise(pixels, scratch, style, tables, frame, id_low, id_high)
