"""What the sampler draws is what the family holds: the same scenes, the same odds, the same pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle.family import build_family
from segmnist.oracle.lattice import lattice_probabilities
from segmnist.oracle.pictures import POSE
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import field_names

LIMIT = 1 << 30


def key_of(glyph: int, pose: dict[str, np.ndarray], row: object) -> tuple[int, ...]:
    parts = [pose[name][row].astype(np.int64).reshape(-1) for name in POSE]
    return (int(glyph), *np.concatenate(parts).tolist())


def hypothesis_numbers(family: Any, scene: Scene) -> np.ndarray:
    """Return which hypothesis each digit of a scene is, `(B,2)`; fails if one is not in the family."""
    numbers = {key_of(family.glyph[h], family.pose, h): h for h in range(family.num_hypotheses)}
    pose = {name: getattr(scene, name) for name in POSE}
    return np.array(
        [[numbers[key_of(scene.glyph[b, n], pose, (b, n))] for n in range(2)] for b in range(len(scene))]
    )


SPECS = {
    "position_step": {"position_step": 4.0, "wall_margin": 2.0},
    "angle_step": {"angle_step": 90.0},
    "direction_step": {"direction_step": 45.0},
    "speed_step": {"speed_range": (1.0, 2.5), "speed_step": 1.5, "direction_step": 90.0},
    "scale_step": {"scale_range": (0.8, 1.4), "scale_step": 0.3, "wall_margin": 1.0},
    "brightness_step": {"brightness_range": (0.3, 0.9), "brightness_step": 0.3},
    "rotation_rate_step": {"rotation_rate_range": (-10.0, 10.0), "rotation_rate_step": 20.0},
    "grey_levels": {"grey_levels": (90, 150, 200), "frame_stride": 3, "acceleration_range": (0.7, 0.7)},
    "glyphs_per_class": {"glyphs_per_class": 2, "classes": (2, 6, 9)},
}
"""A case for each field that makes scenes countable, by the name of the field."""


def test_every_lattice_field_has_a_case(small_bank: DigitBank) -> None:
    """A new `*_step`: add it to the family, and a case here that ties it to the sampler."""
    steps = {name for name in field_names() if name.endswith("_step")}
    assert steps <= set(SPECS)
    for name in steps:
        spec = tiny_spec(**SPECS[name])
        assert getattr(spec, name) > 0
        finer = build_family(spec.replace(**{name: getattr(spec, name) / 2}), small_bank, "val", 0, LIMIT)
        assert finer.num_hypotheses > build_family(spec, small_bank, "val", 0, LIMIT).num_hypotheses


@pytest.mark.parametrize("name", SPECS)
def test_scenes_occur_as_often_as_the_prior_says(name: Any, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS[name])
    family = build_family(spec, small_bank, "val", 0, LIMIT)
    scene = sample(spec, np.arange(20_000), split="val", bank=small_bank)
    drawn = hypothesis_numbers(family, scene)
    # Several hypotheses may be the same path, such as those that never move; they share one key.
    used = np.unique(drawn)
    keys = [key_of(family.glyph[h], family.pose, h) for h in range(family.num_hypotheses)]
    odds: dict[Any, float] = {}
    for key, share in zip(keys, family.prior):
        odds[key] = odds.get(key, 0.0) + share
    expected = np.array([odds[keys[h]] for h in used]) * drawn.shape[0]
    assert len(used) == len(odds)
    for digit in range(2):
        observed = np.bincount(drawn[:, digit], minlength=family.num_hypotheses)[used]
        chi2 = ((observed - expected) ** 2 / expected).sum()
        assert chi2 < len(used) + 5 * np.sqrt(2 * len(used))
    # And the two digits are independent.
    halves = (drawn < np.median(drawn)).astype(int)
    correlation = np.corrcoef(halves[:, 0], halves[:, 1])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(len(drawn))


@pytest.mark.parametrize("name", SPECS)
def test_pictures_composite_to_the_drawn_pixels(name: Any, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS[name], sensor_sigma=1.0)
    family = build_family(spec, small_bank, "train", 0, LIMIT)
    scene = sample(spec, np.arange(40), bank=small_bank)
    quiet = scene.replace(spec=spec.replace(sensor_sigma=0.0))
    clips = render(quiet, ("instance",))
    for b, (behind, front) in enumerate(hypothesis_numbers(family, scene)):
        for t, pictures in enumerate(family.pictures):
            frame = family.backgrounds[0, t].astype(np.uint8)
            instance = np.zeros_like(frame)
            for number, h in ((1, behind), (2, front)):
                row = family.picture_of[h, t]
                own = slice(pictures.start[row], pictures.start[row + 1])
                frame[pictures.pixel[own]] = pictures.level[own]
                instance[pictures.pixel[own]] = number
            np.testing.assert_array_equal(frame.reshape(clips.video.shape[2:]), clips.video[b, t])
            np.testing.assert_array_equal(instance.reshape(clips.video.shape[2:]), clips.instance[b, t])


@pytest.mark.parametrize("numbers", [(0, 3), (1, 2), (0, 1), (2, 2)])
def test_numbers_of_digits_occur_as_often_as_the_prior_says(numbers: Any, small_bank: Any) -> None:
    spec = tiny_spec(num_digits_range=numbers)
    family = build_family(spec, small_bank, "train", 0, LIMIT)
    assert family.max_digits == numbers[1]
    drawn = np.bincount(sample(spec, np.arange(20_000), bank=small_bank).num_digits, minlength=numbers[1] + 1)
    assert np.abs(drawn / 20_000 - family.count_prior).max() < 5 * np.sqrt(0.25 / 20_000)
    assert not drawn[: numbers[0]].any()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 36_000])
def test_lattice_probabilities_are_those_of_a_32_bit_word(count: int) -> None:
    shares = lattice_probabilities(count)
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    # word * count >> 32 == k exactly for words from ceil(k 2^32 / count) on.
    for k in {0, count // 2, count - 1}:
        first = -(-(k << 32) // count)
        assert first * count >> 32 == k
        assert first == 0 or (first - 1) * count >> 32 == k - 1
    assert np.abs(shares - 1 / count).max() < 2.0**-32 + 1e-18


def test_splits_with_shared_pools_have_one_family(small_bank: DigitBank) -> None:
    spec = tiny_spec(num_backgrounds=4, num_shapes_range=(1, 3), shape_size_range=(4, 9), pools="shared")
    families = [build_family(spec, small_bank, split, 11, LIMIT) for split in ("train", "val", "test")]
    train = families[0]
    for family in families[1:]:
        for name in ("glyph", "prior", "class_odds", "picture_of", "backgrounds", "background_prior"):
            np.testing.assert_array_equal(getattr(family, name), getattr(train, name), err_msg=name)
    own = build_family(spec.replace(pools="split"), small_bank, "test", 11, LIMIT)
    assert not np.isin(own.glyph, train.glyph).any()
    assert not (own.backgrounds == train.backgrounds).all()


@pytest.mark.parametrize("pools", ["split", "shared"])
def test_backgrounds_are_those_of_the_clips(small_bank: DigitBank, pools: str) -> None:
    spec = tiny_spec(num_backgrounds=4, num_shapes_range=(1, 3), shape_size_range=(4, 9), pools=pools)
    family = build_family(spec, small_bank, "test", 11, LIMIT)
    scene = sample(spec, np.arange(400), split="test", seed=11, bank=small_bank)
    bare = spec.replace(num_digits_range=(0, 0), sensor_sigma=0.0)
    drawn = render(sample(bare, scene.clip_ids, split="test", seed=11, bank=small_bank)).video
    shown = (drawn.reshape(400, 1, spec.num_frames, -1) == family.backgrounds).all((2, 3))
    assert shown.any(1).all()
    counts = shown.sum(0)
    assert abs(counts - 100).max() < 5 * np.sqrt(75)
