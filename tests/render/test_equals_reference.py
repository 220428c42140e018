"""Every renderer draws what the reference renderer says, and what is derived equals the reference form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenes

from segmnist import PRESETS, Scene, preset, sample
from segmnist.render import numba_renderer
from segmnist.render.arrays import ALWAYS, ARRAYS, TRUTHS, arrays_of, with_needs
from segmnist.render.camouflage import LEAST_SIGMA
from segmnist.render.corrupted import corrupt_videos
from segmnist.render.engine import check_possible, derive
from segmnist.render.memory import new_arrays
from segmnist.render.reference import reference_arrays
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE
from segmnist.scene.spec import MAX_SIDE

Renderer = Callable[[Scene, tuple[str, ...]], Mapping[str, Any]]
"""Returns the arrays of those truths that it draws."""


def with_numba(scene: Scene, truths: tuple[str, ...]) -> Mapping[str, Any]:
    names = with_needs(("video", *arrays_of(truths)))
    out = new_arrays(scene.spec, len(scene), names)
    numba_renderer.draw(scene, names, out)
    derive(scene, names, out)
    corrupt_videos(out, scene.spec, scene.split, scene.seed, scene.clip_ids.tolist())
    return out


def with_tensors(scene: Scene, truths: tuple[str, ...]) -> Mapping[str, Any]:
    pytest.importorskip("torch")
    from segmnist.render.tensors.renderer import TENSOR_TRUTHS, render_tensors

    drawn = [truth for truth in truths if truth in TENSOR_TRUTHS]
    return render_tensors(scene, drawn, device="cpu").numpy().arrays


RENDERERS: dict[str, Renderer] = {"numba": with_numba, "tensors": with_tensors}
renderers = pytest.mark.parametrize("renderer", RENDERERS.values(), ids=RENDERERS)

TOLERANCE = {
    **dict.fromkeys(("flow_forward", "flow_backward"), 1e-4),
    **dict.fromkeys(("mean_visibility", "camouflaged_share"), 1e-6),
    **dict.fromkeys(("camouflage_eps", "camouflage_dprime"), 1e-5),
    **dict.fromkeys(("instance_dprime", "track_dprime", "order_dprime"), 1e-2),
}
"""What another order of sums may change; everything else is the same bit for bit."""


def possible_truths(scene: Scene) -> tuple[str, ...]:
    return tuple(truth for truth in TRUTHS if truth != "camouflage" or scene.spec.sensor_sigma >= LEAST_SIGMA)


def assert_as_reference(renderer: Renderer, scene: Scene) -> None:
    truths = possible_truths(scene)
    check_possible(scene.spec, truths)
    out = renderer(scene, truths)
    for row in range(len(scene)):
        for name, expected in reference_arrays(scene, row).items():
            if name in out:
                tolerance = TOLERANCE.get(name, 0)
                np.testing.assert_allclose(
                    out[name][row], expected, rtol=tolerance, atol=tolerance, err_msg=name
                )
                assert np.asarray(expected).dtype == ARRAYS[name].dtype, name


def test_the_reference_knows_every_array() -> None:
    scene = sample(preset("standard", num_frames=2, sensor_sigma=5.0), [0])
    known = set(reference_arrays(scene, 0))
    assert set(ARRAYS) - known == set(), "add what each is by definition to render/reference.py"
    assert known == set(ARRAYS)
    assert {name for name in reference_arrays(scene, 0) if name in ALWAYS} == set(ALWAYS)


@renderers
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset(renderer: Renderer, name: str) -> None:
    spec = preset(name)
    frames = 5 if spec.height * spec.width <= 4096 else 2
    spec = spec.replace(num_frames=frames, frame_stride=max(1, spec.num_frames // frames // 2))
    assert_as_reference(renderer, sample(spec, [0, 1 << 40], split="val", seed=(1 << 63) + 1))


@renderers
@given(scene=scenes(corrupted=True))
@settings(max_examples=80)
def test_random_scenes(renderer: Renderer, scene: Scene) -> None:
    assert_as_reference(renderer, scene)


@renderers
@given(scene=scenes(max_side=40, max_frames=3, corrupted=True), seed=st.integers(0, 999), data=st.data())
@settings(max_examples=50)
def test_scenes_edited_by_hand(renderer: Renderer, scene: Scene, seed: int, data: st.DataObject) -> None:
    """A user may place, turn and scale digits as no spec would, frame by frame, far outside too, and empty rows."""
    random = np.random.default_rng(seed)
    tracks, rows = scene.y.shape, scene.shape_kind.shape
    reach = data.draw(st.sampled_from([20, 60]))
    largest = data.draw(st.sampled_from([1, 5, 40]))
    gone = random.random(rows) < data.draw(st.sampled_from([0.0, 0.3]))
    no_digit = random.random(tracks[:2]) < data.draw(st.sampled_from([0.0, 0.3]))
    edited = scene.replace(
        y=random.integers(-reach << 16, 40 + reach << 16, tracks, np.int32),
        x=random.integers(-reach << 16, 40 + reach << 16, tracks, np.int32),
        angle=random.integers(0, 36_000, tracks, np.int32),
        scale=random.integers(1 << 14, largest << 16, tracks, np.int32),
        brightness=random.integers(0, 4 << 16, tracks, np.int32),
        label=np.where(no_digit, NO_DIGIT, scene.label).astype(np.uint8),
        shape_kind=np.where(gone, NO_SHAPE, scene.shape_kind).astype(np.int8),
        shape_y=random.integers(-reach, 40 + reach, scene.shape_y.shape, np.int32),
        shape_x=random.integers(-reach, 40 + reach, scene.shape_x.shape, np.int32),
    )
    assert_as_reference(renderer, edited)


@renderers
@pytest.mark.parametrize(
    ("height", "width"), [(16, 17), (17, 16), (16, 33), (31, 16), (20, 1024), (1024, 18)]
)
def test_frames_of_unusual_sides(renderer: Renderer, height: int, width: int) -> None:
    spec = preset(
        "standard", height=height, width=width, num_frames=2, scale_range=(0.25, 0.55), sensor_sigma=3.0
    )
    assert_as_reference(renderer, sample(spec, [7]))
    assert_as_reference(renderer, sample(spec.replace(sensor_sigma=0.0, noise_density=0.5), [7]))


@renderers
@pytest.mark.parametrize(("height", "width"), [(MAX_SIDE, 18), (17, MAX_SIDE)])
def test_the_far_corner_of_the_largest_frame(renderer: Renderer, height: int, width: int) -> None:
    """Digits and shapes that lie in the last pixels, cross the edge, and jump there from the other end."""
    spec = preset(
        "standard", height=height, width=width, num_frames=2, scale_range=(0.25, 0.5), sensor_sigma=3.0
    )
    scene = sample(spec, [7])
    y, x, shape_y, shape_x = scene.y.copy(), scene.x.copy(), scene.shape_y.copy(), scene.shape_x.copy()
    for n in range(y.shape[1]):
        y[0, n], x[0, n] = (height << 16) - (3 * n << 16) - 1, (width << 16) - (2 * n << 16) - 1
    y[0, 0, 0], x[0, 0, 0] = 0, 0
    shape_y[0, ::2], shape_x[0, ::2] = height - 5, width - 7
    scene = scene.replace(y=y, x=x, shape_y=shape_y, shape_x=shape_x)
    assert reference_arrays(scene, 0)["instance"][:, -3:, -3:].any()
    assert_as_reference(renderer, scene)


@renderers
def test_sixty_four_digits(renderer: Renderer) -> None:
    spec = preset("crowded", num_digits_range=(64, 64), num_shapes_range=(64, 64), num_frames=1, height=80)
    assert_as_reference(renderer, sample(spec, [1]))


@renderers
def test_large_digits(renderer: Renderer) -> None:
    spec = preset("clean", height=512, width=400, scale_range=(13.9, 14.2), num_frames=1)
    assert_as_reference(renderer, sample(spec, [1]))


@renderers
def test_a_digit_of_no_size_has_no_pixels(renderer: Renderer) -> None:
    """A user's edit may shrink a digit away, and let it grow again."""
    scene = sample(preset("standard", num_frames=5, height=40, num_digits_range=(2, 2)), [3])
    scale = scene.scale.copy()
    scale[0, 0, 1], scale[0, 0, 3] = 0, -7
    edited = scene.replace(scale=scale)
    assert_as_reference(renderer, edited)
    assert not reference_arrays(edited, 0)["amodal"][0, [1, 3]].any()


@renderers
@pytest.mark.parametrize(
    "changes", [{"num_digits_range": (0, 0)}, {"num_shapes_range": (0, 0)}, {"num_frames": 1}]
)
def test_scenes_without_digits_shapes_or_a_second_frame(renderer: Renderer, changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"num_frames": 3, "height": 40, "sensor_sigma": 9.0, **changes}
    assert_as_reference(renderer, sample(preset("standard", **fields), [2, 3]))
