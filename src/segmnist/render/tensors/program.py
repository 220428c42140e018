"""The program: from some frames of some clips to their arrays, in tensor operations alone.

First what holds for a whole digit, shape or row (`prepared`), then every pixel (`paint`). What is done depends on the shapes of
the arguments and on the style, never on what the tensors hold. So `torch.compile` makes one program of `paint` for a stream of
batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from segmnist.render.tensors.digits import LABEL, NUMBER, Poses, brighter, ink_codes, poses_of
from segmnist.render.tensors.inputs import SceneTensors, Style, Tables
from segmnist.render.tensors.measures import area, box
from segmnist.render.tensors.noise import background, with_sensor_noise
from segmnist.render.tensors.shapes import planes_of, shapes_seen

Out = Mapping[str, Tensor]

_SHAPE = 1 << NUMBER + 7
"""What makes the code of a shape larger than that of noise, and smaller than that of any digit."""


class Prepared(NamedTuple):
    """What is known of some frames before a pixel is drawn."""

    poses: Poses
    planes: Tensor
    """Which shape each pixel shows, in bits."""
    shape_codes: Tensor
    """`(B,S+1)` int32, the code of no shape, which is 0, and of each shape."""
    clip_words: Tensor
    """`(B,2)` lower and upper 32 bits of the clip id, int64."""


def prepared(scene: SceneTensors, tables: Tables, style: Style) -> Prepared:
    """Return what is known of some frames before a pixel is drawn."""
    levels = scene.shape_level + (_SHAPE + (style.background_class << LABEL))
    return Prepared(
        poses=poses_of(scene, tables, style),
        planes=planes_of(scene, style),
        shape_codes=torch.nn.functional.pad(levels, (1, 0)),
        clip_words=scene.clip_words.to(torch.int64) & 0xFFFFFFFF,
    )


def paint(known: Prepared, tables: Tables, style: Style, out: Out) -> None:
    """Write the arrays that `out` holds by name, each with its leading clip axis.

    Every pixel is a code of four bytes, as `digits.py` says, and of several at one place the largest is seen; with
    `blend="max"` the brighter of two digits is.
    """
    shapes = shapes_seen(known.planes, tables, style)
    shape_codes = known.shape_codes.gather(1, shapes.flatten(1).to(torch.int64)).view(shapes.shape)
    noise = background(known.clip_words, tables, style).to(torch.int32) + (style.background_class << LABEL)
    behind = torch.maximum(noise, shape_codes)
    digits, seen_of = torch.zeros_like(behind), brighter if style.brighter_is_seen else torch.maximum
    y, x = (torch.arange(side, device=behind.device, dtype=torch.int32) for side in behind.shape[2:])
    num_digits = known.poses.y.shape[1]
    for n in range(num_digits):
        pose = known.poses.digit(n)
        ink = ink_codes(pose, style, y, x)
        digits = seen_of(digits, ink)
        _write_extent(n, ink, pose, style, out)
    nearest = torch.maximum(behind, digits)
    noiseless, instance = nearest.to(torch.uint8), (nearest >> NUMBER).to(torch.uint8) & 127
    out["video"][:] = with_sensor_noise(noiseless, known.clip_words, tables.sensor_words, tables, style)
    if "noiseless" in out:
        out["noiseless"][:] = noiseless
    if "background_layer" in out:
        out["background_layer"][:] = behind
    if "semantic" in out:
        out["semantic"][:] = nearest >> LABEL
    if "instance" in out:
        out["instance"][:] = instance
    if "shape_instance" in out:
        out["shape_instance"][:] = torch.where(instance > 0, 0, shapes)
    _write_seen(instance, num_digits, out)


def _write_extent(n: int, ink: Tensor, pose: Poses, style: Style, out: Out) -> None:
    """Write what depends on digit n alone, given the code of its ink at each pixel."""
    if "digit_layers" in out:
        out["digit_layers"][:, n] = ink
    if out.keys() & {"amodal", "amodal_area", "amodal_boxes_xyxy"}:
        mask = ink > 0
        if "amodal" in out:
            out["amodal"][:, n] = mask
        if "amodal_area" in out:
            out["amodal_area"][:, n] = area(mask)
        if "amodal_boxes_xyxy" in out:
            out["amodal_boxes_xyxy"][:, n] = box(mask)
    if "whole_area" in out:
        around = torch.arange(-style.reach, style.reach + 1, device=ink.device, dtype=torch.int32)
        whole = ink_codes(pose, style, pose.y[..., None] + around, pose.x[..., None] + around)
        out["whole_area"][:, n] = area(whole > 0)


def _write_seen(instance: Tensor, num_digits: int, out: Out) -> None:
    """Write what is seen of each digit, given the masks of all."""
    if out.keys() & {"visible_area", "boxes_xyxy"}:
        for n in range(num_digits):
            seen = instance == n + 1
            if "visible_area" in out:
                out["visible_area"][:, n] = area(seen)
            if "boxes_xyxy" in out:
                out["boxes_xyxy"][:, n] = box(seen)
