"""The corruption that a spec asks for, over finished videos."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from segmnist.corruptions.corrupt import corrupt
from segmnist.scene.spec import SceneSpec


def is_corrupted(spec: SceneSpec) -> bool:
    """Return whether the spec asks for a corruption."""
    return spec.corruption != "none" and spec.corruption_severity > 0


def corrupt_videos(
    videos: NDArray[Any], spec: SceneSpec, split: str, seed: int, clip_ids: Iterable[int]
) -> None:
    """Corrupt the videos of a batch in place, `(B, T, H, W)` uint8, if the spec asks for it."""
    if not is_corrupted(spec):
        return
    for video, clip_id in zip(videos, clip_ids, strict=True):
        video[...] = corrupt(
            video, spec.corruption, spec.corruption_severity, seed=seed, split=split, clip_id=clip_id
        )
