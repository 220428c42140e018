"""TrackEval, the reference implementation of HOTA, J&F and VIS AP, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import MissingDependency


def metrics() -> Any:
    """Return TrackEval's metrics. Raises `MissingDependency`."""
    try:
        import trackeval
    except ImportError:
        raise MissingDependency("HOTA, J&F and VIS AP", "tracking") from None
    return trackeval.metrics


def encoded(mask: NDArray[np.bool_]) -> Any:
    """Return a mask `(H, W)` as the run lengths that TrackEval reads."""
    from pycocotools.mask import encode

    return encode(np.asfortranarray(mask, dtype=np.uint8))
