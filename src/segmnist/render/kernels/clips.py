"""draw_clips: whole clips, frame by frame, from back to front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.digits import draw_digit, find_ink, pad_ink, pose_of
from segmnist.render.kernels.layout import TABLE_NOISE, Outputs, SceneArrays, Style, Tables
from segmnist.render.kernels.noise import add_sensor_noise, draw_background
from segmnist.render.kernels.shapes import draw_shape, shape_spans
from segmnist.scene.scene import NO_DIGIT

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def tallest_shape(scene: SceneArrays) -> int:
    """Return the rows that the spans of a batch's shapes need."""
    tallest = 1
    for b in range(scene.num_shapes.shape[0]):
        for s in range(scene.num_shapes[b]):
            tallest = max(tallest, scene.shape_height[b, s])
    return tallest


@njit(nogil=True, cache=True)
def draw_clips(
    num_frames: int, frame_height: int, frame_width: int,
    scene: SceneArrays, style: Style, tables: Tables, out: Outputs,
) -> None:  # fmt: skip
    """Draw every clip of a scene: background, shapes, digits by depth, sensor noise."""
    num_rows = scene.glyph.shape[1]
    size = frame_height * frame_width
    glyph_height, glyph_width = scene.images.shape[1:]
    inks = np.zeros((num_rows, glyph_height + 2 * style.pad, glyph_width + 2 * style.pad), np.uint8)
    ink_pixels, ink_size = inks.reshape(inks.size), inks.shape[1] * inks.shape[2]
    tallest = tallest_shape(scene)
    lefts = np.zeros(scene.shape_kind.shape[1] * tallest, np.int64)
    rights = lefts.copy()
    line = np.zeros(frame_width + 32, np.uint8)
    starts, stops = np.zeros(frame_height, np.int32), np.zeros(frame_height, np.int32)
    order = np.zeros(num_rows, np.int64)
    # One word a pixel is the most that any noise takes: sensor noise.
    scratch = np.zeros((size + 15) // 16 * 16, np.uint32)
    background_words = scratch[: (size + 15) // 16 * (8 if style.noise_kind == TABLE_NOISE else 4)]
    for b in range(scene.clip_ids.shape[0]):
        clip_id = np.int64(scene.clip_ids[b])
        id_low, id_high = clip_id & 0xFFFFFFFF, clip_id >> 32
        num_digits, num_shapes = scene.num_digits[b], scene.num_shapes[b]
        for s in range(num_shapes):
            shape_spans(
                scene.shape_kind[b, s], np.int64(scene.shape_height[b, s]), np.int64(scene.shape_width[b, s]),
                np.int64(scene.shape_apex[b, s]), lefts[s * tallest :], rights[s * tallest :],
            )  # fmt: skip
        boxes = [find_ink(scene.images[scene.glyph[b, n]], style.ink_threshold) for n in range(num_digits)]
        for n in range(num_digits):
            pad_ink(scene.images[scene.glyph[b, n]], style, inks[n])
        for t in range(num_frames):
            base = (b * num_frames + t) * size
            pixels = out.video[base : base + size]
            frame = t * style.frame_stride
            draw_background(pixels, background_words, style, tables, frame, id_low, id_high)
            if out.shape_instance.size:
                out.shape_instance[base : base + size] = 0
            for s in range(num_shapes):
                top, left, height = scene.shape_y[b, s, t], scene.shape_x[b, s, t], scene.shape_height[b, s]
                draw_shape(
                    out.video, base, frame_height, frame_width, top, left, height, scene.shape_level[b, s],
                    lefts, rights, s * tallest,
                )  # fmt: skip
                if out.shape_instance.size:
                    draw_shape(
                        out.shape_instance, base, frame_height, frame_width, top, left, height, s + 1,
                        lefts, rights, s * tallest,
                    )  # fmt: skip
            if out.background_layer.size:
                out.background_layer[base : base + size] = pixels
            if out.beneath.size:
                out.beneath[base : base + size] = pixels
            if out.semantic.size:
                out.semantic[base : base + size] = 10
            if out.instance.size:
                out.instance[base : base + size] = 0
            for n in range(num_rows):
                layer = ((b * num_rows + n) * num_frames + t) * size
                if out.amodal.size:
                    out.amodal[layer : layer + size] = 0
                if out.digit_layers.size:
                    out.digit_layers[layer : layer + size] = 0
            for n in range(num_digits):
                order[scene.depth[b, n, t]] = n
            for rank in range(num_digits):
                n = order[rank]
                if scene.label[b, n] == NO_DIGIT:
                    continue
                layer = ((b * num_rows + n) * num_frames + t) * size
                draw_digit(
                    out, base, layer, frame_height, frame_width, ink_pixels, n * ink_size, style.pad, boxes[n],
                    pose_of(scene, style, b, n, t), n, scene.label[b, n], line, starts, stops,
                )  # fmt: skip
            if out.noiseless.size:
                out.noiseless[base : base + size] = pixels
            if style.sensor_reach:
                add_sensor_noise(pixels, scratch, style, tables, frame, id_low, id_high)
