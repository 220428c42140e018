from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segmnist.digits import DigitBank


@pytest.fixture(scope="session")
def mnist(cache_dir: Path) -> DigitBank:
    return DigitBank.mnist()


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """28 images of 6x5 whose pixels tell where they came from, and labels that run through the classes."""
    images = (np.arange(28 * 6 * 5) * 7 % 251).astype(np.uint8).reshape(28, 6, 5)
    return images, (np.arange(28) % 10).astype(np.uint8)


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    def encode(array: np.ndarray) -> bytes:
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        return bytes((0, 0, 8, array.ndim)) + sizes + array.tobytes()

    return encode


@pytest.fixture(scope="session")
def write_idx(idx_bytes: Callable[[np.ndarray], bytes]) -> Callable[[Path, np.ndarray], Path]:
    def write(path: Path, array: np.ndarray) -> Path:
        content = idx_bytes(array)
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
        return path

    return write
