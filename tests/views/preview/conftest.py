from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

UInt8 = np.ndarray[Any, np.dtype[np.uint8]]


class Discs(NamedTuple):
    video: UInt8
    semantic: UInt8
    labels: UInt8
    instance: UInt8


def discs(T: int, H: int, W: int, num_discs: int = 2, seed: int = 0) -> Discs:
    """Discs that move over noise, each with a class and an id: what a clip looks like, without a renderer."""
    random = np.random.default_rng(seed)
    video = random.integers(0, 256, (T, H, W), dtype=np.uint8)
    semantic, instance = np.full((T, H, W), 10, np.uint8), np.zeros((T, H, W), np.uint8)
    labels = random.integers(0, 10, num_discs).astype(np.uint8)
    y, x = np.mgrid[:H, :W]
    for i, (top, left) in enumerate(random.random((num_discs, 2)) * (H, W)):
        for t in range(T):
            inside = (y - top - t) ** 2 + (x - left + t) ** 2 <= (min(H, W) / 6 + 1) ** 2
            video[t][inside], semantic[t][inside], instance[t][inside] = 40 * i % 256, labels[i], i + 1
    return Discs(video, semantic, labels, instance)


@pytest.fixture(scope="session")
def make_discs() -> Callable[..., Discs]:
    return discs


@pytest.fixture(scope="session")
def clips() -> dict[str, list[UInt8]]:
    """Three clips with H != W, one short and one without digits, as arguments of the preview."""
    made = [discs(30, 24, 16, 3, 1), discs(3, 24, 16, 2, 2), discs(12, 24, 16, 0, 3)]
    return {
        "videos": [clip.video for clip in made],
        "semantics": [clip.semantic for clip in made],
        "labels": [clip.labels for clip in made],
        "instances": [clip.instance for clip in made],
    }
