"""The protocol against a real S3 server on loopback, well and ill."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from segmnist.digits.bank import DigitBank

pytest.importorskip("moto", reason="moto is a test extra")
pytest.importorskip("s3fs", reason="segmnist[s3] is not installed")

from tests.dataset.conftest import TINY_SPEC
from tests.dataset.faulty_s3 import BUCKET, serving

from segmnist import BadArgument, ClipSource, CorruptData
from segmnist.dataset import find, generate, open_dataset, repair, verify
from segmnist.dataset.object_store import FIRST_WORD, ObjectStore, StoreUnreachable


@pytest.fixture
def server() -> Iterator[Any]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmnist.dataset.object_store.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("s3fs.core.S3FileSystem.retries", 1)


def objects(url: Any) -> Any:
    store = ObjectStore(url)
    return {path: store.read(path) for path in store.walk()}


def test_the_same_bytes_as_on_a_disk(server: Any, tiny: Any, bank: DigitBank, tiny_files: Any) -> None:
    url = f"s3://{BUCKET}/data"
    generate(tiny, url, bank=bank)
    generate(tiny, url, bank=bank)
    assert objects(url) == tiny_files


def test_read_verify_and_repair(server: Any, tiny: Any, bank: DigitBank) -> None:
    url = f"s3://{BUCKET}/data"
    generate(tiny, url, bank=bank)
    clips = ClipSource(TINY_SPEC, seed=11, bank=bank).batch([13, 0])
    assert np.array_equal(open_dataset(url).batch([13, 0])["video"], clips.video)
    store = ObjectStore(f"{url}/train.zarr")
    store.replace("video/c.2.0.0.0", b"rot")
    store.remove("receipts/0000001.json")
    [verdict] = verify(url)
    assert [str(fault) for fault in verdict.faults] == [
        "missing: receipts/0000001.json",
        "truncated: video/c.2.0.0.0",
    ]
    repair(verdict, bank=bank)
    assert verify(url)[0].is_good


@pytest.mark.parametrize("fault", [409, 412, 500, 503, "lost", "late"])
def test_every_fault_alone(server: Any, tinier: Any, bank: DigitBank, tinier_files: Any, fault: Any) -> None:
    server.faults, server.rate = (fault,), 0.3 if fault != "late" else 0.05
    generate(tinier, f"s3://{BUCKET}/data", bank=bank)
    assert server.injected.count(fault) >= 1
    server.faults = ()
    assert objects(f"s3://{BUCKET}/data") == tinier_files


def test_all_faults_and_four_writers(server: Any, tinier: Any, bank: DigitBank, tinier_files: Any) -> None:
    url = f"s3://{BUCKET}/data"
    # Without any clips missing of the first writer the others would have nothing to do: all start at once.
    server.faults, server.rate = (409, 412, 500, 503, "lost"), 0.15
    errors = []

    def write() -> None:
        try:
            generate(tinier, url, bank=bank, num_workers=1)
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    server.faults = ()
    assert errors == []
    assert objects(url) == tinier_files


def test_other_bytes_under_a_name_are_drift(server: Any, tinier: Any, bank: DigitBank) -> None:
    url = f"s3://{BUCKET}/data"
    ObjectStore(f"{url}/train.zarr").put_new("video/c.1.0.0.0", b"of another version")
    with pytest.raises(CorruptData, match=r"video/c\.1"):
        generate(tinier, url, bank=bank)
    assert ObjectStore(f"{url}/train.zarr").read("video/c.1.0.0.0") == b"of another version"
    assert "train.zarr/manifest.json" not in objects(url)


def test_another_recipe_in_the_place(server: Any, tinier: Any, bank: DigitBank) -> None:
    import dataclasses

    url = f"s3://{BUCKET}/data"
    generate(tinier, url, bank=bank)
    before = objects(url)
    with pytest.raises(BadArgument, match="seed: 11 and 12"):
        generate(dataclasses.replace(tinier, seed=12), url, bank=bank)
    assert objects(url) == before


def test_a_store_that_always_fails(server: Any, tinier: Any, bank: DigitBank) -> None:
    server.faults, server.rate = (503,), 1.0
    with pytest.raises(StoreUnreachable, match="gave up"):
        generate(tinier, f"s3://{BUCKET}/data", bank=bank)


def test_a_bucket_that_is_not_there(server: Any, tinier: Any, bank: DigitBank) -> None:
    with pytest.raises(BadArgument, match="nowhere"):
        generate(tinier, "s3://nowhere/data", bank=bank)


def test_an_unknown_scheme(tiny: Any, bank: DigitBank) -> None:
    with pytest.raises(BadArgument, match="gopher"):
        generate(tiny, "gopher://place", bank=bank)


def test_whole_formats_want_a_disk(server: Any, tiny: Any, bank: DigitBank) -> None:
    import dataclasses

    recipe = dataclasses.replace(tiny, format="origin-npy", truths=("semantic",))
    with pytest.raises(BadArgument, match="local folder"):
        generate(recipe, f"s3://{BUCKET}/data", bank=bank)


def test_find_in_an_object_store(server: Any, tinier: Any, bank: DigitBank) -> None:
    import dataclasses

    pytest.importorskip("duckdb", reason="segmnist[index] is not installed")
    url = f"s3://{BUCKET}/data"
    generate(dataclasses.replace(tinier, index=True), url, bank=bank)
    assert find(url, "frame = 0") == [0, 1, 2]


def test_a_missing_bucket_is_no_missing_recipe(server: Any) -> None:
    with pytest.raises(BadArgument, match="a bucket that exists"):
        verify("s3://nowhere/data")
    with pytest.raises(BadArgument, match=r"no recipe\.json"):
        verify(f"s3://{BUCKET}/data")


def test_a_store_that_does_not_answer_is_spoken_of_soon(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("segmnist.dataset.object_store.FIRST_WORD", 0.05)
    store = ObjectStore(f"s3://{BUCKET}/data")
    failed = [False]

    def slow() -> str:
        if not failed[0]:
            failed[0] = True
            time.sleep(0.3)
            raise ConnectionError("reset")
        return "there"

    assert store._patiently(slow) == "there"
    said = [record.getMessage() for record in caplog.records if "segmnist" in record.name]
    assert "no answer for 0.05 s (try 1 of 6)" in said[0]
    assert "try 1 of 6 failed: reset" in said[1]


def said(endpoint: str, most_lines: int, **config: float) -> list[tuple[float, str]]:
    """Return the first lines that `segmnist verify` prints where the only endpoint is this one, and when, in seconds."""
    options = {"key": "k", "secret": "s", "endpoint_url": endpoint, "config_kwargs": config}
    command = [sys.executable, "-m", "segmnist", "verify", "s3://bucket/data"]
    environment = {**os.environ, "FSSPEC_S3": json.dumps(options)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [(time.monotonic(), line) for line in itertools.islice(process.stderr, most_lines)]
        process.kill()
    assert "Traceback" not in str(lines)
    return lines


def test_an_endpoint_that_accepts_and_never_answers() -> None:
    """Words come at once, then the count of tries; nobody but us tries again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        lines = said(f"http://127.0.0.1:{server.getsockname()[1]}", 3, read_timeout=4)
        server.setblocking(False)
        connections = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                connections += 1
    assert FIRST_WORD < 5
    assert "no answer for 3 s (try 1 of 6), still waiting" in lines[0][1]
    assert "try 1 of 6 failed: Read timeout" in lines[1][1]
    assert "no answer for 3 s (try 2 of 6), still waiting" in lines[2][1]
    assert connections == 2


def test_an_endpoint_that_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    lines = said(f"http://127.0.0.1:{port}", 99)
    assert "try 2 of 6 failed: Could not connect to the endpoint" in lines[0][1]
    assert "gave up after 6 tries" in lines[-1][1]
    # It waited 46 s where botocore tried again, too; the pauses between our tries are 3 s.
    assert lines[-1][0] - lines[0][0] < 20
