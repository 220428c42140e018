"""Scoreboard: what is counted of every predicted clip, so that the wall can be sorted by it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.evaluate.arithmetic import Counts
from segmnist.evaluate.clip_tables import OUTCOMES
from segmnist.evaluate.metrics import METRICS, ROWS
from segmnist.evaluate.metrics.breakdown import BREAKDOWNS
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.render.arrays import check_truths
from segmnist.render.clips import Clip
from segmnist.scene.randomness import Split
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource
from segmnist.suites.given import asked_frames
from segmnist.suites.predict import Predict

TRUTHS = ("semantic", "instance", "visibility", "pose", "noiseless", "beneath", "twins")
COUNTED = ("confusion", "breakdown", "proper", "frames")
"""The metrics that are counted of every clip: those that take a few milliseconds."""
AT_ONCE = 8
PREDICTED_SORTS = {
    "error": "share of the pixels that the model calls wrong",
    "disagreement": "share of the pixels on which the models disagree",
    "clip_miou_foreground": "mIoU of the digits in the clip",
    "nll": "negative log likelihood of a pixel's class, in nats",
    "frame_mse": "squared error of a predicted frame, summed over its pixels, levels in 0..1",
    "cell": "pixels in the cell of the confusion that is asked for",
    "bucket": "digit pixels in the bar of the breakdown that is asked for",
}


class Bucket(msgspec.Struct, frozen=True):
    """A bucket of a breakdown: its digit pixels by outcome."""

    name: str
    counts: list[int]


class ModelScores(msgspec.Struct, frozen=True):
    """A model's scores, confusion and breakdowns over the clips that were scored."""

    name: str
    scores: dict[str, float]
    confusion: list[list[int]]
    breakdowns: dict[str, list[Bucket]]


class BoardFacts(msgspec.Struct, frozen=True):
    """What was counted so far: `scored` of `num_clips` clips."""

    scored: int
    num_clips: int
    outcomes: list[str]
    titles: dict[str, str]
    models: list[ModelScores]


@dataclass(frozen=True)
class Scored:
    """What is counted of one clip: of each model the counts by name, and on how many pixels models disagree."""

    of_models: list[dict[str, Counts]]
    disagreement: float


class Scoreboard:
    """Counts of the clips that were scored so far, in the order of their ids. `run` scores all of them."""

    def __init__(
        self,
        spec: SceneSpec,
        split: Split,
        seed: int,
        clip_ids: NDArray[np.int64],
        models: Sequence[tuple[str, Predict]],
        bank: DigitBank,
        given: int | None = None,
    ) -> None:
        self.clip_ids, self.models, self.given = clip_ids, models, given
        self.source = ClipSource(spec, split=split, seed=seed, truth=check_truths(TRUTHS), bank=bank)
        self._clips: dict[int, Scored] = {}
        self._lock = threading.Lock()

    def run(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Score all clips, those that were scored before left out; `stopped` is asked between a few of them."""
        for first in range(0, len(self.clip_ids), AT_ONCE):
            ids = [int(i) for i in self.clip_ids[first : first + AT_ONCE] if int(i) not in self._clips]
            if stopped():
                return
            if not ids:
                continue
            clips = list(self.source.batch(ids))
            answers = [predict(clips) for _, predict in self.models]
            for clip, *predictions in zip(clips, *answers, strict=True):
                scored = [scored_frames(clip, prediction, self.given) for prediction in predictions]
                counts = [_counts(one) for one in scored]
                maps = np.stack([one.predicted for one in scored])
                found = Scored(counts, float((maps != maps[0]).any(axis=0).mean()))
                with self._lock:
                    self._clips[clip.clip_id] = found

    def facts(self) -> BoardFacts:
        """Return the sums of what was counted so far."""
        clips = self._scored()
        models = [
            _model_scores(name, [clip.of_models[place] for clip in clips.values()], self.source.classes)
            for place, (name, _) in enumerate(self.models)
        ]
        titles = {name: ROWS[name].title for model in models for name in model.scores}
        return BoardFacts(len(clips), len(self.clip_ids), list(OUTCOMES), titles, models)

    def values(self, sort: str, model: int, cell: str, bucket: str) -> dict[int, float]:
        """Return what is sorted by, by clip id, of the clips that were scored and where it is defined.

        Raises `BadArgument` for a model, cell or bucket that there is not.
        """
        if not 0 <= model < len(self.models):
            raise BadArgument("model", model, f"0..{len(self.models) - 1}")
        value = self._value(sort, model, cell, bucket)
        found = {clip_id: value(scored) for clip_id, scored in self._scored().items()}
        return {clip_id: number for clip_id, number in found.items() if number is not None}

    def _scored(self) -> dict[int, Scored]:
        with self._lock:
            return dict(self._clips)

    def _value(self, sort: str, model: int, cell: str, bucket: str) -> Callable[[Scored], float | None]:
        if sort == "disagreement":
            return lambda scored: scored.disagreement
        if sort == "cell":
            row, column = cell_of(cell, self.source.classes)
            return lambda scored: _count(scored.of_models[model], "confusion", row, column)
        if sort == "bucket":
            name, place, outcome = bucket_of(bucket)
            return lambda scored: _count(scored.of_models[model], name, place, outcome)
        if sort == "error":
            return lambda scored: _share_wrong(_scores(scored.of_models[model]))
        return lambda scored: _scores(scored.of_models[model]).get(sort)


def scored_frames(clip: Clip, prediction: Prediction, given: int | None) -> ScoredClip:
    """Return the frames of a clip after the given ones beside what is predicted of them."""
    return ScoredClip(asked_frames(clip.arrays, given), prediction)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    has_frames, has_classes = "given" in clip.truth, clip.prediction.has_classes
    asked = [METRICS[name] for name in COUNTED if (has_frames if METRICS[name].of_frames else has_classes)]
    return {name: counts for metric in asked for name, counts in metric.counts(clip).items()}


def _count(counts: Mapping[str, Counts], name: str, row: int, column: int) -> float | None:
    """Return a count, None for 0 and where nothing is counted, as of a model of frames alone."""
    return float(counts[name][row, column]) or None if name in counts else None


def _share_wrong(scores: Mapping[str, float]) -> float | None:
    return 1 - scores["pixel_accuracy"] if "pixel_accuracy" in scores else None


def cell_of(text: str, classes: Classes = DIGITS) -> tuple[int, int]:
    """Return the row and column of the confusion that `3-5` names: truth 3 called 5.

    >>> cell_of("3-10")
    (3, 10)
    """
    parts, last = text.split("-"), classes.background
    if len(parts) == 2 and all(_is_place(part) and int(part) <= last for part in parts):
        return int(parts[0]), int(parts[1])
    expected = f"two classes in 0..{last} as 3-5: the true one, and what it was called"
    raise BadArgument("cell", text[:40], expected)


def bucket_of(text: str) -> tuple[str, int, int]:
    """Return the breakdown, bucket and outcome that `visibility-0-1` names.

    >>> bucket_of("visibility-0-1")
    ('visibility', 0, 1)
    """
    name, _, rest = text.partition("-")
    places = rest.split("-")
    if name in BREAKDOWNS and len(places) == 2 and all(_is_place(p) for p in places):
        place, outcome = map(int, places)
        if place < len(BREAKDOWNS[name].buckets) and outcome < len(OUTCOMES):
            return name, place, outcome
    raise BadArgument(
        "bucket", text[:40], f"one of {', '.join(BREAKDOWNS)} with bucket and outcome as in frame-0-1"
    )


def _scores(counts: Mapping[str, Counts]) -> dict[str, float]:
    """Return the scores that these counts allow, those that are not defined left out."""
    found: dict[str, float] = {}
    for name in COUNTED:
        metric = METRICS[name]
        if any(counted in counts for counted in metric.counted):
            found |= {
                key: float(value) for key, value in metric.scores(counts).items() if np.ndim(value) == 0
            }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _model_scores(name: str, counts: list[dict[str, Counts]], classes: Classes) -> ModelScores:
    if not counts:
        return ModelScores(name, {}, np.zeros((classes.num_classes,) * 2, int).tolist(), {})
    sums = {key: np.sum([each[key] for each in counts], axis=0) for key in counts[0]}
    breakdowns = {
        key: [Bucket(*each) for each in zip(breakdown.buckets, sums[key].tolist(), strict=True)]
        for key, breakdown in BREAKDOWNS.items()
        if key in sums
    }
    shown = {key: round(value, 5) for key, value in _scores(sums).items() if key in ROWS and ROWS[key].shown}
    confusion = sums.get("confusion", np.zeros((classes.num_classes,) * 2, int))
    return ModelScores(name, shown, confusion.tolist(), breakdowns)


def _is_place(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4
