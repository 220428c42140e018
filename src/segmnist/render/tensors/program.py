"""The program: from some frames of some clips to their arrays, in tensor operations alone.

What it does depends on the shapes of its arguments and on the style, never on what the tensors hold. So `torch.compile` makes
one program for a stream of batches.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from segmnist.classes import BACKGROUND
from segmnist.render.tensors.digits import LABEL, NUMBER, Poses, ink_codes, poses_of
from segmnist.render.tensors.inputs import SceneTensors, Style, Tables
from segmnist.render.tensors.measures import area, box
from segmnist.render.tensors.noise import background, with_sensor_noise
from segmnist.render.tensors.shapes import shapes_seen

Out = Mapping[str, Tensor]

_SHAPE = 1 << NUMBER + 7
"""What makes the code of a shape larger than that of noise, and smaller than that of any digit."""


def draw(scene: SceneTensors, tables: Tables, style: Style, out: Out) -> None:
    """Write the arrays that `out` holds by name, each with its leading clip axis.

    Every pixel is a code of four bytes, as `digits.py` says, and of several at one place the largest is seen.
    """
    shapes = shapes_seen(scene, tables, style)
    behind = torch.maximum(
        background(scene, tables, style).to(torch.int32) + (BACKGROUND << LABEL), _shape_codes(shapes, scene)
    )
    poses, nearest = poses_of(scene, tables, style), behind
    y, x = (torch.arange(side, device=behind.device, dtype=torch.int32) for side in behind.shape[2:])
    for n in range(scene.y.shape[1]):
        pose = poses.digit(n)
        ink = ink_codes(pose, style, y, x)
        nearest = torch.maximum(nearest, ink)
        _write_extent(n, ink, pose, style, out)
    noiseless, instance = nearest.to(torch.uint8), (nearest >> NUMBER).to(torch.uint8) & 127
    out["video"][:] = with_sensor_noise(noiseless, scene, tables, style)
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
    _write_seen(instance, scene.y.shape[1], out)


def _shape_codes(shapes: Tensor, scene: SceneTensors) -> Tensor:
    """Return the code of the shape that each pixel shows, 0 where there is none."""
    levels = scene.shape_level + (_SHAPE + (BACKGROUND << LABEL))
    codes = torch.nn.functional.pad(levels, (1, 0))
    return codes.gather(1, shapes.flatten(1).to(torch.int64)).view(shapes.shape)


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
