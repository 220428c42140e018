"""find: SQL over the index gives what the truths themselves say, and can touch nothing else."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from segmnist.digits.bank import DigitBank

pytest.importorskip("duckdb", reason="segmnist[index] is not installed")

from segmnist import BadArgument, ClipSource, CorruptData, preset
from segmnist.dataset import find, generate, open_dataset, recipe_for, selection
from segmnist.formats import index_tables

SPEC = preset("crowded", height=48, width=56, num_frames=6, num_digits_range=(0, 5))


@pytest.fixture(scope="module")
def recipe() -> Any:
    return recipe_for(SPEC, num_clips=40, first_clip=100, split="val", seed=2, clips_per_shard=16)


@pytest.fixture(scope="module")
def place(recipe: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("indexed")
    generate(recipe, folder)
    return folder


@pytest.fixture(scope="module")
def clips() -> Any:
    return ClipSource(SPEC, split="val", seed=2, truth=index_tables.TRUTHS).batch(range(100, 140))


def test_a_row_for_each_digit_and_frame(place: Any, clips: Any) -> None:
    tables = [pq.read_table(path) for path in sorted((place / "val.zarr/index").glob("frames-*"))]
    assert sum(table.num_rows for table in tables) == 6 * clips.num_digits.sum()
    rows = [row for table in tables for row in table.to_pylist()]
    for row in rows[:: max(1, len(rows) // 200)]:
        at = row["clip_id"] - 100, row["instance"] - 1, row["frame"]
        assert row["label"] == clips.labels[at[:2]]
        assert row["visible_area"] == clips.visible_area[at]
        assert row["visibility"] == clips.visibility[at]
        assert (row["y"], row["angle"]) == (clips.pose[at][0], clips.pose[at][2])
        assert [row[f"box_{c}"] for c in ("x0", "y0", "x1", "y1")] == clips.boxes_xyxy[at].tolist()
        hidden = clips.occluders[at[0], at[1], :, at[2]]
        assert row["hidden_by_occluder"] == hidden.max()
        assert row["occluder"] == (hidden.argmax() + 1 if hidden.any() else 0)


def test_a_row_for_each_clip(place: Any, clips: Any, recipe: Any) -> None:
    tables = [pq.read_table(path) for path in sorted((place / "val.zarr/index").glob("clips-*"))]
    rows = [row for table in tables for row in table.to_pylist()]
    assert [row["clip_id"] for row in rows] == list(range(100, 140))
    assert [row["row"] for row in rows] == list(range(40))
    assert [row["num_digits"] for row in rows] == clips.num_digits.tolist()


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        ("label = 6 and visibility < 0.5", lambda c: (c.labels[:, :, None] == 6) & (c.visibility < 0.5)),
        ("visible_area > 150", lambda c: c.visible_area > 150),
        ("frame = 5 and depth_order = 2", lambda c: (c.depth_order == 2) & (np.arange(6) == 5)),
        ("label = 77", lambda c: np.zeros_like(c.visibility, bool)),
    ],
)
def test_what_is_found_is_what_is_so(place: Any, clips: Any, condition: str, is_so: Any) -> None:
    real = np.arange(5) < clips.num_digits[:, None]
    expected = 100 + np.flatnonzero((is_so(clips) & real[:, :, None]).any(axis=(1, 2)))
    assert find(place, condition) == expected.tolist()
    assert find(place, condition, limit=2) == expected.tolist()[:2]


def test_a_selection_is_a_data_set_of_its_own(place: Any, recipe: Any, tmp_path: Path) -> None:
    ids = find(place, "hidden_by_occluder > 40", limit=7)
    hard = selection(recipe, ids)
    generate(hard, tmp_path)
    stored = open_dataset(tmp_path)
    assert stored.clip_ids(range(len(stored))).tolist() == ids
    rows = [clip_id - 100 for clip_id in ids]
    assert np.array_equal(stored.batch(range(len(ids)))["video"], open_dataset(place).batch(rows)["video"])


@pytest.mark.parametrize(
    "condition",
    [
        "label = 6; DROP VIEW digits", "1=1); CREATE TABLE t AS (SELECT 1", "1=1); COPY frames TO '/tmp/x.csv'; --",
        "label IN (SELECT * FROM '/etc/passwd')", "exists (SELECT * FROM read_csv('/etc/passwd'))",
        "exists (SELECT * FROM read_text('/etc/hostname'))", "exists (SELECT * FROM glob('/*'))",
        "exists (SELECT * FROM read_parquet('http://127.0.0.1/x'))", "getenv('HOME') = ''",
        "1=1); SET enable_external_access=true; SELECT (1", "1=1); ATTACH '/tmp/x.db'; --",
        "1=1); INSTALL httpfs; --", "no_such_column = 1", "", ")", "exists (SELECT * FROM rows)", "'",
    ],
)  # fmt: skip
def test_a_query_that_wants_more(place: Any, condition: str, tmp_path: Path) -> None:
    rows = [1, 2, 3]  # a Python variable that no query may read
    assert rows
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadArgument) as caught:
        find(place, condition)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


ENDLESS = {
    "a recursion": "exists (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t)",
    "a product": "clip_id = (SELECT max(a.range + b.range) FROM range(100000000) a, range(100000000) b)",
    "one call": "regexp_matches(repeat('a', 10000000 + clip_id), '(a*)*b')",
}


@pytest.mark.parametrize("name", ["a recursion", "a product"])
def test_an_endless_query_ends(place: Any, name: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadArgument, match=r"answered within 0\.5 s"):
        find(place, ENDLESS[name], timeout=0.5)
    assert time.monotonic() - began < 30


def test_an_endless_query_that_cannot_be_ended_does_not_keep_the_command(place: Any) -> None:
    command = [sys.executable, "-m", "segmnist", "find", str(place), ENDLESS["one call"], "--timeout", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "answered within 0.5 s" in done.stderr


@pytest.mark.parametrize("condition", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_query_can_be_interrupted(place: Any, condition: str) -> None:
    command = [sys.executable, "-m", "segmnist", "find", str(place), condition]
    # Whoever is started in a shell's background inherits a SIGINT that is ignored.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    started = psutil.Process(process.pid)
    while started.cpu_times().user < 3:  # past its start, in the query
        time.sleep(0.1)
        assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out, err) == (130, "", "segmnist: interrupted\n")
    assert time.monotonic() - began < 30


def test_a_query_that_wants_more_memory_writes_no_files(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules[find.__module__], "MEMORY_LIMIT", "100MB")
    sort = "SELECT range x, repeat('a', 100) FROM range(10000000) ORDER BY hash(range)"
    with pytest.raises(BadArgument, match="Out of Memory"):
        find(place, f"clip_id = (SELECT max(x) FROM ({sort}))")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_index_is_noticed(recipe: Any, tmp_path: Path) -> None:
    generate(recipe, tmp_path)
    path = tmp_path / "val.zarr/index/frames-0000001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(CorruptData, match="frames-0000001"):
        find(tmp_path, "label = 1")


def test_without_an_index(tinier: Any, bank: DigitBank, tmp_path: Path) -> None:
    generate(tinier, tmp_path, bank=bank)
    with pytest.raises(BadArgument, match="no-index"):
        find(tmp_path, "label = 1")


def test_bad_limits_and_empty_selections(place: Any, recipe: Any) -> None:
    with pytest.raises(BadArgument, match="limit"):
        find(place, "label = 1", limit=0)
    with pytest.raises(BadArgument, match="no clip"):
        selection(recipe, [])


def test_the_clips_do_not_depend_on_the_index(recipe: Any, tmp_path: Path, place: Any) -> None:
    import dataclasses

    generate(dataclasses.replace(recipe, index=False), tmp_path)
    assert not (tmp_path / "val.zarr/index").exists()
    receipts = (place / "val.zarr/receipts/0000000.json", tmp_path / "val.zarr/receipts/0000000.json")
    files, plain = (json.loads(path.read_text())["files"] for path in receipts)
    assert plain == {path: value for path, value in files.items() if "index/" not in path}
