"""Posteriors on disk: read back, resumed after a kill, refused where another plan lies."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData
from segmnist.executors import Where
from segmnist.oracle import Oracle, store
from segmnist.oracle.store import DTYPES, PosteriorPlan, read_posteriors, write_posteriors
from segmnist.source import ClipSource


@pytest.fixture
def parts(small_bank: DigitBank) -> Any:
    spec = tiny_spec()
    return Oracle(spec, bank=small_bank, split="test"), ClipSource(spec, bank=small_bank, split="test")


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_read_is_what_was_computed(dtype: Any, parts: Any, tmp_path: Path) -> None:
    oracle, source = parts
    path = write_posteriors(tmp_path / "p.zarr", oracle, source, PosteriorPlan((4, 0), dtype=dtype))
    stored = list(read_posteriors(path))
    assert [one.clip_id for one in stored] == [4, 0]
    for one in stored:
        expected = oracle.posterior(source[one.clip_id])
        error = np.abs(one.class_probabilities - expected.class_probabilities).max()
        assert error <= DTYPES[dtype]
        assert (one.delta, one.log_evidence) == (expected.delta[0], expected.log_evidence[0])
    assert dtype == "float32" or error > 0
    attributes = zarr.open_group(path, mode="r").attrs
    assert (attributes["split"], attributes["seed"]) == ("test", "0")


def test_a_source_of_another_family_is_refused_before_anything_is_written(
    parts: Any, tmp_path: Path, small_bank: DigitBank
) -> None:
    oracle, source = parts
    other = ClipSource(source.spec, bank=small_bank, split="train")
    with pytest.raises(BadArgument, match=r"^split='train' .*'test'"):
        write_posteriors(tmp_path / "p.zarr", oracle, other, PosteriorPlan((0,)))
    assert not (tmp_path / "p.zarr").exists()


def test_forecasts_are_stored_with_their_horizon(parts: Any, tmp_path: Path) -> None:
    oracle, source = parts
    plan = PosteriorPlan((1,), "forecast", horizon=2)
    path = write_posteriors(tmp_path / "p.zarr", oracle, source, plan)
    (stored,) = read_posteriors(path)
    expected = oracle.posterior(source[1], "forecast", horizon=2)
    np.testing.assert_array_equal(stored.class_probabilities, expected.class_probabilities)
    with pytest.raises(BadArgument, match="same horizon"):
        write_posteriors(path, oracle, source, PosteriorPlan((1,), "forecast", horizon=1))
    with pytest.raises(BadArgument, match="horizon"):
        write_posteriors(tmp_path / "q.zarr", oracle, source, PosteriorPlan((1,), "forecast", horizon=9))


def test_what_is_not_there_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="posteriors"):
        list(read_posteriors(tmp_path / "nothing.zarr"))


def assert_same(path: Any, other: Any) -> None:
    for one, two in zip(read_posteriors(path), read_posteriors(other), strict=True):
        assert one.clip_id == two.clip_id
        np.testing.assert_array_equal(one.class_probabilities, two.class_probabilities)


def test_stopped_run_goes_on_and_repeats_nothing(parts: Any, tmp_path: Path) -> None:
    oracle, source = parts
    plan, path = PosteriorPlan((0, 1, 2, 3), "causal"), tmp_path / "p.zarr"

    class Stop(Exception):
        pass

    def stop(done: Any, total: Any) -> None:
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        write_posteriors(path, oracle, source, plan, stop)
    with pytest.raises(CorruptData, match="never finished"):
        list(read_posteriors(path))
    seen = []
    write_posteriors(path, oracle, source, plan, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 4), (3, 4), (4, 4)], "it says at once where it stands"
    whole = write_posteriors(tmp_path / "q.zarr", oracle, source, plan)
    assert_same(path, whole)


@pytest.mark.parametrize("theirs", ["offline", "frame"])
def test_a_second_process_that_begins_at_the_same_time_goes_on_with_what_the_first_made(
    theirs: str, parts: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    oracle, source = parts
    path, make = tmp_path / "p.zarr", store._make

    def is_overtaken(*arguments: Any) -> None:
        make(*arguments)
        with monkeypatch.context() as patch:
            patch.setattr(store, "_make", make)
            write_posteriors(path, oracle, source, PosteriorPlan((0, 1), theirs))

    monkeypatch.setattr(store, "_make", is_overtaken)
    if theirs == "offline":
        write_posteriors(path, oracle, source, PosteriorPlan((0, 1)))
    else:
        with pytest.raises(BadArgument, match="posteriors with the same observer"):
            write_posteriors(path, oracle, source, PosteriorPlan((0, 1)))
    assert [posterior.clip_id for posterior in read_posteriors(path)] == [0, 1]
    assert [place.name for place in tmp_path.iterdir()] == ["p.zarr"]


def test_a_disk_that_fails_leaves_nothing_behind(parts: Any, tmp_path: Path, monkeypatch: Any) -> None:
    def is_full(path: Path, *_: Any) -> None:
        path.mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    oracle, source = parts
    monkeypatch.setattr(store, "_make", is_full)
    with pytest.raises(OSError, match="No space left"):
        write_posteriors(tmp_path / "p.zarr", oracle, source, PosteriorPlan((0,)))
    assert not list(tmp_path.iterdir())


def test_other_plans_and_other_folders_are_refused(parts: Any, tmp_path: Path, small_bank: DigitBank) -> None:
    oracle, source = parts
    path = write_posteriors(tmp_path / "p.zarr", oracle, source, PosteriorPlan((0,)))
    for plan in (PosteriorPlan((1,)), PosteriorPlan((0,), "frame"), PosteriorPlan((0,), dtype="float16")):
        with pytest.raises(BadArgument, match="path"):
            write_posteriors(path, oracle, source, plan)
    with pytest.raises(BadArgument, match="seed"):
        write_posteriors(
            path, oracle, ClipSource(oracle.spec, bank=small_bank, split="test", seed=5), PosteriorPlan((0,))
        )
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(BadArgument, match="empty folder"):
        write_posteriors(tmp_path / "letters", oracle, source, PosteriorPlan((0,)))
    for bad in ({"clip_ids": ()}, {"clip_ids": (0,), "observer": "x"}, {"clip_ids": (0,), "dtype": "int8"}):
        with pytest.raises(BadArgument):
            PosteriorPlan(**bad)


SETTINGS = ("num_frames=2", "classes=1,7", "twins=[]", "position_step=18")
ARGUMENTS = ["--clips", "6", *(word for setting in SETTINGS for word in ("--set", setting))]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from segmnist.cli import main; main()", "oracle", *arguments]


KILLED = """
import os, signal, sys
import zarr
from segmnist.cli import main

write, writes, moment = zarr.Array.__setitem__, iter(range(10**9)), int(sys.argv.pop())

def killed(array, where, values):
    if next(writes) == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    write(array, where, values)

zarr.Array.__setitem__ = killed
main()
"""


@pytest.mark.parametrize("moment", [0, 7])
def test_killed_command_resumes_to_the_same_posteriors(tmp_path: Path, moment: int) -> None:
    """While the group is made, and amid the arrays of the second clip."""
    out, whole = tmp_path / "killed.zarr", tmp_path / "whole.zarr"
    job = subprocess.run([sys.executable, "-c", KILLED, "oracle", str(out), *ARGUMENTS, str(moment)])
    assert job.returncode == -signal.SIGKILL
    for path in (out, whole):
        done = subprocess.run(command(str(path), *ARGUMENTS), capture_output=True, text=True, check=True)
        assert "posteriors of 6 clips" in done.stdout
    assert_same(out, whole)
    assert {path.name for path in tmp_path.iterdir()} == {"killed.zarr", "whole.zarr"}


def test_bad_use_of_the_command_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for arguments in (
        ["oracle"],
        ["oracle", str(tmp_path / "x"), "--preset", "standard"],
        ["oracle", "--ceiling", "nope"],
    ):
        code = "import sys; from segmnist.cli import main; main()"
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_whoever_works_the_numbers_are_the_same(
    executor: str, parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if executor == "ray":
        pytest.importorskip("ray")
    oracle, source = parts
    monkeypatch.setattr(store, "CLIPS_PER_WORKER", 2)
    plan = PosteriorPlan((0, 3, 1, 2), "causal")
    alone = write_posteriors(tmp_path / "alone.zarr", oracle, source, plan)
    shared = write_posteriors(tmp_path / "shared.zarr", oracle, source, plan, where=Where(executor, 2))
    for one, other in zip(read_posteriors(alone), read_posteriors(shared), strict=True):
        assert (one.clip_id, one.log_evidence, one.delta) == (other.clip_id, other.log_evidence, other.delta)
        np.testing.assert_array_equal(one.class_probabilities, other.class_probabilities)


def test_bad_workers_are_refused_in_one_line(tmp_path: Path) -> None:
    for arguments in (["--workers", "0"], ["--executor", "slurm"], ["--address", "local"]):
        done = subprocess.run(command(str(tmp_path / "x"), *arguments), capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
