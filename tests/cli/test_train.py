"""`segmnist train` as a user runs it: exit codes, one line on stderr, the files written."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch comes with the `train` extra")

TINY = ("--suite", "tiny-v1", "--batch", 2, "--width", 8, "--frames", 2, "--device", "cpu")


def test_train_tells_how_far_it_is_and_refuses_to_overwrite(run: Any, tmp_path: Any) -> None:
    options = (*TINY, "--steps", 2, "--validations", 1, "--threads", 1)
    code, out, err = run("train", "all-background", "--out", tmp_path / "run", *options)
    assert code == 0, err
    assert out.strip() == str(tmp_path / "run" / "checkpoint.pt")
    assert "2/2 steps" in err
    assert "validation NLL" in err
    code, _, err = run("train", "all-background", "--out", tmp_path / "run", *options)
    assert code == 2
    assert "--resume" in err
    code, _, err = run("train", "all-background", "--out", tmp_path / "run", *options, "--resume")
    assert code == 0, err


def test_resuming_needs_none_of_the_settings_again(run: Any, tmp_path: Any) -> None:
    from segmnist.baselines.checkpoint import LAST, read_checkpoint

    began = (*TINY, "--steps", 2, "--seed", 3, "--validations", 0, "--threads", 1)
    code, out, err = run("train", "all-background", "--out", tmp_path / "run", *began)
    assert code == 0, err
    before = read_checkpoint(tmp_path / "run" / LAST, "cpu")["settings"]
    again = ("train", "--out", tmp_path / "run", "--resume", "--threads", 1)
    code, said, err = run(*again, "--frames", 2, "--suite", "tiny-v1")
    assert (code, said) == (0, out), err
    assert read_checkpoint(tmp_path / "run" / LAST, "cpu")["settings"] == before
    code, _, err = run(*again, "--width", 16)
    assert code == 2
    assert "width=16" in err
    assert "expected 8, as in" in err


@pytest.mark.parametrize(
    ("save_every", "said"), [(2, "--resume goes on from there"), (9, "no checkpoint yet")]
)
def test_a_run_that_is_stopped_says_what_is_kept(
    run: Any, tmp_path: Any, monkeypatch: Any, save_every: int, said: str
) -> None:
    from segmnist.baselines.train import Run

    take_step = Run.take_step

    def stopped_at_the_third(self: Any, drawn: Any) -> Any:
        if self.step == 2:
            raise KeyboardInterrupt
        return take_step(self, drawn)

    monkeypatch.setattr(Run, "take_step", stopped_at_the_third)
    options = (*TINY, "--steps", 4, "--validations", 0, "--threads", 1, "--save-every", save_every)
    code, out, err = run("train", "all-background", "--out", tmp_path / "run", *options)
    assert (code, out) == (130, "")
    assert "segmnist: stopped; " in err
    assert said in err
    assert (tmp_path / "run" / "checkpoint.pt").exists() == (save_every == 2)


def test_resuming_what_never_began_says_that_it_begins(run: Any, tmp_path: Any) -> None:
    options = (*TINY, "--steps", 1, "--validations", 0, "--threads", 1, "--out", tmp_path / "run")
    code, _, err = run("train", "all-background", *options, "--resume")
    assert code == 0
    assert f"no checkpoint in {tmp_path / 'run'}" in err


def test_the_folder_is_named_after_the_model_and_a_spec_may_be_one_s_own(
    run: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--preset", "clean", "--set", "num_frames=3", "--batch", 1, "--width", 8, "--threads", 1)
    code, out, err = run("train", "unet", *options, "--steps", 1, "--validations", 0)
    assert code == 0, err
    assert out.strip() == "runs/unet/checkpoint.pt"


def test_a_budget_of_minutes_and_one_part_of_a_suite(run: Any, tmp_path: Any) -> None:
    options = (
        "--suite",
        "exact-v1",
        "--part",
        "sigma-20",
        "--minutes",
        0.001,
        "--validations",
        0,
        "--width",
        8,
    )
    code, _, err = run("train", "all-background", "--out", tmp_path, *options, "--threads", 1)
    assert code == 0, err


def test_a_speedrun_writes_its_result_and_its_row(run: Any, tmp_path: Any, monkeypatch: Any) -> None:
    from segmnist.baselines import speedrun

    monkeypatch.setitem(speedrun.FIXED, "minutes", 0.001)
    code, out, err = run("train", "all-background", "--speedrun", "--out", tmp_path, "--threads", 1)
    assert code == 0, err
    assert "| all-background | 0 |" in out
    assert "torch" in out
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["suite"], result["split"], result["model"]) == ("tiny-v1", "test", "all-background")
    assert result["parameters"] == 11
    assert result["minutes"] > 0.0005


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("unett",), "did you mean unet"),
        (("unet", "--suite", "tiny-v9"), "tiny-v1"),
        (("unet", "--suite", "exact-v1", "--part", "sigma-21"), "sigma-20"),
        (("unet", "--suite", "tiny-v1", "--frames", 100), "1..8"),
        (("unet", "--save-every", 0), "save_every=0"),
        (("unet", "--threads", 0), "threads=0"),
        (("unet", "--threads", 10**10), "1..1024"),
        (("sprites", "--frames", 2), "all of a clip"),
        (("unet", "--steps", 0), "steps=0"),
        (("unet", "--minutes", -1), "minutes=-1"),
        (("unet", "--minutes", "inf"), "minutes=inf"),
        (("unet", "--device", "gpu"), "device='gpu'"),
        (("unet", "--preset", "clean", "--suite", "tiny-v1"), "either --suite or --preset"),
        (("unet", "--speedrun", "--minutes", 5), "two minutes"),
        (("unet", "--speedrun", "--preset", "clean"), "two minutes"),
        (("unet", "--speedrun", "--resume"), "one go"),
    ],
)
def test_bad_use_is_one_line_and_leaves_no_folder(run: Any, tmp_path: Any, arguments: Any, said: Any) -> None:
    code, out, err = run("train", *arguments, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_suite_is_not_gone_on_with(run: Any, tmp_path: Any) -> None:
    options = ("--steps", 1, "--validations", 0, "--out", tmp_path, "--width", 8, "--threads", 1)
    assert run("train", "all-background", "--suite", "tiny-v1", *options)[0] == 0
    code, _, err = run("train", "all-background", "--suite", "exact-v1", *options, "--resume")
    assert code == 2
    assert err.count("\n") == 1
    assert "suite='exact-v1'" in err
    assert "'tiny-v1', as in" in err
    code, _, err = run("train", "--preset", "clean", *options, "--resume")
    assert code == 2
    assert "expected 'tiny-v1', as in" in err
    code, _, err = run("train", "--steps", 1, "--minutes", 3, *options, "--resume")
    assert code == 2
    assert "minutes=3.0 is not permitted: expected none, as in" in err
