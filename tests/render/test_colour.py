"""The laws of `rgb`: colour adds hue and saturation to the grey video, and changes nothing else."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.golden import sum_of
from tests.strategies import scenes

from segmnist import ClipSource, Scene, SceneSpec, counterfactual, preset, render, sample
from segmnist.render.arrays import TRUTHS
from segmnist.scene.colours import Colours, colours_of, tints_of
from segmnist.scene.fixed_point import ONE
from segmnist.scene.parameters import TILE

laws = settings(max_examples=40)
SEEN = ("rgb", "noiseless", "instance", "shapes")
STILL = preset("shapes", height=48, width=80, num_frames=6, background_level=200)


def colours_in(scene: Scene) -> Colours:
    return colours_of(scene.spec, scene.clip_ids, split=scene.split, seed=scene.seed)


def noiseless(scene: Scene) -> Scene:
    return scene.replace(spec=scene.spec.replace(sensor_sigma=0.0, corruption="none"))


@given(scenes())
@laws
def test_the_grey_video_and_all_truths_are_the_same_whether_or_not_colour_is_asked_for(scene: Scene) -> None:
    grey, coloured = render(scene, ("semantic", "instance")), render(scene, ("semantic", "instance", "rgb"))
    assert coloured.rgb.shape == (*grey.video.shape, 3)
    for name in grey.arrays:
        assert np.array_equal(grey[name], coloured[name]), name


@given(scenes())
@laws
def test_the_grey_level_is_the_value_of_the_colour(scene: Scene) -> None:
    clips = render(noiseless(scene), SEEN)
    assert np.array_equal(clips.rgb.max(axis=-1), clips.noiseless)


@given(scenes())
@laws
def test_without_saturation_colour_is_grey(scene: Scene) -> None:
    spec = scene.spec.replace(saturation_range=(0, 0), sensor_sigma=0.0)
    clips = render(scene.replace(spec=spec), SEEN)
    assert np.array_equal(clips.rgb, np.repeat(clips.video[..., None], 3, axis=-1))


@given(scenes())
@laws
def test_the_fields_of_colour_change_nothing_that_is_grey(scene: Scene) -> None:
    plain = SceneSpec()
    names = ("hue_range", "saturation_range", "texture_kinds", "texture_size_range")
    spec = scene.spec.replace(**{name: getattr(plain, name) for name in names})
    other = sample(spec, scene.clip_ids, split=scene.split, seed=scene.seed, bank=scene.bank)
    for name, array in scene.arrays().items():
        assert np.array_equal(array, other.arrays()[name]), name
    assert np.array_equal(render(scene).video, render(other).video)


@given(scenes())
@laws
def test_a_digit_has_one_colour_in_all_its_frames(scene: Scene) -> None:
    clips = render(noiseless(scene), SEEN)
    colours = colours_in(scene)
    for b in range(len(clips)):
        for n in range(int(clips["num_digits"][b])):
            seen = clips.instance[b] == n + 1
            expected = clips.noiseless[b][seen][:, None] * colours.tints[b, 1 + n, 0] >> 8
            assert np.array_equal(clips.rgb[b][seen], expected)


@given(scenes(max_clips=1), st.data())
@laws
def test_texture_moves_with_its_shape(scene: Scene, data: st.DataObject) -> None:
    """Where all shapes and digits move by whole pixels, what is seen of shapes moves with them."""
    dy, dx = data.draw(st.integers(-9, 9)), data.draw(st.integers(-9, 9))
    still = counterfactual.without_digits(noiseless(scene))
    moved = still.replace(shape_y=scene.shape_y + dy, shape_x=scene.shape_x + dx)
    before, after = render(still, SEEN), render(moved, SEEN)
    height, width = before.video.shape[2:]
    here, there = (
        (slice(None), slice(None), slice(max(y, 0), height + min(y, 0)), slice(max(x, 0), width + min(x, 0)))
        for y, x in ((-dy, -dx), (dy, dx))
    )
    shape = before.shape_instance[here] > 0
    assert np.array_equal(before.rgb[here][shape], after.rgb[there][shape])


@given(scenes())
@laws
def test_a_clip_has_its_colours_in_any_batch(scene: Scene) -> None:
    whole = colours_in(scene)
    for b in range(len(scene)):
        for all_of, alone in zip(whole, colours_in(scene.select([b]))):
            assert np.array_equal(all_of[b], alone[0])


def test_tints_are_those_of_hsv() -> None:
    """To the last bit but one, as `colorsys` computes in floating point."""
    for degrees in range(-360, 720, 7):
        for saturation in (0.0, 0.3, 1.0):
            tint = tints_of(np.array(100 * degrees), np.array(round(saturation * ONE))) / 256
            expected = colorsys.hsv_to_rgb(degrees / 360 % 1, saturation, 1.0)
            np.testing.assert_allclose(tint, expected, atol=0.6 / 256)
            assert tint.max() == 1


def test_hues_and_saturations_stay_in_their_ranges() -> None:
    spec = STILL.replace(hue_range=(200, 230), saturation_range=(0.25, 0.5))
    tints = colours_in(sample(spec, range(50))).tints.reshape(-1, 3) / 256
    hsv = np.array([colorsys.rgb_to_hsv(*tint) for tint in tints])
    assert 199 < hsv[:, 0].min() * 360 < 202
    assert 228 < hsv[:, 0].max() * 360 < 231
    assert 0.24 < hsv[:, 1].min() < 0.26
    assert 0.49 < hsv[:, 1].max() < 0.51


def test_digits_say_nothing_of_their_class_by_their_colour() -> None:
    """Another glyph and another label in the same row of the same clip have the same colour."""
    scene = sample(preset("clean"), [5])
    other = counterfactual.with_other_class(scene, [0, 1])
    assert not np.array_equal(scene.glyph, other.glyph)
    assert np.array_equal(colours_in(scene).tints, colours_in(other).tints)


@pytest.mark.parametrize("kind", ["stripes", "checker", "patches"])
def test_each_texture_has_two_colours_in_cells_of_its_size(kind: str) -> None:
    spec = STILL.replace(texture_kinds=(kind,), texture_size_range=(3, 3), num_digits_range=(0, 0))
    clips = render(sample(spec.replace(num_shapes_range=(0, 0)), range(4)), SEEN)
    assert (clips.noiseless == 200).all()
    for ground in clips.rgb[:, 0]:
        assert len(np.unique(ground.reshape(-1, 3), axis=0)) == 2
        cells = ground[:48, :78].reshape(16, 3, 26, 3, 3)
        assert (cells == cells[:, :1, :, :1]).all()
        tile = ground[: 3 * TILE, : 3 * TILE]
        assert np.array_equal(tile, ground[3 * TILE : 6 * TILE, 3 * TILE : 6 * TILE])


def test_pepper_noise_has_a_hue_a_pixel_and_new_ones_each_frame() -> None:
    spec = preset(
        "noise", height=48, width=80, num_frames=3, num_digits_range=(0, 0), saturation_range=(1, 1)
    )
    (rgb,) = render(sample(spec, [3]), "rgb").rgb
    bright = rgb.max(axis=-1, keepdims=True) > 200
    hues = np.where(bright, rgb / np.maximum(rgb.max(axis=-1, keepdims=True), 1), 0)
    assert len(np.unique(np.round(hues[0], 1).reshape(-1, 3), axis=0)) > 40
    assert not np.array_equal(rgb[0], rgb[1])


def test_sensor_noise_is_independent_in_each_channel_and_of_the_grey_videos() -> None:
    spec = preset(
        "clean", height=48, width=80, background_level=128, num_digits_range=(0, 0), saturation_range=(0, 0),
        sensor_sigma=20.0,
    )  # fmt: skip
    clips = render(sample(spec, [0, 1]), "rgb")
    channels = np.concatenate([clips.rgb, clips.video[..., None]], axis=-1).reshape(-1, 4).astype(float)
    assert np.abs(channels.mean(axis=0) - 128).max() < 0.3
    assert np.abs(channels.std(axis=0) - 20).max() < 0.3
    assert np.abs(np.corrcoef(channels.T) - np.eye(4)).max() < 0.01


def test_numbered_backgrounds_have_their_colours_too() -> None:
    """As their shapes are the same, whatever the clip and, with shared pools, the split."""
    spec = STILL.replace(num_backgrounds=1, pools="shared", texture_kinds=("stripes", "patches"))
    without = [
        counterfactual.without_digits(sample(spec, [clip], split=split))
        for clip, split in ((3, "train"), (77, "test"))
    ]
    one, other = (render(scene, "rgb").rgb for scene in without)
    assert np.array_equal(one, other)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) > 8


def test_without_a_digit_what_it_hid_is_seen_in_its_colour() -> None:
    scene = sample(preset("colour", height=48, width=80, num_frames=5, sensor_sigma=0.0), [3])
    before, after = counterfactual.draw_pair(scene, counterfactual.without_digits(scene, 0), SEEN)
    gone = before.instance == 1
    assert gone.any()
    assert np.array_equal(before.rgb[~gone], after.rgb[~gone])
    assert np.array_equal(after.rgb.max(axis=-1)[gone], after.noiseless[gone])


PINNED = {
    "standard": "e6809414cdc11df2d43462f7891d355aedf6390474c5400e9cb6f28581352148",
    "colour": "239fc76a5d3447ac2837dee065c522e4e0fee14cc55e80609e944c9d3f8f50b1",
    "exact": "ea47a2f14ac43db23232dbac3be2bc8df0f02de35fb99ad458d28747807eb451",
}
"""SHA-256 of `rgb` of clips 0..3 of the train split, seed 0."""


@pytest.mark.parametrize("name", PINNED)
def test_the_bytes_are_pinned(name: str) -> None:
    assert sum_of([ClipSource(name, truth="rgb").batch(range(4)).rgb]) == PINNED[name]


def test_rgb_is_a_truth_by_name() -> None:
    assert TRUTHS["rgb"] == ("rgb",)
