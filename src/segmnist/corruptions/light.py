"""Light: brighter frames, and frames with less contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]


def brightness(video: Frames, levels: int, draws: Draws) -> Frames:
    """Add this many grey levels to every pixel; white is the most."""
    return np.minimum(video, np.uint8(255 - levels)) + np.uint8(levels)


def contrast(video: Frames, percent: int, draws: Draws) -> Frames:
    """Draw every pixel nearer to the clip's mean grey level; this percentage of the difference is left."""
    mean = (int(video.sum(dtype=np.int64)) + video.size // 2) // max(video.size, 1)
    levels = np.arange(256)
    return (mean + ((levels - mean) * percent + 50) // 100).astype(np.uint8)[video]
