"""Exact posteriors of clips that are scored; a folder may keep them, for the next model on the same clips."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist import oracle as oracle_package
from segmnist.dataset.recipe import canonical_json
from segmnist.errors import BadArgument, shown
from segmnist.evaluate.predictions import NUM_SAMPLES
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.observers import PREFIX
from segmnist.oracle.solvable import check_solvable
from segmnist.render.clips import Clip
from segmnist.source import ClipSource
from segmnist.suites.catalog import Part
from segmnist.version import GENERATOR_VERSION
from segmnist.whole_file import replacing

ORACLE = Path(oracle_package.__file__).parent
"""The code that computes posteriors: what is kept is of this very code."""

Known = dict[str, NDArray[Any]]
"""`posterior` `(T,11,H,W)` float32, and twice `(NUM_SAMPLES,T,H,W)` uint8: `posterior_samples`, `oracle_samples`."""


def check_observer(part: Part, observer: str) -> None:
    """Raise `BadArgument` where the oracle does not solve a part, or this observer has seen other frames than a model."""
    if observer not in (OBSERVERS if part.given is None else (PREFIX,)):
        asked = ", ".join(OBSERVERS) if part.given is None else f"{PREFIX!r}, who has seen the frames given"
        raise BadArgument("observer", observer, asked)
    try:
        check_solvable(part.spec)
    except BadArgument as error:
        found = f"{error.argument}={shown(error.value)}"
        expected = f"none of part {part.name!r}, which the oracle does not solve ({found})"
        fix = "leave it out, or score a part of exact-v2"
        raise BadArgument("observer", observer, expected, fix) from None


def posterior_of(
    source: ClipSource, observer: str, folder: Path | None = None, *, given: int | None = None
) -> Callable[[Clip], Known]:
    """Return the function that gives a clip's exact posterior and two sets of joint samples of it.

    folder: where the posteriors of all clips are kept, one file a clip; they are computed only where it has none
    of this source, observer and version of the oracle. given: the first frames that a model sees, where it is to predict
    the others; the posterior is of those others then.
    """
    oracle = Oracle.of(source)

    def solved(clip: Clip) -> Known:
        posterior = oracle.posterior(clip, observer, num_seen=given or 0)
        samples = posterior.sample(2 * NUM_SAMPLES, seed=clip.clip_id)[:, given:]
        return {
            "posterior": posterior.class_probabilities[given:],
            "posterior_samples": samples[:NUM_SAMPLES],
            "oracle_samples": samples[NUM_SAMPLES:],
        }

    if folder is None:
        return solved
    folder.mkdir(parents=True, exist_ok=True)
    name = _name(source, observer, given)

    def kept(clip: Clip) -> Known:
        path = folder / f"{name}-{clip.clip_id}.npz"
        known = _read(path)
        if known is None:
            known = solved(clip)
            with replacing(path) as [temporary], temporary.open("xb") as file:
                np.savez_compressed(file, allow_pickle=False, **known)
        return known

    return kept


def _name(source: ClipSource, observer: str, given: int | None) -> str:
    """Return what the posteriors depend on, beside the clip, as the start of a file's name."""
    identity = {
        "spec": source.spec.to_dict(),
        "split": source.split,
        "seed": str(source.seed),
        "bank": source.bank.sha256,
        "observer": observer,
        "given": given,
        "samples": NUM_SAMPLES,
        "generator_version": GENERATOR_VERSION,
        "oracle": [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(ORACLE.glob("*.py"))],
    }
    return f"{observer}-{hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]}"


def _read(path: Path) -> Known | None:
    """Return what a file keeps; None where there is none, or a damaged one, which is then made anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in ("posterior", "posterior_samples", "oracle_samples")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
