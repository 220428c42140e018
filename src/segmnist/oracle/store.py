"""Posteriors on disk: a Zarr group beside a data set, one chunk a clip, that a later run goes on with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument, CorruptData
from segmnist.executors import Where, run
from segmnist.oracle.observers import Observer
from segmnist.oracle.oracle import Oracle
from segmnist.source import ClipSource
from segmnist.version import GENERATOR_VERSION
from segmnist.whole_file import sweep, temporary_path

HERE = Where(num_workers=1)
"""This process."""

CLIPS_PER_WORKER = 16
"""A process takes some seconds to start and to get the oracle, as long as so many clips take."""

DTYPES = {"float32": 0.0, "float16": 2.0**-12}
"""Permitted storage types, and the error that rounding to them adds to a probability below 1."""


@dataclass(frozen=True)
class PosteriorPlan:
    """What is stored: which clips, for which observer, in which precision.

    Raises `BadArgument` for no clip, another observer or horizon, or another dtype than float32 and float16.
    """

    clip_ids: tuple[int, ...]
    observer: str = "offline"
    dtype: str = "float32"
    horizon: int = 0
    """Frames that a forecast looks ahead; 0 for other observers."""

    def __post_init__(self) -> None:
        Observer(self.observer, self.horizon)
        if self.dtype not in DTYPES:
            raise BadArgument("dtype", self.dtype, ", ".join(DTYPES))
        if not self.clip_ids:
            raise BadArgument("clip_ids", self.clip_ids, "at least one clip")


def write_posteriors(
    path: str | Path,
    oracle: Oracle,
    source: ClipSource,
    plan: PosteriorPlan,
    report: Callable[[int, int], None] = lambda done, total: None,
    *,
    where: Where = HERE,
) -> Path:
    """Write posteriors as a Zarr group, and return its path.

    Arrays: `class_probabilities (B,T,11,H,W)`, `delta (B,)`, `log_evidence (B,)`, `clip_ids (B,)` and
    `done (B,)`; attributes: the spec, split, seed and bank of the clips, and the plan. A clip is marked done
    after its arrays are written, so a run that was cut short goes on where it stopped. `report` gets the
    clips done and their number. where: who works; the numbers are the same whoever does. Raises
    `BadArgument` where the source is not of the oracle's family, or the path holds something else than a
    part of this very plan.
    """
    oracle.check_made_by(source)
    Observer(plan.observer, plan.horizon).check_frames(oracle.spec.num_frames)
    group = _open(Path(path), oracle, source, plan)
    done = np.array(group["done"][:], bool)
    if not done.all():
        report(int(done.sum()), len(done))
    work = partial(_write_row, Path(path), oracle, source, plan)
    for row in run(work, np.flatnonzero(~done).tolist(), where, unit="clip", at_a_time=CLIPS_PER_WORKER):
        done[row] = True
        report(int(done.sum()), len(done))
    return Path(path)


def _write_row(path: Path, oracle: Oracle, source: ClipSource, plan: PosteriorPlan, row: int) -> int:
    """Compute and write the posterior of one clip; return its row."""
    group = _opened(path, "r+")
    posterior = oracle.posterior(source[plan.clip_ids[row]], plan.observer, horizon=plan.horizon)
    group["class_probabilities"][row] = posterior.class_probabilities.astype(plan.dtype)
    group["delta"][row] = posterior.delta.max()
    group["log_evidence"][row] = posterior.log_evidence[-1]
    group["done"][row] = True
    return row


@dataclass(frozen=True)
class StoredPosterior:
    """The posterior of one clip as `write_posteriors` stored it."""

    clip_id: int
    class_probabilities: NDArray[np.float32]
    """`(T,11,H,W)` P(class of a pixel | what the observer saw); class 10 is the background."""
    delta: float
    """No probability is off by more than this through what was left out; storing as float16 adds 2.4e-4."""
    log_evidence: float
    """log p(all that was seen), in nats."""


def read_posteriors(path: str | Path) -> Iterator[StoredPosterior]:
    """Yield each clip's posterior of a folder that `segmnist oracle` or `write_posteriors` wrote, in its order.

    Raises `BadArgument` where there are no posteriors, `CorruptData` at the first clip that is not finished.
    """
    group = _opened(Path(path), "r")
    for row, clip_id in enumerate(np.asarray(group["clip_ids"][:]).tolist()):
        if not group["done"][row]:
            raise CorruptData(f"{path}: clip {clip_id} was never finished; run `segmnist oracle` again")
        yield StoredPosterior(
            clip_id,
            np.asarray(group["class_probabilities"][row], np.float32),
            float(group["delta"][row]),
            float(group["log_evidence"][row]),
        )


def _identity(oracle: Oracle, source: ClipSource, plan: PosteriorPlan) -> dict[str, Any]:
    """Return the attributes by which a later run knows the same plan."""
    return {
        "segmnist_posteriors": 1,
        "generator_version": GENERATOR_VERSION,
        "spec": oracle.spec.to_dict(),
        "split": source.split,
        "seed": str(source.seed),
        "bank_sha256": source.bank.sha256,
        "observer": plan.observer,
        "horizon": plan.horizon,
        "dtype": plan.dtype,
        "delta_permitted": oracle.delta,
        "storage_error": DTYPES[plan.dtype],
    }


def _open(path: Path, oracle: Oracle, source: ClipSource, plan: PosteriorPlan) -> Any:
    """Return the group, made if it is not there; raise if it is another one."""
    identity, ids = _identity(oracle, source, plan), np.array(plan.clip_ids, np.uint64)
    sweep(path.parent, path.name)
    if not _is_something(path):
        unfinished = temporary_path(path)
        try:
            _make(unfinished, oracle, plan, identity, ids)
            # Whole or not there: a run that is killed before this leaves nothing to resume.
            unfinished.rename(path)
        except OSError:
            if not _is_something(path):
                raise  # unless another process was faster
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return _reopen(path, identity, ids)


def _is_something(path: Path) -> bool:
    """Return whether a path is there and is not an empty folder."""
    return path.exists() and any(path.iterdir() if path.is_dir() else [path])


def _make(
    path: Path, oracle: Oracle, plan: PosteriorPlan, identity: dict[str, Any], ids: NDArray[np.uint64]
) -> None:
    """Write a group in which no clip is done."""
    import zarr

    group = zarr.open_group(path, mode="w")
    spec, count = oracle.spec, len(ids)
    frame = (spec.num_frames, 11, spec.height, spec.width)
    group.create_array("class_probabilities", shape=(count, *frame), chunks=(1, *frame), dtype=plan.dtype)
    for name, dtype in (("delta", "float64"), ("log_evidence", "float64"), ("done", "bool")):
        group.create_array(name, shape=(count,), chunks=(1,), dtype=dtype)
    group.create_array("clip_ids", shape=(count,), chunks=(count,), dtype="uint64")[:] = ids
    group.attrs.update(identity)


def _opened(path: Path, mode: Literal["r", "r+"]) -> Any:
    """Return the group of stored posteriors; raise `BadArgument` if there is none."""
    import zarr

    try:
        group: Any = zarr.open_group(path, mode=mode)
        group["clip_ids"], group["done"], group.attrs["segmnist_posteriors"]
    except (OSError, KeyError, ValueError):
        fix = "`segmnist oracle` writes them; to write, choose another folder or delete this one"
        raise BadArgument("path", str(path), "an empty folder, or one of posteriors", fix) from None
    return group


def _reopen(path: Path, identity: dict[str, Any], ids: NDArray[np.uint64]) -> Any:
    """Return the group of a run that was cut short; raise `BadArgument` if it is of another plan."""
    group = _opened(path, "r+")
    fix = "choose another folder, or delete this one"
    for name, value in identity.items():
        if group.attrs.get(name) != value:
            raise BadArgument("path", str(path), f"posteriors with the same {name}", fix)
    if not np.array_equal(group["clip_ids"][:], ids):
        raise BadArgument("path", str(path), "posteriors of the same clips", fix)
    return group
