"""The program: from some frames of some clips to their arrays, in tensor operations alone.

What it does depends on the shapes of its arguments and on the style, never on what the tensors hold. So `torch.compile` makes
one program for a stream of batches.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from segmnist.classes import BACKGROUND
from segmnist.render.tensors.digits import Pose, ink_codes, instance_of, label_of, level_of, pose_of
from segmnist.render.tensors.inputs import SceneTensors, Style, Tables
from segmnist.render.tensors.measures import area, box
from segmnist.render.tensors.noise import background, with_sensor_noise
from segmnist.render.tensors.shapes import shapes_seen

Out = Mapping[str, Tensor]


def draw(scene: SceneTensors, tables: Tables, style: Style, out: Out) -> None:
    """Write the arrays that `out` holds by name, each with its leading clip axis."""
    (B, N, T), device = scene.y.shape, scene.y.device
    nearest = torch.zeros((B, T, style.height, style.width), dtype=torch.int32, device=device)
    y, x = (torch.arange(side, device=device, dtype=torch.int32) for side in (style.height, style.width))
    for n in range(N):
        pose = pose_of(scene, tables, style, n)
        ink = ink_codes(pose, style, y, x)
        nearest = torch.maximum(nearest, ink)
        _write_extent(n, ink, pose, style, out)
    _write_frames(nearest, scene, tables, style, out)
    _write_seen(instance_of(nearest), N, out)


def _write_frames(nearest: Tensor, scene: SceneTensors, tables: Tables, style: Style, out: Out) -> None:
    """Write the pictures and the masks, given the code of the nearest digit at each pixel."""
    is_digit, shapes = nearest > 0, shapes_seen(scene, style)
    behind = torch.where(shapes > 0, (shapes & 255).to(torch.uint8), background(scene, tables, style))
    noiseless = torch.where(is_digit, level_of(nearest), behind)
    out["video"][:] = with_sensor_noise(noiseless, scene, tables, style)
    if "semantic" in out:
        out["semantic"][:] = torch.where(is_digit, label_of(nearest), BACKGROUND)
    if "instance" in out:
        out["instance"][:] = instance_of(nearest)
    if "shape_instance" in out:
        out["shape_instance"][:] = torch.where(is_digit, 0, shapes >> 8)
    if "background_layer" in out:
        out["background_layer"][:] = behind
    if "noiseless" in out:
        out["noiseless"][:] = noiseless


def _write_extent(n: int, ink: Tensor, pose: Pose, style: Style, out: Out) -> None:
    """Write what depends on digit n alone, given the code of its ink at each pixel."""
    mask = ink > 0
    if "amodal" in out:
        out["amodal"][:, n] = mask
    if "digit_layers" in out:
        out["digit_layers"][:, n] = level_of(ink)
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
    for n in range(num_digits):
        seen = instance == n + 1
        if "visible_area" in out:
            out["visible_area"][:, n] = area(seen)
        if "boxes_xyxy" in out:
            out["boxes_xyxy"][:, n] = box(seen)
