"""Killed anywhere, resumed, identical: SIGKILL at every step of the protocol and at random moments."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import time
from typing import Any

import pytest
from tests.dataset.conftest import files_of

from segmnist.dataset import generate, verify
from segmnist.dataset.verify import clean
from segmnist.digits.bank import DigitBank

KILLS = int(os.environ.get("SEGMNIST_TEST_KILLS", 5000))
"""Trials of the slow test at random moments."""


def in_child(work: Any, num_writers: int = 1) -> Any:
    """Run `work` in forked children; return their ids. Nothing of pytest runs in them."""
    children = []
    for _ in range(num_writers):
        child = os.fork()
        if child == 0:
            try:
                work()
                os._exit(0)
            except BaseException:
                os._exit(1)
        children.append(child)
    return children


def wait_for(child: Any) -> Any:
    return os.waitpid(child, 0)[1]


def killing_at(step: Any) -> None:
    """Make the process kill itself just before (even) or after (odd) the step-th change it makes to the disk."""
    count = iter(range(10**9))

    def wrap(function: Any) -> Any:
        def killed(*arguments: Any, **options: Any) -> Any:
            number = next(count)
            if number == step // 2 and step % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **options)
            if number == step // 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return killed

    for name in ("fsync", "link", "replace", "mkdir", "unlink"):
        setattr(os, name, wrap(getattr(os, name)))


def finish_and_compare(recipe: Any, place: Any, bank: DigitBank, expected: Any) -> None:
    generate(recipe, place, bank=bank, num_workers=1)
    for verdict in verify(place):
        clean(verdict.found)
        assert {fault.kind for fault in verdict.faults} <= {"leftover"}
    assert files_of(place) == expected


def trial_at_step(recipe: Any, place: Any, bank: DigitBank, expected: Any, step: Any) -> Any:
    def work() -> None:
        killing_at(step)
        generate(recipe, place, bank=bank, num_workers=1)

    [child] = in_child(work)
    killed = os.WIFSIGNALED(wait_for(child))
    finish_and_compare(recipe, place, bank, expected)
    return killed


def trial_at_random(recipe: Any, place: Any, bank: DigitBank, expected: Any, delay: Any) -> Any:
    [child] = in_child(lambda: generate(recipe, place, bank=bank, num_workers=1))
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    killed = os.WIFSIGNALED(wait_for(child))
    finish_and_compare(recipe, place, bank, expected)
    return killed


def kill_at_steps(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any, stride: Any) -> Any:
    """Return how many trials there were until one reached its end."""
    step = 0
    while trial_at_step(tiny, ram / str(step), bank, tiny_files, step):
        step += stride
    return step


def test_killed_before_or_after_many_steps(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    # 5 steps a file: 7 does not divide what repeats, so that each kind of step comes up at some file.
    assert kill_at_steps(tiny, bank, tiny_files, ram, stride=7) >= 200


def exported(tinier: Any, bank: DigitBank, ram: Any) -> tuple[Any, Any]:
    """A recipe of two shards of many files, and the export that it gives."""
    recipe = dataclasses.replace(tinier, format="davis")
    generate(recipe, ram / "whole", bank=bank, num_workers=1)
    return recipe, files_of(ram / "whole")


def test_an_export_killed_at_many_steps_resumes(tinier: Any, bank: DigitBank, ram: Any) -> None:
    recipe, files = exported(tinier, bank, ram)
    # Even steps come before a call: to make a folder that is there is no step that something comes after.
    assert kill_at_steps(recipe, bank, files, ram, stride=10) >= 200


def test_many_writers_of_one_export(tinier: Any, bank: DigitBank, ram: Any) -> None:
    recipe, files = exported(tinier, bank, ram)
    for race in range(10):
        place = ram / str(race)
        children = in_child(
            lambda place=place: generate(recipe, place, bank=bank, num_workers=1), num_writers=4
        )
        assert [wait_for(child) for child in children] == [0, 0, 0, 0]
        assert files_of(place) == files


@pytest.mark.slow
def test_killed_before_and_after_every_step(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    assert kill_at_steps(tiny, bank, tiny_files, ram, stride=1) >= 200


def run_random_trials(tiny: Any, bank: DigitBank, tiny_files: Any, folder: Any, count: Any, seed: Any) -> Any:
    chance, longest, total = random.Random(seed), 0.1, 0
    for trial in range(count):
        killed = trial_at_random(tiny, folder / str(trial), bank, tiny_files, chance.uniform(0, longest))
        # However fast the machine is by now, some come early, some late, and few after the end.
        longest *= 1.05 if killed else 0.9
        total += killed
    return total


def test_killed_at_random_moments(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    assert run_random_trials(tiny, bank, tiny_files, ram, count=200, seed=1) >= 50


@pytest.mark.slow
def test_killed_at_thousands_of_random_moments(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    assert run_random_trials(tiny, bank, tiny_files, ram, count=KILLS, seed=2) >= KILLS // 5


def test_killed_again_and_again_until_done(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    chance = random.Random(3)
    for _ in range(10):
        [child] = in_child(lambda: generate(tiny, ram, bank=bank, num_workers=1))
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        wait_for(child)
    finish_and_compare(tiny, ram, bank, tiny_files)


def test_many_writers_in_one_place(tiny: Any, bank: DigitBank, tiny_files: Any, ram: Any) -> None:
    for race in range(20):
        place = ram / str(race)
        children = in_child(
            lambda place=place: generate(tiny, place, bank=bank, num_workers=1), num_writers=4
        )
        assert [wait_for(child) for child in children] == [0, 0, 0, 0]
        assert files_of(place) == tiny_files
