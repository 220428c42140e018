"""Compiled loops of the truths that follow from masks and poses: areas, boxes, occluders, optical flow.

As in `render/kernels.py`, the caller allocates, and an output that was not asked for has zero size.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.digits import InkBox, Pose, find_ink, glyph_place, make_pose, pixel_bounds
from segmnist.render.kernels.layout import SceneArrays, Style
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]

_ONE = np.uint64(1)


class Measures(NamedTuple):
    """What is measured on masks: the arrays of `truth/catalog.py` by their names."""

    visible_area: Array
    amodal_area: Array
    whole_area: Array
    boxes_xyxy: Array
    amodal_boxes_xyxy: Array
    occluders: Array


class Flow(NamedTuple):
    """Optical flow `(B,T,H,W,2)` float32 and its validity `(B,T,H,W)` uint8, forward and backward."""

    flow_forward: Array
    flow_backward: Array
    flow_forward_valid: Array
    flow_backward_valid: Array


@njit(nogil=True, cache=True)
def measure_mask(
    mask: Array, value: int, bounds: tuple[int, int, int, int], columns: Array, box: Array
) -> int:
    """Count the pixels of a value within bounds (top, bottom, left, right), and write the box (x0, y0, x1, y1) that holds them.

    `columns` is scratch of the frame's width: hits are gathered there by whole rows, which LLVM vectorises.
    """
    top, bottom, left, right = bounds
    first_row, last_row, count = bottom, top, 0
    first, last = np.uint64(left), np.uint64(right)
    columns[left:right] = 0
    for row in range(top, bottom):
        hits = 0
        line = mask[row]
        for x in range(first, last):
            hit = np.uint8(line[x] == value)
            hits += hit
            columns[x] |= hit
        if hits:
            first_row, last_row = min(first_row, row), row + 1
        count += hits
    if count == 0:
        box[:] = -1
        return 0
    while not columns[first]:
        first += _ONE
    while not columns[last - _ONE]:
        last -= _ONE
    box[0], box[1], box[2], box[3] = first, first_row, last, last_row
    return count


@njit(nogil=True, cache=True)
def count_whole(
    image: Array, threshold: int, ink: InkBox, bounds: tuple[int, int, int, int], pose: Pose
) -> int:
    """Count the digit's pixels within bounds that may reach outside the frame."""
    count = 0
    for row in range(bounds[0], bounds[1]):
        for column in range(bounds[2], bounds[3]):
            v, u = glyph_place(ink, pose, row, column)
            v, u = v >> 16, u >> 16
            if 0 <= v < ink.height and 0 <= u < ink.width:
                count += image[v, u] >= threshold
    return count


@njit(nogil=True, cache=True)
def measure_clips(scene: SceneArrays, style: Style, instance: Array, amodal: Array, out: Measures) -> None:
    """Measure areas, boxes and occluders of every digit and frame; only the digit's own bounds are walked."""
    num_clips, num_frames, frame_height, frame_width = instance.shape
    columns, glyph_columns = np.zeros(frame_width, np.uint8), np.zeros(scene.images.shape[2], np.uint8)
    box = np.zeros(4, np.float32)
    for b in range(num_clips):
        out.occluders[b] = 0
        for n in range(scene.glyph.shape[1]):
            if n >= scene.num_digits[b] or scene.label[b, n] == NO_DIGIT:
                out.visible_area[b, n], out.amodal_area[b, n], out.whole_area[b, n] = 0, 0, 0
                out.boxes_xyxy[b, n], out.amodal_boxes_xyxy[b, n] = -1, -1
                continue
            image = scene.images[scene.glyph[b, n]]
            ink = find_ink(image, style.ink_threshold, glyph_columns)
            for t in range(num_frames):
                pose = make_pose(
                    scene.y[b, n, t], scene.x[b, n, t], scene.angle[b, n, t], scene.scale[b, n, t],
                    scene.brightness[b, n, t], scene.sine, ink, style.cut_corners,
                )  # fmt: skip
                whole = pixel_bounds(ink, pose) if ink.top < ink.bottom else (0, 0, 0, 0)
                top, bottom = max(whole[0], 0), min(whole[1], frame_height)
                left, right = max(whole[2], 0), min(whole[3], frame_width)
                bounds = (top, max(top, bottom), left, max(left, right))
                if bounds[1] == top or bounds[3] == left:
                    bounds = (0, 0, 0, 0)
                seen = measure_mask(instance[b, t], n + 1, bounds, columns, box)
                out.visible_area[b, n, t] = seen
                out.boxes_xyxy[b, n, t] = box
                extent = measure_mask(amodal[b, n, t], 1, bounds, columns, box)
                out.amodal_area[b, n, t] = extent
                out.amodal_boxes_xyxy[b, n, t] = box
                if whole == bounds:
                    out.whole_area[b, n, t] = extent
                else:
                    out.whole_area[b, n, t] = count_whole(image, style.ink_threshold, ink, whole, pose)
                if seen < extent:
                    count_occluders(instance[b, t], amodal[b, n, t], n, bounds, out.occluders[b, n, :, t])


@njit(nogil=True, cache=True)
def count_occluders(
    instance: Array, amodal: Array, n: int, bounds: tuple[int, int, int, int], counts: Array
) -> None:
    """Count, for each other digit, the pixels of digit n at which it is seen instead."""
    for row in range(bounds[0], bounds[1]):
        for column in range(bounds[2], bounds[3]):
            if amodal[row, column] and instance[row, column] != n + 1:
                counts[np.int64(instance[row, column]) - 1] += 1


@njit(nogil=True, cache=True)
def digit_motion(scene: SceneArrays, b: int, n: int, t: int, other: int, motion: Array) -> None:
    """Write the flow of digit n from frame t to another as an affine map of the pixel's centre: fx, fy = m0 + m1 x + m2 y."""
    turn = (np.int64(scene.angle[b, n, other]) - scene.angle[b, n, t]) % 36_000
    growth = scene.scale[b, n, other] / scene.scale[b, n, t]
    c = growth * scene.sine[turn + 9_000] / 1_073_741_824.0
    s = growth * scene.sine[turn] / 1_073_741_824.0
    y, x = scene.y[b, n, t] / 65_536.0, scene.x[b, n, t] / 65_536.0
    motion[1], motion[2] = c - 1.0, s
    motion[4], motion[5] = -s, c - 1.0
    motion[0] = (scene.x[b, n, other] / 65_536.0 - x) - motion[1] * (x - 0.5) - motion[2] * (y - 0.5)
    motion[3] = (scene.y[b, n, other] / 65_536.0 - y) - motion[4] * (x - 0.5) - motion[5] * (y - 0.5)


@njit(nogil=True, cache=True)
def trace_clips(
    scene: SceneArrays, bare_is_still: bool, instance: Array, shape_instance: Array, out: Flow
) -> None:
    """Trace every visible surface to the next frame and to the one before."""
    num_clips, num_frames = instance.shape[:2]
    motions = np.zeros((scene.glyph.shape[1], 6), np.float64)
    for b in range(num_clips):
        for t in range(num_frames):
            for direction in range(2):
                other = t + 1 if direction == 0 else t - 1
                flow = out.flow_forward[b, t] if direction == 0 else out.flow_backward[b, t]
                valid = out.flow_forward_valid[b, t] if direction == 0 else out.flow_backward_valid[b, t]
                if other < 0 or other >= num_frames:
                    flow[:] = 0
                    valid[:] = 0
                    continue
                for n in range(scene.num_digits[b]):
                    digit_motion(scene, b, n, t, other, motions[n])
                trace_frame(
                    instance[b, t], shape_instance[b, t], instance[b, other], shape_instance[b, other],
                    motions, scene.shape_y[b, :, t], scene.shape_x[b, :, t],
                    scene.shape_y[b, :, other], scene.shape_x[b, :, other], bare_is_still, flow, valid,
                )  # fmt: skip


@njit(nogil=True, cache=True)
def trace_frame(
    digit: Array, shape: Array, other_digit: Array, other_shape: Array, motions: Array,
    shape_y: Array, shape_x: Array, other_y: Array, other_x: Array, bare_is_still: bool, flow: Array, valid: Array,
) -> None:  # fmt: skip
    """Trace one frame's surfaces to another frame, run by run of equal surface along each row."""
    height, width = digit.shape
    for y in range(height):
        x = 0
        while x < width:
            n, s = digit[y, x], shape[y, x]
            stop = x + 1
            while stop < width and digit[y, stop] == n and shape[y, stop] == s:
                stop += 1
            if n:
                trace_digit_run(other_digit, n, motions[n - 1], y, x, stop, flow, valid)
            elif s:
                dy, dx = other_y[s - 1] - shape_y[s - 1], other_x[s - 1] - shape_x[s - 1]
                trace_shape_run(other_shape, s, y, x, stop, dy, dx, flow, valid)
            else:
                trace_bare_run(other_digit, other_shape, bare_is_still, y, x, stop, flow, valid)
            x = stop


@njit(nogil=True, cache=True)
def trace_digit_run(
    other_digit: Array, n: int, motion: Array, y: int, start: int, stop: int, flow: Array, valid: Array
) -> None:
    """Trace the pixels start..stop-1 of row y, which show digit n."""
    height, width = other_digit.shape
    for x in range(start, stop):
        # Rounded before the place is looked up, so that warping by the stored flow arrives at the same pixel, and a place
        # on the very edge of a pixel (a quarter turn about a whole centre) does not hang on the order of the sums above.
        dx = np.float32(motion[0] + motion[1] * x + motion[2] * y)
        dy = np.float32(motion[3] + motion[4] * x + motion[5] * y)
        flow[y, x, 0], flow[y, x, 1] = dx, dy
        column, row = math.floor(x + 0.5 + dx), math.floor(y + 0.5 + dy)
        inside = 0 <= row < height and 0 <= column < width
        valid[y, x] = inside and other_digit[row, column] == n


@njit(nogil=True, cache=True)
def trace_shape_run(
    other_shape: Array, s: int, y: int, start: int, stop: int, dy: int, dx: int, flow: Array, valid: Array
) -> None:
    """Trace the pixels start..stop-1 of row y, which show shape s, moved by whole pixels."""
    height, width = other_shape.shape
    row = y + dy
    for x in range(start, stop):
        flow[y, x, 0], flow[y, x, 1] = dx, dy
        inside = 0 <= row < height and 0 <= x + dx < width
        valid[y, x] = inside and other_shape[row, x + dx] == s


@njit(nogil=True, cache=True)
def trace_bare_run(
    other_digit: Array,
    other_shape: Array,
    still: bool,
    y: int,
    start: int,
    stop: int,
    flow: Array,
    valid: Array,
) -> None:
    """Bare background stands still where it has no noise; pepper noise is no surface."""
    for x in range(start, stop):
        flow[y, x, 0], flow[y, x, 1] = 0, 0
        valid[y, x] = still and other_digit[y, x] == 0 and other_shape[y, x] == 0
