"""Which digit is seen where several lie, from the arrays alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist import Clips


def rank_of_sight(clips: Clips) -> NDArray[Any]:
    """Return numbers `(B,N,T,H,W)` of which the largest at a pixel is that of the digit seen there; 0 without ink.

    clips: with the truths amodal, depth and layers.
    """
    rank = clips.depth_order[..., None, None].astype(int) + 1
    if clips.scene.spec.blend == "max":
        rank = rank + 256 * clips.digit_layers.astype(int)
    return np.where(clips.amodal, rank, 0)
