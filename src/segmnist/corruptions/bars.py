"""Bars in front of everything, as those of a fence that the camera looks through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]

PERIOD = 16
"""Pixels from one bar to the next."""


def occluding_bars(video: Frames, width: int, draws: Draws) -> Frames:
    """Hide bars of `width` px in every 16, which stand still; each clip has its direction, place and grey level."""
    upright, first, level = (
        bits % size for bits, size in zip(draws.below(1 << 16, 3), (2, PERIOD, 256), strict=True)
    )
    behind = (np.arange(video.shape[2 if upright else 1]) - first) % PERIOD < width
    hidden = video.copy()
    hidden[(slice(None), slice(None), behind) if upright else (slice(None), behind)] = level
    return hidden
