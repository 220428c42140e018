"""Score a model of two lines on a suite, print where it fails, and draw its worst clips into worst.png.

python examples/evaluate_a_model.py
"""

import numpy as np
from rich.console import Console

from segmnist.evaluate.reports.table import tables
from segmnist.preview import save_preview
from segmnist.suites import evaluate, suite


def bright_pixels_are_eights(video: np.ndarray) -> np.ndarray:
    """Return classes (B, T, H, W) uint8 of videos (B, T, H, W) uint8; 10 is the background."""
    return np.where(video > 150, 8, 10).astype(np.uint8)


parts = evaluate(bright_pixels_are_eights, "tiny-v1", split="val")
Console().print(tables(parts))

clips = list(suite("tiny-v1").parts[0].source("val").batch(parts[0].worst[:3]))
videos = [clip.video for clip in clips]
save_preview(
    "worst.png",
    videos,
    [bright_pixels_are_eights(video) for video in videos],
    [clip.labels for clip in clips],
)
