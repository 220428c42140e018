"""Optical flow of what is seen, to the next frame and to the one before, painted from back to front as the video is.

Bare background first, then shapes by spans, then the digits' visible pixels: a surface paints over what it hides, so no pixel
needs to be asked what it shows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import compare_block, lowest_bit, match_block
from segmnist.render.kernels.clips import tallest_shape
from segmnist.render.kernels.digits import InkBox, find_ink, make_pose, pixel_bounds
from segmnist.render.kernels.layout import SceneArrays, Style
from segmnist.render.kernels.shapes import fill_span, shape_spans
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE

Array = NDArray[Any]

_ONE, _EIGHT, _BLOCK = np.uint64(1), np.uint64(8), np.uint64(16)
_SINE_UNIT = 1.0 / (1 << 30)


class Flow(NamedTuple):
    """Flow, flat float32, dx and dy of each pixel in turn, and its validity, flat uint8; forward and backward."""

    flow_forward: Array
    flow_backward: Array
    flow_forward_valid: Array
    flow_backward_valid: Array


@njit(nogil=True, cache=True)
def digit_motion(
    y: Array, x: Array, angle: Array, scale: Array, sine: Array, t: int, other: int, motion: Array
) -> None:
    """Write a digit's flow from frame t to another as an affine map of column and row: dx, dy = m0 + m1 x + m2 y."""
    turn = (np.int64(angle[other]) - angle[t]) % 36_000
    growth = scale[other] / scale[t]
    c, s = growth * sine[turn + 9_000] * _SINE_UNIT, growth * sine[turn] * _SINE_UNIT
    centre_y, centre_x = y[t] / 65_536.0 - 0.5, x[t] / 65_536.0 - 0.5
    motion[1], motion[2], motion[4], motion[5] = c - 1.0, s, -s, c - 1.0
    motion[0] = (np.int64(x[other]) - x[t]) / 65_536.0 - motion[1] * centre_x - motion[2] * centre_y
    motion[3] = (np.int64(y[other]) - y[t]) / 65_536.0 - motion[4] * centre_x - motion[5] * centre_y


@njit(nogil=True, cache=True)
def paint_digit(
    instance: Array, base: int, other_base: int, frame_height: int, frame_width: int, n: int,
    bounds: tuple[int, int, int, int], motion: Array, flow: Array, valid: Array,
) -> None:  # fmt: skip
    """Paint the flow of the pixels that show digit n."""
    top, bottom, left, right = bounds
    last_block, number = frame_width - 16, np.uint8(n + 1)
    m0, m1, m2, m3, m4, m5 = motion[0], motion[1], motion[2], motion[3], motion[4], motion[5]
    for y in range(top, bottom):
        for column in range(left, right, 16):
            place = min(column, last_block)
            bits = match_block(instance, np.uint64(base + y * frame_width + place), number)
            while bits:
                x = place + lowest_bit(bits)
                bits &= bits - 1
                # Rounded before the place is looked up, so that warping by the stored flow arrives at the same pixel, and a
                # place on the very edge of a pixel does not hang on the order of the sums.
                dx, dy = np.float32(m0 + m1 * x + m2 * y), np.float32(m3 + m4 * x + m5 * y)
                at = np.uint64(base + y * frame_width + x)
                flow[np.uint64(2) * at], flow[np.uint64(2) * at + np.uint64(1)] = dx, dy
                row, there = math.floor(y + 0.5 + dy), math.floor(x + 0.5 + dx)
                inside = 0 <= row < frame_height and 0 <= there < frame_width
                valid[at] = inside and instance[np.uint64(other_base + row * frame_width + there)] == number


@njit(nogil=True, cache=True)
def fill_pairs(pairs: Array, start: int, stop: int, pair: int) -> None:
    """Set pairs[start:stop], each the (dx, dy) of a pixel in one word, by eights; the last eight overlap those before."""
    first, last = np.uint64(start), np.uint64(stop)
    if stop - start >= 8:
        last -= _EIGHT
        while first < last:
            for k in range(_EIGHT):
                pairs[first + k] = pair
            first += _EIGHT
        for k in range(_EIGHT):
            pairs[last + k] = pair
    else:
        while first < last:
            pairs[first] = pair
            first += _ONE


@njit(nogil=True, cache=True)
def compare_span(valid: Array, start: int, stop: int, source: Array, shift: int, number: int) -> None:
    """Set valid[i] = source[i + shift] == number for i in start..stop-1."""
    first, last, byte = np.uint64(start), np.uint64(stop), np.uint8(number)
    offset = np.uint64(shift)  # wraps around if negative, and back again in the sum
    if stop - start >= 16:
        last -= _BLOCK
        while first < last:
            compare_block(valid, first, source, first + offset, byte)
            first += _BLOCK
        compare_block(valid, last, source, last + offset, byte)
    else:
        while first < last:
            valid[first] = source[first + offset] == byte
            first += _ONE


@njit(nogil=True, cache=True)
def paint_shape(
    shape_instance: Array, base: int, other_base: int, frame_height: int, frame_width: int, s: int,
    top: int, left: int, height: int, lefts: Array, rights: Array, at: int, dy: int, dx: int, pair: int,
    pairs: Array, valid: Array,
) -> None:  # fmt: skip
    """Paint the flow of a shape's spans, `lefts[at:]`, `rights[at:]`, which moves by whole pixels."""
    for r in range(max(0, -top), min(height, frame_height - top)):
        y = top + r
        start, stop = max(0, left + lefts[at + r]), min(frame_width, left + rights[at + r])
        if start >= stop:
            continue
        row = base + y * frame_width
        fill_pairs(pairs, row + start, row + stop, pair)
        # The part of the span that stays within the frame.
        first, last = max(start, -dx), min(stop, frame_width - dx)
        if not 0 <= y + dy < frame_height or first >= last:
            first = last = stop
        fill_span(valid, row + start, row + first, 0)
        fill_span(valid, row + last, row + stop, 0)
        shift = other_base - base + dy * frame_width + dx
        compare_span(valid, row + first, row + last, shape_instance, shift, s + 1)


@njit(nogil=True, cache=True)
def paint_bare(
    instance: Array, shape_instance: Array, base: int, other_base: int, size: int, is_still: bool,
    pairs: Array, valid: Array,
) -> None:  # fmt: skip
    """Paint the bare background: it stands still where it has no noise; pepper noise is no surface."""
    pairs[base : base + size] = 0
    valid[base : base + size] = 0
    if is_still:
        here, there = np.uint64(base), np.uint64(other_base)
        for k in range(np.uint64(size)):
            valid[here + k] = (instance[there + k] | shape_instance[there + k]) == 0


@njit(nogil=True, cache=True)
def trace_clips(
    num_frames: int, frame_height: int, frame_width: int, scene: SceneArrays, style: Style, is_still: bool,
    instance: Array, shape_instance: Array, out: Flow,
) -> None:  # fmt: skip
    """Trace every visible surface of every clip to the next frame and to the one before."""
    images, glyph, label, sine = scene.images, scene.glyph, scene.label, scene.sine
    y, x, angle, scale, brightness = scene.y, scene.x, scene.angle, scene.scale, scene.brightness
    shape_kind, shape_apex, shape_y, shape_x = (
        scene.shape_kind,
        scene.shape_apex,
        scene.shape_y,
        scene.shape_x,
    )
    shape_height, shape_width = scene.shape_height, scene.shape_width
    size, tallest = frame_height * frame_width, tallest_shape(scene)
    lefts = np.zeros(shape_kind.shape[1] * tallest, np.int64)
    rights = lefts.copy()
    boxes = [InkBox(0, 0, 0, 0, images.shape[1], images.shape[2]) for _ in range(glyph.shape[1])]
    # Two float32 and the same eight bytes as a word: whole displacements are painted word by word.
    displacement = np.zeros(2, np.float32)
    pair = displacement.view(np.int64)
    motion, columns = np.zeros(6, np.float64), np.zeros(images.shape[2], np.uint8)
    for b in range(glyph.shape[0]):
        for s in range(scene.num_shapes[b]):
            shape_spans(
                shape_kind[b, s], np.int64(shape_height[b, s]), np.int64(shape_width[b, s]),
                np.int64(shape_apex[b, s]), lefts[s * tallest :], rights[s * tallest :],
            )  # fmt: skip
        for n in range(scene.num_digits[b]):
            boxes[n] = find_ink(images[glyph[b, n]], style.ink_threshold, columns)
        for direction in range(2):
            step = 1 if direction == 0 else -1
            flow = out.flow_forward if direction == 0 else out.flow_backward
            valid = out.flow_forward_valid if direction == 0 else out.flow_backward_valid
            pairs = flow.view(np.int64)
            for t in range(num_frames):
                base, other = (b * num_frames + t) * size, t + step
                if other < 0 or other == num_frames:
                    pairs[base : base + size] = 0
                    valid[base : base + size] = 0
                    continue
                other_base = base + step * size
                paint_bare(instance, shape_instance, base, other_base, size, is_still, pairs, valid)
                for s in range(scene.num_shapes[b]):
                    if shape_kind[b, s] == NO_SHAPE:
                        continue
                    top, left = np.int64(shape_y[b, s, t]), np.int64(shape_x[b, s, t])
                    dy, dx = shape_y[b, s, other] - top, shape_x[b, s, other] - left
                    displacement[0], displacement[1] = dx, dy
                    paint_shape(
                        shape_instance, base, base + step * size, frame_height, frame_width, s, top, left,
                        np.int64(shape_height[b, s]), lefts, rights, s * tallest, dy, dx, pair[0], pairs, valid,
                    )  # fmt: skip
                for n in range(scene.num_digits[b]):
                    box = boxes[n]
                    if label[b, n] == NO_DIGIT or box.top >= box.bottom:
                        continue
                    pose = make_pose(
                        y[b, n, t], x[b, n, t], angle[b, n, t], scale[b, n, t], brightness[b, n, t], sine, box,
                        style.cut_corners,
                    )  # fmt: skip
                    bounds = pixel_bounds(box, pose)
                    bounds = (
                        max(bounds[0], 0), min(bounds[1], frame_height),
                        max(bounds[2], 0), min(bounds[3], frame_width),
                    )  # fmt: skip
                    digit_motion(y[b, n], x[b, n], angle[b, n], scale[b, n], sine, t, other, motion)
                    paint_digit(
                        instance, base, other_base, frame_height, frame_width, n, bounds, motion, flow, valid
                    )
