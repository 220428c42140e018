"""Result files: round trip, and what is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.evaluate.clips import T, evaluated

from segmnist.errors import CorruptData
from segmnist.evaluate.reports.results import (
    SCHEMA,
    Result,
    load_result,
    part_result,
    result_schema,
    save_result,
)


def result() -> Any:
    part = part_result("all", T, evaluated(range(3)))
    return Result(SCHEMA, "standard-v1", "0" * 64, "test", "<b>model</b>", [part], "0.1.0", 1, seed=3)


def test_result_files_round_trip(tmp_path: Path) -> None:
    place = tmp_path / "result.json"
    save_result(result(), place)
    assert load_result(place) == result()


def test_a_disk_that_is_full_leaves_the_old_result_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "r.json"
    save_result(result(), place)

    def full(descriptor: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_result(msgspec.structs.replace(result(), model="another"), place)
    assert load_result(place) == result()
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(SCHEMA, "segmnist-result/0"),
        lambda text: text.replace('"num_clips"', '"clips"'),
        lambda text: text.replace('"seed": 3', '"seed": "3"'),
        lambda text: text[: len(text) // 2],
        lambda text: "",
    ],
)
def test_other_files_are_no_results(tmp_path: Path, change: Any) -> None:
    place = tmp_path / "result.json"
    save_result(result(), place)
    before = place.read_text()
    place.write_text(change(before))
    assert place.read_text() != before
    with pytest.raises(CorruptData, match=r"result\.json: "):
        load_result(place)


def test_the_schema_names_every_field() -> None:
    fields = result_schema()["$defs"]["Result"]["properties"]
    assert {"suite", "model", "commit", "seed", "hardware", "parts"} <= set(fields)
