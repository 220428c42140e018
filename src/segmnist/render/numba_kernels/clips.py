"""draw_clips: whole clips, frame by frame, from back to front."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.render.numba_kernels.blocks import address_of, copy_frame, fill_frame
from segmnist.render.numba_kernels.digits import (
    Canvas,
    ClipDigits,
    Glyph,
    cross_octagon,
    draw_digit,
    find_digits,
    ink_of,
    new_clip_digits,
    pad_ink,
    pose_at,
)
from segmnist.render.numba_kernels.layout import Frame, Outputs, SceneArrays, Style, Tables
from segmnist.render.numba_kernels.noise import NoiseAddress, add_sensor_noise, draw_background
from segmnist.render.numba_kernels.shapes import (
    ShapeRoom,
    draw_shape,
    find_shape_bits,
    place_shape,
    shape_room,
)
from segmnist.scene.randomness import PURPOSE_SENSOR

Array = NDArray[Any]


class DrawingRoom(NamedTuple):
    """Scratch for drawing a frame.

    glyphs: uint8, one for each digit, padded with zeros to 2^log2_stride columns. spans: `(H,)` int32. order: `(N,)` int64.
    shape_bits: int64, as `shapes` has it. words: uint32, one a pixel, in whole blocks of 16. video_words: the video as uint32,
    if frames are whole blocks, else `words`. levels: `Canvas.levels` and the counts behind them, uint8, if they are needed.
    """

    digits: ClipDigits
    glyphs: Array
    log2_stride: int
    spans: Array
    order: Array
    shapes: ShapeRoom
    shape_bits: Array
    words: Array
    video_words: Array
    levels: Array


def drawing_room(frame: Frame, scene: SceneArrays, style: Style, video: Array) -> DrawingRoom:
    """Return room for drawing; video: that of the batch, flat. Python calls it, as kernels allocate nothing."""
    num_rows, size = scene.y.shape[1], frame.height * frame.width
    height, width = (side + 2 * style.pad for side in scene.images.shape[1:])
    log2_stride = (width - 1).bit_length()
    shapes = shape_room(scene)
    words = np.empty((size + 15) // 16 * 16, np.uint32)
    return DrawingRoom(
        digits=new_clip_digits(scene),
        glyphs=np.zeros((num_rows, height, 1 << log2_stride), np.uint8),
        log2_stride=log2_stride,
        spans=np.empty(frame.height, np.int32),
        order=np.zeros(num_rows, np.int64),
        shapes=shapes,
        shape_bits=np.empty(scene.shape_kind.shape[1] * shapes.rows * shapes.words, np.int64),
        words=words,
        video_words=video.view(np.uint32) if size % 16 == 0 else words,
        levels=np.empty(2 * size if style.brighter_is_seen else 0, np.uint8),
    )


@subroutine
def frame_at(output: Array, frame: int, size: int) -> int:
    """Return the address of a frame of `size` bytes in an output, 0 if the output was not asked for."""
    return address_of(output) + frame * size if output.size else 0


@subroutine
def canvas_at(out: Outputs, frame: int, layer: int, size: int, words: int, levels: int) -> Canvas:
    """Return where a digit is drawn: number of the frame, and of its own layer; `words` of ink bits in a layer.

    levels: the address of `Canvas.levels`, with the counts behind them, or 0.
    """
    return Canvas(
        frame_at(out.video, frame, size), frame_at(out.semantic, frame, size), frame_at(out.instance, frame, size),
        frame_at(out.beneath, frame, size), frame_at(out.shape_instance, frame, size),
        frame_at(out.amodal, layer, size), frame_at(out.digit_layers, layer, size),
        frame_at(out.ink_bits, layer, 8 * words), levels, levels + size,
    )  # fmt: skip


@subroutine
def draw_shapes(
    scene: SceneArrays, bits: int, room: ShapeRoom, b: int, t: int, frame: Frame, video: int, shape_instance: int
) -> None:  # fmt: skip
    """Draw the shapes of clip b at frame t, and number them in `shape_instance` if that was asked for."""
    fill_frame(shape_instance, frame.height * frame.width, 0)
    for s in range(scene.num_shapes[b]):
        shape = place_shape(scene, bits, room, b, s, t)
        draw_shape(video, frame, shape, np.int64(scene.shape_level[b, s]))
        if shape_instance:
            draw_shape(shape_instance, frame, shape, s + 1)


@subroutine
def clear_frames(
    out: Outputs, b: int, t: int, num_rows: int, num_frames: int, frame: Frame, style: Style
) -> None:
    """Empty what digits are drawn into at frame t of clip b."""
    number, size, num_words = b * num_frames + t, frame.height * frame.width, frame.height * frame.words
    fill_frame(frame_at(out.semantic, number, size), size, style.background_class)
    fill_frame(frame_at(out.instance, number, size), size, 0)
    for n in range(num_rows):
        layer = (b * num_rows + n) * num_frames + t
        fill_frame(frame_at(out.amodal, layer, size), size, 0)
        fill_frame(frame_at(out.digit_layers, layer, size), size, 0)
        fill_frame(frame_at(out.ink_bits, layer, 8 * num_words), 8 * num_words, 0)


@kernel
def draw_clips(
    frame: Frame, scene: SceneArrays, style: Style, tables: Tables, room: DrawingRoom, out: Outputs
) -> None:
    """Draw every clip of a scene: background, shapes, digits by depth, sensor noise."""
    video, size = out.video, frame.height * frame.width
    num_rows, num_frames = scene.y.shape[1:]
    num_words = frame.height * frame.words
    digits, glyphs, order, words = room.digits, room.glyphs, room.order, room.words
    shape_bits, levels = address_of(room.shape_bits), frame_at(room.levels, 0, size)
    for b in range(scene.clip_ids.shape[0]):
        clip_id = np.int64(scene.clip_ids[b])
        find_digits(scene, b, style, digits)
        for n in range(scene.num_digits[b]):
            pad_ink(scene.images[scene.glyph[b, n]], style, glyphs[n])
        for s in range(scene.num_shapes[b]):
            find_shape_bits(scene, b, s, shape_bits, room.shapes)
        for t in range(num_frames):
            number = b * num_frames + t
            start = number * size
            now, shapes = address_of(video) + start, frame_at(out.shape_instance, number, size)
            address = NoiseAddress(t * style.frame_stride, clip_id & 0xFFFFFFFF, clip_id >> 32)
            draw_background(video, room.video_words, start, size, words, style, tables, address)
            draw_shapes(scene, shape_bits, room.shapes, b, t, frame, now, shapes)
            copy_frame(frame_at(out.background_layer, number, size), now, size)
            copy_frame(frame_at(out.background_shape, number, size), shapes, size)
            copy_frame(frame_at(out.beneath, number, size), now, size)
            clear_frames(out, b, t, num_rows, num_frames, frame, style)
            fill_frame(levels, 2 * size, 0)
            for n in range(scene.num_digits[b]):
                order[scene.depth[b, n, t]] = n
            for rank in range(scene.num_digits[b]):
                n = order[rank]
                pose = pose_at(scene, digits, style, b, n, t, frame)
                if pose.top < pose.bottom:
                    cross_octagon(ink_of(digits, n), pose, room.spans)
                    layer = (b * num_rows + n) * num_frames + t
                    canvas = canvas_at(out, number, layer, size, num_words, levels)
                    glyph = Glyph(address_of(glyphs) + n * glyphs[0].size, room.log2_stride, style.pad)
                    draw_digit(canvas, frame, glyph, pose, room.spans, n + 1, scene.label[b, n])
            copy_frame(frame_at(out.noiseless, number, size), now, size)
            if style.sensor_reach:
                add_sensor_noise(video, start, size, words, style, tables, address, PURPOSE_SENSOR)
