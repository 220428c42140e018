"""The renderer in tensors: what it draws where, chunk by chunk, and what it refuses; its bytes are in test_equals_reference."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import clip_ids, seeds

torch = pytest.importorskip("torch")

from segmnist import BadArgument, ClipSource, MissingDependency, preset, render, sample  # noqa: E402
from segmnist.render.arrays import ALWAYS, ARRAYS, TRUTHS, arrays_of  # noqa: E402
from segmnist.render.reference import render_reference  # noqa: E402
from segmnist.render.tensors import renderer  # noqa: E402
from segmnist.render.tensors.philox import round_keys, words  # noqa: E402
from segmnist.render.tensors.renderer import TENSOR_TRUTHS, render_tensors  # noqa: E402
from segmnist.scene import randomness  # noqa: E402

SPEC = preset("standard", height=40, width=56, num_frames=3)


def assert_as_numba(scene: Any, **options: Any) -> None:
    expected = render(scene, TENSOR_TRUTHS).arrays
    found: dict[str, Any] = render_tensors(scene, TENSOR_TRUTHS, device="cpu", **options).arrays
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].numpy().dtype == array.dtype, name
        np.testing.assert_array_equal(found[name].numpy(), array, err_msg=name)


@given(seed=seeds, clip_id=clip_ids, frame=st.integers(0, 65_535), num_words=st.integers(1, 40))
@settings(max_examples=50)
def test_words_are_those_of_the_address(seed: int, clip_id: int, frame: int, num_words: int) -> None:
    expected = randomness.words(seed, "val", clip_id, randomness.PURPOSE_SENSOR, frame, num_words)
    clip = torch.tensor([[clip_id & 0xFFFFFFFF, clip_id >> 32]])
    word1 = torch.tensor([randomness.PURPOSE_SENSOR << 24 | 1 << 16 | frame])
    found = words(clip, word1, torch.tensor(round_keys(seed)), num_words)
    assert found[0, 0].tolist() == expected.tolist()


@pytest.mark.parametrize("scratch", [1, 40 * 56 * 64 * 2, 40 * 56 * 64 * 7])
def test_chunks_change_no_byte(scratch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame at a time, runs of frames of one clip, or whole clips, the last ones fewer."""
    monkeypatch.setattr(renderer, "SCRATCH_BYTES", scratch)
    assert_as_numba(sample(SPEC, [5, 0, 1 << 50, 2, 9]))


def test_a_batch_of_any_size_needs_no_more_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most pixels that are drawn at once depend on the scratch, not on the batch."""
    drawn: list[int] = []

    def spy(known: Any, tables: Any, style: Any, out: Any) -> None:
        drawn.append(out["video"].numel())

    monkeypatch.setattr(renderer, "paint", spy)
    monkeypatch.setattr(renderer, "SCRATCH_BYTES", 40 * 56 * renderer.BYTES_A_PIXEL * 7)
    for num_clips in (1, 2, 50):
        drawn.clear()
        render_tensors(sample(SPEC, range(num_clips)), device="cpu")
        assert sum(drawn) == num_clips * 3 * 40 * 56
        assert max(drawn) <= 7 * 40 * 56


def test_a_batch_without_clips_has_no_rows() -> None:
    assert_as_numba(sample(SPEC, []))


@pytest.mark.parametrize("scale", [1, 2, 63, 64, 1 << 13])
def test_digits_smaller_than_a_pixel(scale: int) -> None:
    """A user's edit may shrink digits so far that places in the glyph need more than 32 bits."""
    scene = sample(SPEC.replace(num_digits_range=(3, 3), scale_range=(0.25, 1.0)), range(6))
    random = np.random.default_rng(0)
    y = random.integers(0, 40, scene.y.shape) << 16 | 32_768 + random.integers(-2, 2, scene.y.shape)
    x = random.integers(0, 56, scene.y.shape) << 16 | 32_768 + random.integers(-2, 2, scene.y.shape)
    small = {"y": y.astype(np.int32), "x": x.astype(np.int32), "scale": np.full_like(scene.scale, scale)}
    edited = scene.replace(**small)
    expected = render_reference(edited, TENSOR_TRUTHS)
    found = render_tensors(edited, TENSOR_TRUTHS, device="cpu").numpy().arrays
    assert all(np.array_equal(found[name], array) for name, array in expected.items())
    assert expected["whole_area"].any()


@pytest.mark.parametrize("brightness", [0, 1 << 22, (1 << 22) + 1, (1 << 31) - 1])
def test_digits_of_any_brightness(brightness: int) -> None:
    """Beyond the spec's most, a product of ink and brightness needs more than 32 bits."""
    scene = sample(SPEC.replace(num_digits_range=(3, 3), ink_threshold=1), range(6))
    assert_as_numba(scene.replace(brightness=np.full_like(scene.brightness, brightness)))


def test_shapes_larger_than_the_spec_says() -> None:
    scene = sample(SPEC, range(8))
    assert_as_numba(scene.replace(shape_height=scene.shape_height * 9, shape_width=scene.shape_width * 5))


def test_ids_in_any_order_are_the_same_clips() -> None:
    source = ClipSource(SPEC, split="test", seed=3, truth=TENSOR_TRUTHS, device="cpu")
    ids = [7, 0, 1 << 62, 7, 3]
    batch = source.batch(ids)
    for row, clip_id in enumerate(ids):
        clip = source[clip_id]
        assert batch[row].clip_id == clip.clip_id == clip_id
        assert all(torch.equal(batch[row][name], clip[name]) for name in clip.arrays)


def test_a_source_with_a_device_gives_tensors_and_can_give_them_back() -> None:
    source = ClipSource(SPEC, truth=TENSOR_TRUTHS, device="cpu")
    clips, expected = source.batch([3, 4]), ClipSource(SPEC, truth=TENSOR_TRUTHS).batch([3, 4])
    assert all(isinstance(array, torch.Tensor) for array in clips.arrays.values())
    for found, clip in ((clips.numpy(), expected), (clips[1].numpy(), expected[1])):
        assert all(np.array_equal(found[name], array) for name, array in clip.arrays.items())
    assert repr(source).endswith(", device='cpu'>")
    assert clips._repr_html_() == expected._repr_html_()
    assert clips[1]._repr_html_() == expected[1]._repr_html_()


def test_every_truth_that_is_promised_is_drawn() -> None:
    asked = (
        "semantic",
        "instance",
        "amodal",
        "areas",
        "boxes",
        "visibility",
        "truncation",
        "shapes",
        "layers",
    )
    assert set(asked) <= set(TENSOR_TRUTHS) <= set(TRUTHS)
    found = render_tensors(sample(SPEC, [0]), TENSOR_TRUTHS, device="cpu").arrays
    assert set(found) == {*ALWAYS, *arrays_of(TENSOR_TRUTHS)} <= set(ARRAYS)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "", "meta", 1.5, "cpu:x"])
def test_devices_that_are_not_there_are_named(device: Any) -> None:
    with pytest.raises(BadArgument, match=r"^device=.* is not permitted: expected cpu.*; .*") as caught:
        ClipSource(SPEC, device=device)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_absent_cuda_is_named() -> None:
    with pytest.raises(BadArgument, match="device='cuda' is not permitted: expected cpu"):
        ClipSource("standard", device="cuda")


@pytest.mark.parametrize("truth", sorted(set(TRUTHS) - set(TENSOR_TRUTHS)))
def test_truths_that_are_not_drawn_are_named(truth: Any) -> None:
    spec = SPEC.replace(sensor_sigma=8.0)
    for ask in (
        lambda: ClipSource(spec, truth=("semantic", truth), device="cpu"),
        lambda: render_tensors(sample(spec, [0]), truth, device="cpu"),
    ):
        with pytest.raises(
            BadArgument, match=f"truth='{truth}' .* expected semantic, instance, .*; leave out device"
        ):
            ask()


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segmnist.render.tensors.renderer", None)
    with pytest.raises(MissingDependency, match=r"ClipSource\(device=\.\.\.\) needs the extra 'torch'"):
        ClipSource(SPEC, device="cpu")


def test_torch_is_loaded_only_where_a_device_is_asked_for() -> None:
    code = "import sys, segmnist; segmnist.ClipSource('clean')[0].numpy(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_options_that_do_not_go_together_are_named() -> None:
    with pytest.raises(BadArgument, match=r"num_threads=2 .* expected 1 with a device"):
        ClipSource(SPEC, device="cpu", num_threads=2)
    with pytest.raises(BadArgument, match=r"compiled=True .* expected False without a device"):
        ClipSource(SPEC, compiled=True)


def test_a_batch_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = sample(
        preset("clean", height=1024, width=1024, num_frames=10_000, num_digits_range=(0, 1)), [0, 1]
    )
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 1 << 30}))
    with pytest.raises(BadArgument, match=r"batch='2 clips = [\d,]+ bytes' .* memory that is free"):
        render_tensors(scene, device="cpu")
    monkeypatch.undo()

    empty = torch.empty

    def refuse(size: Any, **options: Any) -> Any:
        if size:
            raise torch.OutOfMemoryError("out of memory\nof any kind")
        return empty(size, **options)

    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(BadArgument, match=r"batch='1 clips = [\d,]+ bytes' .* ask for fewer clips at a time"):
        render_tensors(sample(SPEC, [0]), device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{}, {"sensor_sigma": 8.0, "noise_density": 0.5, "cut_corners": True, "wall_margin": 9.0}],
    ids=["plain", "all noise, cut corners"],
)
def test_the_compiled_program_draws_the_same(changes: dict[str, Any]) -> None:
    spec = SPEC.replace(num_digits_range=(1, 2), num_shapes_range=(2, 5), **changes)
    scene = sample(spec, [4, 2, 1 << 40])
    try:
        render_tensors(scene, device="cpu", compiled=True)
    except torch._dynamo.exc.BackendCompilerFailed as error:
        pytest.skip(f"torch.compile finds no compiler: {str(error).splitlines()[0]}")
    assert_as_numba(scene, compiled=True)
