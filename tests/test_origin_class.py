"""The 2020 class: its arguments, shapes, dtypes and files, and what it lacked: a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from segmnist import BadArgument
from segmnist.origin import Dataset

ARGUMENTS = {"split": "test", "frame_size": (32, 40), "num_videos": 3, "num_frames": 5}


@pytest.fixture
def dataset() -> Any:
    return Dataset().generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=9)


def test_shapes_and_dtypes(dataset: Any) -> None:
    assert dataset.images.shape == dataset.masks.shape == (3, 5, 1, 32, 40)
    assert dataset.labels.shape == (3, 5, 4)
    assert {array.dtype for array in (dataset.images, dataset.masks, dataset.labels)} == {np.dtype("uint8")}


def test_masks_hold_only_the_video_s_labels_and_the_ignore_label(dataset: Any) -> None:
    for mask, labels in zip(dataset.masks, dataset.labels):
        assert set(np.unique(mask)) <= {*labels[0].tolist(), 255}
        assert (labels == labels[0]).all()


def test_the_seed_repeats_and_the_ignore_label_is_free(dataset: Any) -> None:
    again = Dataset().generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=9, ignore_label=10)
    other = Dataset().generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=10)
    assert np.array_equal(again.images, dataset.images)
    assert not np.array_equal(other.images, dataset.images)
    assert np.array_equal(again.masks == 10, dataset.masks == 255)
    assert (again.labels == 10).any()
    assert not (again.labels == 255).any()


def test_save_npy(dataset: Any, tmp_path: Path) -> None:
    dataset.save(tmp_path / "new", "npy")
    dataset.save(tmp_path / "new", filetype="npy")
    for name in ("images", "masks", "labels"):
        assert np.array_equal(np.load(tmp_path / "new" / f"test_{name}.npy"), getattr(dataset, name))
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_save_h5(dataset: Any, tmp_path: Path) -> None:
    dataset.save(tmp_path, "h5")
    with h5py.File(tmp_path / "test.h5") as file:
        for name in ("images", "masks", "labels"):
            assert np.array_equal(file[name][:], getattr(dataset, name))
            assert file[name].compression == "gzip"


def test_display_samples_draws_a_picture_outside_notebooks(dataset: Any) -> None:
    picture = dataset.display_samples(2)
    assert isinstance(picture, Image.Image)
    assert picture.height > 2 * 2 * 32
    assert len(picture.getcolors(1 << 24)) > 10


@pytest.mark.parametrize(
    "arguments",
    [
        {"ignore_label": 9}, {"ignore_label": 256}, {"num_videos": 0}, {"min_ndigits": 4},
        {"frame_size": 20}, {"split": "dev"}, {"num_frames": 0}, {"seed": -1},
    ],
)  # fmt: skip
def test_bad_arguments(arguments: Any) -> None:
    with pytest.raises(BadArgument):
        Dataset().generate(**{**ARGUMENTS, **arguments})


def test_nothing_to_save_or_show_before_generate(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="generate"):
        Dataset().save(tmp_path)
    with pytest.raises(BadArgument, match="generate"):
        Dataset().display_samples()
    with pytest.raises(BadArgument, match="filetype"):
        Dataset().generate(**ARGUMENTS).save(tmp_path, "csv")
