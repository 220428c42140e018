"""The reference renderer: every array of a Scene in plain NumPy, one clip and one frame at a time, obvious and slow.

It is the specification. Other renderers, and what is derived from what they draw, must equal it, bit for bit wherever numbers
are not added up in another order. Only tests use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.render.arrays import ALWAYS, arrays_of, check_truths
from segmnist.render.camouflage import LEAST_SIGMA, background_dprime, sensor_likelihood
from segmnist.render.corrupted import corrupt_videos
from segmnist.render.derived import CAMOUFLAGE_LEVELS, twins_of
from segmnist.render.geometry import glyph_coordinates_of_points, inverse_coefficients
from segmnist.render.noise import is_plain_bytes, noise_odds, noise_table, sensor_thresholds
from segmnist.scene.colours import Colours, colours_of
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TILE, TRIANGLE_DOWN
from segmnist.scene.randomness import (
    PURPOSE_COLOUR_SENSOR,
    PURPOSE_HUE,
    PURPOSE_NOISE,
    PURPOSE_SENSOR,
    words,
)
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]


def render_reference(scene: Scene, truth: str | Iterable[str] = ("semantic",)) -> dict[str, Array]:
    """Return the arrays that `render` returns for these truths, each with a leading clip axis."""
    clips = [reference_arrays(scene, row) for row in range(len(scene))]
    names = (*ALWAYS, *arrays_of(check_truths(truth)))
    return {name: np.stack([clip[name] for clip in clips]) for name in names}


def reference_arrays(scene: Scene, row: int) -> dict[str, Array]:
    """Return every array of one clip, without a clip axis; digit rows padded to the spec's maximum.

    Camouflage is left out where it is impossible, without sensor noise.
    """
    arrays = _composited(scene, row)
    arrays.update(_measures(scene, row, arrays["instance"], arrays["amodal"]))
    arrays.update(_poses(scene, row))
    arrays.update(_flow(scene, row, arrays["instance"], arrays["shape_instance"]))
    arrays.update(_difficulty(scene, row, arrays))
    arrays["rgb"] = np.stack([_coloured(scene, row, t, arrays) for t in range(scene.spec.num_frames)])
    seen = {name: arrays[name][None] for name in ("video", "rgb")}
    corrupt_videos(seen, scene.spec, scene.split, scene.seed, [int(scene.clip_ids[row])])
    if scene.spec.sensor_sigma >= LEAST_SIGMA:
        arrays.update(_camouflage(scene, arrays))
    return arrays


def _composited(scene: Scene, row: int) -> dict[str, Array]:
    """Return what is drawn from back to front: noise, shapes, digits by depth, sensor noise."""
    spec = scene.spec
    T, H, W, N = spec.num_frames, spec.height, spec.width, spec.max_digits
    names = ("video", "semantic", "instance", "shape_instance", "background_layer", "beneath", "noiseless")
    arrays = {name: np.zeros((T, H, W), np.uint8) for name in names}
    arrays["hides_background"] = np.zeros((T, H, W), bool)
    arrays["amodal"], arrays["digit_layers"] = np.zeros((N, T, H, W), bool), np.zeros((N, T, H, W), np.uint8)
    classes = np.append(scene.bank.classes.background, scene.label[row]).astype(np.uint8)
    for t in range(T):
        frame = {name: arrays[name][t] for name in (*names, "hides_background")}
        frame["noiseless"][:] = background(scene, row, t)
        for s in range(scene.num_shapes[row]):
            mask = shape_mask(scene, row, s, t)
            frame["noiseless"][mask], frame["shape_instance"][mask] = scene.shape_level[row, s], s + 1
        is_bare = frame["shape_instance"] == 0
        frame["background_layer"][:] = frame["beneath"][:] = frame["noiseless"]
        inks = np.full((N, H, W), -1)
        for n in range(scene.num_digits[row]):
            inks[n] = drawn_ink(scene, row, n, t)
        arrays["amodal"][:, t], arrays["digit_layers"][:, t] = inks >= 0, np.maximum(inks, 0)
        for n in np.argsort(nearness(spec, inks, scene.depth[row, :, t, None, None]), axis=0):
            ink = np.take_along_axis(inks, n[None], axis=0)[0]
            mask = ink >= 0
            frame["hides_background"][mask] = (is_bare & (frame["instance"] == 0))[mask]
            frame["beneath"][mask] = frame["noiseless"][mask]
            frame["noiseless"][mask], frame["instance"][mask], frame["shape_instance"][mask] = (
                ink[mask],
                n[mask] + 1,
                0,
            )
        frame["beneath"][frame["instance"] == 0] = frame["noiseless"][frame["instance"] == 0]
        frame["semantic"][:] = classes[frame["instance"]]
        frame["video"][:] = with_sensor_noise(scene, row, t, frame["noiseless"])
    return arrays


def nearness(spec: SceneSpec, level: Array, depth: Array) -> Array:
    """Return numbers that say which of the digits at a place is seen: the one with the largest.

    `blend="over"`: the nearest. "max": the brightest, and of equally bright ones the nearest.
    """
    order = np.broadcast_to(depth.astype(np.int64), level.shape)
    return order if spec.blend == "over" else level * 256 + order


def grid(scene: Scene) -> tuple[Array, Array]:
    """Return the row and the column of each pixel, `(H,W)` int64."""
    y, x = np.indices((scene.spec.height, scene.spec.width), dtype=np.int64)
    return y, x


def background(scene: Scene, row: int, t: int) -> Array:
    """Return the pepper noise `(H,W)`, before any shape covers it."""
    spec = scene.spec
    size = spec.height * spec.width
    draws = 1 if is_plain_bytes(spec) else 2
    bits = _words_of_frame(scene, row, t, PURPOSE_NOISE, -(-size * draws // 4))
    if draws == 1:
        levels = bits.astype("<u4").view(np.uint8)
    else:
        levels = noise_table(spec)[bits.astype("<u4").view("<u2")]
    return levels[:size].reshape(spec.height, spec.width).copy()


def shape_mask(scene: Scene, row: int, s: int, t: int) -> Array:
    """Return where shape s lies in the frame, `(H,W)` bool, whatever covers it."""
    y, x = grid(scene)
    if scene.shape_kind[row, s] == NO_SHAPE:
        return np.zeros(y.shape, bool)
    h, w = int(scene.shape_height[row, s]), int(scene.shape_width[row, s])
    r, c = y - int(scene.shape_y[row, s, t]), x - int(scene.shape_x[row, s, t])
    box = (r >= 0) & (r < h) & (c >= 0) & (c < w)
    kind = scene.shape_kind[row, s]
    if kind == RECTANGLE:
        return box
    if kind == ELLIPSE:
        return box & (((2 * c + 1 - w) * h) ** 2 + ((2 * r + 1 - h) * w) ** 2 <= (w * h) ** 2)
    apex = int(scene.shape_apex[row, s])
    below_apex = 2 * (h - 1 - r if kind == TRIANGLE_DOWN else r) + 1
    right_of_left_edge = (2 * c + 1) * h >= apex * (2 * h - below_apex)
    left_of_right_edge = (2 * c + 1) * h < 2 * h * apex + (w - apex) * below_apex
    return box & right_of_left_edge & left_of_right_edge


def drawn_ink(scene: Scene, row: int, n: int, t: int) -> Array:
    """Return the grey level of digit n at each pixel, `(H,W)` int64, -1 where it has no ink; occlusion ignored."""
    y, x = grid(scene)
    value = glyph_values(scene, row, n, t, (y << 16) + 32_768, (x << 16) + 32_768)
    return np.where(value >= scene.spec.ink_threshold, level_of(scene, row, n, t, value), -1)


def level_of(scene: Scene, row: int, n: int, t: int, value: Array) -> Array:
    """Return the grey level at frame t of ink of digit n, given the glyph's values there."""
    ink = 255 if scene.spec.grey_levels else np.maximum(value - scene.spec.ink_offset, 1)
    return np.minimum(ink * np.int64(scene.brightness[row, n, t]) >> 16, 255)


def glyph_values(scene: Scene, row: int, n: int, t: int, y: Array, x: Array) -> Array:
    """Return the value of digit n's glyph at points of the frame, Q16; int64, 0 outside the glyph."""
    scale = int(scene.scale[row, n, t])
    if scene.label[row, n] == NO_DIGIT or scale <= 0:
        return np.zeros(y.shape, np.int64)
    glyph = scene.bank.images[scene.glyph[row, n]].astype(np.int64)
    a, b = inverse_coefficients(np.int64(scene.angle[row, n, t]), np.int64(scale))
    centre_y, centre_x = int(scene.y[row, n, t]), int(scene.x[row, n, t])
    v, u = glyph_coordinates_of_points(y, x, centre_y, centre_x, int(a), int(b), glyph.shape)
    inside = (v >= 0) & (v < glyph.shape[0]) & (u >= 0) & (u < glyph.shape[1])
    inside &= ~_is_cut_off(scene, row, n, t, y, x)
    return np.where(inside, glyph[np.where(inside, v, 0), np.where(inside, u, 0)], 0)


def _is_cut_off(scene: Scene, row: int, n: int, t: int, y: Array, x: Array) -> Array:
    """Return which points, Q16, lie outside the upright box that `cut_corners` keeps of digit n."""
    if not scene.spec.cut_corners:
        return np.zeros(y.shape, bool)
    half_y, half_x = (size * int(scene.scale[row, n, t]) >> 1 for size in scene.bank.images.shape[1:])
    dy, dx = y - int(scene.y[row, n, t]), x - int(scene.x[row, n, t])
    return (dy < -half_y) | (dy >= half_y) | (dx < -half_x) | (dx >= half_x)


def with_sensor_noise(scene: Scene, row: int, t: int, video: Array, purpose: int = PURPOSE_SENSOR) -> Array:
    """Return the frame as the sensor sees it: a rounded Gaussian deviation added, clipped to 0..255."""
    spec = scene.spec
    if spec.sensor_sigma == 0:
        return video.astype(np.uint8)
    thresholds, _ = sensor_thresholds(spec.sensor_sigma)
    bits = _words_of_frame(scene, row, t, purpose, video.size)
    deviation = np.searchsorted(thresholds, bits.astype(np.int64), side="right") - len(thresholds) // 2
    seen: Array = np.clip(video + deviation.reshape(video.shape), 0, 255).astype(np.uint8)
    return seen


def _coloured(scene: Scene, row: int, t: int, arrays: dict[str, Array]) -> Array:
    """Return a frame in colour, `(H,W,3)` uint8: the grey levels times the tints of the surfaces seen, then sensor noise."""
    spec, ids = scene.spec, scene.clip_ids[row : row + 1]
    of_clip = colours_of(spec, ids, split=scene.split, seed=scene.seed)
    colours = Colours(*(part[0] for part in of_clip))
    level, digit, shape = (arrays[name][t] for name in ("noiseless", "instance", "shape_instance"))
    surface = np.where(digit > 0, digit, np.where(shape > 0, spec.max_digits + shape, 0)).astype(int)
    y, x = grid(scene)
    unmoved = np.zeros(1 + spec.max_digits, np.int64)
    top, left = (np.append(unmoved, place[row, :, t]) for place in (scene.shape_y, scene.shape_x))
    i, j = (y - top[surface]) // colours.cells[surface], (x - left[surface]) // colours.cells[surface]
    bit = colours.tiles[surface] >> (TILE * (i % TILE) + j % TILE).astype(np.uint64) & np.uint64(1)
    tint = colours.tints[surface, bit.astype(int)]
    if spec.noise_density > 0:
        hues = _words_of_frame(scene, row, t, PURPOSE_HUE, -(-level.size // 4)).astype("<u4").view(np.uint8)
        bare, hues = surface == 0, hues[: level.size].reshape(level.shape)
        tint[bare] = colours.noise_tints[hues[bare]]
    return with_sensor_noise(scene, row, t, level[..., None] * tint >> 8, PURPOSE_COLOUR_SENSOR)


def _words_of_frame(scene: Scene, row: int, t: int, purpose: int, num_words: int) -> Array:
    """Return random words of a frame for one purpose."""
    frame = t * scene.spec.frame_stride
    return words(scene.seed, scene.split, int(scene.clip_ids[row]), purpose, frame, num_words)


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
    scale = int(scene.scale[row, n, t])
    if scale <= 0:
        return 0
    reach = int(np.ceil(np.hypot(*scene.bank.images.shape[1:]) * scale / ONE)) + 2
    y, x = np.indices((2 * reach, 2 * reach), dtype=np.int64) - reach
    y, x = y + (int(scene.y[row, n, t]) >> 16), x + (int(scene.x[row, n, t]) >> 16)
    values = glyph_values(scene, row, n, t, (y << 16) + 32_768, (x << 16) + 32_768)
    return int((values >= scene.spec.ink_threshold).sum())


def _poses(scene: Scene, row: int) -> dict[str, Array]:
    spec, digits = scene.spec, _digits(scene, row)
    N, S, T = spec.max_digits, spec.max_shapes, spec.num_frames
    pose, depth, present = np.zeros((N, T, 5)), np.full((N, T), 255, np.uint8), np.zeros((N, T), bool)
    units = (("y", ONE), ("x", ONE), ("angle", 100), ("scale", ONE), ("brightness", ONE))
    for column, (name, unit) in enumerate(units):
        pose[digits, :, column] = getattr(scene, name)[row, digits] / unit
    depth[digits], present[digits] = scene.depth[row, digits], scene.scale[row, digits] > 0
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
        "labels": scene.label[row], "num_digits": scene.num_digits[row],
        "present": present, "pose": pose, "depth_order": depth,
        "shape_pose": shape_pose, "shape_kind": kind, "shape_level": level, "num_shapes": scene.num_shapes[row],
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
        hidden = np.stack(
            [_hidden(scene, row, t, t + step, flow[t], instance[t], ~valid[t]) for t in range(T)]
        )
        arrays[name], arrays[f"{name}_valid"], arrays[f"{name}_occluded"] = flow, valid, hidden
    return arrays


def _hidden(
    scene: Scene, row: int, shown: int, t: int, flow: Array, instance: Array, not_valid: Array
) -> Array:
    """Return where the point that a pixel of frame `shown` shows is not seen at frame t.

    For all but digits that is where flow is not valid. A point of a digit keeps its ink on the way.
    """
    spec = scene.spec
    if not 0 <= t < spec.num_frames:
        return np.ones(instance.shape, bool)
    hidden = not_valid.copy()
    start_y, start_x = ((place << 16) + 32_768 for place in grid(scene))
    y, x = np.indices(instance.shape) + 0.5
    y, x = (np.floor((start + flow[..., k]) * ONE + 0.5).astype(np.int64) for start, k in ((y, 1), (x, 0)))
    outside = (y < 0) | (y >= spec.height * ONE) | (x < 0) | (x >= spec.width * ONE)
    for n in _digits(scene, row):
        gone = outside | _is_cut_off(scene, row, n, t, y, x) | (scene.scale[row, n, t] <= 0)
        own = level_of(scene, row, n, t, glyph_values(scene, row, n, shown, start_y, start_x))
        for k in range(scene.num_digits[row]):
            if k == n:
                continue
            value = glyph_values(scene, row, k, t, y, x)
            is_nearer = nearness(spec, level_of(scene, row, k, t, value), scene.depth[row, k, t]) > nearness(
                spec, own, scene.depth[row, n, t]
            )
            gone |= (value >= spec.ink_threshold) & is_nearer
        hidden[instance == n + 1] = gone[instance == n + 1]
    return hidden


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
        if there["scale"] <= 0:
            there["scale"] = here["scale"]
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
    twins = twins_of(scene)
    twin_labels = np.full(len(scene.label[row]), IGNORE, np.uint8)
    for n in _digits(scene, row):
        twin_labels[n] = twins[scene.label[row, n]]
    return {
        "min_visibility": np.float32(shares.min() if shares.size else 0),
        "mean_visibility": np.float32(shares.mean() if shares.size else 0),
        "camouflaged_share": np.float32((differences <= CAMOUFLAGE_LEVELS).mean() if differences.size else 0),
        "num_twins": np.int32((twin_labels != IGNORE).sum()),
        "twin_labels": twin_labels,
    }


def _camouflage(scene: Scene, arrays: dict[str, Array]) -> dict[str, Array]:
    spec, sigma = scene.spec, scene.spec.sensor_sigma
    f, b, instance = arrays["noiseless"].astype(int), arrays["beneath"].astype(int), arrays["instance"]
    seen = sensor_likelihood(sigma)
    over_background = arrays["hides_background"][..., None]
    hidden = np.where(over_background, noise_odds(spec) @ seen, seen[b])
    eps = 0.5 * np.minimum(seen[f], hidden).sum(axis=-1)
    dprime = np.where(arrays["hides_background"], background_dprime(spec)[f], np.abs(f - b) / sigma)
    N, T = spec.max_digits, spec.num_frames
    evidence, order = np.zeros((N, T)), np.zeros((N, N, T))
    for n in range(N):
        evidence[n] = np.where(instance == n + 1, dprime**2, 0).sum(axis=(1, 2))
        for k in range(N):
            overlap = arrays["amodal"][n] & arrays["amodal"][k]
            overlap &= (instance == n + 1) | (instance == k + 1)
            overlap &= spec.blend == "over"  # the brightest digit is seen, whichever is nearer
            difference = arrays["digit_layers"][n].astype(int) - arrays["digit_layers"][k]
            order[n, k] = np.where(overlap, difference**2, 0).sum(axis=(1, 2))
    return {
        "camouflage_eps": eps.astype(np.float32),
        "camouflage_dprime": dprime.astype(np.float32),
        "instance_dprime": np.sqrt(evidence).astype(np.float32),
        "track_dprime": np.sqrt(np.cumsum(evidence, axis=-1)).astype(np.float32),
        "order_dprime": (np.sqrt(order) / sigma).astype(np.float32),
    }
