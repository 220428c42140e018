"""Areas, boxes and occluders of digits, from the bits of their ink; and how many of their pixels are camouflaged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.render.numba_kernels.blocks import (
    address_of,
    count_bits,
    highest_bit,
    int64_at,
    lowest_bit,
    put_int64,
)
from segmnist.render.numba_kernels.digits import (
    ClipDigits,
    Pose,
    find_digits,
    glyph_place,
    ink_of,
    is_in_front,
    level_of,
    new_clip_digits,
    pose_at,
)
from segmnist.render.numba_kernels.layout import Frame, SceneArrays, Style
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]


class Measures(NamedTuple):
    """The measured arrays of `render/arrays.py` by name."""

    visible_area: Array
    amodal_area: Array
    whole_area: Array
    boxes_xyxy: Array
    amodal_boxes_xyxy: Array
    occluders: Array


class MeasuringRoom(NamedTuple):
    """Scratch for measuring a frame: `(N, words of a frame)`, `(words of a frame,)` and `(N,)` int64, beside the digits."""

    digits: ClipDigits
    visible: Array
    covered: Array
    order: Array


class Rows(NamedTuple):
    """Rows of a mask as bits, 64 columns a word: the address of the first word of row 0, and words a row."""

    bits: int
    words: int


class Placed(NamedTuple):
    """A digit at one frame: its glyph and depth, the address of the bits of its ink, and how it is drawn."""

    glyph: int
    depth: int
    bits: int
    pose: Pose


class Bounds(NamedTuple):
    """Half-open bounds of pixels, in the frame or outside."""

    top: int
    bottom: int
    left: int
    right: int


class Extent(NamedTuple):
    """The area of a mask and its half-open box; all 0 if it is empty."""

    area: int
    left: int
    top: int
    right: int
    bottom: int


@subroutine
def measure_rows(mask: Rows, top: int, bottom: int) -> Extent:
    """Return the extent of a mask, of which nothing lies outside the rows top..bottom-1."""
    area, first_row, last_row, first_column, last_column = 0, bottom, 0, 64 * mask.words, 0
    for word in range(mask.words):
        columns, place = 0, mask.bits + 8 * (top * mask.words + word)
        for row in range(top, bottom):
            bits = int64_at(place)
            place += 8 * mask.words
            if bits:
                columns |= bits
                area += count_bits(bits)
                first_row, last_row = min(first_row, row), max(last_row, row + 1)
        if columns:
            first_column = min(first_column, 64 * word + lowest_bit(columns))
            last_column = 64 * word + highest_bit(columns) + 1
    return Extent(area, first_column, first_row, last_column, last_row) if area else Extent(0, 0, 0, 0, 0)


@subroutine
def hide_rows(mask: Rows, covered: Rows, visible: Rows, top: int, bottom: int) -> bool:
    """Write what of a mask is not covered, rows top..bottom-1; cover what it covers; return whether it lost anything."""
    lost = 0
    for word in range(top * mask.words, bottom * mask.words):
        bits, nearer = int64_at(mask.bits + 8 * word), int64_at(covered.bits + 8 * word)
        lost |= bits & nearer
        put_int64(visible.bits + 8 * word, bits & ~nearer)
        put_int64(covered.bits + 8 * word, bits | nearer)
    return lost != 0


@subroutine
def place_digit(
    frame: Frame, scene: SceneArrays, style: Style, digits: ClipDigits, b: int, n: int, t: int, ink_bits: int
) -> Placed:  # fmt: skip
    """Return where digit n of clip b lies at frame t; ink_bits: the address of the bits of the batch."""
    num_rows, num_frames = scene.y.shape[1:]
    bits = ink_bits + 8 * ((b * num_rows + n) * num_frames + t) * frame.height * frame.words
    pose = pose_at(scene, digits, style, b, n, t, frame)
    return Placed(np.int64(scene.glyph[b, n]), np.int64(scene.depth[b, n, t]), bits, pose)


@subroutine
def level_at(image: Array, pose: Pose, style: Style, row: int, column: int) -> int:
    """Return the grey level of a digit at a pixel that has its ink."""
    v, u = glyph_place(pose, row, column)
    return level_of(np.int64(image[v >> 16, u >> 16]), pose.brightness, style)


@subroutine
def outshine_rows(scene: SceneArrays, style: Style, one: Placed, other: Placed, visible: Rows) -> None:
    """Take out of what is visible of a digit the pixels at which the other is in front."""
    image, other_image = scene.images[one.glyph], scene.images[other.glyph]
    for row in range(max(one.pose.top, other.pose.top), min(one.pose.bottom, other.pose.bottom)):
        for word in range(visible.words):
            place = 8 * (row * visible.words + word)
            common, hidden = int64_at(one.bits + place) & int64_at(other.bits + place), 0
            while common:
                k = lowest_bit(common)
                common &= common - 1
                level = level_at(image, one.pose, style, row, 64 * word + k)
                other_level = level_at(other_image, other.pose, style, row, 64 * word + k)
                hidden |= np.int64(is_in_front(style, other_level, other.depth, level, one.depth)) << k
            put_int64(visible.bits + place, int64_at(visible.bits + place) & ~hidden)


@subroutine
def find_brightest(
    frame: Frame, scene: SceneArrays, style: Style, digits: ClipDigits, b: int, t: int, ink_bits: int, visible: Array
) -> None:  # fmt: skip
    """Write what is visible of each digit at frame t of clip b where the brighter of two is seen.

    ink_bits: the address of the bits of the batch; visible: `(N, words of a frame)` int64.
    """
    size = frame.height * frame.words
    for n in range(scene.num_digits[b]):
        one = place_digit(frame, scene, style, digits, b, n, t, ink_bits)
        seen = Rows(address_of(visible) + 8 * n * size, frame.words)
        for word in range(one.pose.top * frame.words, one.pose.bottom * frame.words):
            put_int64(seen.bits + 8 * word, int64_at(one.bits + 8 * word))
        for k in range(scene.num_digits[b]):
            if k != n:
                other = place_digit(frame, scene, style, digits, b, k, t, ink_bits)
                outshine_rows(scene, style, one, other, seen)


@subroutine
def count_common(one: Rows, other: Rows, top: int, bottom: int) -> int:
    """Count the pixels of rows top..bottom-1 that two masks share."""
    count = 0
    for word in range(top * one.words, bottom * one.words):
        count += count_bits(int64_at(one.bits + 8 * word) & int64_at(other.bits + 8 * word))
    return count


@subroutine
def count_outside(image: Array, threshold: int, pose: Pose, bounds: Bounds, frame: Frame) -> int:
    """Count the digit's pixels within bounds and outside the frame."""
    count = 0
    for row in range(bounds.top, bounds.bottom):
        is_above_or_below = row < 0 or row >= frame.height
        for column in range(bounds.left, bounds.right):
            if is_above_or_below or column < 0 or column >= frame.width:
                v, u = glyph_place(pose, row, column)
                v, u = v >> 16, u >> 16
                if 0 <= v < pose.height and 0 <= u < pose.width:
                    count += image[v, u] >= threshold
    return count


@subroutine
def write_box(boxes: Array, b: int, n: int, t: int, extent: Extent) -> None:
    """Write x0, y0, x1, y1 of a mask that has pixels."""
    if extent.area:
        boxes[b, n, t, 0], boxes[b, n, t, 1] = extent.left, extent.top
        boxes[b, n, t, 2], boxes[b, n, t, 3] = extent.right, extent.bottom


def measuring_room(frame: Frame, scene: SceneArrays) -> MeasuringRoom:
    """Return room for measuring; Python calls it, as kernels allocate nothing."""
    num_rows, size = scene.y.shape[1], frame.height * frame.words
    visible, covered = np.empty((num_rows, size), np.int64), np.empty(size, np.int64)
    return MeasuringRoom(new_clip_digits(scene), visible, covered, np.zeros(num_rows, np.int64))


@kernel
def measure_clips(
    frame: Frame, scene: SceneArrays, style: Style, ink_bits: Array, room: MeasuringRoom, out: Measures
) -> None:
    """Measure every digit at every frame, from the nearest to the farthest. ink_bits: as drawn, flat int64.

    A frame's masks as words of 64 columns stay in the nearest cache: 0.4 a frame.
    """
    visible_area, amodal_area, whole_area = out.visible_area, out.amodal_area, out.whole_area
    boxes, amodal_boxes, occluders = out.boxes_xyxy, out.amodal_boxes_xyxy, out.occluders
    digits, visible, covered, order = room.digits, room.visible, room.covered, room.order
    num_rows, num_frames = scene.y.shape[1:]
    num_words, size = frame.words, frame.height * frame.words
    visible_area[:], amodal_area[:], whole_area[:], occluders[:] = 0, 0, 0, 0
    boxes[:], amodal_boxes[:] = -1, -1
    for b in range(scene.clip_ids.shape[0]):
        num_digits = scene.num_digits[b]
        find_digits(scene, b, style, digits)
        for t in range(num_frames):
            for n in range(num_digits):
                order[num_digits - 1 - scene.depth[b, n, t]] = n
            covered[:] = 0
            if style.brighter_is_seen:
                find_brightest(frame, scene, style, digits, b, t, address_of(ink_bits), visible)
            for nearer in range(num_digits):
                n = order[nearer]
                ink = ink_of(digits, n)
                if scene.label[b, n] == NO_DIGIT or ink.top >= ink.bottom:
                    continue
                pose = pose_at(scene, digits, style, b, n, t, frame)
                first, last = pose.top, pose.bottom
                mask = Rows(
                    address_of(ink_bits) + 8 * ((b * num_rows + n) * num_frames + t) * size, num_words
                )
                seen = Rows(address_of(visible) + 8 * n * size, num_words)
                is_hidden = bool(style.brighter_is_seen)
                if not is_hidden:
                    is_hidden = hide_rows(mask, Rows(address_of(covered), num_words), seen, first, last)
                whole = measure_rows(mask, first, last)
                part = measure_rows(seen, first, last) if is_hidden else whole
                outside = 0
                bounds = Bounds(digits.top[n, t], digits.bottom[n, t], digits.left[n, t], digits.right[n, t])
                is_inside = bounds.top >= 0 and bounds.left >= 0
                if not (is_inside and bounds.bottom <= frame.height and bounds.right <= frame.width):
                    image = scene.images[scene.glyph[b, n]]
                    outside = count_outside(image, style.ink_threshold, pose, bounds, frame)
                visible_area[b, n, t], amodal_area[b, n, t] = part.area, whole.area
                whole_area[b, n, t] = whole.area + outside
                write_box(boxes, b, n, t, part)
                write_box(amodal_boxes, b, n, t, whole)
                if is_hidden:
                    for other in range(num_digits if style.brighter_is_seen else nearer):
                        k = order[other]
                        if k == n:
                            continue
                        # Rows outside a digit's own bounds hold what was seen at another frame.
                        at = pose_at(scene, digits, style, b, k, t, frame)
                        occluder = Rows(address_of(visible) + 8 * k * size, num_words)
                        occluders[b, n, k, t] = count_common(
                            mask, occluder, max(first, at.top), min(last, at.bottom)
                        )


@kernel
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
