"""Results: the scores of one model on one suite, as plain records with a JSON schema, and their file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segmnist.classes import DIGITS, Classes
from segmnist.errors import CorruptData
from segmnist.evaluate.arithmetic import from_fixed, ratio
from segmnist.evaluate.clip_tables import OUTCOMES
from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.metrics import POSTERIOR, ROWS
from segmnist.evaluate.metrics.breakdown import BREAKDOWNS
from segmnist.evaluate.metrics.calibration import NUM_BINS
from segmnist.evaluate.metrics.confusion import iou_per_class
from segmnist.evaluate.reports.clip_counts import ClipCounts
from segmnist.whole_file import replace_file

SCHEMA = "segmnist-result/2"
"""Names the layout of a result file and what its scores mean; another layout or meaning gets another number."""


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score and the ends of its 95% bootstrap interval; null where it is not defined or has no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None


class ClassScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """IoU and accuracy of a class, and its pixels in the truth."""

    iou: float | None
    accuracy: float | None
    pixels: int


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digit pixels of one kind, and the shares of them taken for each outcome."""

    pixels: int
    right: float
    background: float
    twin: float
    another_digit: float


class Reliability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pixels, mean confidence and accuracy in one of 15 bins of confidence."""

    pixels: int
    confidence: float
    accuracy: float


class PartResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything found on one part of a suite.

    `confusion` has the truth in rows. `content_id` names the clips, `class_prior` is what information is
    gained over, `spec` is given where no frozen suite has it. `clip_counts` is what paired differences need. `class_names`
    are those of the digits' classes where they are not the ten digits.
    """

    name: str
    num_clips: int
    num_frames: int
    scores: dict[str, Score]
    classes: list[ClassScore]
    breakdowns: dict[str, dict[str, Bucket]]
    confusion: list[list[int]]
    reliability: list[Reliability]
    worst: list[int]
    content_id: str = ""
    class_prior: list[float] = msgspec.field(default_factory=list)
    spec: dict[str, Any] | None = None
    clip_counts: ClipCounts | None = None
    class_names: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def names(self) -> Classes:
        """The names of the digits' classes."""
        return DIGITS if self.class_names is msgspec.UNSET else Classes(self.class_names)


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result file: what was scored, on what, by which versions, where, and what was found."""

    schema: str
    suite: str
    suite_sha256: str
    split: str
    model: str
    parts: list[PartResult]
    segmnist_version: str
    generator_version: int
    seed: int | None = None
    commit: str | None = None
    hardware: str = ""
    notes: str = ""
    minutes: float | None = None
    """Minutes of training: of processor time, on a GPU of wall time."""
    parameters: int | None = None
    """The model's number of weights."""
    partial: bool = False
    """Whether only the first clips of each part were scored."""


def part_result(
    name: str,
    frames_per_clip: int,
    evaluation: Evaluation,
    *,
    content_id: str = "",
    class_prior: Sequence[float] = (),
    spec: Mapping[str, Any] | None = None,
    classes: Classes = DIGITS,
) -> PartResult:
    """Return the result of a finished evaluation of one part."""
    nothing = np.zeros((classes.num_classes,) * 2, np.int64)  # of a model that predicts frames alone
    confusion = evaluation.sums.totals.get("confusion", nothing)
    iou, truth = iou_per_class(confusion), confusion.sum(axis=1)
    accuracy = ratio(np.diagonal(confusion), truth)
    with ThreadPoolExecutor(
        1
    ) as beside:  # packing needs no lock of the interpreter, and takes as long as the intervals
        packed = beside.submit(ClipCounts.of, evaluation.sums)
        scores = _scores(evaluation)
    return PartResult(
        name=name,
        num_clips=len(evaluation.clip_ids),
        num_frames=len(evaluation.clip_ids) * frames_per_clip,
        scores=scores,
        classes=[
            ClassScore(_number(iou[c]), _number(accuracy[c]), int(truth[c])) for c in range(len(confusion))
        ],
        breakdowns=_breakdowns(evaluation),
        confusion=confusion.tolist(),
        reliability=_reliability(evaluation),
        worst=evaluation.worst(),
        content_id=content_id,
        class_prior=list(class_prior),
        spec=None if spec is None else dict(spec),
        clip_counts=packed.result(),
        class_names=msgspec.UNSET if classes == DIGITS else classes.names,
    )


def _scores(evaluation: Evaluation) -> dict[str, Score]:
    intervals = evaluation.intervals()
    return {
        name: Score(_number(value), *map(_number, intervals.get(name, ())))
        for name, value in evaluation.scores().items()
    }


def _breakdowns(evaluation: Evaluation) -> dict[str, dict[str, Bucket]]:
    tables = {}
    for name, breakdown in BREAKDOWNS.items():
        if name in evaluation.sums.totals:
            rows = zip(breakdown.buckets, evaluation.counts(name).tolist(), strict=True)
            tables[name] = {bucket: _bucket(row) for bucket, row in rows if sum(row)}
    return tables


def _bucket(row: list[int]) -> Bucket:
    assert len(row) == len(OUTCOMES)
    return Bucket(sum(row), *(count / sum(row) for count in row))


def _reliability(evaluation: Evaluation) -> list[Reliability]:
    if "bins" not in evaluation.sums.totals:
        return []
    count, hits, confidence = evaluation.counts("bins")[0]
    means, accuracy = from_fixed(confidence), hits.astype(float)
    return [
        Reliability(int(count[i]), float(means[i] / count[i]), float(accuracy[i] / count[i]))
        for i in range(NUM_BINS)
        if count[i]
    ]


def _number(value: Any) -> float | None:
    # Nine digits: all that a score means, and the same text on every machine.
    return None if math.isnan(value) else float(f"{float(value):.9g}")


def save_result(result: Result, path: str | Path) -> None:
    """Write a result as indented JSON, whole or not at all."""
    replace_file(Path(path), msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def load_result(path: str | Path) -> Result:
    """Read a result file.

    Raises `CorruptData`, which names the file and the field, for any other layout, and for scores that this
    version does not know or that it would have.
    """
    try:
        result = msgspec.json.decode(Path(path).read_bytes(), type=Result)
    except OSError as error:
        raise CorruptData(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptData(f"{path}: not a result file: {error}") from None
    if result.schema != SCHEMA:
        fix = "score the model again"
        raise CorruptData(f"{path}: schema {result.schema!r}, expected {SCHEMA!r}; {fix}")
    for part in result.parts:
        _check_scores(path, part)
    return result


def _check_scores(path: str | Path, part: PartResult) -> None:
    unknown = sorted(name for name in part.scores if name.removeprefix(POSTERIOR) not in ROWS)
    needed = {"information_gained"} if "nll" in part.scores else set()
    needed |= set() if "frame_mse" in part.scores else {"miou"}
    missing = sorted(needed - part.scores.keys())
    if unknown or missing:
        what = f"unknown scores {', '.join(unknown)}" if unknown else f"no score {', '.join(missing)}"
        raise CorruptData(f"{path}: part {part.name}: {what}; score the model again")


def result_schema() -> dict[str, Any]:
    """Return the JSON Schema of a result file."""
    return msgspec.json.schema(Result)
