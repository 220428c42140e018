"""Results on suites: made by this package, and read from files that must fit the suite as it is here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segmnist.errors import CorruptData
from segmnist.evaluate.reports.results import SCHEMA, PartResult, Result, load_result
from segmnist.hardware import hardware
from segmnist.suites.catalog import SUITES, Suite, suite
from segmnist.suites.checksums import suite_sha256
from segmnist.version import GENERATOR_VERSION, __version__


def result_of(whole: Suite, parts: Sequence[PartResult], split: str, model: str, **about: Any) -> Result:
    """Return the result of a model on a suite, or on those of its parts that are given, by this version on this machine.

    about: other fields of `Result`, such as `seed` and `notes`, or the `hardware` of another machine. It is partial where not
    all clips of a part were scored.
    """
    return Result(
        schema=SCHEMA,
        suite=whole.name,
        suite_sha256=suite_sha256(whole),
        split=split,
        model=model,
        parts=list(parts),
        segmnist_version=__version__,
        generator_version=GENERATOR_VERSION,
        hardware=about.pop("hardware", "") or hardware(),
        partial=any(part.num_clips < whole.part(part.name).num_clips(split) for part in parts),
        **about,
    )


def load_suite_result(path: str | Path) -> Result:
    """Read a result file.

    Raises `CorruptData` if it is none, or of another version of its suite, or of some clips only.
    """
    result = load_result(path)
    if result.partial:
        raise CorruptData(
            f"{path}: scores of the first clips only (--clips); score all clips of {result.suite}"
        )
    if result.suite not in SUITES:
        raise CorruptData(f"{path}: suite {result.suite!r}, expected one of {', '.join(SUITES)}")
    named = suite(result.suite)
    if result.suite_sha256 != suite_sha256(named):
        raise CorruptData(
            f"{path}: {result.suite} with SHA-256 {result.suite_sha256[:12]}, but this package's is "
            f"{suite_sha256(named)[:12]}; score the model again"
        )
    expected = {part.name: part.num_clips(result.split) for part in named.parts}
    # A model may be trained for one part alone; then the result has that part alone.
    found = {part.name: part.num_clips for part in result.parts}
    if not found or not found.items() <= expected.items():
        raise CorruptData(f"{path}: parts or clips differ from {result.suite}'s")
    return result
