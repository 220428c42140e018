"""The worst clips of a result, drawn again to be looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes
from segmnist.evaluate.metrics import counts_of, scores_of
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.reports.results import PartResult
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.render.clips import Clip
from segmnist.suites.catalog import Suite
from segmnist.suites.catalog import suite as suite_named
from segmnist.suites.given import asked_frames
from segmnist.suites.predict import Model, of_source
from segmnist.suites.prior import class_prior


class Predicted(NamedTuple):
    """A clip with its prediction: id, video and true classes `(T, H, W)` uint8, predicted classes, and scores.

    Predicted are the classes and the frames of the `T'` frames that were asked for, the last ones, `(T', H, W)` uint8 each;
    None of what the model does not predict. scores: those of this clip alone that are defined, by name.
    """

    clip_id: int
    video: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8] | None
    scores: Mapping[str, float]
    classes: Classes = DIGITS
    frames: NDArray[np.uint8] | None = None

    @property
    def given(self) -> int:
        """The number of frames that the model was given and not asked for."""
        asked = self.frames if self.prediction is None else self.prediction
        return 0 if asked is None else len(self.video) - len(asked)


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
    shown: dict[str, list[Predicted]] = {}
    for result in results:
        part = chosen.part(result.name)
        predict = of_source(predictions, chosen, part, split, first)
        clips = list(part.source(split, ("semantic", "instance")).batch(result.worst)) if result.worst else []
        prior = class_prior(part) if clips else None
        shown[part.name] = [
            Predicted(
                clip.clip_id,
                clip.video,
                clip.semantic,
                prediction.semantic if prediction.has_classes else None,
                _scores(clip, prediction, prior, part.given),
                clip.classes,
                prediction.levels,
            )
            for clip, prediction in zip(clips, predict(clips) if clips else [], strict=True)
        ]
    return shown


def _scores(
    clip: Clip, prediction: Prediction, prior: NDArray[np.float64] | None, given: int | None
) -> dict[str, float]:
    """Return the scores that need no more truth than classes, instances and, of frames to come, the video."""
    truth = asked_frames(clip.arrays, given)
    if prior is not None:
        truth["class_prior"] = prior
    scores = scores_of(counts_of(ScoredClip(truth, prediction)))
    return {name: float(value) for name, value in scores.items() if not math.isnan(value)}
