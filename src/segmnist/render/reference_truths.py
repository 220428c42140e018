"""Every truth in its slow and obvious form, from one digit's ink at a time: what the fast forms must equal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.render.derived import CAMOUFLAGE_LEVELS, TWINS
from segmnist.render.geometry import glyph_coordinates, inverse_coefficients
from segmnist.render.reference import background, drawn_ink, shape_mask
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene

Array = NDArray[Any]


def reference_truths(scene: Scene, row: int) -> dict[str, Array]:
    """Return every array of the catalog for one clip, without a clip axis; digit rows padded to the spec's maximum."""
    spec = scene.spec
    T, H, W = spec.num_frames, spec.height, spec.width
    N = spec.max_digits
    frames = {
        "instance": np.zeros((T, H, W), np.uint8), "shape_instance": np.zeros((T, H, W), np.uint8),
        "background_layer": np.zeros((T, H, W), np.uint8), "beneath": np.zeros((T, H, W), np.uint8),
        "noiseless": np.zeros((T, H, W), np.uint8),
    }  # fmt: skip
    amodal, layers = np.zeros((N, T, H, W), bool), np.zeros((N, T, H, W), np.uint8)
    for t in range(T):
        video = background(scene, row, t)
        for s in range(scene.num_shapes[row]):
            mask = shape_mask(scene, row, s, t)
            video[mask] = scene.shape_level[row, s]
            frames["shape_instance"][t][mask] = s + 1
        frames["background_layer"][t] = frames["beneath"][t] = video
        for n in np.argsort(scene.depth[row, : scene.num_digits[row], t]):
            ink = drawn_ink(scene, row, int(n), t)
            mask = ink >= 0
            amodal[n, t], layers[n, t][mask] = mask, ink[mask]
            frames["beneath"][t][mask] = video[mask]
            video[mask] = ink[mask]
            frames["instance"][t][mask] = n + 1
            frames["shape_instance"][t][mask] = 0
        frames["noiseless"][t] = video
    arrays = {**frames, "amodal": amodal, "digit_layers": layers}
    arrays.update(_measures(scene, row, frames["instance"], amodal))
    arrays.update(_poses(scene, row))
    arrays.update(_flow(scene, row, frames["instance"], frames["shape_instance"]))
    arrays.update(_difficulty(scene, row, arrays))
    return arrays


def _measures(scene: Scene, row: int, instance: Array, amodal: Array) -> dict[str, Array]:
    N, T = amodal.shape[:2]
    areas = {name: np.zeros((N, T), np.int32) for name in ("visible_area", "amodal_area", "whole_area")}
    boxes = {name: np.full((N, T, 4), -1, np.float32) for name in ("boxes_xyxy", "amodal_boxes_xyxy")}
    occluders = np.zeros((N, N, T), np.int32)
    for n in _digits(scene, row):
        for t in range(T):
            seen = instance[t] == n + 1
            areas["visible_area"][n, t], areas["amodal_area"][n, t] = seen.sum(), amodal[n, t].sum()
            areas["whole_area"][n, t] = _whole_area(scene, row, n, t)
            boxes["boxes_xyxy"][n, t], boxes["amodal_boxes_xyxy"][n, t] = _box(seen), _box(amodal[n, t])
            for k in range(N):
                if k != n:
                    occluders[n, k, t] = (amodal[n, t] & (instance[t] == k + 1)).sum()
    visible, extent, whole = areas.values()
    return {
        **areas,
        **boxes,
        "occluders": occluders,
        "visibility": (visible / np.maximum(extent, 1)).astype(np.float32),
        "truncation": ((whole - extent) / np.maximum(whole, 1)).astype(np.float32),
    }


def _digits(scene: Scene, row: int) -> list[int]:
    """Return the rows that hold a digit."""
    return [n for n in range(scene.num_digits[row]) if scene.label[row, n] != NO_DIGIT]


def _box(mask: Array) -> Array:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return np.full(4, -1, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def _whole_area(scene: Scene, row: int, n: int, t: int) -> int:
    """Count the digit's pixels on a grid that reaches as far as the digit can, frame or not."""
    glyph = scene.bank.images[scene.glyph[row, n]]
    scale = int(scene.scale[row, n, t])
    if scale <= 0:
        return 0
    reach = int(np.ceil(np.hypot(*glyph.shape) * scale / ONE)) + 2
    centre_y, centre_x = int(scene.y[row, n, t]), int(scene.x[row, n, t])
    y, x = (
        np.indices((2 * reach, 2 * reach)) + np.array([centre_y >> 16, centre_x >> 16])[:, None, None] - reach
    )
    a, b = inverse_coefficients(np.int64(scene.angle[row, n, t]), np.int64(scale))
    v, u = glyph_coordinates(y, x, centre_y, centre_x, int(a), int(b), glyph.shape)
    inside = (v >= 0) & (v < glyph.shape[0]) & (u >= 0) & (u < glyph.shape[1])
    if scene.spec.cut_corners:
        half_y, half_x = (size * scale >> 1 for size in glyph.shape)
        dy, dx = (y << 16) + 32_768 - centre_y, (x << 16) + 32_768 - centre_x
        inside &= (dy >= -half_y) & (dy < half_y) & (dx >= -half_x) & (dx < half_x)
    return int((glyph[v[inside], u[inside]] >= scene.spec.ink_threshold).sum())


def _poses(scene: Scene, row: int) -> dict[str, Array]:
    spec, digits = scene.spec, _digits(scene, row)
    N, S, T = spec.max_digits, spec.max_shapes, spec.num_frames
    pose, depth = np.zeros((N, T, 5)), np.full((N, T), 255, np.uint8)
    units = (("y", ONE), ("x", ONE), ("angle", 100), ("scale", ONE), ("brightness", ONE))
    for column, (name, unit) in enumerate(units):
        pose[digits, :, column] = getattr(scene, name)[row, digits] / unit
    depth[digits] = scene.depth[row, digits]
    shape_pose = np.zeros((S, T, 4), np.float32)
    kind, level = np.full(S, -1, np.int8), np.zeros(S, np.uint8)
    for s in range(scene.num_shapes[row]):
        if scene.shape_kind[row, s] == NO_SHAPE:
            continue
        h, w = scene.shape_height[row, s], scene.shape_width[row, s]
        shape_pose[s, :, 0], shape_pose[s, :, 1] = (
            scene.shape_y[row, s] + h / 2,
            scene.shape_x[row, s] + w / 2,
        )
        shape_pose[s, :, 2], shape_pose[s, :, 3] = h, w
        kind[s], level[s] = scene.shape_kind[row, s], scene.shape_level[row, s]
    return {
        "pose": pose, "depth_order": depth, "shape_pose": shape_pose, "shape_kind": kind, "shape_level": level,
        "num_shapes": scene.num_shapes[row],
    }  # fmt: skip


def _flow(scene: Scene, row: int, instance: Array, shape_instance: Array) -> dict[str, Array]:
    T, H, W = instance.shape
    arrays: dict[str, Array] = {}
    for name, step in (("flow_forward", 1), ("flow_backward", -1)):
        # Validity follows from the flow as stored, in float32: whoever warps by it arrives at the same pixel.
        flow, valid = np.zeros((T, H, W, 2), np.float32), np.zeros((T, H, W), bool)
        for t in range(T):
            if 0 <= t + step < T:
                flow[t] = _flow_between(scene, row, t, t + step, instance[t], shape_instance[t])
                here, there = (instance[t], shape_instance[t]), (instance[t + step], shape_instance[t + step])
                valid[t] = _seen_again(flow[t], here, there)
                if scene.spec.noise_density > 0:
                    valid[t] &= (here[0] > 0) | (here[1] > 0)
        arrays[name], arrays[f"{name}_valid"] = flow, valid
    return arrays


def _flow_between(
    scene: Scene, row: int, t: int, other: int, instance: Array, shape_instance: Array
) -> Array:
    """Return (dx, dy) of each pixel's surface: through the digit's own coordinates, or along with its shape."""
    flow = np.zeros((*instance.shape, 2))
    y, x = np.indices(instance.shape) + 0.5
    sine = sine_table() / 2.0**30
    for n in range(scene.num_digits[row]):
        here, there = (
            {name: int(getattr(scene, name)[row, n, when]) for name in ("y", "x", "angle", "scale")}
            for when in (t, other)
        )
        if here["scale"] <= 0:
            continue
        dx, dy = (x - here["x"] / ONE) * ONE / here["scale"], (y - here["y"] / ONE) * ONE / here["scale"]
        c, s = sine[here["angle"] + 9000], sine[here["angle"]]
        u, v = c * dx - s * dy, s * dx + c * dy
        c, s = sine[there["angle"] + 9000], sine[there["angle"]]
        new_x = there["x"] / ONE + (c * u + s * v) * there["scale"] / ONE
        new_y = there["y"] / ONE + (c * v - s * u) * there["scale"] / ONE
        seen = instance == n + 1
        flow[seen] = np.stack([new_x - x, new_y - y], axis=-1)[seen]
    for k in range(scene.num_shapes[row]):
        moved = [int(place[row, k, other] - place[row, k, t]) for place in (scene.shape_x, scene.shape_y)]
        flow[shape_instance == k + 1] = moved
    return flow


def _seen_again(flow: Array, here: tuple[Array, Array], there: tuple[Array, Array]) -> Array:
    """Return whether the pixel at which each surface arrives lies in the frame and shows that surface."""
    H, W = here[0].shape
    y, x = np.indices((H, W)) + 0.5
    row, column = np.floor(y + flow[..., 1]).astype(int), np.floor(x + flow[..., 0]).astype(int)
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    row, column = np.where(inside, row, 0), np.where(inside, column, 0)
    same = (here[0] == there[0][row, column]) & (here[1] == there[1][row, column])
    again: Array = inside & same
    return again


def _difficulty(scene: Scene, row: int, arrays: dict[str, Array]) -> dict[str, Any]:
    num = scene.num_digits[row]
    extent = arrays["amodal_area"][:num]
    shares = (arrays["visible_area"][:num] / np.maximum(extent, 1))[extent > 0]
    digit = arrays["instance"] > 0
    differences = np.abs(arrays["noiseless"].astype(int) - arrays["beneath"].astype(int))[digit]
    return {
        "min_visibility": np.float32(shares.min() if shares.size else 0),
        "mean_visibility": np.float32(shares.mean() if shares.size else 0),
        "camouflaged_share": np.float32((differences <= CAMOUFLAGE_LEVELS).mean() if differences.size else 0),
        "num_twins": np.int32(sum(int(label) in TWINS for label in scene.label[row, :num])),
    }
