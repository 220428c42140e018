"""`segmnist sweep`: what it prints, draws and keeps, and what it refuses."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.strategies import named_bank

from segmnist.evaluate.reports.results import load_result
from segmnist.scene.spec import SceneSpec
from segmnist.suites import evaluate, sweep_of

MODELS = """
import numpy as np

def background(video):
    return np.full(video.shape, 10, np.uint8)

def letters(video):
    return np.full(video.shape, 26, np.uint8)

def bright(video):
    return np.where(video > 128, 3, 10).astype(np.uint8)
"""
CLIPS = ("--set", "num_frames=2", "--set", "height=48", "--set", "width=80", "--clips", 3)


@pytest.fixture
def sweep(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the exit code, stdout and stderr of a sweep, in a folder with two models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "swept_models.py").write_text(MODELS)
    return functools.partial(run, "sweep")


def test_models_are_scored_at_each_value_in_order(sweep: Any, tmp_path: Path) -> None:
    code, out, err = sweep(
        "swept_models:background", "swept_models:bright", *CLIPS, "--knob", "noise_density", "--values", "1,0",
        "--curve", "c.svg", "--out", "kept/here",
    )  # fmt: skip
    assert code == 0, err
    rows = [
        line.split()[0]
        for line in out.splitlines()
        if line.startswith("noise_density-") and ", " not in line.split("[")[0]
    ]
    assert rows == ["noise_density-0"] * 2 + ["noise_density-1"] * 2
    assert "noise_density" in (tmp_path / "c.svg").read_text()
    bright = load_result(tmp_path / "kept" / "here" / "swept_models-bright.json")
    accuracy = [part.scores["pixel_accuracy"].value or 0 for part in bright.parts]
    assert accuracy[0] > accuracy[1] + 0.2, "noise is bright as digits are"


def test_one_model_and_a_range(sweep: Any) -> None:
    code, out, err = sweep("swept_models:bright", *CLIPS, "--knob", "speed_range", "--values", "4,1.5")
    assert code == 0, err
    assert "speed_range-1.5" in out
    assert "speed_range-4" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--knob", "nois_density", "--values", "0,1"), "nois_density"),
        (("--knob", "noise_density", "--values", "0,x"), "numbers with commas"),
        (("--knob", "noise_density", "--values", "0"), "two different numbers"),
        (("--knob", "noise_density", "--values", "1,1"), "two different numbers"),
        (("--knob", "noise_density", "--values", "0,3"), "expected 0..1"),
        (("--knob", "classes", "--values", "1,2"), "a number or a range"),
        (("--knob", "digit_motion", "--values", "1,2"), "a number or a range"),
        (("--knob", "noise_density", "--values", "0,1", "--curve", "c.pdf"), ".svg or .png"),
        (("--knob", "noise_density", "--values", "0,1", "--clips", "0"), "1 or more"),
        (("--knob", "noise_density", "--values", "0,1", "--score", "miu"), "such as miou"),
    ],
)
def test_bad_input_is_one_line(sweep: Any, arguments: Any, said: str) -> None:
    code, _, err = sweep(
        "swept_models:background", *arguments, *(CLIPS[:6] if "--clips" in arguments else CLIPS)
    )
    lines = [line for line in err.splitlines() if line.startswith("segmnist: ") and "compiling" not in line]
    assert (code, len(lines)) == (2, 1), err
    assert said in lines[0]


def test_digits_of_ones_own(sweep: Any, tmp_path: Path) -> None:
    """The clips are those of the bank, and so are the classes of the scores."""
    bank = named_bank(26)
    splits = [bank.splits[name] for name in ("train", "val", "test")]
    np.savez(
        "letters.npz", images=bank.images, labels=bank.labels, splits=splits, class_names=bank.classes.names
    )
    asked = ("--knob", "speed_range", "--values", "1,2", "--bank", "letters.npz", "--out", "kept")
    code, _, err = sweep("swept_models:letters", *CLIPS, *asked)
    assert code == 0, err
    found = load_result(tmp_path / "kept" / "swept_models-letters.json")
    assert {part.names for part in found.parts} == {bank.classes}
    swept = sweep_of(SceneSpec(num_frames=2, height=48, width=80), "speed_range", [1, 2], 3, bank=bank)
    assert [part.content_id for part in found.parts] == [part.content_id("test") for part in swept.parts]


def test_stored_predictions_cannot_be_swept(sweep: Any, tmp_path: Path) -> None:
    code, _, err = sweep(tmp_path, *CLIPS, "--knob", "noise_density", "--values", "0,1")
    assert code == 2
    assert "a checkpoint (.pt) or MODULE:NAME" in err


def test_a_sweep_in_python() -> None:
    swept = sweep_of("standard", "sensor_sigma", [30, 2.5], 2)
    assert [part.spec.sensor_sigma for part in swept.parts] == [2.5, 30]
    parts = evaluate(lambda video: video // 255 + 9, swept)
    assert [part.name for part in parts] == ["sensor_sigma-2.5", "sensor_sigma-30"]
