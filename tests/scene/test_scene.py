from __future__ import annotations

import numpy as np
import pytest

from segmnist import Scene, preset, sample


@pytest.fixture(scope="module")
def scene() -> Scene:
    return sample(preset("crowded", num_frames=5, height=48, width=80), [4, 9, 2], split="test", seed=3)


def test_every_array_has_the_clip_axis_first(scene: Scene) -> None:
    assert len(scene) == 3
    assert {len(array) for array in scene.arrays().values()} == {3}
    B, N, T = scene.y.shape
    assert (B, N, T) == (3, 12, 5)
    assert {scene.arrays()[name].shape for name in ("x", "angle", "scale", "brightness", "depth")} == {
        (B, N, T)
    }
    assert scene.shape_y.shape == scene.shape_x.shape == (3, 12, 5)


def test_replace_changes_a_copy(scene: Scene) -> None:
    turned = scene.replace(angle=np.zeros_like(scene.angle))
    assert not scene.equals(turned)
    assert turned.y is scene.y
    assert turned.replace(angle=scene.angle).equals(scene)


@pytest.mark.parametrize("rows", [[1], [2, 0], slice(1, None), np.array([0, 0])])
def test_select_takes_rows_in_order(scene: Scene, rows: object) -> None:
    part = scene.select(rows)
    assert np.array_equal(part.clip_ids, scene.clip_ids[rows])
    assert np.array_equal(part.shape_level, scene.shape_level[rows])
    assert part.equals(sample(scene.spec, part.clip_ids, split="test", seed=3))


def test_scenes_of_other_addresses_differ(scene: Scene) -> None:
    for changes in ({"seed": 4}, {"split": "val"}, {"spec": scene.spec.replace(ink_offset=1)}):
        assert not scene.equals(scene.replace(**changes))


def test_a_scene_is_shown_in_one_line(scene: Scene) -> None:
    expected = (
        "<Scene: 3 clips of 5 frames, up to 12 digits and 12 shapes, split='test', seed=3, bank 'mnist'>"
    )
    assert repr(scene) == expected
