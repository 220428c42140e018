"""Posteriors on disk: a Zarr group beside a data set, one chunk a clip, which a later run takes up where
it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument, CorruptData
from segmnist.oracle.oracle import OBSERVERS, Oracle
from segmnist.source import ClipSource
from segmnist.version import GENERATOR_VERSION

DTYPES = {"float32": 0.0, "float16": 2.0**-12}
"""Permitted storage types and the error that rounding to them adds to a probability: half of a float16's
last place below 1."""


@dataclass(frozen=True)
class PosteriorPlan:
    """What is stored: which clips, for which observer, in which precision."""

    clip_ids: tuple[int, ...]
    observer: str = "offline"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.observer not in OBSERVERS:
            raise BadArgument("observer", self.observer, ", ".join(OBSERVERS))
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
) -> Path:
    """Write `class_probabilities (B,T,11,H,W)`, `delta (B,)`, `log_evidence (B,)`, `clip_ids` and `done
    (B,)` as Zarr.

    A clip is marked done after its arrays are written, so a run that was cut short goes on where it
    stopped. `report` gets the clips done and their number. Raises `BadArgument` where the path holds
    something else than a part of this very plan.
    """
    group = _open(Path(path), oracle, source, plan)
    done = np.array(group["done"][:], bool)
    for row in np.flatnonzero(~done):
        posterior = oracle.posterior(source[plan.clip_ids[row]].video, plan.observer)
        group["class_probabilities"][row] = posterior.class_probabilities.astype(plan.dtype)
        group["delta"][row] = posterior.delta.max()
        group["log_evidence"][row] = posterior.log_evidence[-1]
        group["done"][row] = True
        done[row] = True
        report(int(done.sum()), len(done))
    return Path(path)


def read_posteriors(path: str | Path, row: int) -> NDArray[np.float32]:
    """Return the class probabilities of one stored clip, `(T,11,H,W)` float32. Raises `CorruptData` if it
    is not finished."""
    import zarr

    group: Any = zarr.open_group(path, mode="r")
    if not group["done"][row]:
        raise CorruptData(f"{path}: clip row {row} was never finished; run `segmnist oracle` again")
    return np.asarray(group["class_probabilities"][row], np.float32)


def _identity(oracle: Oracle, source: ClipSource, plan: PosteriorPlan) -> dict[str, Any]:
    return {
        "segmnist_posteriors": 1,
        "generator_version": GENERATOR_VERSION,
        "spec": oracle.spec.to_dict(),
        "split": source.split,
        "seed": str(source.seed),
        "bank_sha256": source.bank.sha256,
        "observer": plan.observer,
        "dtype": plan.dtype,
        "delta_permitted": oracle.delta,
        "storage_error": DTYPES[plan.dtype],
    }


def _open(path: Path, oracle: Oracle, source: ClipSource, plan: PosteriorPlan) -> Any:
    """Return the group, made if it is not there; raise if it is another one."""
    import zarr

    identity, ids = _identity(oracle, source, plan), np.array(plan.clip_ids, np.uint64)
    if path.exists() and any(path.iterdir() if path.is_dir() else [path]):
        return _reopen(path, identity, ids)
    unfinished = path.with_name(f".{path.name}.tmp")
    group = zarr.open_group(unfinished, mode="w")
    spec, count = oracle.spec, len(ids)
    frame = (spec.num_frames, 11, spec.height, spec.width)
    group.create_array("class_probabilities", shape=(count, *frame), chunks=(1, *frame), dtype=plan.dtype)
    for name, dtype in (("delta", "float64"), ("log_evidence", "float64"), ("done", "bool")):
        group.create_array(name, shape=(count,), chunks=(1,), dtype=dtype)
    group.create_array("clip_ids", shape=(count,), chunks=(count,), dtype="uint64")[:] = ids
    group.attrs.update(identity)
    # Whole or not there: a run that is killed before this leaves nothing to resume.
    unfinished.rename(path)
    return zarr.open_group(path, mode="r+")


def _reopen(path: Path, identity: dict[str, Any], ids: NDArray[np.uint64]) -> Any:
    import zarr

    fix = "choose another folder, or delete this one"
    try:
        group: Any = zarr.open_group(path, mode="r+")
        stored, stored_ids = dict(group.attrs), np.asarray(group["clip_ids"][:])
    except (OSError, KeyError, ValueError):
        raise BadArgument("out", str(path), "an empty folder or posteriors to resume", fix) from None
    for name, value in identity.items():
        if stored.get(name) != value:
            raise BadArgument("out", str(path), f"posteriors with the same {name}", fix)
    if not np.array_equal(stored_ids, ids):
        raise BadArgument("out", str(path), "posteriors of the same clips", fix)
    return group
