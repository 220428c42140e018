"""The compiled loops of sampling: random words become the arrays of a Scene.

Plain loops over integers. The caller allocates; structs (`NamedTuple`, free in Numba) keep the parameter lists short.
Every function also runs uncompiled, and the tests hold the compiled form to that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.scene.parameters import (
    RECTANGLE,
    TRIANGLE_DOWN,
    TRIANGLE_UP,
    SamplingParameters,
    SceneArrays,
    Tables,
)
from segmnist.scene.randomness import (
    PURPOSE_CLIP,
    PURPOSE_DIGIT,
    PURPOSE_LIFE,
    PURPOSE_MOTION,
    PURPOSE_SHAPE,
    PURPOSE_SWAP,
    SHARED_POOL,
    SPLITS,
)

Array = NDArray[Any]
Words = tuple[int, int, int, int]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_POOL_SPLIT = SPLITS[SHARED_POOL]


class Address(NamedTuple):
    """Where a clip's random words come from; see `randomness`."""

    id_low: Any
    id_high: Any
    split: int
    key0: int
    key1: int


class Axis(NamedTuple):
    """Motion along y or x, Q16: from `low + start`, reflected at `low` and at `low + span`."""

    start: int
    velocity: int
    acceleration: int
    low: int
    span: int


class Digit(NamedTuple):
    """What is drawn of a digit: whole numbers, from which its track follows."""

    glyph: int
    label: int
    size: int
    along_y: Axis
    along_x: Axis
    angle: int
    rate: int
    brightness: int
    last_brightness: int


class Life(NamedTuple):
    """When a digit is there, in frames of the motion, and how its size changes.

    last_size: Q16, that at the end of the clip. largest: Q16, no smaller than any of its sizes. pulse: Q16 share of the
    size by which it swells and shrinks, with a period in frames from a phase in hundredths of a degree on.
    """

    entry: int
    lifespan: int
    last_size: int
    largest: int
    pulse: int
    period: int
    phase: int


class Shape(NamedTuple):
    """What is drawn of a shape: whole numbers, from which its track follows."""

    kind: int
    height: int
    width: int
    apex: int
    level: int
    along_y: Axis
    along_x: Axis


@subroutine
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


@subroutine
def _draw(address: Address, purpose: int, index: int) -> Words:
    """Return the four words of block `index` of a purpose."""
    a = address
    return philox_block(index, purpose << 24 | a.split << 16, a.id_low, a.id_high, a.key0, a.key1)


@subroutine
def _between(word: int, low: int, high: int) -> int:
    """Return a whole number in low..high; the bias is at most (high - low + 1) / 2^32."""
    return low + (word * (high - low + 1) >> 32)


@subroutine
def _on_lattice(word: int, low: int, high: int, step: int) -> int:
    """Return one of low, low + step, ... up to high; any whole number between where step is 0."""
    if step == 0:
        return _between(word, low, high)
    return low + step * _between(word, 0, (high - low) // step)


@subroutine
def reflect(position: int, span: int) -> int:
    """Return the place in 0..span of a point that went straight on through walls which reflect it."""
    if span == 0:
        return 0
    folded = position % (2 * span)
    return folded if folded <= span else 2 * span - folded


@subroutine
def _place(axis: Axis, t: int) -> int:
    """Return where a thing is after t frames; its acceleration keeps its direction, as if there were no walls."""
    way = axis.start + axis.velocity * t + (axis.acceleration * t * t >> 1)
    return axis.low + reflect(way, axis.span)


@subroutine
def _move_like_origin(out: Array, axis: Axis, stride: int) -> None:
    """Write the 2020 code's path of a digit.

    The velocity flips once the next step would pass a wall by more than 2 px; places are truncated to whole pixels.
    """
    slack = 2 << 16
    position, velocity = axis.start, axis.velocity
    for t in range(out.shape[0] * stride):
        if t % stride == 0:
            whole = position >> 16 if position >= 0 else -(-position >> 16)
            out[t // stride] = (whole << 16) + axis.low
        ahead = position + velocity
        if ahead < -slack or ahead > axis.span + slack:
            velocity = -velocity
        position += velocity


@subroutine
def _move_clamped(out: Array, axis: Axis, stride: int) -> None:
    """Write the path of a digit of the 2015 data set, which takes a step before its first frame.

    A wall stops it and turns its velocity around; places are truncated to whole pixels.
    """
    position, velocity = axis.start, axis.velocity
    for t in range(out.shape[0] * stride):
        position += velocity
        if position <= 0 or position >= axis.span:
            position, velocity = min(max(position, 0), axis.span), -velocity
        if t % stride == 0:
            out[t // stride] = (position >> 16 << 16) + axis.low


@subroutine
def _direction(p: SamplingParameters, word: int) -> int:
    """Return a direction in hundredths of a degree, on the spec's lattice if it has one."""
    if p.direction_step:
        return p.direction_step * _between(word, 0, 36_000 // p.direction_step - 1)
    return word * 36_000 >> 32


@subroutine
def _velocity(p: SamplingParameters, sine: Array, word_speed: int, word_direction: int) -> tuple[int, int]:
    """Return a velocity along y and x, Q16 pixels a frame."""
    speed = _on_lattice(word_speed, p.speed_low, p.speed_high, p.speed_step)
    direction = _direction(p, word_direction)
    return -(speed * sine[direction] >> 30), speed * sine[direction + 9_000] >> 30


@subroutine
def _step_reflecting(position: int, velocity: int, span: int) -> tuple[int, int]:
    """Return the position in 0..span after one frame, and the velocity, turned around if a wall was met."""
    if span == 0:
        return 0, velocity
    folded = (position + velocity) % (2 * span)
    return (folded, velocity) if folded <= span else (2 * span - folded, -velocity)


@subroutine
def _wander(
    p: SamplingParameters, sine: Array, address: Address, n: int, digit: Digit, y: Array, x: Array
) -> None:
    """Write the path of a digit whose velocity is now and then drawn anew, before the step that it is for."""
    along_y, along_x = digit.along_y, digit.along_x
    place_y, velocity_y = along_y.start, along_y.velocity
    place_x, velocity_x = along_x.start, along_x.velocity
    for t in range(p.num_frames * p.frame_stride):
        if t > 0:
            word_turn, word_speed, word_direction, _ = _draw(address, PURPOSE_MOTION, n << 16 | t)
            if word_turn < p.turn_odds:
                velocity_y, velocity_x = _velocity(p, sine, word_speed, word_direction)
            place_y, velocity_y = _step_reflecting(place_y, velocity_y, along_y.span)
            place_x, velocity_x = _step_reflecting(place_x, velocity_x, along_x.span)
        if t % p.frame_stride == 0:
            k = t // p.frame_stride
            y[k], x[k] = along_y.low + place_y, along_x.low + place_x


@subroutine
def _draw_life(p: SamplingParameters, address: Address, n: int, size: int) -> Life:
    """Draw when the n-th digit of a clip is there and how it grows; size: Q16, that at the first frame."""
    word_entry, word_lifespan, word_change, word_pulse = _draw(address, PURPOSE_LIFE, 2 * n)
    word_period, word_phase, _, _ = _draw(address, PURPOSE_LIFE, 2 * n + 1)
    last_size = size * _between(word_change, p.change_low, p.change_high) >> 16
    pulse = _between(word_pulse, p.pulse_low, p.pulse_high)
    largest = max(size, last_size)
    return Life(
        _between(word_entry, p.entry_low, p.entry_high),
        _between(word_lifespan, p.lifespan_low, p.lifespan_high),
        last_size,
        largest + (largest * pulse >> 16),
        pulse,
        _between(word_period, p.period_low, p.period_high),
        word_phase * 36_000 >> 32,
    )


@subroutine
def _size_at(size: int, life: Life, sine: Array, t: int, duration: int) -> int:
    """Return a digit's size at frame t of the motion, Q16: a ramp over the clip, and a pulse around it."""
    mean = size + (life.last_size - size) * t // duration
    swing = sine[(life.phase + 36_000 * t // life.period) % 36_000]
    return mean + ((mean * life.pulse >> 16) * swing >> 30)


@subroutine
def _presence(life: Life, fade_frames: int, t: int) -> int:
    """Return how far a digit is there at frame t of the motion: up to fade_frames + 1, 0 before and after."""
    since, left = t - life.entry + 1, life.entry + life.lifespan - t
    return max(min(since, left, fade_frames + 1), 0)


@subroutine
def _draw_digit(p: SamplingParameters, tables: Tables, address: Address, n: int) -> tuple[Digit, Life]:
    """Draw the n-th digit of a clip; it meets the walls as one of its largest size would, so it never crosses them."""
    word_glyph, word_y, word_x, word_speed = _draw(address, PURPOSE_DIGIT, 4 * n)
    word_direction, word_angle, word_rate, word_scale = _draw(address, PURPOSE_DIGIT, 4 * n + 1)
    word_first, word_last, word_acceleration, word_level = _draw(address, PURPOSE_DIGIT, 4 * n + 2)
    sine, levels, pool, twins = tables.sine, tables.levels, tables.pool, tables.twins
    glyph = pool[word_glyph * pool.shape[0] >> 32]
    label = np.int64(tables.labels[glyph])
    if twins[label, 0] != twins[label, 1]:
        word_twin, _, _, _ = _draw(address, PURPOSE_DIGIT, 4 * n + 3)
        label = twins[label, 0 if word_twin < p.twin_odds else 1]
    size = _on_lattice(word_scale, p.scale_low, p.scale_high, p.scale_step)
    direction = _direction(p, word_direction)
    life = _draw_life(p, address, n, size)
    half_y, half_x = p.glyph_height * life.largest >> 1, p.glyph_width * life.largest >> 1
    frame_y, frame_x = p.height << 16, p.width << 16
    if p.origin_digits:
        speed = _between(word_speed, p.speed_low >> 16, p.speed_high >> 16) << 16
        angle = _between(word_angle, p.angle_low // 100, p.angle_high // 100) * 100
        rate = _between(word_rate, p.rate_low // 100, p.rate_high // 100) * 100
        span_y, span_x = frame_y - 2 * half_y, frame_x - 2 * half_x
        velocity_y, velocity_x = -(speed * sine[direction] >> 30), speed * sine[direction + 9_000] >> 30
        along_y = Axis(word_y * span_y >> 32, velocity_y, 0, half_y, span_y)
        along_x = Axis(word_x * span_x >> 32, velocity_x, 0, half_x, span_x)
    else:
        angle = _on_lattice(word_angle, p.angle_low, p.angle_high, p.angle_step)
        rate = _on_lattice(word_rate, p.rate_low, p.rate_high, p.rate_step)
        acceleration = _between(word_acceleration, p.acceleration_low, p.acceleration_high)
        low_y, low_x = half_y - p.wall_margin, half_x - p.wall_margin
        span_y, span_x = frame_y - 2 * low_y, frame_x - 2 * low_x
        velocity_y, velocity_x = _velocity(p, sine, word_speed, word_direction)
        start_y = _on_lattice(word_y, 0, span_y, p.position_step)
        start_x = _on_lattice(word_x, 0, span_x, p.position_step)
        along_y = Axis(start_y, velocity_y, -(acceleration * sine[direction] >> 30), low_y, span_y)
        along_x = Axis(start_x, velocity_x, acceleration * sine[direction + 9_000] >> 30, low_x, span_x)
    first = _on_lattice(word_first, p.brightness_low, p.brightness_high, p.brightness_step)
    last = _on_lattice(word_last, p.brightness_low, p.brightness_high, p.brightness_step)
    if levels.shape[0]:
        # The smallest factor that takes ink of 255 to exactly this level.
        first = (levels[word_level * levels.shape[0] >> 32] * 65_536 + 254) // 255
        last = first
    return Digit(glyph, label, size, along_y, along_x, angle, rate, first, last), life


@subroutine
def _draw_shape(p: SamplingParameters, tables: Tables, address: Address, s: int) -> Shape:
    """Draw the s-th shape of a clip."""
    word_kind, word_height, word_width, word_y = _draw(address, PURPOSE_SHAPE, 3 * s)
    word_x, word_speed, word_direction, word_level = _draw(address, PURPOSE_SHAPE, 3 * s + 1)
    word_apex, word_flip, _, _ = _draw(address, PURPOSE_SHAPE, 3 * s + 2)
    kinds, levels, sine = tables.kinds, tables.levels, tables.sine
    code = kinds[word_kind * kinds.shape[0] >> 32]
    is_circle = code < 0
    kind = -code if is_circle else code
    if levels.shape[0]:
        level = levels[word_level * levels.shape[0] >> 32]
    else:
        level = _between(word_level, p.level_low, p.level_high)
    if p.origin_shapes:
        return _draw_shape_like_origin(p, kind, level, (word_height, word_width, word_y, word_x))
    height = _between(word_height, p.size_low, p.size_high)
    width = height if is_circle else _between(word_width, p.size_low, p.size_high)
    apex = _between(word_apex, 0, width)
    if kind == TRIANGLE_UP and word_flip >= 1 << 31:
        kind = TRIANGLE_DOWN
    speed = _between(word_speed, p.shape_speed_low, p.shape_speed_high)
    direction = word_direction * 36_000 >> 32
    velocity_y, velocity_x = -(speed * sine[direction] >> 30), speed * sine[direction + 9_000] >> 30
    span_y, span_x = p.height << 16, p.width << 16
    # The centre bounces off the frame's walls; the corner is rounded, as shapes are drawn at whole pixels.
    along_y = Axis(_between(word_y, 0, span_y), velocity_y, 0, 32_768 - (height << 15), span_y)
    along_x = Axis(_between(word_x, 0, span_x), velocity_x, 0, 32_768 - (width << 15), span_x)
    return Shape(kind, height, width, apex, level, along_y, along_x)


@subroutine
def _draw_shape_like_origin(p: SamplingParameters, kind: int, level: int, words: Words) -> Shape:
    """Draw a shape as the 2020 code does: on a canvas a third larger than the frame, as large as fits there."""
    word_height, word_width, word_y, word_x = words
    canvas_y, canvas_x = p.height + p.height // 3, p.width + p.width // 3
    low, high = p.size_low, p.size_high
    apex = 0
    if kind == RECTANGLE:
        top, left = _between(word_y, 0, canvas_y - low), _between(word_x, 0, canvas_x - low)
        height = _between(word_height, low, min(high, canvas_y - top))
        width = _between(word_width, low, min(high, canvas_x - left))
    elif kind == TRIANGLE_UP:
        # Equilateral on a whole-numbered base, whose left corner is the place drawn.
        bottom, left = _between(word_y, low, canvas_y - 1), _between(word_x, 0, canvas_x - low)
        width = _between(word_width, low, min(high, min(bottom + 1, canvas_x - left)))
        height = (width * 866 + 999) // 1000
        apex = width // 2
        top = bottom + 1 - height
    else:
        centre_y, centre_x = _between(word_y, 1, canvas_y - 2), _between(word_x, 1, canvas_x - 2)
        room = min(min(centre_y, canvas_y - 1 - centre_y), min(centre_x, canvas_x - 1 - centre_x))
        radius = _between(word_width, max(1, low // 2), max(1, min(high // 2, room)))
        height = width = 2 * radius + 1
        top, left = centre_y - radius, centre_x - radius
    # It rests on the canvas: walls without room between them hold it.
    return Shape(kind, height, width, apex, level, Axis(0, 0, 0, top << 16, 0), Axis(0, 0, 0, left << 16, 0))


@subroutine
def _drift_like_origin(offset: int, step: int, room: int, place: Array, num_frames: int, stride: int) -> None:
    """Subtract the window's offset, which grows by `step` a frame and stays where the canvas would end."""
    for t in range(num_frames * stride):
        if t % stride == 0:
            for s in range(place.shape[0]):
                place[s, t // stride] -= offset
        if offset + 2 < room:
            offset += step


@subroutine
def _swap_depths(p: SamplingParameters, address: Address, word_count: int, num: int, depth: Array) -> None:
    """Write each digit's rank of depth, and let pairs of digits change places at random frames."""
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


@subroutine
def _fill_digits(
    p: SamplingParameters, tables: Tables, address: Address, b: int, num: int, out: SceneArrays
) -> None:
    """Draw the digits of clip b and write them and their tracks."""
    sine, y, x, angle, scale, brightness = tables.sine, out.y, out.x, out.angle, out.scale, out.brightness
    duration = p.num_frames * p.frame_stride
    for n in range(num):
        digit, life = _draw_digit(p, tables, address, n)
        out.glyph[b, n], out.label[b, n] = digit.glyph, digit.label
        if p.origin_digits:
            _move_like_origin(y[b, n], digit.along_y, p.frame_stride)
            _move_like_origin(x[b, n], digit.along_x, p.frame_stride)
        elif p.clamped_digits:
            _move_clamped(y[b, n], digit.along_y, p.frame_stride)
            _move_clamped(x[b, n], digit.along_x, p.frame_stride)
        elif p.markov_digits:
            _wander(p, sine, address, n, digit, y[b, n], x[b, n])
        else:
            for k in range(p.num_frames):
                t = k * p.frame_stride
                y[b, n, k], x[b, n, k] = _place(digit.along_y, t), _place(digit.along_x, t)
        ramp = digit.last_brightness - digit.brightness
        for k in range(p.num_frames):
            t = k * p.frame_stride
            angle[b, n, k] = (digit.angle + digit.rate * t) % 36_000
            share = _presence(life, p.fade_frames, t)
            scale[b, n, k] = _size_at(digit.size, life, sine, t, duration) if share else 0
            brightness[b, n, k] = (digit.brightness + ramp * t // duration) * share // (p.fade_frames + 1)


@subroutine
def _fill_shapes(
    p: SamplingParameters, tables: Tables, address: Address, b: int, num: int, out: SceneArrays
) -> None:
    """Draw the shapes of clip b and write them and their tracks."""
    y, x = out.shape_y, out.shape_x
    kind, height, width = out.shape_kind, out.shape_height, out.shape_width
    apex, level = out.shape_apex, out.shape_level
    for s in range(num):
        shape = _draw_shape(p, tables, address, s)
        kind[b, s], height[b, s], width[b, s] = shape.kind, shape.height, shape.width
        apex[b, s], level[b, s] = shape.apex, shape.level
        for k in range(p.num_frames):
            t = k * p.frame_stride
            y[b, s, k], x[b, s, k] = _place(shape.along_y, t) >> 16, _place(shape.along_x, t) >> 16
    if p.origin_shapes:
        _drift_shapes(p, address, y[b, :num], x[b, :num])


@subroutine
def _drift_shapes(p: SamplingParameters, address: Address, y: Array, x: Array) -> None:
    """Move all shapes as one layer, as the 2020 code's window drifts over its canvas."""
    word_y, word_x, word_step_y, word_step_x = _draw(address, PURPOSE_CLIP, 1)
    room_y, room_x = p.height // 3, p.width // 3
    start_y, start_x = _between(word_y, 0, room_y // 2 - 1), _between(word_x, 0, room_x // 2 - 1)
    step_y, step_x = word_step_y * 3 >> 32, word_step_x * 3 >> 32
    _drift_like_origin(start_y, step_y, room_y, y, p.num_frames, p.frame_stride)
    _drift_like_origin(start_x, step_x, room_x, x, p.num_frames, p.frame_stride)


@kernel
def sample_clips(
    p: SamplingParameters, tables: Tables, key: tuple[int, int], split: int, clip_ids: Array, out: SceneArrays
) -> None:
    """Fill the arrays of a Scene, one row a clip; rows past a clip's own count stay as they are."""
    key0, key1 = key
    for b in range(clip_ids.shape[0]):
        clip_id = np.int64(clip_ids[b])
        address = Address(clip_id & 0xFFFFFFFF, clip_id >> 32, split, key0, key1)
        word_digits, word_shapes, word_swaps, word_background = _draw(address, PURPOSE_CLIP, 0)
        shape_address = address
        if p.num_backgrounds:
            shown = word_background * p.num_backgrounds >> 32
            shape_address = Address(shown, 0, _POOL_SPLIT if p.shared_pools else split, key0, key1)
            _, word_shapes, _, _ = _draw(shape_address, PURPOSE_CLIP, 0)
        num_digits = _between(word_digits, p.digits_low, p.digits_high)
        num_shapes = _between(word_shapes, p.shapes_low, p.shapes_high)
        out.num_digits[b], out.num_shapes[b] = num_digits, num_shapes
        _fill_digits(p, tables, address, b, num_digits, out)
        _swap_depths(p, address, word_swaps, num_digits, out.depth[b])
        _fill_shapes(p, tables, shape_address, b, num_shapes, out)
