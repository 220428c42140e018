"""The worst clips of a result, drawn again to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.reports.results import PartResult
from segmnist.suites.catalog import Suite
from segmnist.suites.catalog import suite as suite_named
from segmnist.suites.predict import Model, of_files, of_model


class Predicted(NamedTuple):
    """A clip with its prediction: id, and video, true and predicted classes, each `(T, H, W)` uint8."""

    clip_id: int
    video: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def worst_clips(
    predictions: str | Path | Model,
    suite: Suite | str,
    results: Sequence[PartResult],
    *,
    split: str = "test",
    first: int | None = None,
) -> dict[str, list[Predicted]]:
    """Return the worst clips of each part with their predictions; `first` as in `evaluate`."""
    chosen = suite_named(suite) if isinstance(suite, str) else suite
    shown = {}
    for result in results:
        part = chosen.part(result.name)
        predict = (
            of_model(predictions)
            if callable(predictions)
            else of_files(Path(predictions), chosen, part, split, first)
        )
        clips = list(part.source(split).batch(result.worst)) if result.worst else []
        shown[part.name] = [
            Predicted(clip.clip_id, clip.video, clip.semantic, prediction.semantic)
            for clip, prediction in zip(clips, predict(clips) if clips else [], strict=True)
        ]
    return shown
