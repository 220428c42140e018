"""Scoring a suite: draw its clips, check them against the checksums, score the predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.reports.results import PartResult, part_result
from segmnist.executors.run_local import run_local
from segmnist.render.clips import Clip
from segmnist.suites.catalog import Part, Suite
from segmnist.suites.catalog import suite as suite_named
from segmnist.suites.checksums import BLOCK, block_checksum, check_block, clip_digest, is_frozen
from segmnist.suites.given import asked_frames
from segmnist.suites.predict import Model, Predict, of_files, of_model
from segmnist.suites.prior import class_prior

TRUTHS = ("semantic", "instance", "visibility", "pose", "noiseless", "beneath", "flow", "twins")

_CLIPS_OF_A_MODEL = 10
"""Clips that a model gets at a time unless it asks for more."""

_CLIPS_OF_A_FILE = 4
"""Clips drawn at a time to score stored predictions: their arrays stay in a core's cache until they are counted."""


@dataclass(frozen=True)
class Job:
    """One part of a suite to score, and what is asked beside the usual scores.

    class_prior: that of the part, which is made once for all processes.
    """

    suite: Suite
    part: Part
    split: str
    tracking: bool = False
    observer: str | None = None
    first: int | None = None
    posteriors: Path | None = None
    class_prior: tuple[float, ...] = ()

    @property
    def scored(self) -> Part:
        """Return the part with the clips that are scored: all, or the first ones."""
        return self.part.first(self.first)

    @property
    def blocks(self) -> range:
        """Return the numbers of the blocks of clips that have a checksum each; the last may be cut short."""
        return range(-(-self.scored.num_clips(self.split) // BLOCK))


def evaluate(
    predictions: str | Path | Model,
    suite: Suite | str = "standard-v1",
    *,
    split: str = "test",
    batch_size: int = _CLIPS_OF_A_MODEL,
    tracking: bool = False,
    observer: str | None = None,
    first: int | None = None,
    posteriors: str | Path | None = None,
    num_workers: int = 1,
    progress: Callable[[int], None] = lambda clips: None,
) -> list[PartResult]:
    """Score predictions on every part of a suite and return the result of each.

    predictions: a path as `StoredPredictions` reads it, or a `Model`, called batch by batch. `num_workers`
    processes score stored predictions. `tracking` adds HOTA, J&F and VIS AP; `observer` adds the exact
    posterior's scores, the ceiling, and the distance from the posterior, for suites that the oracle solves;
    `posteriors` is a folder that keeps the posteriors for the next model on the same clips.
    `first` scores the first so many clips of each part, for a quick look: no scores of the suite.
    suite: the name of a frozen suite, or a `Suite`, for instance `suite_of(spec)`. Raises `BadPrediction`
    for predictions that cannot be scored, `CorruptData` if the clips are not the frozen suite's, and
    `BadArgument` for an observer of a suite that the oracle does not solve.
    """
    chosen = suite_named(suite) if isinstance(suite, str) else suite
    if batch_size < 1 or num_workers < 1:
        raise BadArgument("batch_size, num_workers", (batch_size, num_workers), "1 or more")
    if observer is not None:
        # The oracle takes long to import.
        from segmnist.suites.posteriors import check_observer

        for part in chosen.parts:
            check_observer(part, observer)
    kept = None if posteriors is None else Path(posteriors)
    results = []
    for part in chosen.parts:
        prior = tuple(class_prior(part).tolist())
        job = Job(chosen, part, split, tracking, observer, first, kept, prior)
        if callable(predictions):
            evaluation = _score(job, job.blocks, of_model(predictions, part.given), batch_size, progress)
        else:
            evaluation = _score_stored(job, Path(predictions), num_workers, progress)
        results.append(_result(job, evaluation))
    return results


def _result(job: Job, evaluation: Evaluation) -> PartResult:
    part = job.part
    return part_result(
        part.name,
        part.scored_frames,
        evaluation,
        content_id=job.scored.content_id(job.split),
        class_prior=job.class_prior,
        spec=None if is_frozen(job.suite) else part.spec.to_dict(),
        classes=part.classes,
    )


def _score(
    job: Job, blocks: range, predict: Predict, batch_size: int, progress: Callable[[int], None]
) -> Evaluation:
    """Score some blocks of a part; each whole block's checksum is compared once its clips are drawn."""
    evaluation = Evaluation(tracking=job.tracking)
    source = job.part.source(job.split, TRUTHS)
    num_clips = job.scored.num_clips(job.split)
    known_of: Callable[[Clip], dict[str, NDArray[Any]]] = _nothing_known
    if job.observer is not None:
        from segmnist.suites.posteriors import posterior_of

        known_of = posterior_of(source, job.observer, job.posteriors, given=job.part.given)
    of_part = {"class_prior": np.array(job.class_prior)}
    for block in blocks:
        digests = []
        end = min((block + 1) * BLOCK, len(source))
        last = min(end, num_clips)
        for first in range(block * BLOCK, last, batch_size):
            clips = list(source[first : min(first + batch_size, last)])
            digests += [clip_digest(clip) for clip in clips]
            for clip, prediction in zip(clips, predict(clips), strict=True):
                truth = asked_frames(clip.arrays, job.part.given) | of_part | known_of(clip)
                evaluation.add(clip.clip_id, truth, prediction)
                progress(1)
        if last == end:
            check_block(job.suite, job.part, job.split, block, block_checksum(digests))
    return evaluation


def _nothing_known(clip: Clip) -> dict[str, NDArray[Any]]:
    return {}


def _score_stored(job: Job, path: Path, num_workers: int, progress: Callable[[int], None]) -> Evaluation:
    # Opened here first, so that missing or extra clips are found before anything is drawn.
    predict = of_files(path, job.suite, job.part, job.split, job.first)
    # Starting processes takes longer than scoring a few hundred clips.
    if num_workers == 1 or len(job.blocks) < 2 * num_workers:
        return _score(job, job.blocks, predict, _CLIPS_OF_A_FILE, progress)
    # The first block here, so that kernels are compiled once, where nothing is compiled yet, and not by every process.
    total = _score(job, job.blocks[:1], predict, _CLIPS_OF_A_FILE, progress)
    # Shards come in any order; their sums are the same in every order.
    work = _StoredBlocks(job, path)
    fix = "no score is kept: run again, with fewer workers if memory is short"
    for shard in run_local(work, job.blocks[1:], num_workers, after_a_death=fix):
        progress(len(shard.clip_ids))
        total.merge(shard)
    return total


@dataclass(frozen=True)
class _StoredBlocks:
    """Scores one block of clips at a time, in a process of its own; an archive is read once in each process."""

    job: Job
    path: Path

    def __call__(self, block: int) -> Evaluation:
        blocks = range(block, block + 1)
        return _score(self.job, blocks, self._predict, _CLIPS_OF_A_FILE, lambda clips: None)

    @cached_property
    def _predict(self) -> Predict:
        return of_files(self.path, self.job.suite, self.job.part, self.job.split, self.job.first)
