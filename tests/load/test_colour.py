"""The PyTorch loaders give the colour video, three channels, where `rgb` is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import segmnist
from segmnist import ClipSource
from segmnist.dataset import generate, open_dataset, recipe_for

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
from torch.utils.data import DataLoader  # noqa: E402

from segmnist.load.torch import DeviceClips, EndlessClips, SegMNIST, collate  # noqa: E402

SPEC = segmnist.preset("colour", height=40, width=52, num_frames=5)
TRUTH = ("semantic", "rgb")
IDS = range(4)


def expected() -> np.ndarray:
    return np.moveaxis(ClipSource(SPEC, truth=TRUTH).batch(IDS).rgb, -1, 2)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_in_colour(workers: int) -> None:
    dataset = SegMNIST(SPEC, truth=TRUTH, length=4)
    video, target = dataset[1]
    assert video.shape == (5, 3, 40, 52)
    assert "rgb" not in target
    (batch,) = DataLoader(dataset, 4, num_workers=workers, collate_fn=collate)
    assert "rgb" not in batch
    assert batch["semantic"].shape == (4, 5, 40, 52)
    np.testing.assert_array_equal(batch["video"].numpy(), expected())
    np.testing.assert_array_equal(np.asarray(video), expected()[1])


def test_streams_in_colour() -> None:
    for stream in (
        EndlessClips(SPEC, truth=TRUTH, batch_size=4),
        DeviceClips(ClipSource(SPEC, truth=TRUTH, device="cpu"), batch_size=4),
    ):
        batch = next(iter(stream))
        assert "rgb" not in batch
        np.testing.assert_array_equal(batch["video"].numpy(), expected())


def test_transforms_see_the_colour_video() -> None:
    dataset = SegMNIST(SPEC, truth=TRUTH, length=4, transform=lambda video: video.float() / 255)
    video, _ = dataset[2]
    np.testing.assert_allclose(np.asarray(video), expected()[2] / 255, rtol=1e-6)


@pytest.mark.parametrize("format_", ["zarr", "npz", "webdataset", "huggingface"])
def test_a_stored_data_set_keeps_both_videos(format_: str, tmp_path: Path) -> None:
    if format_ == "huggingface":
        pytest.importorskip("pyarrow")
    recipe = recipe_for(SPEC, num_clips=4, truth=TRUTH, format=format_, clips_per_shard=2)
    place = generate(recipe, tmp_path, num_workers=1)
    stored = open_dataset(place)
    source = ClipSource(SPEC, truth=TRUTH).batch(IDS)
    batch = stored.batch(IDS)
    for name in ("video", "rgb", "semantic"):
        np.testing.assert_array_equal(batch[name], source[name])
    (loaded,) = DataLoader(SegMNIST(place, truth=TRUTH), 4, collate_fn=collate)
    np.testing.assert_array_equal(loaded["video"].numpy(), expected())
