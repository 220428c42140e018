"""Sampling in tensors equals the compiled sampling, number by number, and so do the clips that are drawn of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import banks, clip_ids, scenes, seeds, specs, splits

torch = pytest.importorskip("torch")

from segmnist import DigitBank, preset, render, sample  # noqa: E402
from segmnist.render.tensors import renderer  # noqa: E402
from segmnist.render.tensors.inputs import scene_tensors, style_of, style_of_spec  # noqa: E402
from segmnist.render.tensors.renderer import TENSOR_TRUTHS, sample_and_draw  # noqa: E402
from segmnist.render.tensors.sampling import sample_tensors  # noqa: E402
from segmnist.scene.presets import PRESETS  # noqa: E402
from segmnist.scene.scene import Scene  # noqa: E402

CPU = torch.device("cpu")


def assert_same_scene(scene: Scene) -> None:
    ids = torch.from_numpy(scene.clip_ids.astype(np.int64))
    found = sample_tensors(scene.spec, ids, split=scene.split, seed=scene.seed, bank=scene.bank)._asdict()
    expected = scene_tensors(scene, CPU)._asdict()
    # The image of a row without a digit is never looked at.
    is_digit = (expected["label"] != 255)[..., None, None]
    for images in (found, expected):
        images["glyph"] = torch.where(is_digit, images["glyph"], 0)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        np.testing.assert_array_equal(found[name].numpy(), tensor.numpy(), err_msg=name)


@given(scene=scenes(max_clips=4))
@settings(max_examples=150)
def test_random_scenes_are_the_same(scene: Scene) -> None:
    assert_same_scene(scene)


@pytest.mark.parametrize("name", PRESETS)
def test_the_scenes_of_every_preset_are_the_same(name: Any) -> None:
    assert_same_scene(sample(preset(name), [0, 1, 2, 1 << 40, (1 << 63) - 1], split="val", seed=1 << 63))


@given(data=st.data(), seed=seeds, split=splits, ids=st.lists(clip_ids, max_size=3))
@settings(max_examples=40)
def test_random_clips_are_the_same(data: Any, seed: int, split: str, ids: list[int]) -> None:
    """The style of a spec bounds all of its scenes."""
    bank = data.draw(banks())
    spec = data.draw(specs(bank.images.shape[1:]))
    scene = sample(spec, np.array(ids, np.int64), split=split, seed=seed, bank=bank)
    expected = render(scene, TENSOR_TRUTHS).arrays
    tensors = torch.tensor(ids, dtype=torch.int64)
    found = sample_and_draw(spec, tensors, TENSOR_TRUTHS, split=split, seed=seed, bank=bank)
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name].numpy(), array, err_msg=name)


@given(scene=scenes(max_clips=4))
def test_the_style_of_a_scene_is_that_of_its_spec(scene: Scene) -> None:
    assert style_of(scene) == style_of_spec(scene.spec, scene.bank)


def test_nothing_is_sampled_on_the_cpu_unless_an_array_follows_from_the_scene(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def spy(*args: Any, **options: Any) -> Scene:
        calls.append(1)
        return sample(*args, **options)

    monkeypatch.setattr(renderer, "sample", spy)
    spec, ids = preset("standard", num_frames=2), torch.arange(3)
    mnist: dict[str, Any] = {"split": "train", "seed": 0, "bank": DigitBank.mnist()}
    sample_and_draw(spec, ids, ("semantic", "amodal", "boxes"), **mnist)
    assert not calls
    sample_and_draw(spec, ids, ("pose",), **mnist)
    assert calls
