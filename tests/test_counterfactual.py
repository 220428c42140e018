"""Edits of a scene: what was asked for changes, and everything else stays the same to the last byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.seen import rank_of_sight
from tests.strategies import scenes

from segmnist import BadArgument, Clips, Scene, preset, sample
from segmnist import counterfactual as cf
from segmnist.classes import BACKGROUND
from segmnist.render.arrays import ARRAYS, TRUTHS
from segmnist.render.derived import real_digits, real_shapes
from segmnist.render.reference import reference_arrays
from segmnist.scene.sample import glyph_pool

ALL = tuple(
    name for name in TRUTHS if name != "camouflage"
)  # `camouflage` needs sensor noise: see test_camouflage.py
OWN = (
    "amodal",
    "digit_layers",
    "amodal_area",
    "whole_area",
    "truncation",
    "amodal_boxes_xyxy",
    "pose",
    "labels",
)
"""What is true of a digit whatever else is in the clip."""
few = settings(max_examples=40)


@st.composite
def picked_digits(draw: st.DrawFn) -> tuple[Scene, np.ndarray]:
    """A scene with digits, and some of them, `(B,N)` bool."""
    scene = draw(scenes())
    present = real_digits(scene)
    assume(present.any())
    some = draw(st.lists(st.booleans(), min_size=present.size, max_size=present.size))
    picked = present & np.reshape(some, present.shape)
    return scene, picked if picked.any() else present


def shows(clips: Clips, picked: np.ndarray, name: str = "instance") -> np.ndarray:
    """Return the pixels that show one of the picked rows."""
    ids = np.pad(picked, ((0, 0), (1, 0)))
    return np.stack([ids[b][clips[name][b]] for b in range(len(clips))])


def assert_same_where(mask: np.ndarray, one: Clips, other: Clips, *names: str) -> None:
    for name in names:
        assert np.array_equal(one[name][mask], other[name][mask]), name


def assert_nearest_is_seen(clips: Clips) -> None:
    for b, rank in enumerate(rank_of_sight(clips)):
        expected = np.where(rank.any(axis=0), rank.argmax(axis=0) + 1, 0)
        assert np.array_equal(clips.instance[b], expected)


@given(picked_digits())
@few
def test_without_digits_only_they_are_gone(world: tuple[Scene, np.ndarray]) -> None:
    scene, gone = world
    before, after = cf.draw_pair(scene, cf.without_digits(scene, gone), ALL)
    hidden = shows(before, gone)
    assert_same_where(~hidden, before, after, "video", "instance", "semantic", "shape_instance", "noiseless")
    assert_same_where(~gone, before, after, *OWN, "depth_order")
    assert np.array_equal(before.background_layer, after.background_layer)
    assert np.array_equal(before["num_digits"], after["num_digits"])
    assert_nearest_is_seen(after)
    for name, array in after.arrays.items():
        if ARRAYS[name].axes[:1] == ("digit",):
            assert (array[gone] == ARRAYS[name].padding).all(), name
    assert not np.moveaxis(after.occluders, 2, 1)[gone].any()


@given(scenes())
@few
def test_without_any_digit_the_background_is_seen(scene: Scene) -> None:
    before, after = cf.draw_pair(scene, cf.without_digits(scene), ("layers", "noiseless", "semantic"))
    assert np.array_equal(after.noiseless, before.background_layer)
    assert (after.semantic == BACKGROUND).all()
    assert (after.labels == 255).all()


@given(picked_digits())
@few
def test_a_label_put_back_brings_its_digit_back(world: tuple[Scene, np.ndarray]) -> None:
    scene, gone = world
    assert cf.without_digits(scene, gone).replace(label=scene.label).equals(scene)


@given(scenes(), st.data())
@few
def test_without_shapes_only_they_are_gone(scene: Scene, data: st.DataObject) -> None:
    present = real_shapes(scene)
    assume(present.any())
    some = data.draw(st.lists(st.booleans(), min_size=present.size, max_size=present.size))
    gone = present & np.reshape(some, present.shape)
    before, after = cf.draw_pair(scene, cf.without_shapes(scene, gone), ALL)
    assert after.scene.replace(shape_kind=scene.shape_kind).equals(scene)
    hidden = shows(before, gone, "shape_instance")
    assert_same_where(~hidden, before, after, "video", "shape_instance", "noiseless")
    assert np.array_equal(before.instance, after.instance)
    assert_same_where(np.ones_like(real_digits(scene)), before, after, *OWN, "visible_area", "depth_order")
    for name, array in after.arrays.items():
        if ARRAYS[name].axes[:1] == ("shape",):
            assert (array[gone] == ARRAYS[name].padding).all(), name
            assert np.array_equal(array[~gone], before[name][~gone]), name


@given(scenes())
@few
def test_without_any_shape_there_is_noise_alone(scene: Scene) -> None:
    never = scene.replace(num_shapes=np.zeros_like(scene.num_shapes))
    one, other = cf.draw_pair(never, cf.without_shapes(scene), ("instance", "layers"))
    assert all(np.array_equal(one[name], other[name]) for name in ("video", "instance", "background_layer"))


@given(picked_digits())
@few
def test_a_frozen_rotation_keeps_the_path(world: tuple[Scene, np.ndarray]) -> None:
    scene, still = world
    edited = cf.with_frozen_rotation(scene, still)
    before, after = cf.draw_pair(scene, edited, ALL)
    untouched = ~(shows(before, still) | shows(after, still))
    assert_same_where(untouched, before, after, "video", "instance")
    assert_same_where(~still, before, after, *OWN)
    assert np.array_equal(before.video[:, 0], after.video[:, 0])
    assert (after.pose[still][..., 2] == before.pose[still][:, :1, 2]).all()
    others = [0, 1, 3, 4]
    assert np.array_equal(after.pose[..., others], before.pose[..., others])


@given(picked_digits(), st.data())
@few
def test_swapped_depth_swaps_who_is_seen(world: tuple[Scene, np.ndarray], data: st.DataObject) -> None:
    scene = world[0].select([0])
    count = int(scene.num_digits[0])
    assume(count > 1)
    one, other = data.draw(st.permutations(range(count)))[:2]
    edited = cf.with_swapped_depth(scene, one, other)
    before, after = cf.draw_pair(scene, edited, ALL)
    assert all(np.array_equal(before[name], after[name]) for name in OWN)
    assert np.array_equal(after.depth_order[:, one], before.depth_order[:, other])
    assert np.array_equal(after.depth_order[:, other], before.depth_order[:, one])
    assert_nearest_is_seen(after)
    apart = ~(before.amodal[:, one] | before.amodal[:, other])
    assert_same_where(apart, before, after, "video", "instance", "semantic")
    assert cf.with_swapped_depth(edited, other, one).equals(scene)


@given(picked_digits(), st.integers(0, 239))
@few
def test_another_glyph_goes_the_same_way(world: tuple[Scene, np.ndarray], glyph: int) -> None:
    scene, picked = world
    before, after = cf.draw_pair(scene, cf.with_glyph(scene, glyph, picked), ALL)
    untouched = ~(shows(before, picked) | shows(after, picked))
    assert_same_where(untouched, before, after, "video", "instance", "semantic")
    assert_same_where(~picked, before, after, *OWN)
    assert np.array_equal(before.pose, after.pose)
    assert np.array_equal(before.background_layer, after.background_layer)
    assert (after.labels[picked] == glyph % 10).all()
    assert (after.semantic[shows(after, picked)] == glyph % 10).all()


@given(picked_digits(), st.integers(0, 3))
@few
def test_a_random_glyph_of_another_class(world: tuple[Scene, np.ndarray], draw: int) -> None:
    scene, picked = world
    pool = glyph_pool(scene.spec, scene.bank, scene.split)
    if len(scene.spec.classes) < 3:  # one class that is shown, perhaps one that its twin lends it
        with pytest.raises(BadArgument, match="other classes"):
            cf.with_other_class(scene.replace(spec=scene.spec.replace(classes=(4,))), _all_fours(scene))
        return
    edited = cf.with_other_class(scene, picked, draw=draw)
    assert (edited.label[picked] != scene.label[picked]).all()
    assert np.array_equal(edited.label[picked], scene.bank.labels[edited.glyph[picked]])
    assert np.isin(edited.glyph[picked], pool).all()
    assert np.array_equal(edited.glyph[~picked], scene.glyph[~picked])
    for b in range(len(scene)):  # whatever else is in the batch, and whichever others are picked
        alone = cf.with_other_class(scene.select([b]), picked[[b]], draw=draw)
        assert np.array_equal(alone.glyph[0], edited.glyph[b])


def _all_fours(scene: Scene) -> np.ndarray:
    """Return rows of a class that the edited spec still has, or fail the test's assumption."""
    fours = real_digits(scene) & (scene.label == 4)
    assume(fours.any())
    return fours


def test_other_draws_are_other_glyphs_of_the_same_split() -> None:
    scene = sample(preset("standard", num_frames=1), range(4), split="val")
    glyphs = {int(cf.with_other_class(scene, 0, draw=draw).glyph[0, 0]) for draw in range(20)}
    assert len(glyphs) > 15
    assert all(55_000 <= glyph < 60_000 for glyph in glyphs)


@given(picked_digits(), st.integers(0, 9))
@few
def test_another_label_changes_no_pixel(world: tuple[Scene, np.ndarray], label: int) -> None:
    scene, picked = world
    before, after = cf.draw_pair(scene, cf.with_label(scene, label, picked), ALL)
    named = {"semantic", "labels", "num_twins", "twin_labels"}
    assert all(np.array_equal(before[name], after[name]) for name in set(after.arrays) - named)
    seen = shows(before, picked)
    assert (after.semantic[seen] == label).all()
    assert_same_where(~seen, before, after, "semantic")


@given(scenes())
@few
def test_without_noise_all_but_the_bare_background_is_the_noiseless_picture(scene: Scene) -> None:
    before, after = cf.draw_pair(scene, cf.without_noise(scene), ALL)
    surface = (before.instance > 0) | (before.shape_instance > 0)
    assert np.array_equal(after.video, np.where(surface, before.noiseless, scene.spec.background_level))
    same = set(after.arrays) - {
        "video",
        "rgb",
        "noiseless",
        "background_layer",
        "beneath",
        "camouflaged_share",
    }
    same -= {f"flow_{way}_{what}" for way in ("forward", "backward") for what in ("valid", "occluded")}
    assert all(np.array_equal(before[name], after[name]) for name in same)


@given(picked_digits(), st.sampled_from([0, 0.25, 1, 1.7, 4]))
@few
def test_brightness_changes_the_ink_of_the_digits_alone(
    world: tuple[Scene, np.ndarray], brightness: float
) -> None:
    scene, picked = world
    before, after = cf.draw_pair(scene, cf.with_brightness(scene, brightness, picked), ALL)
    same = ("instance", "semantic", "occluders") if scene.spec.blend == "over" else ()
    assert all(np.array_equal(before[name], after[name]) for name in ("amodal", *same))
    assert_same_where(~shows(before, picked) & ~shows(after, picked), before, after, "video")
    assert (after.pose[picked][..., 4] == round(brightness * 65_536) / 65_536).all()
    if brightness == 0:
        assert not after.noiseless[shows(after, picked)].any()
    if brightness == 4 and scene.spec.grey_levels:
        assert (after.noiseless[shows(after, picked)] == 255).all()


EDITS: dict[str, Callable[[Scene], Scene]] = {
    "without_digits": lambda scene: cf.without_digits(scene, 1),
    "without_shapes": lambda scene: cf.without_shapes(scene, [0, 2]),
    "without_noise": cf.without_noise,
    "with_frozen_rotation": lambda scene: cf.with_frozen_rotation(scene, 0),
    "with_swapped_depth": lambda scene: cf.with_swapped_depth(scene, 0, 1),
    "with_brightness": lambda scene: cf.with_brightness(scene, 0.5),
    "with_label": lambda scene: cf.with_label(scene, 3, 0),
    "with_glyph": lambda scene: cf.with_glyph(scene, 69_999, [0, 1]),
    "with_other_class": lambda scene: cf.with_other_class(scene, 0),
}


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Clips of three digits and four shapes, the first of them of two."""
    sampled = sample(preset("standard", num_frames=4, height=40, num_shapes_range=(4, 4)), range(9), seed=2)
    two, three = (np.flatnonzero(sampled.num_digits == count) for count in (2, 3))
    return sampled.select([two[0], three[0], three[1]])


@pytest.mark.parametrize("name", EDITS)
def test_edits_leave_their_scene_alone_and_are_drawn_as_the_reference_draws(name: str, scene: Scene) -> None:
    copies = {key: array.copy() for key, array in scene.arrays().items()}
    edited = EDITS[name](scene)
    assert all(np.array_equal(array, copies[key]) for key, array in scene.arrays().items())
    assert not edited.equals(scene)
    dtypes = {key: array.dtype for key, array in edited.arrays().items()}
    assert dtypes == {key: array.dtype for key, array in copies.items()}
    clips = cf.draw_pair(scene, edited, ALL)[1]
    for row in range(len(scene)):
        for key, expected in reference_arrays(edited, row).items():
            if key in clips.arrays:
                np.testing.assert_allclose(clips[key][row], expected, rtol=0, atol=1e-4, err_msg=key)


def test_edits_follow_one_another_in_any_order(scene: Scene) -> None:
    one = cf.without_shapes(cf.with_brightness(cf.without_digits(scene, 1), 2.0, 0), 3)
    other = cf.with_brightness(cf.without_digits(cf.without_shapes(scene, 3), 1), 2.0, 0)
    assert one.equals(other)


def test_no_rows_are_no_edit(scene: Scene) -> None:
    assert cf.without_digits(scene, []).equals(scene)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda s: cf.without_digits(s, 3), r"digits=3 is not permitted: expected rows 0\.\.2"),
        (lambda s: cf.without_digits(s, -1), r"digits=-1 .* rows 0\.\.2"),
        (lambda s: cf.without_digits(s, 2), r"digits=2 .* clip \d+ has 0, 1"),
        (lambda s: cf.without_digits(cf.without_digits(s, 0), 0), r"digits=0 .* clip \d+ has 1"),
        (lambda s: cf.without_digits(s, "all"), "digits='all' .* a row, a list of rows, or a bool array"),
        (lambda s: cf.without_digits(s, 0.0), "digits=0.0"),
        (lambda s: cf.without_digits(s, np.ones((3, 2), bool)), r"bool array of shape \(3, 3\)"),
        (lambda s: cf.without_digits(s, np.ones((3, 3), bool)), r"digits=2 .* clip \d+ has 0, 1"),
        (lambda s: cf.without_shapes(s, 4), r"shapes=4 .* rows 0\.\.3"),
        (lambda s: cf.without_shapes(cf.without_shapes(s), 1), r"shapes=1 .* clip \d+ has none"),
        (lambda s: cf.with_frozen_rotation(s, 2), "digits=2"),
        (lambda s: cf.with_swapped_depth(s, 0, 2), "digits=2"),
        (lambda s: cf.with_swapped_depth(s, 0, 7), "digits=7"),
        (lambda s: cf.with_glyph(s, 70_000, 0), r"glyph=70000 .* 0\.\.69999"),
        (lambda s: cf.with_glyph(s, -1, 0), "glyph=-1"),
        (lambda s: cf.with_glyph(s, 1.5, 0), "glyph=1.5"),
        (lambda s: cf.with_label(s, 10, 0), r"label=10 .* 0\.\.9"),
        (lambda s: cf.with_label(s, True, 0), "label=True"),
        (lambda s: cf.with_brightness(s, 4.01), r"brightness=4.01 .* 0\.\.4"),
        (lambda s: cf.with_brightness(s, -0.1), "brightness=-0.1"),
        (lambda s: cf.with_brightness(s, float("nan")), "brightness=nan"),
        (lambda s: cf.with_brightness(s, "dim"), "brightness='dim'"),
        (lambda s: cf.with_other_class(s, 0, draw=1 << 16), "draw=65536"),
        (lambda s: cf.draw_pair(s, s.replace(seed=3)), r"edited\.seed=3"),
        (lambda s: cf.draw_pair(s, s.replace(split="val")), r"edited\.split='val' .* 'train'"),
        (lambda s: cf.draw_pair(s, s.select([1, 0, 2])), r"edited\.clip_ids"),
        (lambda s: cf.draw_pair(s, s.select([0, 1])), r"edited\.clip_ids"),
    ],
)  # fmt: skip
def test_bad_edits_are_named(edit: Callable[[Scene], Any], message: str, scene: Scene) -> None:
    with pytest.raises(BadArgument, match=message):
        edit(scene)
