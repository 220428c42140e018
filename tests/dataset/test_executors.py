"""Whoever builds a shard, and in whatever order: the same bytes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pytest
from tests.dataset.conftest import files_of

from segmnist import BadArgument, CorruptData, SceneSpec, SegmnistError, preset
from segmnist.dataset import generate, plan_for, recipe_for
from segmnist.dataset.commit import books_of, commit
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.manifest import FileSum, Receipt
from segmnist.digits.bank import DigitBank
from segmnist.executors import run_ray
from segmnist.executors.run_local import run_local


def finished_files_of(place: Any) -> Any:
    """Without the temporary files of writers that were killed, which are for `verify --clean` to sweep."""
    return {name: data for name, data in files_of(place).items() if not name.endswith(".tmp")}


@pytest.fixture
def many_shards(bank: DigitBank) -> Any:
    """Enough shards for eight processes."""
    spec = SceneSpec(height=16, width=24, num_frames=2, num_digits_range=(1, 1))
    return recipe_for(spec, num_clips=64, clips_per_shard=1, bank=bank, index=False)


@pytest.mark.parametrize("num_workers", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_worker_counts(many_shards: Any, bank: DigitBank, ram: Any, num_workers: int) -> None:
    for count in (1, num_workers):
        generate(many_shards, ram / str(count), bank=bank, num_workers=count)
    assert files_of(ram / "1") == files_of(ram / str(num_workers))


def test_shard_ranges_in_any_order(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    for part in (2, 0, 1):
        assert not (ram / "train.zarr/manifest.json").exists()
        generate(tiny, ram, bank=bank, shard_range=(part, 3))
    assert files_of(ram) == tiny_files


def test_a_worker_that_dies(
    many_shards: Any, bank: DigitBank, ram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill_one(progress: Any) -> None:
        if progress.clips == 0:
            return
        for child in multiprocessing.active_children()[:1]:
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(SegmnistError, match="run again to resume"):
        generate(many_shards, ram / "killed", bank=bank, num_workers=2, report=kill_one)
    generate(many_shards, ram / "killed", bank=bank, num_workers=1)
    generate(many_shards, ram / "whole", bank=bank, num_workers=1)
    assert finished_files_of(ram / "killed") == files_of(ram / "whole")


def one_dies_and_one_never_ends(folder: Path, last_dies: bool, number: int) -> None:
    """Of two workers, the one that was started last dies, or the other, while its fellow works on."""
    (folder / multiprocessing.current_process().name).touch()
    while len(started := sorted(folder.iterdir(), key=lambda path: int(path.name.split("-")[-1]))) < 2:
        time.sleep(0.05)
    if multiprocessing.current_process().name == started[-1 if last_dies else 0].name:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(120)  # longer than the test may take; a pool that hangs ends then


@pytest.mark.timeout(60)
@pytest.mark.parametrize("last_dies", [False, True])
def test_the_other_workers_of_a_broken_pool_are_ended(
    ram: Path, last_dies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they do at that time: they may wait for a lock that the dead worker held."""
    start = SpawnProcess.start

    def start_slowly(process: SpawnProcess) -> None:
        # The pool's thread then always waits for workers before it knows of this one.
        start(process)
        time.sleep(0.3)

    monkeypatch.setattr(SpawnProcess, "start", start_slowly)
    with pytest.raises(SegmnistError, match="run again to resume"):
        list(run_local(partial(one_dies_and_one_never_ends, ram, last_dies), range(2), 2))
    assert not multiprocessing.active_children()


INTERRUPTED = """
import os, signal, sys
from segmnist import DigitBank
from segmnist.cli import main

DigitBank.mnist()  # the decoded digits may have to be stored first, which is not counted
# Whoever is started in a shell's background inherits a SIGINT that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
fsync, syncs, moment = os.fsync, iter(range(10**9)), int(sys.argv.pop())

def interrupted(descriptor):
    if next(syncs) == moment:
        os.kill(os.getpid(), signal.SIGINT)
    fsync(descriptor)

os.fsync = interrupted
main()
"""


@pytest.mark.parametrize("moment", [0, 6, 23])
def test_ctrl_c_stops_cleanly_and_the_same_command_resumes(ram: Any, moment: int) -> None:
    """While the place is claimed, and amid the files of the first and of a later shard."""
    spec = SceneSpec(height=32, width=40, num_frames=2)
    recipe = recipe_for(spec, num_clips=8, clips_per_shard=2, index=False)
    recipe.to_toml(ram / "recipe.toml")
    command = ["generate", str(ram / "stopped"), "--recipe", str(ram / "recipe.toml"), "--workers", "1"]

    def run(code: Any, *more: Any) -> Any:
        return subprocess.run([sys.executable, "-c", code, *command, *more], capture_output=True, text=True)

    stopped = run(INTERRUPTED, str(moment))
    assert stopped.returncode == 130
    assert "the same command resumes" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not list(ram.rglob("*.tmp"))
    assert not list(ram.rglob("manifest.json"))
    assert run("from segmnist.cli import main; main()").returncode == 0
    generate(recipe, ram / "whole", num_workers=1)
    assert files_of(ram / "stopped") == files_of(ram / "whole")


def test_bad_runs(tiny: Any, bank: DigitBank, ram: Any) -> None:
    for options in (
        {"num_workers": 0}, {"executor": "dask"}, {"shard_range": (2, 2)}, {"shard_range": (-1, 2)},
        {"address": "auto"},
    ):  # fmt: skip
        with pytest.raises(BadArgument):
            generate(tiny, ram / "out", bank=bank, **options)
    assert not (ram / "out").exists()


class FakeReceipts(LocalStore):
    """A store that is full of receipts."""

    def __init__(self, plan: Any) -> None:
        super().__init__("/nowhere")
        self.plan, self.plan_id = plan, plan.recipe.plan_id

    def names(self, folder: Any) -> Any:
        return {f"{shard:07d}.json" for shard in range(0, self.plan.num_shards, 2)}

    def read(self, path: Any) -> Any:
        shard = int(path.rpartition("/")[2].removesuffix(".json"))
        files = {f"video/c.{shard}.0.0.0": FileSum(10_000_000, "ab" * 32)}
        return Receipt(self.plan_id, shard, 128, files).to_bytes()


def test_a_million_clips_are_planned_and_listed_in_little_memory() -> None:
    recipe = recipe_for(preset("standard"), num_clips=1_000_000, clips_per_shard=128)
    plan_for(recipe)
    tracemalloc.start()
    plan = plan_for(recipe)
    assert plan.num_shards == 7813
    assert sum(len(plan.layout.rows(shard)) for shard in range(plan.num_shards)) == 1_000_000
    planned = tracemalloc.get_traced_memory()[1]
    books = books_of(plan, FakeReceipts(plan))
    assert len(books.done()) == 3907
    assert sum(1 for _ in books.receipts(plan)) == 7813
    listed = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert planned < 1 << 20
    assert listed < 4 << 20


def test_planning_time_does_not_grow_with_the_clips() -> None:
    def seconds(num_clips: Any) -> Any:
        start = time.perf_counter()
        plan_for(recipe_for(preset("standard"), num_clips=num_clips, clips_per_shard=128))
        return time.perf_counter() - start

    seconds(1)
    assert min(seconds(10**12) for _ in range(5)) < 50 * min(seconds(10) for _ in range(5))


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    module = pytest.importorskip("ray", reason="segmnist[ray] is not installed")
    os.environ["RAY_DISABLE_IMPORT_WARNING"] = "1"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join([root, os.path.join(root, "src")])
    module.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
    )
    yield module
    module.shutdown()


def test_ray_gives_the_same_bytes(ray: Any, tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    generate(tiny, ram, bank=bank, executor="ray")
    assert files_of(ram) == tiny_files


def test_ray_with_workers_killed(ray: Any, many_shards: Any, bank: DigitBank, ram: Any) -> None:
    """All worker processes die, again and again; as long as shards get done, the job goes on."""
    psutil = pytest.importorskip("psutil")
    killed = []

    def kill_workers(progress: Any) -> None:
        if progress.clips % 16 != 8:
            return
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.cmdline()[:1] in (["ray::_do"], ["ray::IDLE"]):
                    process.kill()
                    killed.append(process.pid)

    generate(many_shards, ram / "ray", bank=bank, executor="ray", report=kill_workers)
    assert len(killed) >= 4  # of 2 at each of 4 moments; one may just be starting
    generate(many_shards, ram / "local", bank=bank, num_workers=1)
    assert finished_files_of(ram / "ray") == files_of(ram / "local")


class Poison(LocalStore):
    """A store that kills whoever writes shard 5."""

    def put_new(self, path: Any, data: Any) -> None:
        if path.startswith("video/c.5."):
            os.kill(os.getpid(), signal.SIGKILL)
        super().put_new(path, data)


def test_a_shard_that_kills_its_ray_workers_is_named(
    ray: Any, many_shards: Any, bank: DigitBank, ram: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_ray, "MAX_DEATHS", 2)
    plan, store = plan_for(many_shards, bank), Poison(ram)
    with pytest.raises(SegmnistError, match=r"shard 5: 3 workers died over it .* run again to resume"):
        list(run_ray.run_ray(partial(commit, plan, store), range(16), unit="shard"))
    assert 5 not in books_of(plan, store).done()


def test_errors_on_ray_workers_come_home(ray: Any, tiny: Any, bank: DigitBank, ram: Any) -> None:
    LocalStore(ram / "train.zarr").put_new("video/c.1.0.0.0", b"of another version")
    with pytest.raises(CorruptData, match=r"video/c\.1"):
        generate(tiny, ram, bank=bank, executor="ray")


SIGNALLED = """
import concurrent.futures._base, os, signal, sys, threading, time
from segmnist.executors.run_local import run_local

class Interrupted(threading.Condition):
    "The condition of a future, of which the main thread hears SIGINT as soon as it has it, so many times on."
    left = int(sys.argv[1])

    def __init__(self):
        super().__init__()
        self.really_acquire, self.acquire = self.acquire, self.acquire_and_signal

    def acquire_and_signal(self, *arguments):
        got = self.really_acquire(*arguments)
        if threading.current_thread() is threading.main_thread():
            Interrupted.left -= 1
            if Interrupted.left == 0:
                os.kill(os.getpid(), signal.SIGINT)
        return got

    def __enter__(self):
        return self.acquire()

class Threading:
    "The module, with that condition."
    Condition = Interrupted
    def __getattr__(self, name):
        return getattr(threading, name)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    concurrent.futures._base.threading = Threading()
    try:
        for _ in run_local(abs, range(1000), 2):
            pass
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held here")
@pytest.mark.parametrize("times", [1, 12, 40, 41, 42, 43])
def test_a_signal_that_comes_while_a_lock_is_taken_leaves_none_locked(tmp_path: Path, times: int) -> None:
    (tmp_path / "run.py").write_text(SIGNALLED)
    command = [sys.executable, str(tmp_path / "run.py"), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
