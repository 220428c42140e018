"""The laws of the truths, on random worlds: each is stated from the arrays alone, as whoever uses them would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.seen import rank_of_sight
from tests.strategies import scenes

from segmnist import Clips, Scene, preset, render, sample
from segmnist.classes import BACKGROUND
from segmnist.render.derived import real_digits
from segmnist.render.noise import sensor_thresholds
from segmnist.scene.fixed_point import ONE
from segmnist.scene.randomness import PURPOSE_SENSOR, words

DIRECTIONS = [("forward", 1), ("backward", -1)]
directions = pytest.mark.parametrize(("direction", "step"), DIRECTIONS)
laws = settings(max_examples=40)


def digits_of(clips: Clips) -> list[tuple[int, int]]:
    """Return (clip, row) of every digit."""
    return [(b, n) for b, count in enumerate(clips["num_digits"]) for n in range(count)]


def landing(clips: Clips, direction: str, step: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the pixels (b, t, y, x) whose flow is valid, and the pixels that they arrive at."""
    flow = clips[f"flow_{direction}"].astype(np.float64)
    b, t, y, x = here = np.nonzero(clips[f"flow_{direction}_valid"])
    dx, dy = flow[here].T
    return here, (b, t + step, np.floor(y + 0.5 + dy).astype(int), np.floor(x + 0.5 + dx).astype(int))


# Masks


@given(scenes())
@laws
def test_what_is_seen_is_part_of_the_whole_extent(scene: Scene) -> None:
    clips = render(scene, ("instance", "amodal"))
    for b, n in digits_of(clips):
        assert not ((clips.instance[b] == n + 1) & ~clips.amodal[b, n]).any()


@given(scenes())
@laws
def test_the_nearest_or_the_brightest_digit_is_seen(scene: Scene) -> None:
    clips = render(scene, ("instance", "amodal", "depth", "layers"))
    for b, count in enumerate(clips["num_digits"]):
        rank = rank_of_sight(clips)[b, :count]
        covered = rank.any(axis=0) if count else np.zeros(clips.instance[b].shape, bool)
        assert np.array_equal(clips.instance[b] > 0, covered)
        if count:
            assert np.array_equal(clips.instance[b][covered], rank.argmax(axis=0)[covered] + 1)


@given(scenes())
@laws
def test_the_class_map_is_the_class_of_each_instance(scene: Scene) -> None:
    clips = render(scene, ("semantic", "instance"))
    for clip in clips:
        classes = np.append(BACKGROUND, clip.labels)
        assert np.array_equal(clip.semantic, classes[clip.instance])


@given(scenes())
@laws
def test_boxes_are_tight(scene: Scene) -> None:
    clips = render(scene, ("instance", "amodal", "boxes"))
    for b, n in digits_of(clips):
        seen = clips.instance[b] == n + 1
        for masks, boxes in ((seen, clips.boxes_xyxy), (clips.amodal[b, n], clips.amodal_boxes_xyxy)):
            for mask, (x0, y0, x1, y1) in zip(masks, boxes[b, n].astype(int)):
                if (x0, y0, x1, y1) == (-1, -1, -1, -1):
                    assert not mask.any()
                    continue
                inside = mask[y0:y1, x0:x1]
                assert inside.sum() == mask.sum()
                assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@given(scenes())
@laws
def test_shapes_seen_are_where_and_what_they_are(scene: Scene) -> None:
    clips = render(scene, ("shapes", "instance", "noiseless"))
    shown = clips.shape_instance
    assert not (shown[clips.instance > 0]).any()
    b, t, y, x = here = np.nonzero(shown)
    s = shown[here] - 1
    centre_y, centre_x, height, width = clips.shape_pose[b, s, t].T
    assert np.array_equal(clips.noiseless[here], clips.shape_level[b, s])
    assert (np.abs(y + 0.5 - centre_y) < height / 2).all()
    assert (np.abs(x + 0.5 - centre_x) < width / 2).all()
    assert (s < clips["num_shapes"][b]).all()
    assert (clips.shape_kind[b, s] >= 0).all()


@given(scenes(max_side=40, max_frames=3))
@laws
def test_the_nearest_shape_is_seen(scene: Scene) -> None:
    """Drawn one at a time, the last shape that covers a pixel is the one that all together show there."""
    bare = scene.replace(num_digits=np.zeros_like(scene.num_digits))
    together = render(bare, "shapes").shape_instance
    expected = np.zeros_like(together)
    for s in range(scene.shape_kind.shape[1]):
        alone = scene.replace(
            num_digits=bare.num_digits,
            shape_height=np.where(np.arange(scene.shape_kind.shape[1]) == s, scene.shape_height, 0),
        )
        shown = render(alone, "shapes").shape_instance
        expected = np.where(shown > 0, shown, expected)
    assert np.array_equal(together, expected)


@given(scenes(max_side=40, max_frames=1))
@laws
def test_shapes_have_the_outline_of_their_kind(scene: Scene) -> None:
    """Each alone, in the middle of a frame that holds it."""
    spec = scene.spec.replace(height=420, width=410)
    rows = np.arange(spec.max_shapes)
    clips = render(scene, "shapes")
    assert np.array_equal(clips.shape_kind >= 0, rows < clips["num_shapes"][:, None])
    middle = np.full_like(scene.shape_y, 50)
    for s in rows[: clips["num_shapes"].min()]:
        only = np.where(rows == s, scene.shape_height, 0)
        none = np.zeros_like(scene.num_digits)
        alone = scene.replace(
            spec=spec, num_digits=none, shape_height=only, shape_y=middle, shape_x=middle.copy()
        )
        for b, masks in enumerate(render(alone, "shapes").shape_instance == s + 1):
            height, width = clips.shape_pose[b, s, 0, 2:].astype(int)
            mask = masks[0, 50 : 50 + height, 50 : 50 + width]
            assert masks.sum() == mask.sum()
            widths, kind = mask.sum(axis=1).astype(int), clips.shape_kind[b, s]
            if kind == 0:
                assert mask.all()
            elif kind == 1:
                assert np.array_equal(mask, mask[::-1])
                assert np.array_equal(mask, mask[:, ::-1])
                assert abs(mask.sum() - np.pi / 4 * height * width) <= height + width
            else:
                assert abs(mask.sum() - height * width / 2) <= height + width
                assert (np.diff(widths if kind == 2 else widths[::-1]) >= -1).all()


# Areas


@given(scenes())
@laws
def test_areas_add_up_with_the_occluders(scene: Scene) -> None:
    clips = render(scene, ("areas", "occluders", "visibility"))
    assert np.array_equal(clips.visible_area + clips.occluders.sum(axis=2), clips.amodal_area)
    assert not clips.occluders[:, np.arange(scene.spec.max_digits), np.arange(scene.spec.max_digits)].any()
    assert np.allclose(clips.visibility * clips.amodal_area, clips.visible_area, rtol=1e-6)


@given(scenes())
@laws
def test_areas_count_the_masks(scene: Scene) -> None:
    clips = render(scene, ("areas", "instance", "amodal"))
    for b, n in digits_of(clips):
        assert np.array_equal(clips.visible_area[b, n], (clips.instance[b] == n + 1).sum(axis=(1, 2)))
        assert np.array_equal(clips.amodal_area[b, n], clips.amodal[b, n].sum(axis=(1, 2)))


@given(scenes(max_side=40, max_frames=3))
@settings(max_examples=25)
def test_the_whole_area_is_that_in_a_frame_with_room_for_all(scene: Scene) -> None:
    """The same digits, moved by whole pixels into the middle of a frame that holds them."""
    clips = render(scene, ("areas", "truncation"))
    room = 200
    spec = scene.spec.replace(height=scene.spec.height + 2 * room, width=scene.spec.width + 2 * room)
    roomy = scene.replace(spec=spec, y=scene.y + room * ONE, x=scene.x + room * ONE)
    wide = render(roomy, ("areas", "truncation"))
    assert np.array_equal(clips.whole_area, wide.amodal_area)
    assert not wide.truncation.any()
    outside = clips.whole_area * clips.truncation.astype(np.float64)
    assert np.allclose(clips.amodal_area + outside, clips.whole_area, rtol=1e-6)


@given(scenes())
@laws
def test_nothing_is_seen_of_a_digit_that_is_not_there(scene: Scene) -> None:
    truths = (
        "presence",
        "instance",
        "amodal",
        "areas",
        "visibility",
        "truncation",
        "boxes",
        "layers",
        "pose",
    )
    clips = render(scene, (*truths, "flow", "flow_occlusion"))
    gone = ~clips.present
    assert gone[np.arange(scene.spec.max_digits) >= clips["num_digits"][:, None]].all()
    for name in (
        "visible_area",
        "amodal_area",
        "whole_area",
        "visibility",
        "truncation",
        "amodal",
        "digit_layers",
    ):
        assert not clips[name][gone].any(), name
    assert not clips.pose[gone][:, 3:].any(), "neither size nor brightness; place and angle go on"
    assert (clips.boxes_xyxy[gone] == -1).all()
    assert (clips.amodal_boxes_xyxy[gone] == -1).all()
    for b, n, t in np.argwhere(gone):
        assert not (clips.instance[b, t] == n + 1).any()
        for direction, before in (("forward", t - 1), ("backward", t + 1)):
            if 0 <= before < scene.spec.num_frames:
                seen = clips.instance[b, before] == n + 1
                assert not clips[f"flow_{direction}_valid"][b, before][seen].any()
                assert clips[f"flow_{direction}_occluded"][b, before][seen].all()


# Layers


@given(scenes())
@laws
def test_layers_composited_by_rank_are_the_video(scene: Scene) -> None:
    """By depth, or with `blend="max"` by level: each pixel goes through its own digits from the last to the one seen."""
    clips = render(scene, ("layers", "depth", "noiseless", "beneath", "instance"))
    ranks = rank_of_sight(clips)
    for b, count in enumerate(clips["num_digits"]):
        picture, beneath = clips.background_layer[b].copy(), clips.background_layer[b].copy()
        for n in np.argsort(ranks[b, :count], axis=0):
            alpha = np.take_along_axis(clips.amodal[b], n[None], axis=0)[0]
            beneath[alpha] = picture[alpha]
            picture[alpha] = np.take_along_axis(clips.digit_layers[b], n[None], axis=0)[0][alpha]
        assert np.array_equal(picture, clips.noiseless[b])
        digit = clips.instance[b] > 0
        assert np.array_equal(clips.beneath[b], np.where(digit, beneath, picture))
    assert not clips.digit_layers[~clips.amodal].any()


@given(scenes())
@laws
def test_the_video_is_the_noiseless_one_with_the_sensors_deviation(scene: Scene) -> None:
    clips = render(scene, "noiseless")
    spec, sigma = scene.spec, scene.spec.sensor_sigma
    if sigma == 0:
        assert np.array_equal(clips.video, clips.noiseless)
        return
    thresholds, _ = sensor_thresholds(sigma)
    for b, clip_id in enumerate(scene.clip_ids):
        for t in range(spec.num_frames):
            address = (scene.seed, scene.split, int(clip_id), PURPOSE_SENSOR, t * spec.frame_stride)
            bits = words(*address, spec.height * spec.width).reshape(spec.height, spec.width)
            deviation = np.searchsorted(thresholds, bits, side="right") - len(thresholds) // 2
            seen = np.clip(clips.noiseless[b, t] + deviation, 0, 255)
            assert np.array_equal(clips.video[b, t], seen)


@given(scenes())
@laws
def test_at_its_brightest_no_digit_is_darker_than_another_there(scene: Scene) -> None:
    """`blend="max"` draws the pixel-wise maximum of the digits, whatever their depths, over the background."""
    scene = scene.replace(spec=scene.spec.replace(blend="max"))
    clips = render(scene, ("layers", "noiseless", "instance"))
    brightest = clips.digit_layers.max(axis=1, initial=0)
    assert np.array_equal(clips.noiseless, np.where(clips.instance > 0, brightest, clips.background_layer))
    backwards = scene.num_digits[:, None, None] - 1 - scene.depth
    turned = scene.replace(
        depth=np.where(real_digits(scene)[..., None], backwards, scene.depth).astype(np.uint8)
    )
    assert np.array_equal(render(turned, "noiseless").noiseless, clips.noiseless)


# Flow


@directions
@given(scene=scenes())
@laws
def test_warping_lands_on_the_same_surface(direction: str, step: int, scene: Scene) -> None:
    clips = render(scene, ("flow", "instance", "shapes"))
    here, there = landing(clips, direction, step)
    assert np.array_equal(clips.instance[here], clips.instance[there])
    assert np.array_equal(clips.shape_instance[here], clips.shape_instance[there])


@directions
@given(scene=scenes())
@laws
def test_whatever_is_not_valid_is_hidden_or_outside_or_noise(direction: str, step: int, scene: Scene) -> None:
    """The other way around: nothing that lands on its own surface is called invalid."""
    clips = render(scene, ("flow", "instance", "shapes"))
    T, H, W = clips.video.shape[1:]
    flow = clips[f"flow_{direction}"].astype(np.float64)
    surface = clips.instance.astype(int) * 256 + clips.shape_instance
    t, y, x = np.indices((T, H, W))
    row, column = np.floor(y + 0.5 + flow[..., 1]).astype(int), np.floor(x + 0.5 + flow[..., 0]).astype(int)
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W) & (t + step >= 0) & (t + step < T)
    b, other = np.arange(len(clips))[:, None, None, None], np.clip(t + step, 0, T - 1)
    arrives = surface[b, other, np.clip(row, 0, H - 1), np.clip(column, 0, W - 1)] == surface
    noise = (surface == 0) & (scene.spec.noise_density > 0)
    assert np.array_equal(clips[f"flow_{direction}_valid"], inside & arrives & ~noise)


@directions
@given(scene=scenes())
@laws
def test_flow_is_the_rigid_motion_between_two_poses(direction: str, step: int, scene: Scene) -> None:
    """In complex numbers with y up: z' = c' + (z - c) s'/s exp(i turn); s'/s is 1 where the digit is not there any more."""
    clips = render(scene, ("flow", "instance", "pose", "presence"))
    T, H, W = clips.video.shape[1:]
    y, x = np.indices((H, W)) + 0.5
    place = x - 1j * y
    for b, n in digits_of(clips):
        centres = clips.pose[b, n, :, 1] - 1j * clips.pose[b, n, :, 0]
        turns, sizes = np.exp(1j * np.radians(clips.pose[b, n, :, 2])), clips.pose[b, n, :, 3]
        for t in range(T):
            seen = clips.instance[b, t] == n + 1
            flow = clips[f"flow_{direction}"][b, t][seen]
            if not 0 <= t + step < T:
                assert not flow.any()
                continue
            if not clips.present[b, n, t]:
                assert not seen.any()
                continue
            turn = turns[t + step] / turns[t]
            turn *= sizes[t + step] / sizes[t] if clips.present[b, n, t + step] else 1
            moved = centres[t + step] + (place - centres[t]) * turn - place
            assert np.allclose(flow, np.stack([moved.real, -moved.imag], axis=-1)[seen], atol=1e-4)


@directions
@given(scene=scenes())
@laws
def test_shapes_flow_by_whole_pixels(direction: str, step: int, scene: Scene) -> None:
    clips = render(scene, ("flow", "shapes"))
    shown = np.nonzero(clips.shape_instance)
    b, t = shown[:2]
    s, other = clips.shape_instance[shown] - 1, np.clip(t + step, 0, scene.spec.num_frames - 1)
    moved = clips.shape_pose[b, s, other] - clips.shape_pose[b, s, t]
    assert np.array_equal(clips[f"flow_{direction}"][shown], moved[:, 1::-1])


@given(scene=scenes())
@laws
def test_forward_then_backward_returns(scene: Scene) -> None:
    """A pixel arrives between the centres of pixels; the one that it arrives in comes back as far off as it was there.

    Of a digit that shrinks, it comes back further off, by as much as the digit was larger.
    """
    clips = render(scene, ("flow", "instance"))
    here, there = landing(clips, "forward", 1)
    both = clips["flow_backward_valid"][there]
    here, there = tuple(axis[both] for axis in here), tuple(axis[both] for axis in there)
    start, arrival = np.stack(here[:1:-1], axis=-1), np.stack(there[:1:-1], axis=-1)
    forward, backward = clips["flow_forward"][here], clips["flow_backward"][there]
    missed = np.hypot(*(start + forward.astype(np.float64) - arrival).T)
    returned = np.hypot(*(arrival + backward.astype(np.float64) - start).T)
    row = clips["instance"][here].astype(int)
    digits, sizes = row > 0, np.ones((2, len(row)))
    for size, (clip, frame, *_) in zip(sizes, (here, there)):
        size[digits] = scene.scale[clip[digits], row[digits] - 1, frame[digits]]
    assert (missed <= np.sqrt(0.5) + 1e-6).all()
    assert np.allclose(returned, missed * sizes[0] / sizes[1], atol=1e-3)


@given(scenes())
@laws
def test_pepper_noise_has_no_flow_and_a_still_background_stays(scene: Scene) -> None:
    clips = render(scene, ("flow", "instance", "shapes"))
    bare = (clips.instance == 0) & (clips.shape_instance == 0)
    for direction, step in DIRECTIONS:
        assert not clips[f"flow_{direction}"][bare].any()
        valid = clips[f"flow_{direction}_valid"]
        if scene.spec.noise_density > 0:
            assert not valid[bare].any()
        elif scene.spec.num_frames > 1:
            now, then = (bare[:, :-1], bare[:, 1:]) if step == 1 else (bare[:, 1:], bare[:, :-1])
            known = valid[:, :-1] if step == 1 else valid[:, 1:]
            assert np.array_equal(known[now], then[now])


@given(st.sampled_from([5.0, 7.0, 11.0]), st.integers(17, 30), st.integers(31, 44), st.integers(0, 999))
@settings(max_examples=30)
def test_at_a_wall_flow_follows_the_pixels(speed: float, height: int, width: int, clip_id: int) -> None:
    """Upright digits of whole-numbered motion: at each bounce the flow takes the picture to the next one, byte for byte."""
    spec = preset(
        "clean", height=height, width=width, num_frames=9, num_digits_range=(1, 1), scale_range=(0.5, 0.5),
        angle_range=(0, 0), rotation_rate_range=(0, 0), brightness_range=(1, 1), position_step=1.0,
        speed_range=(speed, speed), direction_step=90.0,
    )  # fmt: skip
    clips = render(sample(spec, [clip_id]), ("flow", "instance", "pose"))
    moves = np.diff(clips.pose[0, 0, :, :2], axis=0)
    bounces = np.flatnonzero(
        (np.abs(moves).max(axis=1) != speed) & (clips.instance[0, :-1] > 0).any(axis=(1, 2))
    )
    assume(bounces.size)
    for t in bounces:
        y, x = np.nonzero(clips.instance[0, t])
        dx, dy = clips["flow_forward"][0, t, y, x].T
        assert {(float(a), float(b)) for a, b in zip(dy, dx)} == {tuple(moves[t])}
        assert clips["flow_forward_valid"][0, t, y, x].all()
        there = (y + dy).astype(int), (x + dx).astype(int)
        assert np.array_equal(clips.video[0, t + 1][there], clips.video[0, t, y, x])
        assert there[0].size == (clips.instance[0, t + 1] > 0).sum()


@directions
@given(scene=scenes())
@laws
def test_what_moves_by_whole_pixels_is_occluded_where_its_flow_is_not_valid(
    direction: str, step: int, scene: Scene
) -> None:
    """Shapes and the bare background always; digits where they neither turn nor grow nor stand between pixels."""
    clips = render(scene, ("flow", "flow_occlusion", "instance"))
    occluded, valid = clips[f"flow_{direction}_occluded"], clips[f"flow_{direction}_valid"]
    no_digit = clips.instance == 0
    assert np.array_equal(occluded[no_digit], ~valid[no_digit])
    upright = scene.replace(
        y=scene.y & -ONE,
        x=scene.x & -ONE,
        angle=np.zeros_like(scene.angle),
        scale=np.full_like(scene.scale, ONE),
    )
    clips = render(upright, ("flow", "flow_occlusion"))
    assert np.array_equal(clips[f"flow_{direction}_occluded"], ~clips[f"flow_{direction}_valid"])


@directions
@given(scene=scenes())
@laws
def test_a_digit_alone_is_occluded_where_its_points_leave_the_frame_or_it_goes(
    direction: str, step: int, scene: Scene
) -> None:
    spec = scene.spec.replace(cut_corners=False)
    scene = scene.replace(spec=spec, num_digits=np.minimum(scene.num_digits, 1))
    clips = render(scene, ("flow", "flow_occlusion", "instance", "presence"))
    T, H, W = clips.video.shape[1:]
    flow = clips[f"flow_{direction}"].astype(np.float64)
    t, y, x = np.indices((T, H, W))
    row, column = y + 0.5 + flow[..., 1], x + 0.5 + flow[..., 0]
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W) & (t + step >= 0) & (t + step < T)
    if scene.spec.max_digits:
        inside &= clips.present[:, 0, np.clip(np.arange(T) + step, 0, T - 1), None, None]
    digit = clips.instance > 0
    # Points are rounded to 2^-16 px: on the very edge of the frame either answer is right.
    edge = np.minimum(np.abs(row - H), np.abs(column - W)).clip(0)
    sure = digit & (np.minimum(edge, np.minimum(np.abs(row), np.abs(column))) > 1 / ONE)
    assert np.array_equal(clips[f"flow_{direction}_occluded"][sure], ~inside[sure])


def test_a_digit_that_nothing_hides_is_never_occluded_and_often_not_valid() -> None:
    """The pixel in which a point arrives shows the digit if its centre does, which near the edge it may not."""
    spec = preset("clean", num_digits_range=(1, 1), num_frames=10)
    clips = render(sample(spec, range(20)), ("flow", "flow_occlusion", "instance"))
    for direction, frames in (("forward", slice(0, -1)), ("backward", slice(1, None))):
        seen = clips.instance[:, frames] > 0
        assert not clips[f"flow_{direction}_occluded"][:, frames][seen].any()
        assert 0.08 < 1 - clips[f"flow_{direction}_valid"][:, frames][seen].mean() < 0.1


@pytest.mark.parametrize(
    ("blend", "brightness", "agreement"), [("over", (1, 1), 0.985), ("max", (0.3, 1), 0.96)]
)
def test_points_behind_another_digit_are_occluded(
    blend: Any, brightness: tuple[float, float], agreement: float
) -> None:
    """Sixteen times as large, a frame shows what lies at a point: it tells hidden points from seen ones."""
    spec = preset(
        "clean",
        height=40,
        width=44,
        num_frames=3,
        num_digits_range=(4, 4),
        brightness_range=brightness,
        blend=blend,
    )
    scene = sample(spec, range(8))
    clips = render(scene, ("flow", "flow_occlusion", "instance", "depth"))
    large = scene.replace(
        spec=spec.replace(height=640, width=704), y=scene.y * 16, x=scene.x * 16, scale=scene.scale * 16
    )
    enlarged = render(large, "instance").instance
    b, t, y, x = np.nonzero((clips.instance > 0) & (np.arange(3)[:, None, None] < 2))
    dx, dy = clips["flow_forward"][b, t, y, x].astype(float).T
    row, column = np.floor(16 * (y + 0.5 + dy)).astype(int), np.floor(16 * (x + 0.5 + dx)).astype(int)
    inside = (row >= 0) & (row < 640) & (column >= 0) & (column < 704)
    b, t, y, x, row, column = (axis[inside] for axis in (b, t, y, x, row, column))
    hidden = enlarged[b, t + 1, row, column] != clips.instance[b, t, y, x]
    occluded = clips["flow_forward_occluded"][b, t, y, x]
    assert 0.1 < occluded.mean() < 0.9
    assert (hidden == occluded).mean() > agreement


# Clips


@given(scenes())
@laws
def test_difficulty_follows_from_areas_and_layers(scene: Scene) -> None:
    clips = render(scene, ("difficulty", "visibility", "areas", "instance", "noiseless", "beneath"))
    for b, count in enumerate(clips["num_digits"]):
        inside = clips.amodal_area[b, :count] > 0
        shares = clips.visibility[b, :count][inside]
        assert clips.min_visibility[b] == (shares.min() if shares.size else 0)
        assert clips.mean_visibility[b] == pytest.approx(shares.mean() if shares.size else 0, abs=1e-6)
        digit = clips.instance[b] > 0
        near = np.abs(clips.noiseless[b].astype(int) - clips.beneath[b])[digit] <= 5
        assert clips.camouflaged_share[b] == pytest.approx(near.mean() if near.size else 0, abs=1e-6)


@given(scenes())
@laws
def test_poses_are_those_of_the_scene(scene: Scene) -> None:
    clips = render(scene, ("pose", "depth"))
    for b, n in digits_of(clips):
        y, x, angle, scale, brightness = clips.pose[b, n].T
        for real, whole, unit in (
            (y, scene.y, ONE), (x, scene.x, ONE), (angle, scene.angle, 100), (scale, scene.scale, ONE),
            (brightness, scene.brightness, ONE),
        ):  # fmt: skip
            assert np.array_equal(np.rint(real * unit), whole[b, n])
            assert np.allclose(real * unit, whole[b, n], rtol=1e-12)
    for b, count in enumerate(clips["num_digits"]):
        ranks = np.sort(clips.depth_order[b, :count], axis=0)
        assert np.array_equal(ranks, np.broadcast_to(np.arange(count)[:, None], ranks.shape))
        assert (clips.depth_order[b, count:] == 255).all()
        assert not clips.pose[b, count:].any()


@given(scenes())
@laws
def test_twins_are_those_declared_or_natural_where_digits_turn(scene: Scene) -> None:
    spec = scene.spec
    turning = spec.angle_range[0] != spec.angle_range[1] or spec.rotation_rate_range != (0, 0)
    pairs = spec.twins or (((6, 9), (2, 5)) if turning else ())
    twin = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    clips = render(scene, ("difficulty", "twins"))
    for b, count in enumerate(clips["num_digits"]):
        expected = [twin.get(label, 255) for label in clips.labels[b, :count].tolist()]
        assert clips.twin_labels[b].tolist() == expected + [255] * (spec.max_digits - count)
        assert clips.num_twins[b] == sum(label != 255 for label in expected)


def test_a_declared_pair_is_counted() -> None:
    spec = preset("clean", num_frames=1, classes=(1, 7), twins=((1, 7),), num_digits_range=(3, 3))
    assert render(sample(spec, range(5)), "difficulty").num_twins.tolist() == [3] * 5
