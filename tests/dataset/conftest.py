"""Data sets so small that thousands of them can be written, killed and mended."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmnist import DigitBank, SceneSpec
from segmnist.dataset import generate, recipe_for

TINY_SPEC = SceneSpec(height=16, width=20, num_frames=2, num_digits_range=(1, 2), num_shapes_range=(0, 2))


def make_bank() -> Any:
    """Digits of 8x7 pixels: they fit into the smallest frame."""
    images = (np.arange(42 * 8 * 7).reshape(42, 8, 7) * 37 % 256).astype(np.uint8)
    return DigitBank.from_arrays(images, np.arange(42) % 10, name="tiny")


@pytest.fixture(scope="session")
def bank() -> Any:
    return make_bank()


@pytest.fixture(scope="session")
def tiny(bank: DigitBank) -> Any:
    """A recipe of 5 shards, the last of them short."""
    return recipe_for(
        TINY_SPEC,
        num_clips=14,
        seed=11,
        clips_per_shard=3,
        truth=("semantic", "instance"),
        bank=bank,
        index=False,
    )


@pytest.fixture(scope="session")
def tiny_files(tiny: Any, bank: DigitBank, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the finished data set of `tiny` must look like: path to bytes."""
    place = tmp_path_factory.mktemp("tiny")
    generate(tiny, place, bank=bank, num_workers=1)
    return files_of(place)


def files_of(place: Any) -> Any:
    return {
        path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="session")
def tinier(bank: DigitBank) -> Any:
    """A recipe of 2 shards with few files, for what is slow for each file."""
    return recipe_for(TINY_SPEC, num_clips=3, seed=11, clips_per_shard=2, bank=bank, index=False)


@pytest.fixture(scope="session")
def tinier_files(tinier: Any, bank: DigitBank, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the finished data set of `tinier` must look like."""
    place = tmp_path_factory.mktemp("tinier")
    generate(tinier, place, bank=bank, num_workers=1)
    return files_of(place)


@pytest.fixture
def ram(tmp_path: Path) -> Iterator[Any]:
    """A folder in memory where there is one: SIGKILL loses no page cache, so fsync need not reach a disk there."""
    if not Path("/dev/shm").is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="segmnist-"))
    yield folder
    # A process that was told to stop may still be putting a last file there.
    shutil.rmtree(folder, ignore_errors=True)
