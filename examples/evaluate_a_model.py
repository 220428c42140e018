"""Score a model of two lines on a suite and print where it fails.

python examples/evaluate_a_model.py
"""

import numpy as np
from rich.console import Console

from segmnist.evaluate.reports.table import tables
from segmnist.suites import evaluate


def bright_pixels_are_eights(video: np.ndarray) -> np.ndarray:
    """Return classes (B, T, H, W) uint8 of videos (B, T, H, W) uint8; 10 is the background."""
    return np.where(video > 150, 8, 10).astype(np.uint8)


parts = evaluate(bright_pixels_are_eights, "tiny-v1", split="val")
Console().print(tables(parts))
