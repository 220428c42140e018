"""Scoring a suite: draw its clips block by block, check them against the checksums, score the predictions,
report.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.page import Picture
from segmnist.evaluate.predictions import Prediction, check_prediction
from segmnist.evaluate.protocol import Evaluation
from segmnist.evaluate.report import PartReport, report_of
from segmnist.oracle import Oracle
from segmnist.render.clips import Clip
from segmnist.suites.catalog import Part, Suite
from segmnist.suites.catalog import suite as suite_named
from segmnist.suites.checksums import BLOCK, block_checksum, check_block, clip_digest
from segmnist.suites.stored import StoredPredictions, path_of_part

Model = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Videos `(B, T, H, W)` uint8 -> classes `(B, T, H, W)` uint8 or probabilities `(B, T, 11, H, W)`."""

TRUTHS = ("semantic", "instance", "visibility", "pose", "beneath", "flow")

_DRAWN_AT_ONCE = 10
"""Clips in memory at a time, unless a model asks for larger batches."""

Predict = Callable[[Sequence[Clip]], list[Prediction]]


@dataclass(frozen=True)
class Job:
    """One part of a suite to score, and what is asked beside the usual scores."""

    suite: Suite
    part: Part
    split: str
    tracking: bool = False
    observer: str | None = None

    @property
    def blocks(self) -> range:
        """Return the numbers of the blocks of clips that have a checksum each."""
        return range(-(-self.part.num_clips(self.split) // BLOCK))


def evaluate(
    predictions: str | Path | Model,
    suite: Suite | str = "standard-v1",
    *,
    split: str = "test",
    batch_size: int = _DRAWN_AT_ONCE,
    tracking: bool = False,
    observer: str | None = None,
    num_workers: int = 1,
    progress: Callable[[int], None] = lambda clips: None,
) -> list[PartReport]:
    """Score predictions on every part of a suite and return a report on each.

    predictions: a path as `StoredPredictions` reads it, or a callable from videos `(B, T, H, W)` uint8 to
    classes `(B, T, H, W)` uint8 or probabilities `(B, T, 11, H, W)`, called batch by batch. `num_workers`
    processes score stored predictions. `tracking` adds HOTA and J&F; `observer` adds the exact posterior's
    scores, and the distance from it, for suites that the oracle solves. Raises `BadPrediction` for
    predictions that cannot be scored, `CorruptData` if the clips are not the suite's.
    """
    chosen = suite_named(suite) if isinstance(suite, str) else suite
    if batch_size < 1 or num_workers < 1:
        raise BadArgument("batch_size, num_workers", (batch_size, num_workers), "1 or more")
    reports = []
    for part in chosen.parts:
        job = Job(chosen, part, split, tracking, observer)
        if callable(predictions):
            evaluation = _score(job, job.blocks, _of_model(predictions), batch_size, progress)
        else:
            evaluation = _score_stored(job, Path(predictions), num_workers, progress)
        reports.append(report_of(part.name, part.spec.num_frames, evaluation))
    return reports


def pictures(
    predictions: str | Path | Model, suite: Suite | str, reports: Sequence[PartReport], *, split: str = "test"
) -> dict[str, list[Picture]]:
    """Return frame, truth and prediction of each part's worst clips, for the page; the clips are drawn
    again.
    """
    chosen = suite_named(suite) if isinstance(suite, str) else suite
    shown = {}
    for report in reports:
        part = chosen.part(report.name)
        predict = (
            _of_model(predictions)
            if callable(predictions)
            else _of_files(Path(predictions), chosen, part, split)
        )
        clips = list(part.source(split).batch(report.worst)) if report.worst else []
        shown[part.name] = [
            Picture(clip.clip_id, clip.video, clip.semantic, prediction.semantic)
            for clip, prediction in zip(clips, predict(clips) if clips else [], strict=True)
        ]
    return shown


def _score(
    job: Job, blocks: range, predict: Predict, batch_size: int, progress: Callable[[int], None]
) -> Evaluation:
    """Score some blocks of a part; each block's checksum is compared once all its clips are drawn."""
    evaluation = Evaluation(tracking=job.tracking)
    source = job.part.source(job.split, TRUTHS)
    oracle = None if job.observer is None else Oracle(job.part.spec, split=job.split, seed=source.seed)
    for block in blocks:
        digests = []
        last = min((block + 1) * BLOCK, len(source))
        for first in range(block * BLOCK, last, batch_size):
            clips = list(source[first : min(first + batch_size, last)])
            digests += [clip_digest(clip) for clip in clips]
            for clip, prediction in zip(clips, predict(clips), strict=True):
                known = {}
                if oracle is not None and job.observer is not None:
                    known["posterior"] = oracle.posterior(clip.video, job.observer).class_probabilities
                evaluation.add(clip.clip_id, clip.arrays | known, prediction)
            progress(len(clips))
        check_block(job.suite, job.part, job.split, block, block_checksum(digests))
    return evaluation


def _of_model(model: Model) -> Predict:
    def predict(clips: Sequence[Clip]) -> list[Prediction]:
        answer = np.asarray(model(np.stack([clip.video for clip in clips])))
        if len(answer) != len(clips):
            raise BadArgument("predictions", answer.shape, f"a leading axis of {len(clips)} clips")
        return [
            check_prediction(f"clip {clip.clip_id}", row, _shape(clip))
            for clip, row in zip(clips, answer, strict=True)
        ]

    return predict


def _of_files(path: Path, suite: Suite, part: Part, split: str) -> Predict:
    stored = StoredPredictions(path_of_part(path, suite, part), part.num_clips(split))
    return lambda clips: [stored(clip.clip_id, _shape(clip)) for clip in clips]


def _shape(clip: Clip) -> tuple[int, int, int]:
    T, H, W = clip.video.shape
    return T, H, W


def _score_stored(job: Job, path: Path, num_workers: int, progress: Callable[[int], None]) -> Evaluation:
    # Opened here first, so that missing or extra clips are found before anything is drawn.
    predict = _of_files(path, job.suite, job.part, job.split)
    # Starting processes takes longer than scoring a few hundred clips.
    if num_workers == 1 or len(job.blocks) < 2 * num_workers:
        return _score(job, job.blocks, predict, _DRAWN_AT_ONCE, progress)
    total = Evaluation(tracking=job.tracking)
    for shard in _shards(job, path, num_workers):
        progress(len(shard.clip_ids))
        total.merge(shard)
    return total


def _shards(job: Job, path: Path, num_workers: int) -> Iterator[Evaluation]:
    step = min(4 * num_workers, len(job.blocks))
    with ProcessPoolExecutor(num_workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(
            _score_shard, repeat(job), repeat(path), (job.blocks[i::step] for i in range(step))
        )


def _score_shard(job: Job, path: Path, blocks: range) -> Evaluation:
    predict = _of_files(path, job.suite, job.part, job.split)
    return _score(job, blocks, predict, _DRAWN_AT_ONCE, lambda clips: None)
