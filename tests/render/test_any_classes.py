"""Banks of any number of classes: what is drawn of them, by every renderer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.render.test_equals_reference import RENDERERS, Renderer, assert_as_reference
from tests.strategies import named_bank

from segmnist import BadArgument, ClipSource, DigitBank, SceneSpec, counterfactual, preset, sample
from segmnist.classes import DIGITS, IGNORE

SPEC = SceneSpec(height=24, width=29, num_frames=3, num_digits_range=(0, 5), num_shapes_range=(0, 3))

class_counts = st.sampled_from([1, 2, 3, 10, 26, 250])


@pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)
@settings(max_examples=12, deadline=None)
@given(count=class_counts, clip_id=st.integers(0, 999), sigma=st.sampled_from([0.0, 9.0]))
def test_every_renderer_draws_them_as_the_reference(
    renderer: Renderer, count: int, clip_id: int, sigma: float
) -> None:
    bank = named_bank(count)
    twins = ((0, count - 1),) if count > 1 else ()
    assert_as_reference(renderer, sample(SPEC.replace(sensor_sigma=sigma, twins=twins), [clip_id], bank=bank))


@settings(max_examples=25, deadline=None)
@given(count=class_counts, first=st.integers(0, 999))
def test_pixels_are_of_the_class_of_their_digit_or_of_class_k(count: int, first: int) -> None:
    bank = named_bank(count)
    source = ClipSource(SPEC, bank=bank, truth=("semantic", "instance"))
    assert source.classes.background == count
    clips = source.batch(np.arange(first, first + 4))
    for clip in clips:
        of_instance = np.append(np.uint8(count), clip.labels)
        assert (clip.semantic == of_instance[clip.instance]).all()
        assert (clip.labels == bank.labels[clip.scene.glyph[0, : len(clip.labels)]]).all()
    assert clips.semantic.max() <= count


def test_without_any_named_all_classes_of_the_bank_occur() -> None:
    labels = ClipSource("clean", bank=named_bank(26)).batch(np.arange(300)).labels
    assert set(labels.ravel().tolist()) == {*range(26), IGNORE}


def test_named_classes_are_the_only_ones() -> None:
    source = ClipSource(SPEC.replace(classes=(3, 25)), bank=named_bank(26))
    assert set(source.batch(np.arange(60)).labels.ravel().tolist()) == {3, 25, IGNORE}


def test_all_ten_classes_named_draw_what_none_named_does() -> None:
    spec = SPEC.replace(height=40, width=45)
    named = ClipSource(spec.replace(classes=tuple(range(10))))
    assert named[5].scene.replace(spec=spec).equals(ClipSource(spec)[5].scene)


@pytest.mark.parametrize(
    ("fields", "count", "message"),
    [
        (
            {"classes": (3, 10)},
            0,
            r"classes=\(3, 10\) .* 0\.\.9, the classes of these digits; give the digit bank",
        ),
        ({"classes": (26,)}, 26, r"classes=\(26,\) .* 0\.\.25"),
        ({"twins": ((0, 3),)}, 3, r"twins=\(\(0, 3\),\) .* 0\.\.2"),
    ],
)
def test_a_class_that_the_bank_does_not_have(
    fields: dict[str, tuple[object, ...]], count: int, message: str
) -> None:
    bank = (
        named_bank(count)
        if count
        else DigitBank.from_arrays(np.zeros((30, 6, 5), np.uint8), np.arange(30) % 10)
    )
    for draw in (lambda spec: ClipSource(spec, bank=bank), lambda spec: sample(spec, [0], bank=bank)):
        with pytest.raises(BadArgument, match=message):
            draw(SPEC.replace(**fields))


def test_sixes_are_twins_of_nines_among_the_ten_digits_only() -> None:
    spec = preset("standard", num_frames=1)
    letters = ClipSource(spec, truth="twins", bank=named_bank(26)).batch(np.arange(40))
    assert (letters.twin_labels == IGNORE).all()
    assert (ClipSource(spec, truth="twins").batch(np.arange(40)).twin_labels != IGNORE).any()


def test_an_edit_may_give_any_class_of_the_bank() -> None:
    scene = sample(SPEC.replace(num_digits_range=(1, 1)), [0], bank=named_bank(26))
    assert counterfactual.with_label(scene, 25, 0).label[0, 0] == 25
    with pytest.raises(BadArgument, match=r"label=26 .*0\.\.25"):
        counterfactual.with_label(scene, 26, 0)


def test_names_change_the_bank_and_no_pixel() -> None:
    plain = named_bank(10)
    digits = plain.images, plain.labels, dict(plain.splits)
    renamed = DigitBank.from_arrays(*digits, class_names=DIGITS.names)
    assert plain != renamed
    mine, theirs = (ClipSource(SPEC, bank=bank)[3] for bank in (plain, renamed))
    assert (mine.video == theirs.video).all()
    assert (mine.semantic == theirs.semantic).all()


@pytest.mark.parametrize("count", [1, 26, 250])
def test_a_source_with_a_device_gives_the_same(count: int) -> None:
    pytest.importorskip("torch")
    bank, names = named_bank(count), ("video", "semantic", "labels")
    twins = ((0, count - 1),) if count > 1 else ()
    here, there = (
        ClipSource(SPEC.replace(twins=twins), bank=bank, device=device) for device in (None, "cpu")
    )
    drawn, sent = here.batch(np.arange(5)), there.batch(np.arange(5)).numpy()
    for name in names:
        np.testing.assert_array_equal(sent[name], drawn[name], err_msg=name)
