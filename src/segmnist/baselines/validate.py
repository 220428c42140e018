"""Validation: the suites' scores on the first clips of the validation split, and a picture of predictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.predict import predictor
from segmnist.baselines.settings import Settings
from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.predictions import Prediction
from segmnist.palette import GREY_LEVELS, class_colours
from segmnist.render.clips import Clip
from segmnist.suites.predict import of_model
from segmnist.suites.prior import class_prior
from segmnist.suites.run import TRUTHS

CLIPS_AT_ONCE = 10
CLIPS_SHOWN, FRAMES_SHOWN, GAP = 3, 8, 2

Scores = dict[str, float]


def validate(
    model: Baseline, settings: Settings, device: str
) -> tuple[Scores, dict[str, Scores], NDArray[np.uint8]]:
    """Return the scores averaged over the parts, those of each part, and a picture of the first part's clips.

    The picture has rows of frames, truth and prediction. Scores that are not defined are left out.
    """
    predict = of_model(predictor(model, device))
    by_part: dict[str, Scores] = {}
    sheets: list[NDArray[np.uint8]] = []
    parts = settings.parts()
    for part in parts:
        evaluation = Evaluation(num_replicates=0)
        source = part.source("val", TRUTHS)
        of_part = {"class_prior": class_prior(part)}
        num_clips = min(settings.val_clips, part.val_clips)
        for first in range(0, num_clips, CLIPS_AT_ONCE):
            clips = list(source[first : min(first + CLIPS_AT_ONCE, num_clips)])
            for clip, prediction in zip(clips, predict(clips), strict=True):
                evaluation.add(clip.clip_id, clip.arrays | of_part, prediction)
                if part is parts[0] and len(sheets) < CLIPS_SHOWN:
                    sheets.append(_sheet(clip, prediction))
        by_part[part.name] = _defined(evaluation.scores())
    names = set.intersection(*(set(scores) for scores in by_part.values()))
    mean = {name: float(np.mean([scores[name] for scores in by_part.values()])) for name in sorted(names)}
    return mean, by_part, np.concatenate(sheets)


def _defined(scores: dict[str, Any]) -> Scores:
    return {name: float(value) for name, value in scores.items() if not math.isnan(value)}


def _sheet(clip: Clip, prediction: Prediction) -> NDArray[np.uint8]:
    """Return frames, true classes and predicted classes in rows, up to 8 frames side by side, `(h, w, 3)`."""
    chosen = np.unique(np.linspace(0, len(clip.video) - 1, FRAMES_SHOWN).round().astype(int))
    colours = class_colours(clip.classes)
    rows = (GREY_LEVELS[clip.video], colours[clip.semantic], colours[prediction.semantic])
    framed = [np.pad(row[chosen], ((0, 0), (0, GAP), (0, GAP), (0, 0))) for row in rows]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in framed])
