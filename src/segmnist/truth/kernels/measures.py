"""Areas, boxes and occluders of digits, and how many of their pixels are camouflaged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import count_bits, highest_bit, lowest_bit, match_block
from segmnist.render.kernels.digits import InkBox, Pose, find_ink, glyph_place, make_pose, pixel_bounds
from segmnist.render.kernels.layout import SceneArrays, Style
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]
Bounds = tuple[int, int, int, int]


class Measures(NamedTuple):
    """What is measured on masks: the arrays of `truth/catalog.py` by their names."""

    visible_area: Array
    amodal_area: Array
    whole_area: Array
    boxes_xyxy: Array
    amodal_boxes_xyxy: Array
    occluders: Array


@njit(nogil=True, cache=True)
def measure_mask(
    mask: Array,
    base: int,
    frame_width: int,
    value: int,
    bounds: Bounds,
    columns: Array,
    boxes: Array,
    at: int,
) -> int:
    """Count the pixels of a value in a frame; write the box that holds them, x0, y0, x1, y1, to `boxes[at:]`, if there are any.

    None lies outside the bounds (top, bottom, left, right). `columns` is scratch, a word for 16 columns: 2.0 a frame for both
    masks of all digits if counted pixel by pixel, 0.6 by blocks.
    """
    top, bottom, left, right = bounds
    num_blocks, last_block, byte = (right - left + 15) >> 4, frame_width - 16, np.uint8(value)
    first_row, last_row, count = bottom, top, 0
    for j in range(num_blocks):
        columns[j] = 0
    for row in range(top, bottom):
        found = 0
        for j in range(num_blocks):
            column = left + 16 * j
            place = min(column, last_block)
            # The last block of a row begins early; what it shares with the one before is shifted out.
            bits = match_block(mask, np.uint64(base + row * frame_width + place), byte) >> (column - place)
            columns[j] |= bits
            found += count_bits(bits)
        if found:
            first_row, last_row = min(first_row, row), row + 1
        count += found
    if count:
        first_column, last_column = right, left
        for j in range(num_blocks):
            if columns[j]:
                first_column = min(first_column, left + 16 * j + lowest_bit(columns[j]))
                last_column = left + 16 * j + highest_bit(columns[j]) + 1
        boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3] = (
            first_column,
            first_row,
            last_column,
            last_row,
        )
    return count


@njit(nogil=True, cache=True)
def count_row(image: Array, threshold: int, ink: InkBox, pose: Pose, row: int, start: int, stop: int) -> int:
    """Count the digit's pixels in columns start..stop-1 of a row, in the frame or not."""
    count = 0
    for column in range(start, stop):
        v, u = glyph_place(ink, pose, row, column)
        v, u = v >> 16, u >> 16
        if 0 <= v < ink.height and 0 <= u < ink.width:
            count += image[v, u] >= threshold
    return count


@njit(nogil=True, cache=True)
def count_outside(
    image: Array, threshold: int, ink: InkBox, bounds: Bounds, pose: Pose, frame_height: int, frame_width: int
) -> int:
    """Count the digit's pixels outside the frame; bounds (top, bottom, left, right) reach beyond it."""
    top, bottom, left, right = bounds
    count = 0
    for row in range(top, bottom):
        if 0 <= row < frame_height:
            count += count_row(image, threshold, ink, pose, row, left, min(right, 0))
            count += count_row(image, threshold, ink, pose, row, max(left, frame_width), right)
        else:
            count += count_row(image, threshold, ink, pose, row, left, right)
    return count


@njit(nogil=True, cache=True)
def count_occluders(
    instance: Array,
    base: int,
    amodal: Array,
    layer: int,
    frame_width: int,
    n: int,
    bounds: Bounds,
    counts: Array,
    t: int,
) -> None:
    """Count, for each other digit k, the pixels of digit n at which k is seen instead, into counts[k, t]."""
    for row in range(bounds[0], bounds[1]):
        for column in range(bounds[2], bounds[3]):
            place = row * frame_width + column
            seen = np.int64(instance[base + place])
            if amodal[layer + place] and seen != n + 1:
                counts[seen - 1, t] += 1


@njit(nogil=True, cache=True)
def measure_clips(
    num_frames: int, frame_height: int, frame_width: int,
    scene: SceneArrays, style: Style, instance: Array, amodal: Array, out: Measures,
) -> None:  # fmt: skip
    """Measure every digit at every frame; only the digit's own bounds are walked. instance, amodal: flat uint8."""
    # Out of the tuples once: every access of an array in a tuple counts references.
    images, glyph, label, sine = scene.images, scene.glyph, scene.label, scene.sine
    y, x, angle, scale, brightness = scene.y, scene.x, scene.angle, scene.scale, scene.brightness
    visible_area, amodal_area, whole_area = out.visible_area, out.amodal_area, out.whole_area
    boxes, amodal_boxes = out.boxes_xyxy.reshape(-1), out.amodal_boxes_xyxy.reshape(-1)
    occluders = out.occluders
    num_rows, size = glyph.shape[1], frame_height * frame_width
    columns = np.zeros(frame_width // 16 + 1, np.int64)
    glyph_columns = np.zeros(images.shape[2], np.uint8)
    visible_area[:], amodal_area[:], whole_area[:], occluders[:] = 0, 0, 0, 0
    boxes[:], amodal_boxes[:] = -1, -1
    for b in range(glyph.shape[0]):
        for n in range(scene.num_digits[b]):
            if label[b, n] == NO_DIGIT:
                continue
            image = images[glyph[b, n]]
            ink = find_ink(image, style.ink_threshold, glyph_columns)
            if ink.top >= ink.bottom:
                continue
            for t in range(num_frames):
                pose = make_pose(
                    y[b, n, t], x[b, n, t], angle[b, n, t], scale[b, n, t], brightness[b, n, t], sine, ink,
                    style.cut_corners,
                )  # fmt: skip
                whole = pixel_bounds(ink, pose)
                bounds = (
                    max(whole[0], 0), min(whole[1], frame_height), max(whole[2], 0), min(whole[3], frame_width)
                )  # fmt: skip
                base, layer = (b * num_frames + t) * size, ((b * num_rows + n) * num_frames + t) * size
                seen, extent = 0, 0
                if bounds[0] < bounds[1] and bounds[2] < bounds[3]:
                    at = 4 * ((b * num_rows + n) * num_frames + t)
                    seen = measure_mask(instance, base, frame_width, n + 1, bounds, columns, boxes, at)
                    extent = measure_mask(amodal, layer, frame_width, 1, bounds, columns, amodal_boxes, at)
                visible_area[b, n, t], amodal_area[b, n, t] = seen, extent
                outside = 0
                if whole != bounds:
                    outside = count_outside(
                        image, style.ink_threshold, ink, whole, pose, frame_height, frame_width
                    )
                whole_area[b, n, t] = extent + outside
                if seen < extent:
                    count_occluders(instance, base, amodal, layer, frame_width, n, bounds, occluders[b, n], t)


@njit(nogil=True, cache=True)
def count_camouflaged(instance: Array, noiseless: Array, beneath: Array, most: int, counts: Array) -> None:
    """Write, for each clip, the digit pixels seen and those within `most` levels of what they hide: `(B,2)` int64.

    instance, noiseless, beneath: `(B, T*H*W)` uint8.
    """
    limit = np.uint8(most)
    for b in range(instance.shape[0]):
        digits, close = 0, 0
        ids, levels, hidden = instance[b], noiseless[b], beneath[b]
        for i in range(np.uint64(ids.shape[0])):
            level, under = levels[i], hidden[i]
            apart = np.uint8(level - under) if level > under else np.uint8(under - level)
            is_digit = ids[i] != 0
            digits += is_digit
            close += is_digit & (apart <= limit)
        counts[b, 0], counts[b, 1] = digits, close
