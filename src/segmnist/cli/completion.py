"""What the shell offers after Tab: names that a command knows. Typer asks these functions; they import little.

Each takes what was typed so far and returns the names that begin so. Where it returns none, shells offer files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

Complete = Callable[[str], list[str]]

SUITES_FILE = Path(__file__).parents[1] / "suites" / "checksums.json"
"""The frozen suites and their parts, by name: reading it takes a tenth of the time that importing the suites takes."""


def preset_names(incomplete: str) -> list[str]:
    """Complete the name of a preset."""
    from segmnist.scene.presets import PRESETS

    return _that_begin(incomplete, PRESETS)


def field_changes(incomplete: str) -> list[str]:
    """Complete `FIELD=`, and `FIELD=VALUE` where the values are words."""
    from segmnist.scene.spec import choices_of, field_names

    name, equals, _ = incomplete.replace("-", "_").partition("=")
    if not equals:
        return [f"{field}=" for field in _that_begin(name, field_names())]
    if name not in field_names():
        return []
    return _that_begin(incomplete, [f"{name}={word}" for word in choices_of(name)])


def knob_names(incomplete: str) -> list[str]:
    """Complete a field of numbers."""
    from segmnist.scene.spec import field_names, limits_of

    return _that_begin(incomplete, filter(limits_of, field_names()))


def suite_names(incomplete: str) -> list[str]:
    """Complete the name of a suite."""
    return _that_begin(incomplete, _parts_by_suite())


def part_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a part: of the suite that --suite names, or of any."""
    by_suite = _parts_by_suite()
    named = ctx.params.get("suite")
    chosen = [named] if named in by_suite else list(by_suite)
    return _that_begin(incomplete, dict.fromkeys(part for suite in chosen for part in by_suite[suite]))


def format_names(incomplete: str) -> list[str]:
    """Complete the name of a file format."""
    from segmnist.formats import FOLDER, SHARDED, WHOLE

    return _that_begin(incomplete, [*SHARDED, *WHOLE, *FOLDER])


def truth_names(incomplete: str) -> list[str]:
    """Complete the name of a truth."""
    from segmnist.render.arrays import TRUTHS

    return _that_begin(incomplete, TRUTHS)


def model_names(incomplete: str) -> list[str]:
    """Complete the name of a baseline."""
    from segmnist.baselines.catalog import MODELS

    return _that_begin(incomplete, MODELS)


def one_of(*words: str) -> Complete:
    """Return the function that completes these words."""
    return lambda incomplete: _that_begin(incomplete, words)


splits = one_of("train", "val", "test")
scored_splits = one_of("test", "val")
devices = one_of("auto", "cpu", "cuda")
executors = one_of("local", "ray")
observers = one_of("offline", "causal", "frame", "prefix")


def _that_begin(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _parts_by_suite() -> dict[str, list[str]]:
    return {suite: list(sums) for suite, sums in json.loads(SUITES_FILE.read_bytes()).items()}
