"""Loss of frames: dropped ones are black, or the frame before them stays on the screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]


def frame_drop(video: Frames, percent: int, draws: Draws) -> Frames:
    """Turn this share of the frames black, each by chance."""
    return np.where(_is_lost(video, percent, draws)[:, None, None], np.uint8(0), video)


def frame_freeze(video: Frames, percent: int, draws: Draws) -> Frames:
    """Lose this share of the frames, each by chance; the last one that came is shown again. The first one never gets lost."""
    lost = _is_lost(video, percent, draws)
    lost[:1] = False
    shown = np.maximum.accumulate(np.where(lost, 0, np.arange(len(video))))
    return video[shown]


def _is_lost(video: Frames, percent: int, draws: Draws) -> NDArray[np.bool_]:
    return draws.of_frames(len(video)) < (percent << 32) // 100
