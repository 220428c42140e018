"""The 2020 layout: shapes, dtypes, one label for background and padding, and a shard in memory at most."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from segmnist import BadArgument, ClipSource, preset
from segmnist.dataset import generate, recipe_for

SPEC = preset("origin", height=32, width=48, num_frames=4, num_digits_range=(1, 3))


def read_npy(folder: Any, split: Any) -> Any:
    return {name: np.load(folder / f"{split}_{name}.npy") for name in ("images", "masks", "labels")}


def read_h5(folder: Any, split: Any) -> Any:
    with h5py.File(folder / f"{split}.h5") as file:
        return {name: file[name][:] for name in ("images", "masks", "labels")}


@pytest.mark.parametrize(("name", "read"), [("origin-npy", read_npy), ("origin-h5", read_h5)])
def test_layout(tmp_path: Path, name: str, read: Any) -> None:
    recipe = recipe_for(SPEC, num_clips=11, split="val", seed=5, format=name, clips_per_shard=4)
    generate(recipe, tmp_path)
    clips = ClipSource(SPEC, split="val", seed=5).batch(range(11))
    stored = read(tmp_path, "val")
    assert {array.dtype for array in stored.values()} == {np.dtype("uint8")}
    assert np.array_equal(stored["images"], clips.video[:, :, None])
    masks = stored["masks"]
    assert masks.shape == (11, 4, 1, 32, 48)
    assert np.array_equal(masks[:, :, 0] == 255, clips.semantic == 10)
    assert np.array_equal(masks[masks != 255], clips.semantic[clips.semantic != 10])
    assert stored["labels"].shape == (11, 4, 3)
    assert np.array_equal(stored["labels"], np.repeat(clips.labels[:, None], 4, axis=1))
    assert (stored["labels"] == 255).any()


@pytest.mark.parametrize("name", ["origin-npy", "origin-h5"])
def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    recipe = recipe_for(SPEC, num_clips=6, format=name, clips_per_shard=4)
    for place in ("a", "b"):
        generate(recipe, tmp_path / place, num_workers=1 if place == "a" else 2)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_npy_files_are_streamed(tmp_path: Path) -> None:
    spec = preset("clean", num_digits_range=(1, 1), num_frames=8)
    recipe = recipe_for(spec, num_clips=600, format="origin-npy", clips_per_shard=20)
    generate(recipe_for(spec, num_clips=1, format="origin-npy"), tmp_path / "warm")
    tracemalloc.start()
    generate(recipe, tmp_path / "data", num_workers=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    written = (tmp_path / "data/train_images.npy").stat().st_size
    assert peak < written / 2


def test_there_is_no_room_for_other_truths(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="truth"):
        recipe_for(SPEC, num_clips=6, format="origin-npy", truth=("semantic", "instance"))


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "train_masks.npy").write_bytes(b"mine")
    with pytest.raises(BadArgument, match="OUT"):
        generate(recipe_for(SPEC, num_clips=2, format="origin-npy"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train_masks.npy"]


def test_a_write_that_fails_leaves_no_files_and_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    recipe = recipe_for(SPEC, num_clips=2, format="origin-npy")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            generate(recipe, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train_recipe.json"]
    generate(recipe, tmp_path)
    assert (tmp_path / "train_manifest.json").exists()
