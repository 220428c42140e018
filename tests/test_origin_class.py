"""The 2020 class: its call, result, attributes and files, and what it lacked: a seed that fixes all."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from segmnist import BadArgument
from segmnist.formats.origin import NAMES
from segmnist.origin import Dataset

ARGUMENTS: dict[str, Any] = {"split": "test", "frame_size": (32, 40), "num_videos": 3, "num_frames": 5}


@pytest.fixture(autouse=True)
def numpy_state() -> Iterator[None]:
    """NumPy's global state, as it was before."""
    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def dataset() -> Dataset:
    dataset = Dataset()
    dataset.generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=9)
    return dataset


def arrays_of(dataset: Any) -> dict[str, Any]:
    arrays = (dataset.cur_dataset, dataset.cur_dataset_masks, dataset.cur_dataset_labels)
    return dict(zip(NAMES, arrays))


def test_the_signature_is_that_of_2020() -> None:
    parameters = inspect.signature(Dataset.generate).parameters
    assert {name: parameter.default for name, parameter in list(parameters.items())[1:]} == {
        "split": "train", "frame_size": (64, 64), "num_videos": 100, "num_frames": 30, "min_ndigits": 2,
        "max_ndigits": 2, "ignore_label": 255, "seed": None,
    }  # fmt: skip
    assert inspect.signature(Dataset.display_samples).parameters["n"].default == 3


def test_the_defaults_draw_100_videos_of_2_digits() -> None:
    data, masks, labels = Dataset().generate()
    assert data.shape == masks.shape == (100, 30, 1, 64, 64)
    assert labels.shape == (100, 30, 2)
    assert labels.max() <= 9
    assert masks.max() == 255


def test_the_result_is_kept(dataset: Dataset) -> None:
    result = dataset.generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, ignore_label=10)
    assert isinstance(result, tuple)
    data, masks, labels = result
    assert dataset.cur_dataset is data
    assert dataset.cur_dataset_masks is masks
    assert dataset.cur_dataset_labels is labels
    assert (dataset.cur_ignore_label, dataset.cur_split) == (10, "test")
    assert data.shape == masks.shape == (3, 5, 1, 32, 40)
    assert labels.shape == (3, 5, 4)
    assert {array.dtype for array in result} == {np.dtype("uint8")}


def test_masks_hold_only_the_video_s_labels_and_the_ignore_label(dataset: Dataset) -> None:
    arrays = arrays_of(dataset)
    for mask, labels in zip(arrays["masks"], arrays["labels"]):
        assert set(np.unique(mask)) <= {*labels[0].tolist(), 255}
        assert (labels == labels[0]).all()


def seeded_calls() -> list[Any]:
    np.random.seed(5)  # noqa: NPY002
    return [Dataset().generate(**ARGUMENTS) for _ in range(2)]


def test_two_calls_differ_unless_seeded() -> None:
    dataset = Dataset()
    one, two = (dataset.generate(**ARGUMENTS)[0] for _ in range(2))
    assert not np.array_equal(one, two)
    first, again = seeded_calls(), seeded_calls()
    for ours, theirs in zip(first, again):
        assert all(map(np.array_equal, ours, theirs))
    assert not np.array_equal(first[0][0], first[1][0])


def test_a_seed_of_its_own_repeats_and_leaves_numpy_s_state_alone(dataset: Dataset) -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    images, masks, labels = Dataset().generate(
        **ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=9, ignore_label=10
    )
    other, *_ = Dataset().generate(**ARGUMENTS, min_ndigits=1, max_ndigits=4, seed=10)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert np.array_equal(images, arrays_of(dataset)["images"])
    assert not np.array_equal(other, images)
    assert np.array_equal(masks == 10, arrays_of(dataset)["masks"] == 255)
    assert (labels == 10).any()
    assert not (labels == 255).any()


def test_the_split_is_taken_in_any_case(tmp_path: Path) -> None:
    dataset = Dataset()
    upper, *_ = dataset.generate(**{**ARGUMENTS, "split": "VAL"}, seed=3)
    assert dataset.cur_split == "val"
    assert np.array_equal(upper, Dataset().generate(**{**ARGUMENTS, "split": "val"}, seed=3)[0])
    with pytest.raises(ValueError, match=r"split='dev'.*train, val, test"):
        dataset.generate(**{**ARGUMENTS, "split": "dev"})


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("path", "names"), [("out/run1_", "out/run1_test"), ("out/", "out/test"), ("mine-", "mine-test")]
)
def test_the_path_is_what_stands_before_the_names(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, names: str
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset.save(path)
    dataset.save(path, "npy")
    for name, array in arrays_of(dataset).items():
        assert np.array_equal(np.load(f"{names}_{name}.npy"), array)
    assert len(names_in(Path(names).parent)) == 3


def test_a_path_object_is_the_folder(dataset: Dataset, tmp_path: Path) -> None:
    dataset.save(tmp_path / "new", filetype="npy")
    assert names_in(tmp_path / "new") == ["test_images.npy", "test_labels.npy", "test_masks.npy"]


def test_save_h5(dataset: Dataset, tmp_path: Path) -> None:
    dataset.save(f"{tmp_path}/run1_", "h5")
    with h5py.File(tmp_path / "run1_test.h5") as file:
        for name, array in arrays_of(dataset).items():
            assert np.array_equal(file[name][:], array)
            assert file[name].compression == "gzip"


def test_display_samples_draws_a_picture_outside_notebooks(dataset: Dataset) -> None:
    picture = dataset.display_samples(2)
    assert isinstance(picture, Image.Image)
    assert picture.height > 2 * 2 * 32
    assert len(picture.getcolors(1 << 24) or ()) > 10
    shown = {dataset.display_samples(1).tobytes() for _ in range(30)}
    assert len(shown) == 3
    with pytest.raises(BadArgument, match=r"n=4.*1\.\.3"):
        dataset.display_samples(4)


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


def test_nothing_to_save_or_show_before_generate(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="generate"):
        Dataset().save(tmp_path)
    with pytest.raises(BadArgument, match="generate"):
        Dataset().display_samples()
    with pytest.raises(BadArgument, match="filetype"):
        dataset.save(tmp_path, "csv")
