"""Optical flow of what is seen, to the next frame and to the one before.

A shape moves by whole pixels, so that its flow is one pair of numbers, looked up by the shape that a pixel shows, and where it
is seen again follows from the bits of its rows in both frames. A digit's pixels are moved one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.render.numba_kernels.blocks import (
    address_of,
    fill_frame,
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
from segmnist.render.numba_kernels.digits import ClipDigits, Pose, find_digits, new_clip_digits, pose_at
from segmnist.render.numba_kernels.layout import Frame, SceneArrays, Style
from segmnist.scene.scene import NO_SHAPE

Array = NDArray[Any]

_SINE_UNIT = 1.0 / (1 << 30)


class Flow(NamedTuple):
    """Flow, flat float32, dx and dy of each pixel in turn, and its validity, flat uint8; forward and backward."""

    flow_forward: Array
    flow_backward: Array
    flow_forward_valid: Array
    flow_backward_valid: Array


class Step(NamedTuple):
    """From a frame to another: addresses of what the other shows, of the flow, of its validity and the bits of that.

    is_there: 0 where there is no other frame; then nothing moves, and nothing is seen again. displacements: the address of the
    pair (dx, dy) of each shape, no shape first.
    """

    is_there: int
    instance: int
    shape_instance: int
    flow: int
    valid: int
    valid_bits: int
    displacements: int


class Meeting(NamedTuple):
    """Addresses for a shape in two frames: its visible bits in each, scratch for a row, and where flow is valid.

    both: a row of bits, the first and the last word zero. forward, backward: the bits where the flow of the one frame and of
    the other are valid.
    """

    here: int
    there: int
    both: int
    forward: int
    backward: int


class Motion(NamedTuple):
    """A digit's flow as an affine map of column x and row y: dx = x0 + xx x + xy y, dy = y0 + yx x + yy y."""

    x0: float
    xx: float
    xy: float
    y0: float
    yx: float
    yy: float


class TracingRoom(NamedTuple):
    """Scratch for tracing a frame, zeros.

    visible: the bits of every shape in two frames, which take turns. both: a row of bits between two words of zeros.
    displacements: forward and backward, `(2,S+1,2)` float32. valid_bits: where flow is valid, backward in two frames, which
    take turns, and forward, `(3, words of a frame)` int64.
    """

    digits: ClipDigits
    visible: Array
    both: Array
    displacements: Array
    valid_bits: Array


def tracing_room(frame: Frame, scene: SceneArrays) -> TracingRoom:
    """Return room for tracing; Python calls it, as kernels allocate nothing."""
    num_shapes = scene.shape_kind.shape[1]
    return TracingRoom(
        new_clip_digits(scene),
        np.zeros((2, num_shapes * frame.height * (frame.words + 2)), np.int64),
        np.zeros(frame.words + 2, np.int64),
        np.zeros((2, num_shapes + 1, 2), np.float32),
        np.zeros((3, frame.height * frame.words), np.int64),
    )


@subroutine
def digit_motion(scene: SceneArrays, b: int, n: int, t: int, other: int) -> Motion:
    """Return a digit's motion from frame t to another; it keeps its size if it is not there at the other."""
    turn = (np.int64(scene.angle[b, n, other]) - scene.angle[b, n, t]) % 36_000
    growth = scene.scale[b, n, other] / scene.scale[b, n, t] if scene.scale[b, n, other] > 0 else 1.0
    c, s = growth * scene.sine[turn + 9_000] * _SINE_UNIT, growth * scene.sine[turn] * _SINE_UNIT
    centre_y, centre_x = scene.y[b, n, t] / 65_536.0 - 0.5, scene.x[b, n, t] / 65_536.0 - 0.5
    dx = (np.int64(scene.x[b, n, other]) - scene.x[b, n, t]) / 65_536.0
    dy = (np.int64(scene.y[b, n, other]) - scene.y[b, n, t]) / 65_536.0
    xx, xy, yx, yy = c - 1.0, s, -s, c - 1.0
    return Motion(dx - xx * centre_x - xy * centre_y, xx, xy, dy - yx * centre_x - yy * centre_y, yx, yy)


@subroutine
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


@subroutine
def match_bare(instance: int, shape_instance: int, word: int, frame_width: int) -> int:
    """Return, for 64 columns of a row, the bits of those that show the bare background."""
    return match_row(instance, word, 0, frame_width) & match_row(shape_instance, word, 0, frame_width)


@subroutine
def find_visible_shape(
    shape_instance: int, frame: Frame, s: int, top: int, bottom: int, left: int, right: int, bits: int
) -> None:
    """Write the bits of the pixels that show shape s, rows top..bottom-1, each between two words of zeros, to an address."""
    for y in range(max(top, 0), min(bottom, frame.height)):
        for word in range(frame.words):
            is_near = 64 * word < right and 64 * word + 64 > left
            found = match_row(shape_instance + y * frame.width, word, s + 1, frame.width) if is_near else 0
            put_int64(bits + 8 * (y * (frame.words + 2) + word + 1), found)


@subroutine
def shape_bytes(frame: Frame) -> int:
    """Return the bytes that the bits of a shape take: rows of words, between two words of zeros each."""
    return 8 * frame.height * (frame.words + 2)


@subroutine
def find_visible_shapes(
    scene: SceneArrays, b: int, t: int, shape_instance: int, frame: Frame, bits: int
) -> None:
    """Write the bits of the pixels that show each shape of clip b at frame t, one shape after the other, to an address."""
    for s in range(scene.num_shapes[b]):
        if scene.shape_kind[b, s] != NO_SHAPE:
            top, left = np.int64(scene.shape_y[b, s, t]), np.int64(scene.shape_x[b, s, t])
            find_visible_shape(
                shape_instance, frame, s, top, top + scene.shape_height[b, s], left, left + scene.shape_width[b, s],
                bits + s * shape_bytes(frame),
            )  # fmt: skip


@subroutine
def mark(place: int, bits: int) -> None:
    """Set some bits of the word at an address."""
    put_int64(place, int64_at(place) | bits)


@subroutine
def shifted(row: int, word: int, shift: int, words: int) -> int:
    """Return 64 columns, from 64 * word + shift on, of a row of bits between two words of zeros."""
    start = 64 * word + shift
    return window(row, start) if -64 <= start < 64 * words else 0


@subroutine
def meet_shape(frame: Frame, top: int, bottom: int, dy: int, dx: int, at: Meeting) -> None:
    """Mark where a shape is seen in both of two frames, between which it moves by (dy, dx)."""
    first, stop = max(top, 0, -dy), min(bottom, frame.height, frame.height - dy)
    stride = 8 * (frame.words + 2)
    if frame.words == 1 and abs(dx) < 64:
        # A row is one word, which is shifted: 1.6 a frame less than below.
        left, right = np.uint64(max(-dx, 0)), np.uint64(max(dx, 0))
        for y in range(first, stop):
            bits = np.uint64(int64_at(at.there + (y + dy) * stride + 8)) >> right << left
            bits &= np.uint64(int64_at(at.here + y * stride + 8))
            mark(at.forward + 8 * y, np.int64(bits))
            mark(at.backward + 8 * (y + dy), np.int64(bits << right >> left))
        return
    for y in range(first, stop):
        for word in range(frame.words):
            found = shifted(at.there + (y + dy) * stride, word, dx, frame.words)
            found &= int64_at(at.here + y * stride + 8 * (word + 1))
            mark(at.forward + 8 * (y * frame.words + word), found)
            put_int64(at.both + 8 * (word + 1), found)
        for word in range(frame.words):
            mark(at.backward + 8 * ((y + dy) * frame.words + word), shifted(at.both, word, -dx, frame.words))


@subroutine
def meet_shapes(scene: SceneArrays, b: int, t: int, frame: Frame, at: Meeting) -> None:
    """Mark where the shapes of clip b are seen both at frame t and at the next; at: those of the first shape."""
    for s in range(scene.num_shapes[b]):
        if scene.shape_kind[b, s] != NO_SHAPE:
            top, left = np.int64(scene.shape_y[b, s, t]), np.int64(scene.shape_x[b, s, t])
            dy, dx = scene.shape_y[b, s, t + 1] - top, scene.shape_x[b, s, t + 1] - left
            room = s * shape_bytes(frame)
            shape = Meeting(at.here + room, at.there + room, at.both, at.forward, at.backward)
            meet_shape(frame, top, top + scene.shape_height[b, s], dy, dx, shape)


@subroutine
def note_displacements(scene: SceneArrays, b: int, t: int, other: int, displacements: int) -> None:
    """Write the pair (dx, dy) of each shape of clip b from frame t to another, after that of no shape."""
    for s in range(scene.num_shapes[b]):
        dx = np.int64(scene.shape_x[b, s, other]) - scene.shape_x[b, s, t]
        dy = np.int64(scene.shape_y[b, s, other]) - scene.shape_y[b, s, t]
        put_floats(displacements + 8 * (s + 1), np.float32(dx), np.float32(dy))


@subroutine
def meet_bare(instance: int, shape_instance: int, step: Step, frame: Frame) -> None:
    """Mark where a frame and the other both show the bare background."""
    if not step.is_there:
        return
    for y in range(frame.height):
        row = y * frame.width
        for word in range(frame.words):
            bits = match_bare(instance + row, shape_instance + row, word, frame.width)
            bits &= match_bare(step.instance + row, step.shape_instance + row, word, frame.width)
            mark(step.valid_bits + 8 * (y * frame.words + word), bits)


@subroutine
def paint_shapes(shape_instance: int, size: int, forward: Step, backward: Step) -> None:
    """Write the flow of every pixel, both ways, by the shape that it shows."""
    for start in range(0, size, 16):
        first = min(start, size - 16)
        ids, there, back = shape_instance + first, forward.flow + 8 * first, backward.flow + 8 * first
        for k in range(16):
            pair = 8 * np.int64(uint8_at(ids + k))
            put_int64(there + 8 * k, int64_at(forward.displacements + pair))
            put_int64(back + 8 * k, int64_at(backward.displacements + pair))


@subroutine
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


@subroutine
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
            mark(forward.valid_bits + place, seen_next)
            mark(backward.valid_bits + place, seen_before)


@subroutine
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


@kernel
def trace_clips(
    frame: Frame, scene: SceneArrays, style: Style, is_still: bool, instance: Array, shape_instance: Array,
    room: TracingRoom, out: Flow,
) -> None:  # fmt: skip
    """Trace every visible surface of every clip to the next frame and to the one before."""
    num_frames, size = scene.y.shape[2], frame.height * frame.width
    instances, shape_instances = address_of(instance), address_of(shape_instance)
    flow_forward, flow_backward = address_of(out.flow_forward), address_of(out.flow_backward)
    valid_forward, valid_backward = address_of(out.flow_forward_valid), address_of(out.flow_backward_valid)
    digits, visible, displacements = room.digits, room.visible, room.displacements
    valid_bits, num_bytes = address_of(room.valid_bits), 8 * frame.height * frame.words
    for b in range(scene.clip_ids.shape[0]):
        find_digits(scene, b, style, digits)
        first = b * num_frames
        fill_frame(valid_bits, num_bytes, 0)
        find_visible_shapes(scene, b, 0, shape_instances + first * size, frame, address_of(visible[0]))
        for t in range(num_frames):
            has_next, has_before, here = t + 1 < num_frames, t > 0, (first + t) * size
            ahead, behind = here + size * has_next, here - size * has_before
            valid_next = valid_bits + num_bytes * ((t + 1) & 1)
            forward = Step(
                has_next, instances + ahead, shape_instances + ahead, flow_forward + 8 * here, valid_forward + here,
                valid_bits + 2 * num_bytes, address_of(displacements),
            )  # fmt: skip
            backward = Step(
                has_before, instances + behind, shape_instances + behind, flow_backward + 8 * here,
                valid_backward + here, valid_bits + num_bytes * (t & 1), address_of(displacements[1]),
            )  # fmt: skip
            fill_frame(forward.valid_bits, num_bytes, 0)
            fill_frame(valid_next, num_bytes, 0)
            note_displacements(scene, b, t, t + has_next, forward.displacements)
            note_displacements(scene, b, t, t - has_before, backward.displacements)
            if has_next:
                seen, seen_next = address_of(visible[t & 1]), address_of(visible[(t + 1) & 1])
                find_visible_shapes(scene, b, t + 1, shape_instances + ahead, frame, seen_next)
                at = Meeting(seen, seen_next, address_of(room.both), forward.valid_bits, valid_next)
                meet_shapes(scene, b, t, frame, at)
            if is_still:
                meet_bare(instances + here, shape_instances + here, forward, frame)
                meet_bare(instances + here, shape_instances + here, backward, frame)
            paint_shapes(shape_instances + here, size, forward, backward)
            for n in range(scene.num_digits[b]):
                pose = pose_at(scene, digits, style, b, n, t, frame)
                if pose.top < pose.bottom:
                    there = digit_motion(scene, b, n, t, t + has_next)
                    back = digit_motion(scene, b, n, t, t - has_before)
                    paint_digit(instances + here, frame, n, pose, forward, there, backward, back)
            put_valid(forward.valid_bits, frame, forward.valid)
            put_valid(backward.valid_bits, frame, backward.valid)
