"""The corruption that a spec asks for, over finished videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.corrupt import corrupt
from segmnist.scene.spec import SceneSpec


def is_corrupted(spec: SceneSpec) -> bool:
    """Return whether the spec asks for a corruption."""
    return spec.corruption != "none" and spec.corruption_severity > 0


def corrupt_videos(
    arrays: Mapping[str, NDArray[Any]], spec: SceneSpec, split: str, seed: int, clip_ids: Iterable[int]
) -> None:
    """Corrupt `video` `(B,T,H,W)` and, if it is there, each channel of `rgb` alike, in place, if the spec asks for it."""
    if not is_corrupted(spec):
        return
    grey, colour = arrays["video"], arrays.get("rgb")
    for b, clip_id in enumerate(clip_ids):
        for video in (grey[b], *(() if colour is None else np.moveaxis(colour[b], -1, 0))):
            video[...] = corrupt(
                video, spec.corruption, spec.corruption_severity, seed=seed, split=split, clip_id=clip_id
            )
