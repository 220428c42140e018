"""Compiled loops of sampling: random words to the arrays of a Scene. Numba lives in the two `kernels.py` only.

Plain loops over integers; the caller allocates. Every function also runs uncompiled (`.py_func`), which the tests use as the
specification of the compiled form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.scene.parameters import RECTANGLE, TRIANGLE_DOWN, TRIANGLE_UP, SamplingParameters
from segmnist.scene.randomness import (
    PURPOSE_CLIP,
    PURPOSE_DIGIT,
    PURPOSE_MOTION,
    PURPOSE_SHAPE,
    PURPOSE_SWAP,
    SHARED_POOL,
    SPLITS,
)

Array = NDArray[Any]
Words = tuple[int, int, int, int]
Address = tuple[Any, Any, int, int, int]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_POOL_SPLIT = SPLITS[SHARED_POOL]


@njit(nogil=True, cache=True)
def philox_block(index: int, word1: int, id_low: int, id_high: int, key0: int, key1: int) -> Words:
    """Return the four words at one address; the state is kept in 64-bit lanes so that LLVM can use wide multiplies."""
    a, b, c, d = np.uint64(index), np.uint64(word1), np.uint64(id_low), np.uint64(id_high)
    k0, k1 = np.uint64(key0), np.uint64(key1)
    for _ in range(10):
        p0, p1 = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (p1 >> _HALF) ^ b ^ k0, p1 & _LOW
        c, d = (p0 >> _HALF) ^ d ^ k1, p0 & _LOW
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & _LOW, (k1 + np.uint64(0xBB67AE85)) & _LOW
    return np.int64(a), np.int64(b), np.int64(c), np.int64(d)


@njit(nogil=True, cache=True)
def _draw(address: Address, purpose: int, index: int) -> Words:
    id_low, id_high, split, key0, key1 = address
    return philox_block(index, purpose << 24 | split << 16, id_low, id_high, key0, key1)


@njit(nogil=True, cache=True)
def _between(word: int, low: int, high: int) -> int:
    """Return a whole number in low..high; the bias is at most (high - low + 1) / 2^32."""
    return low + (word * (high - low + 1) >> 32)


@njit(nogil=True, cache=True)
def _on_lattice(word: int, low: int, high: int, step: int) -> int:
    """Return one of low, low + step, ... up to high; any whole number between where step is 0."""
    if step == 0:
        return _between(word, low, high)
    return low + step * _between(word, 0, (high - low) // step)


@njit(nogil=True, cache=True)
def reflect(position: int, span: int) -> int:
    """Return the place in 0..span of a point that went straight on through walls which reflect it."""
    if span == 0:
        return 0
    folded = position % (2 * span)
    return folded if folded <= span else 2 * span - folded


@njit(nogil=True, cache=True)
def _move_reflecting(
    out: Array, start: int, velocity: int, acceleration: int, low: int, span: int, stride: int
) -> None:
    for k in range(out.shape[0]):
        t = k * stride
        out[k] = low + reflect(start + velocity * t + (acceleration * t * t >> 1), span)


@njit(nogil=True, cache=True)
def _move_like_origin(
    out: Array, start: int, velocity: int, limit: int, half_glyph: int, stride: int
) -> None:
    """Write the 2020 code's path: the velocity flips once the next step would pass a wall by over 2 px; drawn truncated."""
    slack = 2 << 16
    position = start
    for t in range(out.shape[0] * stride):
        if t % stride == 0:
            whole = position >> 16 if position >= 0 else -(-position >> 16)
            out[t // stride] = (whole << 16) + half_glyph
        ahead = position + velocity
        if ahead < -slack or ahead > limit + slack:
            velocity = -velocity
        position += velocity


@njit(nogil=True, cache=True)
def _direction(p: SamplingParameters, word: int) -> int:
    if p.direction_step:
        return p.direction_step * _between(word, 0, 36_000 // p.direction_step - 1)
    return word * 36_000 >> 32


@njit(nogil=True, cache=True)
def _velocity(p: SamplingParameters, word_speed: int, word_direction: int, sine: Array) -> tuple[int, int]:
    speed = _on_lattice(word_speed, p.speed_low, p.speed_high, p.speed_step)
    direction = _direction(p, word_direction)
    return -(speed * sine[direction] >> 30), speed * sine[direction + 9_000] >> 30


@njit(nogil=True, cache=True)
def _step_reflecting(position: int, velocity: int, span: int) -> tuple[int, int]:
    """Return the position in 0..span after one frame, and the velocity, turned around if a wall was met."""
    if span == 0:
        return 0, velocity
    folded = (position + velocity) % (2 * span)
    return (folded, velocity) if folded <= span else (2 * span - folded, -velocity)


@njit(nogil=True, cache=True)
def _wander(
    p: SamplingParameters, address: Address, n: int, sine: Array, y: Array, x: Array, place_y: int, place_x: int,
    velocity_y: int, velocity_x: int, low_y: int, low_x: int, span_y: int, span_x: int,
) -> None:  # fmt: skip
    """Write the path of a digit whose velocity is now and then drawn anew, before the step that it is for."""
    for t in range(p.num_frames * p.frame_stride):
        if t > 0:
            word_turn, word_speed, word_direction, _ = _draw(address, PURPOSE_MOTION, n << 16 | t)
            if word_turn < p.turn_odds:
                velocity_y, velocity_x = _velocity(p, word_speed, word_direction, sine)
            place_y, velocity_y = _step_reflecting(place_y, velocity_y, span_y)
            place_x, velocity_x = _step_reflecting(place_x, velocity_x, span_x)
        if t % p.frame_stride == 0:
            y[t // p.frame_stride], x[t // p.frame_stride] = low_y + place_y, low_x + place_x


@njit(nogil=True, cache=True)
def _sample_digit(
    p: SamplingParameters, address: Address, n: int,
    pool: Array, labels: Array, twins: Array, levels: Array, sine: Array,
    glyph: Array, label: Array, y: Array, x: Array, angle: Array, scale: Array, brightness: Array,
) -> None:  # fmt: skip
    word_glyph, word_y, word_x, word_speed = _draw(address, PURPOSE_DIGIT, 4 * n)
    word_direction, word_angle, word_rate, word_scale = _draw(address, PURPOSE_DIGIT, 4 * n + 1)
    word_first, word_last, word_acceleration, word_level = _draw(address, PURPOSE_DIGIT, 4 * n + 2)
    glyph[n] = pool[word_glyph * pool.shape[0] >> 32]
    label[n] = labels[glyph[n]]
    if twins[label[n], 0] != twins[label[n], 1]:
        word_twin, _, _, _ = _draw(address, PURPOSE_DIGIT, 4 * n + 3)
        label[n] = twins[label[n], 0 if word_twin < p.twin_odds else 1]
    size = _between(word_scale, p.scale_low, p.scale_high)
    direction = _direction(p, word_direction)
    cosine, sine_ = sine[direction + 9_000], sine[direction]
    acceleration = _between(word_acceleration, p.acceleration_low, p.acceleration_high)
    half_y, half_x = p.glyph_height * size >> 1, p.glyph_width * size >> 1
    frame_y, frame_x = p.height << 16, p.width << 16
    if p.origin_digits:
        speed = _between(word_speed, p.speed_low >> 16, p.speed_high >> 16) << 16
        first_angle = _between(word_angle, p.angle_low // 100, p.angle_high // 100) * 100
        rate = _between(word_rate, p.rate_low // 100, p.rate_high // 100) * 100
        limit_y, limit_x = frame_y - 2 * half_y, frame_x - 2 * half_x
        start_y, start_x = word_y * limit_y >> 32, word_x * limit_x >> 32
        _move_like_origin(y, start_y, -(speed * sine_ >> 30), limit_y, half_y, p.frame_stride)
        _move_like_origin(x, start_x, speed * cosine >> 30, limit_x, half_x, p.frame_stride)
    else:
        first_angle = _on_lattice(word_angle, p.angle_low, p.angle_high, p.angle_step)
        rate = _on_lattice(word_rate, p.rate_low, p.rate_high, p.rate_step)
        low_y, low_x = half_y - p.wall_margin, half_x - p.wall_margin
        span_y, span_x = frame_y - 2 * low_y, frame_x - 2 * low_x
        start_y = _on_lattice(word_y, 0, span_y, p.position_step)
        start_x = _on_lattice(word_x, 0, span_x, p.position_step)
        velocity_y, velocity_x = _velocity(p, word_speed, word_direction, sine)
        if p.markov_digits:
            _wander(
                p,
                address,
                n,
                sine,
                y,
                x,
                start_y,
                start_x,
                velocity_y,
                velocity_x,
                low_y,
                low_x,
                span_y,
                span_x,
            )
        else:
            acceleration_y, acceleration_x = -(acceleration * sine_ >> 30), acceleration * cosine >> 30
            _move_reflecting(y, start_y, velocity_y, acceleration_y, low_y, span_y, p.frame_stride)
            _move_reflecting(x, start_x, velocity_x, acceleration_x, low_x, span_x, p.frame_stride)
    first = _on_lattice(word_first, p.brightness_low, p.brightness_high, p.brightness_step)
    last = _on_lattice(word_last, p.brightness_low, p.brightness_high, p.brightness_step)
    if levels.shape[0]:
        # The smallest factor that takes ink of 255 to exactly this level.
        first = (levels[word_level * levels.shape[0] >> 32] * 65_536 + 254) // 255
        last = first
    duration = p.num_frames * p.frame_stride
    for k in range(p.num_frames):
        t = k * p.frame_stride
        angle[k] = (first_angle + rate * t) % 36_000
        scale[k] = size
        brightness[k] = first + (last - first) * t // duration


@njit(nogil=True, cache=True)
def _sample_shape(
    p: SamplingParameters, address: Address, s: int, kinds: Array, levels: Array, sine: Array,
    kind: Array, height: Array, width: Array, apex: Array, level: Array, y: Array, x: Array,
) -> None:  # fmt: skip
    word_kind, word_height, word_width, word_y = _draw(address, PURPOSE_SHAPE, 3 * s)
    word_x, word_speed, word_direction, word_level = _draw(address, PURPOSE_SHAPE, 3 * s + 1)
    word_apex, word_flip, _, _ = _draw(address, PURPOSE_SHAPE, 3 * s + 2)
    code = kinds[word_kind * kinds.shape[0] >> 32]
    is_circle = code < 0
    kind[s] = -code if is_circle else code
    if levels.shape[0]:
        level[s] = levels[word_level * levels.shape[0] >> 32]
    else:
        level[s] = _between(word_level, p.level_low, p.level_high)
    if p.origin_shapes:
        _place_like_origin(p, s, word_height, word_width, word_y, word_x, kind, height, width, apex, y, x)
        return
    height[s] = _between(word_height, p.size_low, p.size_high)
    width[s] = height[s] if is_circle else _between(word_width, p.size_low, p.size_high)
    apex[s] = _between(word_apex, 0, width[s])
    if kind[s] == TRIANGLE_UP and word_flip >= 1 << 31:
        kind[s] = TRIANGLE_DOWN
    speed = _between(word_speed, p.shape_speed_low, p.shape_speed_high)
    direction = word_direction * 36_000 >> 32
    velocity_y, velocity_x = -(speed * sine[direction] >> 30), speed * sine[direction + 9_000] >> 30
    span_y, span_x = p.height << 16, p.width << 16
    start_y, start_x = _between(word_y, 0, span_y), _between(word_x, 0, span_x)
    # The centre bounces off the frame's walls; the corner is rounded, as shapes are drawn at whole pixels.
    corner_y, corner_x = (height[s] << 15) - 32_768, (width[s] << 15) - 32_768
    for k in range(p.num_frames):
        t = k * p.frame_stride
        y[s, k] = (reflect(start_y + velocity_y * t, span_y) - corner_y) >> 16
        x[s, k] = (reflect(start_x + velocity_x * t, span_x) - corner_x) >> 16


@njit(nogil=True, cache=True)
def _place_like_origin(
    p: SamplingParameters, s: int, word_height: int, word_width: int, word_y: int, word_x: int,
    kind: Array, height: Array, width: Array, apex: Array, y: Array, x: Array,
) -> None:  # fmt: skip
    """Place a shape on the 2020 code's canvas, a third larger than the frame: its extent is drawn from what is left there."""
    canvas_y, canvas_x = p.height + p.height // 3, p.width + p.width // 3
    low, high = p.size_low, p.size_high
    if kind[s] == RECTANGLE:
        top, left = _between(word_y, 0, canvas_y - low), _between(word_x, 0, canvas_x - low)
        height[s] = _between(word_height, low, min(high, canvas_y - top))
        width[s] = _between(word_width, low, min(high, canvas_x - left))
    elif kind[s] == TRIANGLE_UP:
        # Equilateral on a whole-numbered base, whose left corner is the place drawn.
        bottom, left = _between(word_y, low, canvas_y - 1), _between(word_x, 0, canvas_x - low)
        width[s] = _between(word_width, low, min(high, min(bottom + 1, canvas_x - left)))
        height[s] = (width[s] * 866 + 999) // 1000
        apex[s] = width[s] // 2
        top = bottom + 1 - height[s]
    else:
        centre_y, centre_x = _between(word_y, 1, canvas_y - 2), _between(word_x, 1, canvas_x - 2)
        room = min(min(centre_y, canvas_y - 1 - centre_y), min(centre_x, canvas_x - 1 - centre_x))
        radius = _between(word_width, max(1, low // 2), max(1, min(high // 2, room)))
        height[s] = width[s] = 2 * radius + 1
        top, left = centre_y - radius, centre_x - radius
    for k in range(p.num_frames):
        y[s, k] = top
        x[s, k] = left


@njit(nogil=True, cache=True)
def _drift_like_origin(offset: int, step: int, room: int, place: Array, num_frames: int, stride: int) -> None:
    """Subtract the window's offset, which grows by `step` a frame and stays where the canvas would end."""
    for t in range(num_frames * stride):
        if t % stride == 0:
            for s in range(place.shape[0]):
                place[s, t // stride] -= offset
        if offset + 2 < room:
            offset += step


@njit(nogil=True, cache=True)
def _swap_depths(p: SamplingParameters, address: Address, word_count: int, num: int, depth: Array) -> None:
    for n in range(num):
        depth[n, :] = n
    if num < 2:
        return
    for swap in range(_between(word_count, p.swaps_low, p.swaps_high)):
        word_frame, word_a, word_b, _ = _draw(address, PURPOSE_SWAP, swap)
        first = word_frame * p.num_frames * p.frame_stride >> 32
        a, b = word_a * num >> 32, word_b * (num - 1) >> 32
        b += b >= a
        for k in range(p.num_frames):
            if k * p.frame_stride >= first:
                depth[a, k], depth[b, k] = depth[b, k], depth[a, k]


@njit(nogil=True, cache=True)
def sample_clips(
    p: SamplingParameters, key0: int, key1: int, split: int, clip_ids: Array,
    pool: Array, labels: Array, twins: Array, kinds: Array, levels: Array, sine: Array,
    num_digits: Array, glyph: Array, label: Array,
    y: Array, x: Array, angle: Array, scale: Array, brightness: Array, depth: Array,
    num_shapes: Array, kind: Array, shape_height: Array, shape_width: Array, apex: Array, level: Array,
    shape_y: Array, shape_x: Array,
) -> None:  # fmt: skip
    """Fill the arrays of a Scene, one row a clip; rows past a clip's own count are left as they are (zero)."""
    for b in range(clip_ids.shape[0]):
        clip_id = np.int64(clip_ids[b])
        address: Address = (clip_id & 0xFFFFFFFF, clip_id >> 32, split, key0, key1)
        word_digits, word_shapes, word_swaps, word_background = _draw(address, PURPOSE_CLIP, 0)
        num_digits[b] = _between(word_digits, p.digits_low, p.digits_high)
        shape_address = address
        if p.num_backgrounds:
            shown = word_background * p.num_backgrounds >> 32
            shape_address = (shown, 0, _POOL_SPLIT if p.shared_pools else split, key0, key1)
            _, word_shapes, _, _ = _draw(shape_address, PURPOSE_CLIP, 0)
        num_shapes[b] = _between(word_shapes, p.shapes_low, p.shapes_high)
        for n in range(num_digits[b]):
            _sample_digit(
                p, address, n, pool, labels, twins, levels, sine, glyph[b], label[b],
                y[b, n], x[b, n], angle[b, n], scale[b, n], brightness[b, n],
            )  # fmt: skip
        _swap_depths(p, address, word_swaps, num_digits[b], depth[b])
        for s in range(num_shapes[b]):
            _sample_shape(
                p, shape_address, s, kinds, levels, sine,
                kind[b], shape_height[b], shape_width[b], apex[b], level[b], shape_y[b], shape_x[b],
            )  # fmt: skip
        if p.origin_shapes:
            word_y, word_x, word_step_y, word_step_x = _draw(shape_address, PURPOSE_CLIP, 1)
            room_y, room_x = p.height // 3, p.width // 3
            start_y, start_x = _between(word_y, 0, room_y // 2 - 1), _between(word_x, 0, room_x // 2 - 1)
            num = num_shapes[b]
            step_y, step_x = word_step_y * 3 >> 32, word_step_x * 3 >> 32
            _drift_like_origin(start_y, step_y, room_y, shape_y[b, :num], p.num_frames, p.frame_stride)
            _drift_like_origin(start_x, step_x, room_x, shape_x[b, :num], p.num_frames, p.frame_stride)
