"""Every preset draws, to the last bit, what its generator version drew when the sums were recorded."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from scripts import golden

from segmnist import GENERATOR_VERSION, PRESETS, Clips

VERSION = str(GENERATOR_VERSION)


@pytest.mark.parametrize("name", PRESETS)
def test_the_preset_has_its_golden_sums(name: str) -> None:
    recorded = golden.recorded()[VERSION]
    assert recorded[name] == golden.sums_of(name), (
        f"{name} draws other pixels: raise GENERATOR_VERSION, write the changelog, run scripts/golden.py --write"
    )


@pytest.mark.parametrize("name", PRESETS)
def test_the_renderer_in_tensors_draws_the_golden_sums(name: str) -> None:
    pytest.importorskip("torch")
    from segmnist.render.tensors.renderer import render_tensors

    def draw(*arguments: Any) -> Clips:
        return render_tensors(*arguments, device="cpu").numpy()

    assert golden.sums_of(name, draw) == golden.recorded()[VERSION][name]


def test_every_version_so_far_is_recorded() -> None:
    assert sorted(map(int, golden.recorded())) == list(range(1, GENERATOR_VERSION + 1))
    assert set(golden.recorded()[VERSION]) == set(PRESETS)


def test_every_preset_split_and_seed_has_sums_of_its_own() -> None:
    """But for presets that differ in other things, as `noise` moves its digits as `standard` does."""
    sums = golden.recorded()[VERSION]
    videos = [arrays["video"] for preset in sums.values() for arrays in preset.values()]
    assert len(videos) == len(PRESETS) * 6
    assert len(set(videos)) == len(videos)


def test_recorded_sums_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    sums = golden.recorded()[VERSION]
    golden.write(path, "1", {"clean": sums["clean"]})
    golden.write(path, "1", sums)
    assert golden.recorded(path)["1"] == sums
    other = copy.deepcopy(sums)
    other["clean"]["train/0"]["video"] = "0" * 64
    before = path.read_bytes()
    with pytest.raises(ValueError, match="version 1 has other sums recorded: clean train/0 video"):
        golden.write(path, "1", other)
    assert path.read_bytes() == before
    golden.write(path, "2", other)
    assert golden.recorded(path) == {"1": sums, "2": other}
