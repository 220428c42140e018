"""Batches to train on: clips drawn by a few threads, some steps ahead; step k is a function of settings and k."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segmnist.baselines.catalog import model_class
from segmnist.baselines.settings import Settings
from segmnist.scene.randomness import PURPOSE_TRAINING, key_of, philox

CLIPS_OF_A_SEED = 1 << 32
"""Seed s trains on the train clips from s * 2^32 on, so that runs of several seeds share none."""


class Batch(NamedTuple):
    """Frames and their classes, both `(B, T, H, W)` uint8, in pinned memory where a GPU waits for them."""

    video: Tensor
    semantic: Tensor

    def to(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the model's input, `(B, T, 1, H, W)` float32 in 0..1, and the classes as int64, on the device."""
        video = self.video.to(device, non_blocking=True).unsqueeze(2).float() / 255
        return video, self.semantic.to(device, non_blocking=True).long()


def batches(
    settings: Settings, first: int, device: torch.device, threads: int = 1
) -> Generator[Batch, None, None]:
    """Iterate over the batches of step `first` and those after it, without end; parts take turns."""
    train = [part.train_clips() for part in settings.parts()]
    per_frame = model_class(settings.model).sees == "frame"

    def draw(step: int) -> Batch:
        start = settings.seed * CLIPS_OF_A_SEED + step * settings.batch
        ids = np.arange(start, start + settings.batch)
        video, semantic = train[step % len(train)](ids)
        frames = picked_frames(ids, video.shape[1], settings.frames, per_frame)
        rows = np.arange(len(ids))[:, None]
        arrays = (torch.from_numpy(array[rows, frames]) for array in (video, semantic))
        return Batch(*(array.pin_memory() if device.type == "cuda" else array for array in arrays))

    pool = ThreadPoolExecutor(threads)
    try:
        waiting = deque(pool.submit(draw, step) for step in range(first, first + 2 * threads))
        for step in itertools.count(first + 2 * threads):
            batch = waiting.popleft().result()
            waiting.append(pool.submit(draw, step))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def picked_frames(
    clip_ids: NDArray[np.int64], num_frames: int, wanted: int | None, per_frame: bool
) -> NDArray[np.int64]:
    """Return the frames of each clip to train on, `(B, wanted)`, in order: random ones, or a random window.

    >>> picked_frames(np.arange(3), 8, 2, per_frame=False).tolist()
    [[3, 4], [2, 3], [1, 2]]
    """
    if wanted is None or wanted >= num_frames:
        return np.broadcast_to(np.arange(num_frames), (len(clip_ids), num_frames))
    if per_frame:
        order = _words(clip_ids, num_frames).argsort(axis=1, kind="stable")
        return np.sort(order[:, :wanted], axis=1)
    starts = _words(clip_ids, 1).astype(np.int64) * (num_frames - wanted + 1) >> 32
    return starts + np.arange(wanted)


def _words(clip_ids: NDArray[np.int64], num_words: int) -> NDArray[np.uint32]:
    """Return random words for each clip, `(B, num_words)` uint32, a function of the clip's id alone."""
    counter = np.zeros((len(clip_ids), -(-num_words // 4), 4), np.uint64)
    counter[..., 0] = np.arange(counter.shape[1])
    counter[..., 1] = PURPOSE_TRAINING << 24
    counter[..., 2] = (clip_ids & 0xFFFFFFFF)[:, None]
    counter[..., 3] = (clip_ids >> 32)[:, None]
    return philox(counter, key_of(0)).reshape(len(clip_ids), -1)[:, :num_words]
