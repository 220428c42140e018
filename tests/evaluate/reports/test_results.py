"""Result files: round trip, and what is refused."""

from __future__ import annotations

import errno
import json
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


def test_result_files_round_trip(tmp_path: Any) -> None:
    place = tmp_path / "result.json"
    save_result(result(), place)
    assert load_result(place) == result()


def test_a_disk_that_is_full_leaves_the_old_result_file(tmp_path: Any, monkeypatch: Any) -> None:
    place = tmp_path / "r.json"
    save_result(result(), place)

    def full(descriptor: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_result(msgspec.structs.replace(result(), model="another"), place)
    assert load_result(place) == result()
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(SCHEMA, "segmnist-result/1"),
        lambda text: text.replace('"miou"', '"miou_of_old"'),
        lambda text: text.replace('"information_gained"', '"oracle_information_gained"'),
        lambda text: text.replace('"num_clips"', '"clips"'),
        lambda text: text.replace('"seed": 3', '"seed": "3"'),
        lambda text: text[: len(text) // 2],
        lambda text: "",
    ],
)
def test_other_files_are_no_results(tmp_path: Any, change: Any) -> None:
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


GOLDEN = Path(__file__).with_name("scores.json")


def test_scores_keep_their_values_while_the_schema_keeps_its_number() -> None:
    """A score that changes its meaning or its name gives `SCHEMA` a new number, or old files would pass.

    Written with `python -m tests.evaluate.reports.test_results`.
    """
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    golden, now = json.loads(GOLDEN.read_text()), golden_scores()
    assert golden["schema"] == SCHEMA, "write the scores of the new schema"
    assert golden["scores"].keys() <= now.keys(), "a score is gone: give SCHEMA a new number"
    for name, value in golden["scores"].items():
        assert now[name] == pytest.approx(value, rel=1e-5, abs=1e-6), f"{name}: give SCHEMA a new number"


def golden_scores() -> Any:
    scores = evaluated(range(16), tracking=True).scores()
    return {name: value for name, value in scores.items() if value == value}


if __name__ == "__main__":
    content = {"schema": SCHEMA, "scores": {name: float(f"{v:.9g}") for name, v in golden_scores().items()}}
    GOLDEN.write_text(json.dumps(content, indent=1) + "\n")
