"""A type checker finds a misspelt preset, split, field or truth, and knows every one that is there."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from segmnist.render.arrays import TRUTHS, Truth
from segmnist.scene.presets import PRESETS, PresetName
from segmnist.scene.randomness import SPLITS, Split
from segmnist.scene.spec import SceneSpec
from segmnist.scene.spec_fields import SpecFields

ROOT = Path(__file__).parents[1]

RIGHT = """
from segmnist import ClipSource, SceneSpec, preset
from segmnist.dataset import recipe_for

spec = preset("crowded", height=48, rotation_rate_range=(0, 0)).replace(num_frames=8)
ClipSource("standard", split="val", truth=("semantic", "boxes"))
ClipSource(SceneSpec(height=48), truth="flow")
recipe_for(spec, num_clips=3, split="test", truth=["semantic"])
"""
WRONG = {
    "preset": 'preset("standrd")',
    "preset of a source": 'ClipSource("standrd")',
    "split": 'ClipSource("clean", split="valid")',
    "split of a recipe": 'recipe_for(spec, num_clips=3, split="valid")',
    "field": 'preset("clean", hieght=48)',
    "field of a change": "spec.replace(hieght=48)",
    "field of a spec": "SceneSpec(hieght=48)",
    "value of a field": 'spec.replace(digit_motion="reflct")',
    "truth": 'ClipSource("clean", truth=("semantics",))',
    "truth alone": 'ClipSource("clean", truth="semantics")',
    "truth of a recipe": 'recipe_for(spec, num_clips=3, truth=("semantic", "box"))',
}


def test_the_names_for_type_checkers_are_those_of_the_tables() -> None:
    assert get_args(Split) == tuple(SPLITS)
    assert get_args(PresetName) == tuple(PRESETS)
    assert get_args(Truth) == tuple(TRUTHS)
    of_spec = get_type_hints(SceneSpec)
    assert get_type_hints(SpecFields) == {
        field.name: of_spec[field.name] for field in dataclasses.fields(SceneSpec)
    }


def test_mypy_finds_what_is_misspelt_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is a test extra")
    first_wrong = RIGHT.count("\n") + 1
    (tmp_path / "user.py").write_text(RIGHT + "\n".join(WRONG.values()) + "\n", encoding="utf-8")
    # The cache of the repository's own run makes this a matter of seconds.
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(tmp_path / "user.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error: " in line}
    missed = [what for number, what in enumerate(WRONG, first_wrong) if number not in lines]
    assert missed == []
    assert all(number >= first_wrong for number in lines), done.stdout
