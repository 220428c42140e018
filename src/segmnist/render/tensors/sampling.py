"""Sampling in tensors: the scenes of `segmnist.scene.kernels`, all clips and digits of a batch at once, on any device.

Function for function it follows the compiled loops, in 64-bit integers; what they do in a loop over digits or shapes is a
tensor axis here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from segmnist.digits.bank import DigitBank
from segmnist.render.tensors.inputs import SceneTensors
from segmnist.render.tensors.philox import philox, round_keys
from segmnist.scene.parameters import (
    RECTANGLE,
    TRIANGLE_DOWN,
    TRIANGLE_UP,
    SamplingParameters,
    parameters_of,
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
from segmnist.scene.sample import tables_of
from segmnist.scene.scene import NO_DIGIT
from segmnist.scene.spec import SceneSpec

Words = tuple[Tensor, Tensor, Tensor, Tensor]
Whole = Tensor | int

_LOW = 0xFFFFFFFF


class Address(NamedTuple):
    """Where the random words of a batch come from: the halves of each clip's id, `(B,1)`, the split, and the seed's keys."""

    low: Tensor
    high: Tensor
    split: int
    keys: Tensor


class Axis(NamedTuple):
    """Motion along y or x, Q16, `(B,N)` each: from `low + start`, reflected at `low` and at `low + span`."""

    start: Tensor
    velocity: Tensor
    acceleration: Tensor
    low: Tensor
    span: Tensor


class Life(NamedTuple):
    """When digits are there and how their size changes, `(B,N)` each, as `segmnist.scene.kernels.Life` says."""

    entry: Tensor
    lifespan: Tensor
    last_size: Tensor
    largest: Tensor
    pulse: Tensor
    period: Tensor
    phase: Tensor


class Lookups(NamedTuple):
    """The tables of `segmnist.scene.parameters.Tables`, int64; the pool's glyphs are numbered 0..G-1, with `(G,)` labels."""

    labels: Tensor
    twins: Tensor
    kinds: Tensor
    levels: Tensor
    sine: Tensor


class Family(NamedTuple):
    """All that the scenes of a spec, a bank, a split and a seed share, on a device."""

    parameters: SamplingParameters
    tables: Lookups
    images: Tensor
    """`(G,h,w)` uint8: the glyphs of the pool, in its order."""
    keys: Tensor
    split: int


@lru_cache(maxsize=8)
def family_of(spec: SceneSpec, bank: DigitBank, split: str, seed: int, device: torch.device) -> Family:
    """Return what scenes share; of the bank, the glyphs of the pool alone go to the device."""
    tables = tables_of(spec, bank, split)
    return Family(
        parameters_of(spec, *bank.images.shape[1:]),
        Lookups(
            torch.tensor(tables.labels[tables.pool], dtype=torch.int64, device=device),
            *(torch.tensor(getattr(tables, name), device=device) for name in Lookups._fields[1:]),
        ),
        torch.from_numpy(bank.images[tables.pool]).to(device),
        torch.tensor(round_keys(seed), device=device),
        SPLITS[split],
    )


def sample_tensors(
    spec: SceneSpec, clip_ids: Tensor, *, split: str, seed: int, bank: DigitBank
) -> SceneTensors:
    """Return the scenes of these clips, `(B,)` int64, on the device of the ids: those of `sample`, number by number."""
    device = clip_ids.device
    family = family_of(spec, bank, split, seed, device)
    p, tables = family.parameters, family.tables
    address = Address(clip_ids[:, None] & _LOW, clip_ids[:, None] >> 32, family.split, family.keys)
    word_digits, word_shapes, word_swaps, word_background = _draw(address, PURPOSE_CLIP, 0)
    shapes_from = address
    if p.num_backgrounds:
        shown = word_background * p.num_backgrounds >> 32
        pool = SPLITS[SHARED_POOL] if p.shared_pools else family.split
        shapes_from = Address(shown, torch.zeros_like(shown), pool, family.keys)
        _, word_shapes, _, _ = _draw(shapes_from, PURPOSE_CLIP, 0)
    num_digits = _between(word_digits, p.digits_low, p.digits_high)
    num_shapes = _between(word_shapes, p.shapes_low, p.shapes_high)
    n = torch.arange(spec.max_digits, device=device)
    s = torch.arange(spec.max_shapes, device=device)
    digits = _digits(p, tables, address, n)
    digits["depth"] = _depths(p, address, word_swaps, num_digits, n)
    shapes = _shapes(p, tables, shapes_from, s)
    # Rows past a clip's own count are zero, as those of a Scene are.
    arrays = {name: _of_rows(array, n < num_digits) for name, array in digits.items()}
    arrays |= {name: _of_rows(array, s < num_shapes) for name, array in shapes.items()}
    glyph = arrays.pop("glyph")
    arrays["label"] = torch.where(n < num_digits, arrays["label"], NO_DIGIT)
    arrays["num_digits"] = num_digits[:, 0]
    arrays["clip_words"] = torch.cat([address.low, address.high], dim=1)
    return SceneTensors(
        glyph=family.images[glyph], **{name: array.to(torch.int32) for name, array in arrays.items()}
    )


def _of_rows(array: Tensor, is_there: Tensor) -> Tensor:
    return torch.where(is_there.reshape(*is_there.shape, *[1] * (array.ndim - 2)), array, 0)


def _draw(address: Address, purpose: int, index: Whole) -> Words:
    """Return the four words of blocks `index` of a purpose, `(B,M)` int64 each, for M indices."""
    blocks = torch.as_tensor(index, device=address.low.device)
    word1 = torch.as_tensor(purpose << 24 | address.split << 16, device=address.low.device)
    a, b, c, d = philox((blocks, word1, address.low, address.high), address.keys).unbind(-1)
    return a, b, c, d


def _between(word: Tensor, low: Whole, high: Whole) -> Tensor:
    return low + (word * (high - low + 1) >> 32)


def _on_lattice(word: Tensor, low: Whole, high: Whole, step: int) -> Tensor:
    if step == 0:
        return _between(word, low, high)
    return low + step * _between(word, 0, (high - low) // step)


def _reflect(position: Tensor, span: Tensor) -> Tensor:
    folded = position % (2 * span).clamp(min=1)
    return torch.where(folded <= span, folded, 2 * span - folded)


def _over_time(p: SamplingParameters, like: Tensor) -> Tensor:
    """Return the frames of the motion that are drawn, `(T,)`."""
    return torch.arange(p.num_frames, device=like.device) * p.frame_stride


def _places(p: SamplingParameters, axis: Axis) -> Tensor:
    """Return where things are in each frame, `(B,N,T)`."""
    start, velocity, acceleration, low, span = (value[..., None] for value in axis)
    t = _over_time(p, start)
    return low + _reflect(start + velocity * t + (acceleration * t * t >> 1), span)


def _places_like_origin(p: SamplingParameters, axis: Axis) -> Tensor:
    slack = 2 << 16
    position, velocity = axis.start, axis.velocity
    places = []
    for t in range(p.num_frames * p.frame_stride):
        if t % p.frame_stride == 0:
            whole = torch.where(position >= 0, position >> 16, -(-position >> 16))
            places.append((whole << 16) + axis.low)
        ahead = position + velocity
        velocity = torch.where((ahead < -slack) | (ahead > axis.span + slack), -velocity, velocity)
        position = position + velocity
    return torch.stack(places, dim=-1)


def _places_clamped(p: SamplingParameters, axis: Axis) -> Tensor:
    position, velocity = axis.start, axis.velocity
    places = []
    for t in range(p.num_frames * p.frame_stride):
        position = position + velocity
        velocity = torch.where((position <= 0) | (position >= axis.span), -velocity, velocity)
        position = torch.minimum(position.clamp(min=0), axis.span)
        if t % p.frame_stride == 0:
            places.append((position >> 16 << 16) + axis.low)
    return torch.stack(places, dim=-1)


def _wander(
    p: SamplingParameters, sine: Tensor, address: Address, n: Tensor, axes: tuple[Axis, Axis]
) -> tuple[Tensor, Tensor]:
    """Return the paths of digits whose velocities are now and then drawn anew."""
    places, velocities = [axis.start for axis in axes], [axis.velocity for axis in axes]
    paths: tuple[list[Tensor], list[Tensor]] = ([], [])
    for t in range(p.num_frames * p.frame_stride):
        if t > 0:
            word_turn, word_speed, word_direction, _ = _draw(address, PURPOSE_MOTION, n << 16 | t)
            turns = word_turn < p.turn_odds
            drawn = _velocity(p, sine, word_speed, word_direction)
            for k, axis in enumerate(axes):
                velocity = torch.where(turns, drawn[k], velocities[k])
                places[k], velocities[k] = _step_reflecting(places[k], velocity, axis.span)
        if t % p.frame_stride == 0:
            for path, axis, place in zip(paths, axes, places):
                path.append(axis.low + place)
    along_y, along_x = (torch.stack(path, dim=-1) for path in paths)
    return along_y, along_x


def _step_reflecting(position: Tensor, velocity: Tensor, span: Tensor) -> tuple[Tensor, Tensor]:
    folded = (position + velocity) % (2 * span).clamp(min=1)
    turned = folded > span
    return torch.where(turned, 2 * span - folded, folded), torch.where(turned, -velocity, velocity)


def _direction(p: SamplingParameters, word: Tensor) -> Tensor:
    if p.direction_step:
        return p.direction_step * _between(word, 0, 36_000 // p.direction_step - 1)
    return word * 36_000 >> 32


def _velocity(
    p: SamplingParameters, sine: Tensor, word_speed: Tensor, word_direction: Tensor
) -> tuple[Tensor, Tensor]:
    speed = _on_lattice(word_speed, p.speed_low, p.speed_high, p.speed_step)
    return _along_axes(sine, speed, _direction(p, word_direction))


def _along_axes(sine: Tensor, length: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Return the components along y and x of vectors of a length, Q16, and a direction."""
    return -(length * sine[direction] >> 30), length * sine[direction + 9_000] >> 30


def _lives(p: SamplingParameters, address: Address, n: Tensor, size: Tensor) -> Life:
    word_entry, word_lifespan, word_change, word_pulse = _draw(address, PURPOSE_LIFE, 2 * n)
    word_period, word_phase, _, _ = _draw(address, PURPOSE_LIFE, 2 * n + 1)
    last_size = size * _between(word_change, p.change_low, p.change_high) >> 16
    pulse = _between(word_pulse, p.pulse_low, p.pulse_high)
    largest = torch.maximum(size, last_size)
    return Life(
        _between(word_entry, p.entry_low, p.entry_high),
        _between(word_lifespan, p.lifespan_low, p.lifespan_high),
        last_size,
        largest + (largest * pulse >> 16),
        pulse,
        _between(word_period, p.period_low, p.period_high),
        word_phase * 36_000 >> 32,
    )


def _sizes(p: SamplingParameters, sine: Tensor, size: Tensor, life: Life) -> Tensor:
    """Return the sizes of digits in each frame, Q16 `(B,N,T)`, whether they are there or not."""
    t, duration = _over_time(p, size), p.num_frames * p.frame_stride
    mean = size[..., None] + (life.last_size - size)[..., None] * t // duration
    swing = sine[(life.phase[..., None] + 36_000 * t // life.period[..., None]) % 36_000]
    return mean + ((mean * life.pulse[..., None] >> 16) * swing >> 30)


def _presence(p: SamplingParameters, life: Life) -> Tensor:
    """Return how far digits are there in each frame, `(B,N,T)`: up to fade_frames + 1, 0 before and after."""
    t = _over_time(p, life.entry)
    since, left = t - life.entry[..., None] + 1, (life.entry + life.lifespan)[..., None] - t
    return torch.minimum(since, left).clamp(0, p.fade_frames + 1)


def _digits(p: SamplingParameters, tables: Lookups, address: Address, n: Tensor) -> dict[str, Tensor]:
    """Draw all digits: `glyph` and `label` `(B,N)`, the rest `(B,N,T)`."""
    word_glyph, word_y, word_x, word_speed = _draw(address, PURPOSE_DIGIT, 4 * n)
    word_direction, word_angle, word_rate, word_scale = _draw(address, PURPOSE_DIGIT, 4 * n + 1)
    word_first, word_last, word_acceleration, word_level = _draw(address, PURPOSE_DIGIT, 4 * n + 2)
    word_twin, _, _, _ = _draw(address, PURPOSE_DIGIT, 4 * n + 3)
    sine, levels = tables.sine, tables.levels
    glyph = word_glyph * len(tables.labels) >> 32
    label = tables.labels[glyph]
    label = tables.twins[label, (word_twin >= p.twin_odds).long()]
    size = _on_lattice(word_scale, p.scale_low, p.scale_high, p.scale_step)
    direction = _direction(p, word_direction)
    life = _lives(p, address, n, size)
    half_y, half_x = p.glyph_height * life.largest >> 1, p.glyph_width * life.largest >> 1
    if p.origin_digits:
        speed = _between(word_speed, p.speed_low >> 16, p.speed_high >> 16) << 16
        angle = _between(word_angle, p.angle_low // 100, p.angle_high // 100) * 100
        rate = _between(word_rate, p.rate_low // 100, p.rate_high // 100) * 100
        acceleration = torch.zeros_like(speed)
        low_y, low_x = half_y, half_x
    else:
        speed = _on_lattice(word_speed, p.speed_low, p.speed_high, p.speed_step)
        angle = _on_lattice(word_angle, p.angle_low, p.angle_high, p.angle_step)
        rate = _on_lattice(word_rate, p.rate_low, p.rate_high, p.rate_step)
        acceleration = _between(word_acceleration, p.acceleration_low, p.acceleration_high)
        low_y, low_x = half_y - p.wall_margin, half_x - p.wall_margin
    span_y, span_x = (p.height << 16) - 2 * low_y, (p.width << 16) - 2 * low_x
    if p.origin_digits:
        start_y, start_x = word_y * span_y >> 32, word_x * span_x >> 32
    else:
        start_y = _on_lattice(word_y, 0, span_y, p.position_step)
        start_x = _on_lattice(word_x, 0, span_x, p.position_step)
    velocity_y, velocity_x = _along_axes(sine, speed, direction)
    acceleration_y, acceleration_x = _along_axes(sine, acceleration, direction)
    along_y = Axis(start_y, velocity_y, acceleration_y, low_y, span_y)
    along_x = Axis(start_x, velocity_x, acceleration_x, low_x, span_x)
    if p.origin_digits:
        y, x = _places_like_origin(p, along_y), _places_like_origin(p, along_x)
    elif p.clamped_digits:
        y, x = _places_clamped(p, along_y), _places_clamped(p, along_x)
    elif p.markov_digits:
        y, x = _wander(p, sine, address, n, (along_y, along_x))
    else:
        y, x = _places(p, along_y), _places(p, along_x)
    first = _on_lattice(word_first, p.brightness_low, p.brightness_high, p.brightness_step)
    last = _on_lattice(word_last, p.brightness_low, p.brightness_high, p.brightness_step)
    if len(levels):
        first = (levels[word_level * len(levels) >> 32] * 65_536 + 254) // 255
        last = first
    t = _over_time(p, first)
    ramp = (last - first)[..., None] * t // (p.num_frames * p.frame_stride)
    share = _presence(p, life)
    return {
        "glyph": glyph,
        "label": label,
        "y": y,
        "x": x,
        "angle": (angle[..., None] + rate[..., None] * t) % 36_000,
        "scale": torch.where(share > 0, _sizes(p, sine, size, life), 0),
        "brightness": (first[..., None] + ramp) * share // (p.fade_frames + 1),
    }


def _depths(
    p: SamplingParameters, address: Address, word_count: Tensor, num_digits: Tensor, n: Tensor
) -> Tensor:
    """Return each digit's rank of depth, `(B,N,T)`; pairs change places at random frames."""
    t = _over_time(p, n)
    depth = n[None, :, None].repeat(len(word_count), 1, p.num_frames)
    if len(n) < 2 or not p.swaps_high:
        return depth
    count = torch.where(num_digits > 1, _between(word_count, p.swaps_low, p.swaps_high), 0)
    clips = torch.arange(len(depth), device=n.device)
    for swap in range(p.swaps_high):
        word_frame, word_a, word_b, _ = (word[:, 0] for word in _draw(address, PURPOSE_SWAP, swap))
        first = word_frame * p.num_frames * p.frame_stride >> 32
        number = num_digits[:, 0].clamp(min=2)
        a, b = word_a * number >> 32, word_b * (number - 1) >> 32
        b = b + (b >= a).long()
        swaps = (swap < count) & (t >= first[:, None])
        of_a, of_b = depth[clips, a], depth[clips, b]
        depth[clips, a], depth[clips, b] = torch.where(swaps, of_b, of_a), torch.where(swaps, of_a, of_b)
    return depth


def _shapes(p: SamplingParameters, tables: Lookups, address: Address, s: Tensor) -> dict[str, Tensor]:
    """Draw all shapes: what does not move `(B,S)`, places `(B,S,T)` in whole pixels."""
    word_kind, word_height, word_width, word_y = _draw(address, PURPOSE_SHAPE, 3 * s)
    word_x, word_speed, word_direction, word_level = _draw(address, PURPOSE_SHAPE, 3 * s + 1)
    word_apex, word_flip, _, _ = _draw(address, PURPOSE_SHAPE, 3 * s + 2)
    code = tables.kinds[word_kind * len(tables.kinds) >> 32]
    kind = code.abs()
    if len(tables.levels):
        level = tables.levels[word_level * len(tables.levels) >> 32]
    else:
        level = _between(word_level, p.level_low, p.level_high)
    if p.origin_shapes:
        words = (word_height, word_width, word_y, word_x)
        return {"shape_level": level, **_shapes_like_origin(p, kind, address, words)}
    height = _between(word_height, p.size_low, p.size_high)
    width = torch.where(code < 0, height, _between(word_width, p.size_low, p.size_high))
    apex = _between(word_apex, 0, width)
    kind = torch.where((kind == TRIANGLE_UP) & (word_flip >= 1 << 31), TRIANGLE_DOWN, kind)
    speed = _between(word_speed, p.shape_speed_low, p.shape_speed_high)
    velocity_y, velocity_x = _along_axes(tables.sine, speed, word_direction * 36_000 >> 32)
    still = torch.zeros_like(speed)
    span_y, span_x = still + (p.height << 16), still + (p.width << 16)
    along_y = Axis(_between(word_y, 0, span_y), velocity_y, still, 32_768 - (height << 15), span_y)
    along_x = Axis(_between(word_x, 0, span_x), velocity_x, still, 32_768 - (width << 15), span_x)
    return {
        "shape_kind": kind,
        "shape_height": height,
        "shape_width": width,
        "shape_apex": apex,
        "shape_level": level,
        "shape_y": _places(p, along_y) >> 16,
        "shape_x": _places(p, along_x) >> 16,
    }


def _shapes_like_origin(
    p: SamplingParameters, kind: Tensor, address: Address, words: Words
) -> dict[str, Tensor]:
    """Draw shapes as the 2020 code does: of all kinds at once, of which each shape takes its own."""
    word_height, word_width, word_y, word_x = words
    canvas_y, canvas_x = p.height + p.height // 3, p.width + p.width // 3
    low, high = p.size_low, p.size_high
    is_rectangle, is_triangle = kind == RECTANGLE, kind == TRIANGLE_UP

    def chosen(rectangle: Whole, triangle: Whole, circle: Whole) -> Tensor:
        return torch.where(is_rectangle, rectangle, torch.where(is_triangle, triangle, circle))

    box_top, box_left = _between(word_y, 0, canvas_y - low), _between(word_x, 0, canvas_x - low)
    box_height = _between(word_height, low, (canvas_y - box_top).clamp(max=high))
    box_width = _between(word_width, low, (canvas_x - box_left).clamp(max=high))
    bottom, base_left = _between(word_y, low, canvas_y - 1), _between(word_x, 0, canvas_x - low)
    base = _between(word_width, low, torch.minimum(bottom + 1, canvas_x - base_left).clamp(max=high))
    rise = (base * 866 + 999) // 1000
    centre_y, centre_x = _between(word_y, 1, canvas_y - 2), _between(word_x, 1, canvas_x - 2)
    room_y = torch.minimum(centre_y, canvas_y - 1 - centre_y)
    room_x = torch.minimum(centre_x, canvas_x - 1 - centre_x)
    room = torch.minimum(room_y, room_x).clamp(max=high // 2).clamp(min=1)
    radius = _between(word_width, max(1, low // 2), room)
    top = chosen(box_top, bottom + 1 - rise, centre_y - radius)
    left = chosen(box_left, base_left, centre_x - radius)
    offset_y, offset_x = _window_offsets(p, address)
    return {
        "shape_kind": kind,
        "shape_height": chosen(box_height, rise, 2 * radius + 1),
        "shape_width": chosen(box_width, base, 2 * radius + 1),
        "shape_apex": chosen(torch.zeros_like(base), base // 2, torch.zeros_like(base)),
        "shape_y": top[..., None] - offset_y[:, None],
        "shape_x": left[..., None] - offset_x[:, None],
    }


def _window_offsets(p: SamplingParameters, address: Address) -> tuple[Tensor, Tensor]:
    """Return where the 2020 code's window lies on its canvas along y and x, `(B,T)`."""
    word_y, word_x, word_step_y, word_step_x = (word[:, 0] for word in _draw(address, PURPOSE_CLIP, 1))
    room_y, room_x = p.height // 3, p.width // 3
    offset_y, offset_x = _between(word_y, 0, room_y // 2 - 1), _between(word_x, 0, room_x // 2 - 1)
    return (
        _drift_like_origin(p, offset_y, word_step_y * 3 >> 32, room_y),
        _drift_like_origin(p, offset_x, word_step_x * 3 >> 32, room_x),
    )


def _drift_like_origin(p: SamplingParameters, offset: Tensor, step: Tensor, room: int) -> Tensor:
    offsets = []
    for t in range(p.num_frames * p.frame_stride):
        if t % p.frame_stride == 0:
            offsets.append(offset)
        offset = torch.where(offset + 2 < room, offset + step, offset)
    return torch.stack(offsets, dim=-1)
