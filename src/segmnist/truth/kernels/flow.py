"""Optical flow of what is seen, to the next frame and to the one before.

A shape moves by whole pixels, so that its flow is one pair of numbers, looked up by the shape that a pixel shows, and where it
is seen again follows from the bits of its rows in both frames. A digit's pixels are moved one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import (
    address_of,
    int64_at,
    lowest_bit,
    match_bits_16,
    match_bits_64,
    put_bits_16,
    put_bits_64,
    put_floats,
    put_int64,
    uint8_at,
    window,
)
from segmnist.render.kernels.borrowed import borrow_scene
from segmnist.render.kernels.digits import Pose, find_digits, new_clip_digits, pose_at
from segmnist.render.kernels.layout import SceneArrays, Style
from segmnist.scene.scene import NO_SHAPE

Array = NDArray[Any]

_SINE_UNIT = 1.0 / (1 << 30)


class Flow(NamedTuple):
    """Flow, flat float32, dx and dy of each pixel in turn, and its validity, flat uint8; forward and backward."""

    flow_forward: Array
    flow_backward: Array
    flow_forward_valid: Array
    flow_backward_valid: Array


class Frame(NamedTuple):
    """The size of a frame, and the words of 64 columns that its rows take."""

    height: int
    width: int
    words: int


class Step(NamedTuple):
    """From a frame to another: addresses of what the other shows, of the flow, its validity, and the bits of that.

    is_there: 0 where there is no other frame; then nothing moves, and nothing is seen again.
    """

    is_there: int
    instance: int
    shape_instance: int
    flow: int
    valid: int
    valid_bits: int


class Shapes(NamedTuple):
    """Scratch for the shapes of a clip at two frames, which take turns: even and odd.

    visible: `(2,S,H,words+2)` int64, the bits of the pixels that show each, between words of zeros; both: `(words+2,)`, a row
    of such bits; displacements: `(2,256,2)` float32, by shape number, forward and backward.
    """

    visible: Array
    both: Array
    displacements: Array


class Motion(NamedTuple):
    """A digit's flow as an affine map of column x and row y: dx = x0 + xx x + xy y, dy = y0 + yx x + yy y."""

    x0: float
    xx: float
    xy: float
    y0: float
    yx: float
    yy: float


@njit(nogil=True, cache=True)
def digit_motion(scene: SceneArrays, b: int, n: int, t: int, other: int) -> Motion:
    """Return a digit's motion from frame t to another."""
    turn = (np.int64(scene.angle[b, n, other]) - scene.angle[b, n, t]) % 36_000
    growth = scene.scale[b, n, other] / scene.scale[b, n, t]
    c, s = growth * scene.sine[turn + 9_000] * _SINE_UNIT, growth * scene.sine[turn] * _SINE_UNIT
    centre_y, centre_x = scene.y[b, n, t] / 65_536.0 - 0.5, scene.x[b, n, t] / 65_536.0 - 0.5
    dx = (np.int64(scene.x[b, n, other]) - scene.x[b, n, t]) / 65_536.0
    dy = (np.int64(scene.y[b, n, other]) - scene.y[b, n, t]) / 65_536.0
    xx, xy, yx, yy = c - 1.0, s, -s, c - 1.0
    return Motion(dx - xx * centre_x - xy * centre_y, xx, xy, dy - yx * centre_x - yy * centre_y, yx, yy)


@njit(nogil=True, cache=True)
def match_row(row: int, word: int, byte: int, frame_width: int) -> int:
    """Return, for 64 columns of a row of pixels from 64 * word on, the bits of those that are a byte."""
    column = 64 * word
    if frame_width - column >= 64:
        return match_bits_64(row + column, byte)
    if frame_width >= 64:
        # Nothing may be read beyond the last row: the last columns, and those before them shifted out.
        return np.int64(
            np.uint64(match_bits_64(row + frame_width - 64, byte)) >> np.uint64(column + 64 - frame_width)
        )
    bits = 0
    for k in range(0, frame_width, 16):
        place = min(k, frame_width - 16)
        bits |= match_bits_16(row + place, byte) << place
    return bits


@njit(nogil=True, cache=True)
def match_bare(instance: int, shape_instance: int, word: int, frame_width: int) -> int:
    """Return, for 64 columns of a row, the bits of those that show the bare background."""
    return match_row(instance, word, 0, frame_width) & match_row(shape_instance, word, 0, frame_width)


@njit(nogil=True, cache=True)
def find_visible_shape(
    shape_instance: int, frame: Frame, s: int, top: int, bottom: int, left: int, right: int, bits: int
) -> None:
    """Write the bits of the pixels that show shape s, rows top..bottom-1, each between two words of zeros, to an address."""
    for y in range(max(top, 0), min(bottom, frame.height)):
        for word in range(frame.words):
            is_near = 64 * word < right and 64 * word + 64 > left
            found = match_row(shape_instance + y * frame.width, word, s + 1, frame.width) if is_near else 0
            put_int64(bits + 8 * (y * (frame.words + 2) + word + 1), found)


@njit(nogil=True, cache=True)
def shifted(row: int, word: int, shift: int, words: int) -> int:
    """Return 64 columns, from 64 * word + shift on, of a row of bits between two words of zeros."""
    start = 64 * word + shift
    return window(row, start) if -64 <= start <= 64 * words else 0


@njit(nogil=True, cache=True)
def meet_shape(
    frame: Frame,
    top: int,
    bottom: int,
    dy: int,
    dx: int,
    here: int,
    there: int,
    both: int,
    forward: int,
    backward: int,
) -> None:
    """Mark where a shape is seen in both of two frames, between which it moves by (dy, dx).

    here, there: its visible bits; both: scratch for a row of them, the first and the last word zero; forward, backward: the
    validity of the one frame's flow and of the other's.
    """
    stride = 8 * (frame.words + 2)
    for y in range(max(top, 0, -dy), min(bottom, frame.height, frame.height - dy)):
        for word in range(frame.words):
            bits = int64_at(here + y * stride + 8 * (word + 1)) & shifted(
                there + (y + dy) * stride, word, dx, frame.words
            )
            place = forward + 8 * (y * frame.words + word)
            put_int64(place, int64_at(place) | bits)
            put_int64(both + 8 * (word + 1), bits)
        for word in range(frame.words):
            place = backward + 8 * ((y + dy) * frame.words + word)
            put_int64(place, int64_at(place) | shifted(both, word, -dx, frame.words))


@njit(nogil=True, cache=True)
def find_visible_shapes(
    scene: SceneArrays, b: int, t: int, shape_instance: int, frame: Frame, shapes: Shapes
) -> None:
    """Find the pixels that show each shape of clip b at frame t."""
    for s in range(scene.num_shapes[b]):
        if scene.shape_kind[b, s] != NO_SHAPE:
            top, left = np.int64(scene.shape_y[b, s, t]), np.int64(scene.shape_x[b, s, t])
            find_visible_shape(
                shape_instance, frame, s, top, top + scene.shape_height[b, s], left, left + scene.shape_width[b, s],
                address_of(shapes.visible[t & 1, s]),
            )  # fmt: skip


@njit(nogil=True, cache=True)
def meet_shapes(
    scene: SceneArrays, b: int, t: int, frame: Frame, shapes: Shapes, forward: int, backward: int
) -> None:
    """Mark where the shapes of clip b are seen at frame t and at the next, and note their displacements."""
    for s in range(scene.num_shapes[b]):
        if scene.shape_kind[b, s] != NO_SHAPE:
            top, left = np.int64(scene.shape_y[b, s, t]), np.int64(scene.shape_x[b, s, t])
            dy, dx = scene.shape_y[b, s, t + 1] - top, scene.shape_x[b, s, t + 1] - left
            shapes.displacements[0, s + 1, 0], shapes.displacements[0, s + 1, 1] = dx, dy
            meet_shape(
                frame, top, top + scene.shape_height[b, s], dy, dx, address_of(shapes.visible[t & 1, s]),
                address_of(shapes.visible[(t + 1) & 1, s]), address_of(shapes.both), forward, backward,
            )  # fmt: skip


@njit(nogil=True, cache=True)
def meet_bare(instance: int, shape_instance: int, step: Step, frame: Frame) -> None:
    """Mark where a frame and the other both show the bare background."""
    for y in range(frame.height):
        row = y * frame.width
        for word in range(frame.words):
            bits = match_bare(instance + row, shape_instance + row, word, frame.width)
            bits &= match_bare(step.instance + row, step.shape_instance + row, word, frame.width)
            place = step.valid_bits + 8 * (y * frame.words + word)
            put_int64(place, int64_at(place) | bits)


@njit(nogil=True, cache=True)
def paint_shapes(
    shape_instance: int, size: int, displacements: int, before: int, forward: int, backward: int
) -> None:
    """Write the flow of every pixel, both ways, by the shape that it shows.

    displacements, before: the pair (dx, dy) of each shape, no shape first; to the next frame, and to the one before.
    """
    for start in range(0, size, 16):
        first = min(start, size - 16)
        ids, there, back = shape_instance + first, forward + 8 * first, backward + 8 * first
        for k in range(16):
            pair = 8 * np.int64(uint8_at(ids + k))
            put_int64(there + 8 * k, int64_at(displacements + pair))
            put_int64(back + 8 * k, int64_at(before + pair))


@njit(nogil=True, cache=True)
def move_pixel(step: Step, frame: Frame, motion: Motion, y: int, x: int, number: int) -> int:
    """Write the flow of a pixel that shows a digit; return 1 if it is seen again, else 0."""
    # Rounded before the place is looked up, so that warping by the stored flow arrives at the same pixel, and a place on the
    # very edge of a pixel does not hang on the order of the sums.
    dx = np.float32((motion.x0 + motion.xy * y) + motion.xx * x)
    dy = np.float32((motion.y0 + motion.yy * y) + motion.yx * x)
    put_floats(step.flow + 8 * (y * frame.width + x), dx, dy)
    row, column = y + 0.5 + dy, x + 0.5 + dx
    if 0.0 <= row < frame.height and 0.0 <= column < frame.width:
        place = np.int64(row) * frame.width + np.int64(column)
        return np.int64(uint8_at(step.instance + place) == number) & step.is_there
    return 0


@njit(nogil=True, cache=True)
def paint_digit(
    instance: int,
    frame: Frame,
    n: int,
    pose: Pose,
    forward: Step,
    there: Motion,
    backward: Step,
    back: Motion,
) -> None:
    """Write the flow of the pixels that show digit n, both ways, and mark where they are seen again."""
    number = np.uint8(n + 1)
    for y in range(pose.top, pose.bottom):
        for word in range(pose.left >> 6, (pose.right + 63) >> 6):
            bits = match_row(instance + y * frame.width, word, number, frame.width)
            seen_next, seen_before = 0, 0
            while bits:
                k = lowest_bit(bits)
                bits &= bits - 1
                seen_next |= move_pixel(forward, frame, there, y, 64 * word + k, number) << k
                seen_before |= move_pixel(backward, frame, back, y, 64 * word + k, number) << k
            place = 8 * (y * frame.words + word)
            put_int64(forward.valid_bits + place, int64_at(forward.valid_bits + place) | seen_next)
            put_int64(backward.valid_bits + place, int64_at(backward.valid_bits + place) | seen_before)


@njit(nogil=True, cache=True)
def put_valid(bits: int, frame: Frame, valid: int) -> None:
    """Write the bits of every row as bytes."""
    for y in range(frame.height):
        row, source = valid + y * frame.width, bits + 8 * y * frame.words
        if frame.width % 64 == 0:
            for word in range(frame.words):
                put_bits_64(row + 64 * word, int64_at(source + 8 * word))
        else:
            for column in range(0, frame.width, 16):
                place = min(column, frame.width - 16)
                found = np.uint64(int64_at(source + 8 * (place >> 6))) >> np.uint64(place & 63)
                if (place & 63) > 48:
                    found |= np.uint64(int64_at(source + 8 * (place >> 6) + 8)) << np.uint64(
                        64 - (place & 63)
                    )
                put_bits_16(row + place, np.int64(found))


@njit(nogil=True, cache=True)
def trace_clips(
    num_frames: int, frame_height: int, frame_width: int, scene: SceneArrays, style: Style, is_still: bool,
    instance: Array, shape_instance: Array, out: Flow,
) -> None:  # fmt: skip
    """Trace every visible surface of every clip to the next frame and to the one before."""
    scene = borrow_scene(scene)
    frame = Frame(frame_height, frame_width, (frame_width + 63) >> 6)
    size, num_rows, num_shapes = frame_height * frame_width, scene.glyph.shape[1], scene.shape_kind.shape[1]
    instances, shape_instances = address_of(instance), address_of(shape_instance)
    flow_forward, flow_backward = address_of(out.flow_forward), address_of(out.flow_backward)
    valid_forward, valid_backward = address_of(out.flow_forward_valid), address_of(out.flow_backward_valid)
    digits = new_clip_digits(num_rows, num_frames)
    shapes = Shapes(
        np.zeros((2, num_shapes, frame_height, frame.words + 2), np.int64),
        np.zeros(frame.words + 2, np.int64),
        np.zeros((2, 256, 2), np.float32),
    )
    # Of this frame forward; backward of this one and of the next, which take turns.
    valid_bits = np.zeros((3, frame_height, frame.words), np.int64)
    for b in range(scene.clip_ids.shape[0]):
        find_digits(scene, b, style, digits)
        first = b * num_frames
        shapes.displacements[:], valid_bits[:] = 0, 0
        find_visible_shapes(scene, b, 0, shape_instances + first * size, frame, shapes)
        for t in range(num_frames):
            has_next, has_before, here = t + 1 < num_frames, t > 0, (first + t) * size
            ahead, behind = here + size * has_next, here - size * has_before
            forward = Step(
                has_next, instances + ahead, shape_instances + ahead, flow_forward + 8 * here, valid_forward + here,
                address_of(valid_bits[2]),
            )  # fmt: skip
            backward = Step(
                has_before, instances + behind, shape_instances + behind, flow_backward + 8 * here,
                valid_backward + here, address_of(valid_bits[t & 1]),
            )  # fmt: skip
            valid_bits[2], valid_bits[(t + 1) & 1] = 0, 0
            # What was forward at the frame before is backward here.
            for s in range(num_shapes):
                for k in range(2):
                    shapes.displacements[1, s + 1, k] = 0.0 - shapes.displacements[0, s + 1, k]
                    shapes.displacements[0, s + 1, k] = 0.0
            if has_next:
                find_visible_shapes(scene, b, t + 1, shape_instances + ahead, frame, shapes)
                meet_shapes(
                    scene, b, t, frame, shapes, forward.valid_bits, address_of(valid_bits[(t + 1) & 1])
                )
            if is_still and has_next:
                meet_bare(instances + here, shape_instances + here, forward, frame)
            if is_still and has_before:
                meet_bare(instances + here, shape_instances + here, backward, frame)
            paint_shapes(
                shape_instances + here, size, address_of(shapes.displacements[0]),
                address_of(shapes.displacements[1]), forward.flow, backward.flow,
            )  # fmt: skip
            for n in range(scene.num_digits[b]):
                pose = pose_at(scene, digits, style, b, n, t, frame_height, frame_width)
                if pose.top < pose.bottom:
                    there = digit_motion(scene, b, n, t, t + has_next)
                    back = digit_motion(scene, b, n, t, t - has_before)
                    paint_digit(instances + here, frame, n, pose, forward, there, backward, back)
            put_valid(forward.valid_bits, frame, forward.valid)
            put_valid(backward.valid_bits, frame, backward.valid)
