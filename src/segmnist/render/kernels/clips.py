"""draw_clips: whole clips, frame by frame, from back to front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.digits import InkBox, draw_digit, find_ink, make_pose, pad_ink
from segmnist.render.kernels.layout import TABLE_NOISE, Outputs, SceneArrays, Style, Tables
from segmnist.render.kernels.noise import add_sensor_noise, draw_background
from segmnist.render.kernels.shapes import draw_shape, shape_spans
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE

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
    # Out of the tuples once: every access of an array in a tuple counts references, an atomic operation or two.
    video, semantic, instance, amodal, beneath = (
        out.video,
        out.semantic,
        out.instance,
        out.amodal,
        out.beneath,
    )
    shape_instance, background_layer = out.shape_instance, out.background_layer
    digit_layers, noiseless = out.digit_layers, out.noiseless
    images, glyph, label, depth, sine = scene.images, scene.glyph, scene.label, scene.depth, scene.sine
    y, x, angle, scale, brightness = scene.y, scene.x, scene.angle, scene.scale, scene.brightness
    shape_kind, shape_level, shape_apex = scene.shape_kind, scene.shape_level, scene.shape_apex
    shape_height, shape_width = scene.shape_height, scene.shape_width
    shape_y, shape_x = scene.shape_y, scene.shape_x
    num_rows = glyph.shape[1]
    size = frame_height * frame_width
    glyph_height, glyph_width = images.shape[1:]
    inks = np.zeros((num_rows, glyph_height + 2 * style.pad, glyph_width + 2 * style.pad), np.uint8)
    ink_pixels, ink_size = inks.reshape(inks.size), inks.shape[1] * inks.shape[2]
    boxes = [InkBox(0, 0, 0, 0, glyph_height, glyph_width) for _ in range(num_rows)]
    columns = np.zeros(glyph_width, np.uint8)
    tallest = tallest_shape(scene)
    lefts = np.zeros(shape_kind.shape[1] * tallest, np.int64)
    rights = lefts.copy()
    line = np.zeros(16, np.uint8)
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
                shape_kind[b, s], np.int64(shape_height[b, s]), np.int64(shape_width[b, s]),
                np.int64(shape_apex[b, s]), lefts[s * tallest :], rights[s * tallest :],
            )  # fmt: skip
        for n in range(num_digits):
            boxes[n] = find_ink(images[glyph[b, n]], style.ink_threshold, columns)
            pad_ink(images[glyph[b, n]], style, inks[n])
        for t in range(num_frames):
            base = (b * num_frames + t) * size
            pixels = video[base : base + size]
            frame = t * style.frame_stride
            draw_background(pixels, background_words, style, tables, frame, id_low, id_high)
            if shape_instance.size:
                shape_instance[base : base + size] = 0
            for s in range(num_shapes):
                if shape_kind[b, s] == NO_SHAPE:
                    continue
                draw_shape(
                    video, base, frame_height, frame_width, shape_y[b, s, t], shape_x[b, s, t], shape_height[b, s],
                    shape_level[b, s], lefts, rights, s * tallest,
                )  # fmt: skip
                if shape_instance.size:
                    draw_shape(
                        shape_instance, base, frame_height, frame_width, shape_y[b, s, t], shape_x[b, s, t],
                        shape_height[b, s], s + 1, lefts, rights, s * tallest,
                    )  # fmt: skip
            if background_layer.size:
                background_layer[base : base + size] = pixels
            if beneath.size:
                beneath[base : base + size] = pixels
            if semantic.size:
                semantic[base : base + size] = 10
            if instance.size:
                instance[base : base + size] = 0
            for n in range(num_rows):
                layer = ((b * num_rows + n) * num_frames + t) * size
                if amodal.size:
                    amodal[layer : layer + size] = 0
                if digit_layers.size:
                    digit_layers[layer : layer + size] = 0
            for n in range(num_digits):
                order[depth[b, n, t]] = n
            for rank in range(num_digits):
                n = order[rank]
                if label[b, n] == NO_DIGIT:
                    continue
                box = boxes[n]
                pose = make_pose(
                    y[b, n, t], x[b, n, t], angle[b, n, t], scale[b, n, t], brightness[b, n, t], sine, box,
                    style.cut_corners,
                )  # fmt: skip
                draw_digit(
                    video, semantic, instance, amodal, beneath, shape_instance, digit_layers,
                    base, ((b * num_rows + n) * num_frames + t) * size, frame_height, frame_width,
                    ink_pixels, n * ink_size, style.pad, box, pose, n, label[b, n], line, starts, stops,
                )  # fmt: skip
            if noiseless.size:
                noiseless[base : base + size] = pixels
            if style.sensor_reach:
                add_sensor_noise(pixels, scratch, style, tables, frame, id_low, id_high)
