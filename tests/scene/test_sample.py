"""Clip i is a function of its address; and what is drawn keeps to the spec."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import SPLITS, banks, clip_ids, scenes, seeds, specs, splits

from segmnist import PRESETS, BadArgument, DigitBank, Scene, SceneSpec, preset, sample
from segmnist.scene.fixed_point import ONE, to_angle, to_q16
from segmnist.scene.kernels import sample_clips
from segmnist.scene.parameters import ELLIPSE, KIND_CODES, RECTANGLE, TRIANGLE_DOWN
from segmnist.scene.sample import check_fits, glyph_pool

DIGIT_ROWS = ("glyph", "label", "y", "x", "angle", "scale", "brightness", "depth")
SHAPE_ROWS = (
    "shape_kind", "shape_height", "shape_width", "shape_apex", "shape_level", "shape_y", "shape_x",
)  # fmt: skip


@given(banks(), st.data())
@settings(max_examples=60)
def test_a_clip_is_the_same_alone_in_any_batch_and_in_any_order(bank: DigitBank, data: st.DataObject) -> None:
    spec = data.draw(specs(bank.images.shape[1:]))
    ids = data.draw(st.lists(clip_ids, min_size=2, max_size=4))
    split, seed = data.draw(splits), data.draw(seeds)
    together = sample(spec, ids, split=split, seed=seed, bank=bank)
    assert sample(spec, ids[::-1], split=split, seed=seed, bank=bank).equals(
        together.select(slice(None, None, -1))
    )
    for row, clip_id in enumerate(ids):
        assert sample(spec, [clip_id], split=split, seed=seed, bank=bank).equals(together.select([row]))


@given(banks(), st.data())
@settings(max_examples=60)
def test_frame_stride_takes_every_kth_frame_of_the_same_motion(bank: DigitBank, data: st.DataObject) -> None:
    spec = data.draw(specs(bank.images.shape[1:]))
    k = spec.frame_stride
    every = sample(spec.replace(num_frames=spec.duration, frame_stride=1), [3, 8], bank=bank).arrays()
    for name, array in sample(spec, [3, 8], bank=bank).arrays().items():
        has_time = name in ("y", "x", "angle", "scale", "brightness", "depth", "shape_y", "shape_x")
        assert np.array_equal(array, every[name][..., ::k] if has_time else every[name]), name


@given(scenes(max_clips=3))
@settings(max_examples=100)
def test_digits_keep_to_the_spec(scene: Scene) -> None:
    spec = scene.spec
    assert np.all(
        (scene.num_digits >= spec.num_digits_range[0]) & (scene.num_digits <= spec.num_digits_range[1])
    )
    real = np.arange(spec.max_digits) < scene.num_digits[:, None]
    assert np.all(scene.label[~real] == 255)
    assert all(not getattr(scene, name)[~real].any() for name in DIGIT_ROWS if name != "label")
    pool = glyph_pool(spec, scene.bank, scene.split)
    assert np.isin(scene.glyph[real], pool).all()
    twin = {a: b for pair in spec.twins for a, b in (pair, pair[::-1])}
    for glyph, label in zip(scene.glyph[real], scene.label[real]):
        own = int(scene.bank.labels[glyph])
        assert own in spec.classes
        assert label in (own, twin.get(own, own))
    there = scene.scale > 0
    sizes = scene.scale[there]
    assert np.all((sizes >= spec.smallest_scale * ONE - 64) & (sizes <= spec.largest_scale * ONE + 64))
    if spec.scale_change_range == (1.0, 1.0) and spec.pulse_range == (0.0, 0.0):
        assert np.all((sizes >= to_q16(spec.scale_range[0])) & (sizes <= to_q16(spec.scale_range[1])))
        assert np.all(scene.scale == np.where(there, scene.scale.max(axis=2, initial=0)[:, :, None], 0))
    assert np.all((scene.angle >= 0) & (scene.angle < 36_000))
    check_brightness(scene, real)
    check_depth(scene)
    check_lives(scene, real)


def check_brightness(scene: Scene, real: np.ndarray) -> None:
    spec = scene.spec
    there = real[:, :, None] & (scene.scale > 0)
    if spec.grey_levels:
        drawn = np.where(there, 255 * scene.brightness.astype(np.int64) >> 16, 0)
        assert np.isin(drawn[there], spec.grey_levels).all()
        assert np.all(
            drawn[there] == np.broadcast_to(drawn.max(axis=2, initial=0)[:, :, None], there.shape)[there]
        )
    else:
        low, high = map(to_q16, spec.brightness_range)
        assert np.all(scene.brightness[there] <= high)
        assert np.all(scene.brightness[there] >= low // (spec.fade_frames + 1))
    assert not scene.brightness[~there].any()


def check_depth(scene: Scene) -> None:
    """Each frame ranks the digits 0..n-1 without a tie; without swaps the later digit is the nearer."""
    for depth, count in zip(scene.depth, scene.num_digits):
        ranks = np.arange(count)[:, None]
        assert np.array_equal(np.sort(depth[:count], axis=0), np.broadcast_to(ranks, depth[:count].shape))
        if scene.spec.num_depth_swaps_range == (0, 0):
            assert np.all(depth[:count] == ranks)


def check_lives(scene: Scene, real: np.ndarray) -> None:
    """A digit comes once at most and goes once at most, and is there for no longer than the spec says."""
    spec = scene.spec
    there = scene.scale > 0
    assert not there[~real].any()
    assert np.all(np.abs(np.diff(there.astype(int), axis=2)).sum(axis=2) <= 2)
    stay, (first, last) = -(-spec.lifespan_range[1] // spec.frame_stride), spec.entry_frame_range
    assert np.all(there.sum(axis=2) <= stay)
    frame = np.arange(spec.num_frames) * spec.frame_stride
    assert not there[:, :, (frame < first) | (frame >= last + spec.lifespan_range[1])].any()
    assert there[real][:, (frame >= last) & (frame < first + spec.lifespan_range[0])].all()


@given(scenes(max_clips=3))
@settings(max_examples=100)
def test_digits_stay_within_their_walls(scene: Scene) -> None:
    spec = scene.spec
    glyph_height, glyph_width = scene.bank.images.shape[1:]
    for place, frame, glyph in ((scene.y, spec.height, glyph_height), (scene.x, spec.width, glyph_width)):
        for b, n in np.ndindex(scene.glyph.shape):
            if n >= scene.num_digits[b]:
                continue
            half = glyph * int(scene.scale[b, n].max()) >> 1
            most = glyph * to_q16(spec.largest_scale) >> 1
            if spec.digit_motion == "origin":
                slack = 2 << 16
                # A digit that crosses more than half the room in a step may turn around through the other wall.
                if 2 * to_q16(spec.speed_range[1]) > (frame << 16) - 2 * most + 2 * slack:
                    continue
                assert place[b, n].min() >= half - slack
                assert place[b, n].max() <= (frame << 16) - half + slack
            else:
                margin = to_q16(spec.wall_margin)
                assert place[b, n].min() >= half - margin
                assert place[b, n].max() <= (frame << 16) - half + margin


@given(scenes(max_clips=3))
@settings(max_examples=100)
def test_shapes_keep_to_the_spec(scene: Scene) -> None:
    spec = scene.spec
    assert np.all(
        (scene.num_shapes >= spec.num_shapes_range[0]) & (scene.num_shapes <= spec.num_shapes_range[1])
    )
    real = np.arange(spec.max_shapes) < scene.num_shapes[:, None]
    assert all(not getattr(scene, name)[~real].any() for name in SHAPE_ROWS)
    height, width = scene.shape_height[real], scene.shape_width[real]
    assert np.all((height >= 1) & (width >= 1))
    assert np.all((scene.shape_apex[real] >= 0) & (scene.shape_apex[real] <= width))
    codes = {abs(KIND_CODES[kind]) for kind in spec.shape_kinds}
    assert set(np.minimum(scene.shape_kind[real], TRIANGLE_DOWN - 1).tolist()) <= codes
    levels = scene.shape_level[real]
    if spec.grey_levels:
        assert np.isin(levels, spec.grey_levels).all()
    else:
        assert np.all((levels >= spec.shape_level_range[0]) & (levels <= spec.shape_level_range[1]))
    if spec.shape_motion == "reflect":
        low, high = spec.shape_size_range
        assert np.all((height >= low) & (height <= high) & (width >= low) & (width <= high))
        for corner, size, frame in ((scene.shape_y, height, spec.height), (scene.shape_x, width, spec.width)):
            centre = corner[real] + size[:, None] / 2
            assert np.all((centre >= -1) & (centre <= frame + 1))
    if set(spec.shape_kinds) == {"circle"}:
        assert np.array_equal(height, width)


@given(scenes(max_clips=1, max_frames=4))
def test_angles_start_in_their_range_and_turn_at_their_rate(scene: Scene) -> None:
    spec, count = scene.spec, int(scene.num_digits[0])
    whole = 99 if spec.digit_motion == "origin" else 0  # whole degrees, rounded down
    low, high = map(to_angle, spec.angle_range)
    first = scene.angle[0, :count, 0].astype(int)
    assert np.all((first - low + whole) % 36_000 <= max(high - low + whole, 0)) or high - low >= 36_000
    if spec.num_frames > 1 and spec.frame_stride == 1:
        low, high = map(to_angle, spec.rotation_rate_range)
        step = np.diff(scene.angle[0, :count].astype(int), axis=1)
        assert np.all((step - low + whole) % 36_000 <= high - low + whole)
        assert np.all((step - step[:, :1]) % 36_000 == 0)


@pytest.mark.parametrize("split", SPLITS)
def test_glyphs_come_from_their_own_split(split: str) -> None:
    bank = DigitBank.mnist()
    scene = sample(preset("crowded"), np.arange(200), split=split, bank=bank)
    first, end = bank.splits[split]
    drawn = scene.glyph[scene.label != 255]
    assert np.all((drawn >= first) & (drawn < end))
    assert len(np.unique(drawn)) > 100


def test_no_glyph_crosses_a_split() -> None:
    bank = DigitBank.mnist()
    pools = [set(bank.glyphs(split).tolist()) for split in SPLITS]
    assert [len(pool) for pool in pools] == [55_000, 5_000, 10_000]
    assert len(set.union(*pools)) == 70_000


def test_a_shared_pool_gives_every_split_the_glyphs_and_backgrounds_of_train() -> None:
    own = preset("standard", glyphs_per_class=2, num_backgrounds=3, num_frames=2)
    shared = own.replace(pools="shared")
    scenes = {split: sample(shared, np.arange(300), split=split) for split in SPLITS}
    train = sample(own, np.arange(300), split="train")
    for scene in scenes.values():
        assert set(scene.glyph[scene.label != 255]) == set(train.glyph[train.label != 255])
        for name in SHAPE_ROWS:
            rows = {row.tobytes() for row in getattr(scene, name)}
            assert rows == {row.tobytes() for row in getattr(train, name)}, name
    assert all(
        np.array_equal(a, b) for a, b in zip(scenes["train"].arrays().values(), train.arrays().values())
    )
    assert len({scene.y.tobytes() for scene in scenes.values()}) == 3, "the clips themselves must differ"


@given(spec=specs(), split=st.sampled_from(["val", "test"]))
@settings(max_examples=30, deadline=None)
def test_without_a_shared_pool_nothing_of_train_is_reached(spec: SceneSpec, split: str) -> None:
    bank = DigitBank.mnist()
    own, shared = (glyph_pool(spec.replace(pools=pools), bank, split) for pools in ("split", "shared"))
    train = glyph_pool(spec, bank, "train")
    assert not np.isin(own, train).any()
    assert np.array_equal(shared, train)


def test_no_two_seeds_splits_or_clips_are_alike() -> None:
    """Seed 0 / clip 5 is not seed 5 / clip 0, as it would be if seed and clip were added."""
    spec = preset("standard", num_frames=3)
    seen = {
        sample(spec, [clip_id], split=split, seed=seed).y.tobytes()
        for split in SPLITS
        for seed in (0, 5, 5 << 32, (1 << 64) - 1)
        for clip_id in (0, 5, 5 << 32, (1 << 63) - 1)
    }
    assert len(seen) == 3 * 4 * 4


def test_the_digits_of_a_clip_are_independent() -> None:
    """Classes of two digits of one clip agree one time in ten; speeds are uncorrelated with classes."""
    scene = sample(preset("standard", num_frames=2), np.arange(4000))
    agree = np.mean(scene.label[:, 0] == scene.label[:, 1])
    assert abs(agree - 0.1) < 5 * (0.1 * 0.9 / 4000) ** 0.5
    speed = np.hypot(*(np.diff(axis[:, 0].astype(float), axis=1)[:, 0] for axis in (scene.y, scene.x)))
    assert abs(np.corrcoef(speed, scene.label[:, 0])[0, 1]) < 5 / 4000**0.5


def test_uniform_ranges_are_filled_evenly() -> None:
    spec = SceneSpec(num_digits_range=(1, 4), num_frames=2, scale_range=(0.5, 2.0), classes=(1, 4, 7))
    scene = sample(spec, np.arange(4000))
    scale = scene.scale[:, 0, 0] / 65_536
    assert np.allclose(np.quantile(scale, [0.1, 0.5, 0.9]), [0.65, 1.25, 1.85], atol=0.04)
    assert np.allclose(np.bincount(scene.num_digits)[1:] / 4000, 0.25, atol=0.04)
    directions = np.arctan2(*(np.diff(a[:, 0], axis=1)[:, 0] for a in (scene.y, scene.x)))
    assert np.allclose(np.quantile(directions, [0.25, 0.5, 0.75]), [-np.pi / 2, 0, np.pi / 2], atol=0.2)
    assert set(np.unique(scene.label)) == {1, 4, 7, 255}


def test_twins_bear_either_label_at_the_odds_whatever_is_seen() -> None:
    spec = preset("ambigram", twin_odds=0.25, num_frames=1, num_digits_range=(2, 2))
    scene = sample(spec, np.arange(4000))
    own = scene.bank.labels[scene.glyph]
    for seen in (6, 9):
        share = np.mean(scene.label[own == seen] == 6)
        assert abs(share - 0.25) < 5 * (0.25 * 0.75 / np.sum(own == seen)) ** 0.5


def test_backgrounds_are_those_of_the_first_clips() -> None:
    spec = preset("standard", num_backgrounds=3)
    known = sample(spec.replace(num_backgrounds=0), [0, 1, 2])
    scene = sample(spec, np.arange(50))
    used = set()
    for row in range(50):
        same = [
            all(np.array_equal(getattr(known, f)[k], getattr(scene, f)[row]) for f in SHAPE_ROWS)
            for k in range(3)
        ]
        assert sum(same) == 1
        used.add(same.index(True))
    assert used == {0, 1, 2}


def test_steps_make_a_lattice() -> None:
    spec = SceneSpec(
        height=32, width=37, num_frames=2, scale_range=(0.5, 0.5), glyphs_per_class=2, position_step=6.0,
        angle_step=90.0, speed_range=(1.0, 4.5), speed_step=1.5, direction_step=180.0,
        rotation_rate_range=(-5.0, 5.0), rotation_rate_step=2.5, brightness_range=(0.5, 1.1), brightness_step=0.25,
    )  # fmt: skip
    scene = sample(spec, np.arange(400))
    real = scene.label != 255
    y, x, half = scene.y[real] / 65_536, scene.x[real] / 65_536, 7
    assert set(np.unique(y[:, 0] - half)) == {0.0, 6.0, 12.0, 18.0}
    assert set(np.unique(x[:, 0] - half)) == {0.0, 6.0, 12.0, 18.0}
    inside = (x[:, 0] > 12) & (x[:, 0] < 24)
    assert set(np.abs(np.diff(x[inside], axis=1)).ravel()) == {1.0, 2.5, 4.0}
    assert np.array_equal(y[:, 0], y[:, 1])
    angle = scene.angle[real].astype(int)
    assert set(angle[:, 0]) == {0, 9_000, 18_000, 27_000}
    assert set(np.diff(angle, axis=1).ravel() % 36_000) == {0, 250, 500, 35_500, 35_750}
    assert set(scene.brightness[real][:, 0]) == {32_768, 49_152, 65_536}
    assert len(set(scene.glyph[real])) == 20
    sizes = sample(spec.replace(scale_range=(0.5, 1.1), scale_step=0.25), np.arange(400)).scale[real]
    assert set(sizes[:, 0]) == {32_768, 49_152, 65_536}


def test_a_digit_comes_stays_and_goes_as_long_as_the_spec_says() -> None:
    spec = preset(
        "clean", height=48, num_frames=40, num_digits_range=(1, 1), brightness_range=(0.5, 0.5),
        entry_frame_range=(3, 6), lifespan_range=(11, 14), fade_frames=3,
    )  # fmt: skip
    scene = sample(spec, np.arange(300))
    lives = set()
    for scale, brightness in zip(scene.scale[:, 0], scene.brightness[:, 0]):
        frames = np.flatnonzero(scale)
        lives.add((int(frames[0]), len(frames)))
        assert np.array_equal(frames, np.arange(frames[0], frames[-1] + 1))
        faded = [8_192, 16_384, 24_576, *[32_768] * (len(frames) - 6), 24_576, 16_384, 8_192]
        assert brightness[frames].tolist() == faded
    assert lives == {(first, count) for first in range(3, 7) for count in range(11, 15)}


def test_an_entry_before_the_clip_and_a_lifespan_beyond_it_need_no_case_of_their_own() -> None:
    spec = preset(
        "clean", height=48, num_frames=20, entry_frame_range=(-5, -5), lifespan_range=(9, 9), fade_frames=2
    )
    scene = sample(spec, [0])
    assert np.array_equal(scene.scale[0, 0] > 0, np.arange(20) < 4)
    assert np.argmax(scene.brightness[0, 0]) <= 1, "it came before the clip, so it does not rise any more"
    late = sample(spec.replace(entry_frame_range=(30, 30)), [0])
    assert not late.scale.any()


def test_a_digit_grows_evenly_over_the_clip_and_pulses_around_that() -> None:
    """In floating point: size (1 + (ratio - 1) t / T) (1 + pulse sin(phase + 2 pi t / period))."""
    grows = preset(
        "clean", height=90, width=100, num_frames=25, frame_stride=2, scale_change_range=(0.5, 2.0)
    )
    scale = sample(grows, np.arange(60)).scale.astype(float)
    scale = scale[scale[:, :, 0] > 0] / ONE
    t = np.arange(25) / 25
    ratio = 1 + (scale[:, -1] - 1) / t[-1]
    assert np.allclose(scale, 1 + (ratio[:, None] - 1) * t, atol=1e-3)
    assert np.allclose(np.quantile(ratio, [0.0, 0.5, 1.0]), [0.5, 1.25, 2.0], atol=0.15)
    pulses = sample(
        grows.replace(scale_change_range=(1, 1), pulse_range=(0.4, 0.4), pulse_period_range=(16, 16)), [1]
    )
    swing = pulses.scale[0, 0] / ONE - 1
    assert np.allclose(swing[8:], swing[:-8], atol=1e-3), "frame_stride=2 sees a period of 16 in 8 frames"
    assert np.allclose(swing[4:], -swing[:-4], atol=1e-3)
    assert np.allclose(np.hypot(swing[2:], swing[:-2]), 0.4, atol=1e-3)


def test_a_growing_digit_bounces_as_one_of_its_largest_size_would() -> None:
    spec = preset(
        "clean", height=70, width=64, num_frames=400, num_digits_range=(1, 1), scale_change_range=(0.5, 2.0),
        pulse_range=(0.1, 0.1), pulse_period_range=(7, 7), speed_range=(3, 5),
    )  # fmt: skip
    scene = sample(spec, np.arange(40))
    for y, x, scale in zip(scene.y[:, 0], scene.x[:, 0], scene.scale[:, 0]):
        half = 14 * int(scale.max())
        for place, frame in ((y, 70), (x, 64)):
            assert half <= place.min() < half + (3 << 16)
            assert (frame << 16) - half >= place.max() > (frame << 16) - half - (3 << 16)


def test_depths_are_swapped_as_often_as_asked() -> None:
    spec = preset("crowded", num_depth_swaps_range=(4, 4), num_frames=200)
    depth = sample(spec, np.arange(40)).depth.astype(int)
    swaps = (np.diff(depth, axis=2) != 0).any(axis=1).sum(axis=1)
    assert swaps.max() == 4
    assert swaps.mean() > 3.5  # two may fall on one frame, one before the first


def test_shapes_of_each_kind_occur_alike() -> None:
    spec = preset("standard", shape_kinds=("rectangle", "circle", "ellipse", "triangle"), num_frames=1)
    scene = sample(spec, np.arange(1000))
    real = np.arange(spec.max_shapes) < scene.num_shapes[:, None]
    kinds = np.bincount(scene.shape_kind[real], minlength=4) / real.sum()
    assert np.allclose(kinds, [0.25, 0.5, 0.125, 0.125], atol=0.03)
    assert np.mean(scene.shape_height[real & (scene.shape_kind == RECTANGLE)]) > 15
    ellipse = real & (scene.shape_kind == ELLIPSE)
    assert 0.45 < np.mean(scene.shape_height[ellipse] == scene.shape_width[ellipse]) < 0.58


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SceneSpec(height=24), r"height=24 .*28\.\.8192"),
        (SceneSpec(width=100, height=101, scale_range=(1, 3.59)), r"width=100 .*100\.52\.\.8192"),
        (
            SceneSpec(height=65, scale_change_range=(1, 2), pulse_range=(0, 0.2)),
            r"height=65 .*67\.2\.\..*pulse_range",
        ),
        (SceneSpec(glyphs_per_class=9999), r"glyphs_per_class=9999 .*0\.\.\d+"),
    ],
)
def test_what_the_bank_cannot_give_is_named(spec: SceneSpec, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        sample(spec, [0])


@pytest.mark.parametrize("growth", [1.0, 1.01, 1.3])
def test_digits_that_fill_the_frame_but_for_rounding_fit(growth: float) -> None:
    bank = DigitBank.mnist()
    for side in range(29, 130):
        scales = (0.5, side / 28 / growth)
        spec = SceneSpec(height=side, width=140, scale_range=scales, scale_change_range=(1, growth))
        check_fits(spec, bank)
    with pytest.raises(BadArgument, match="height=29"):
        check_fits(SceneSpec(height=29, width=140, scale_range=(1, 29.001 / 28)), bank)
    scene = sample(SceneSpec(height=29, width=58, scale_range=(29 / 28, 29 / 28)), [0, 1], bank=bank)
    assert (scene.scale[scene.scale > 0] == to_q16(29 / 28)).all()


def test_without_digits_any_frame_is_large_enough() -> None:
    scene = sample(SceneSpec(height=16, width=17, num_digits_range=(0, 0)), [0, 1])
    assert scene.y.shape == (2, 0, 30)


@pytest.mark.parametrize("bad", [{"seed": -1}, {"split": "dev"}, {"clip_ids": [-1]}])
def test_bad_addresses_are_named(bad: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match=next(iter(bad))):
        sample(SceneSpec(), **{"clip_ids": [0], **bad})


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64, np.uint64])
def test_numpy_seeds_are_as_good_as_pythons(kind: type) -> None:
    compiled = len(sample_clips.signatures)
    assert sample(SceneSpec(), [3], seed=kind(7)).equals(sample(SceneSpec(), [3], seed=7))
    assert len(sample_clips.signatures) <= max(compiled, 1), "another type of number compiled the kernel anew"


def test_no_clips_are_an_empty_scene() -> None:
    scene = sample(SceneSpec(), [])
    assert len(scene) == 0
    assert scene.y.shape == (0, 3, 30)


def sum_of_presets() -> str:
    """The SHA-256 of the first clips of every preset; of two frames only, since uncompiled loops are slow."""
    digest = hashlib.sha256()
    for name in PRESETS:
        for changes in ({}, {"digit_motion": "markov", "turn_odds": 0.5}):
            if changes and name in ("origin",):
                continue
            spec = preset(name, num_frames=2, frame_stride=3, **changes)
            for array in (
                sample(spec, [0, 1, (1 << 63) - 1], seed=(1 << 64) - 5, split="val").arrays().values()
            ):
                digest.update(array.tobytes())
    return digest.hexdigest()


def test_compiled_loops_equal_plain_python() -> None:
    code = "from tests.scene.test_sample import sum_of_presets; print(sum_of_presets())"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sum_of_presets()
