"""Signals: one lets begun shards end, a second ends at once; the last line says how to resume, and no process is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from segmnist.dataset import verify

SMALL = ["--set", "num_frames=12", "--clips", "40000", "--no-index", "--format", "zarr"]
RESUMES = "segmnist: stopped; finished shards are kept, and the same command resumes"


def generate(place: Path, *options: str) -> Any:
    command = [sys.executable, "-m", "segmnist", "generate", str(place), *SMALL, "--workers", "2", *options]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=heed_signals,
    )  # fmt: skip


def heed_signals() -> None:
    """Undo what a shell's background and `nohup` leave to their children: signals that are ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for(path: Path, process: Any) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None


def ended(process: Any, family: list[psutil.Process]) -> str:
    """What was said on stderr, after a process has ended with the code of an interrupt and all its children with it."""
    _, err = process.communicate(timeout=60)
    # A signal that comes when Python has all but ended kills it, which a shell calls 130, too.
    assert process.returncode in (130, -signal.SIGINT), err
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    return str(err)


def check_resumable(place: Path) -> None:
    [verdict] = verify(place)
    assert {fault.kind for fault in verdict.faults} <= {"missing", "leftover", "foreign"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [False, True])
def test_every_signal_lets_begun_shards_end(tmp_path: Path, number: int, whole_group: bool) -> None:
    process = generate(tmp_path)
    wait_for(tmp_path / "train.zarr/receipts", process)
    family = psutil.Process(process.pid).children(recursive=True)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    assert ended(process, family).splitlines()[-1] == RESUMES
    check_resumable(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(tmp_path: Path, number: int) -> None:
    process = generate(tmp_path)
    wait_for(tmp_path / "train.zarr/receipts", process)
    family = psutil.Process(process.pid).children(recursive=True)
    for child in family:
        child.suspend()  # no worker ends by itself
    os.kill(process.pid, number)
    time.sleep(0.5)
    os.kill(process.pid, number)
    began = time.monotonic()
    assert ended(process, family).splitlines()[-1] == RESUMES
    assert time.monotonic() - began < 10
    check_resumable(tmp_path)


def interrupted_at_random(place: Path, chance: random.Random) -> None:
    process = generate(place)
    wait_for(place / "train.zarr/recipe.json", process)
    time.sleep(chance.uniform(0, 4))
    family = psutil.Process(process.pid).children(recursive=True)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(chance.uniform(0, 0.6))
    assert RESUMES in ended(process, family)
    check_resumable(place)


def test_interrupted_twice_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(5)
    for trial in range(3):
        interrupted_at_random(tmp_path / str(trial), chance)


@pytest.mark.slow
def test_interrupted_twice_at_many_random_moments(tmp_path: Path) -> None:
    chance = random.Random(6)
    for trial in range(40):
        interrupted_at_random(tmp_path / str(trial), chance)


@pytest.mark.slow
def test_nothing_of_ray_is_left_after_a_second_signal(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="segmnist[ray] is not installed")
    process = generate(tmp_path, "--executor", "ray")
    wait_for(tmp_path / "train.zarr/receipts", process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    assert ended(process, family).splitlines()[-1] == RESUMES
