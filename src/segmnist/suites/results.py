"""Result files of suites, checked against the suite as it is in this package."""

from __future__ import annotations

from pathlib import Path

from segmnist.errors import CorruptData
from segmnist.evaluate.reports.results import Result, load_result
from segmnist.suites.catalog import SUITES, suite
from segmnist.suites.checksums import suite_sha256


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
