from __future__ import annotations

import pytest

from segmnist import PRESETS, BadArgument, SceneSpec, preset

FOUNDING = {"num_frames": 30, "height": 64, "width": 64, "num_digits_range": (2, 3)}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_described_function_of_its_name(name: str) -> None:
    make = PRESETS[name]
    assert make.__name__.replace("_", "-") == name
    assert (make.__doc__ or "").strip().endswith(".")
    assert preset(name) == make()
    assert SceneSpec.from_toml(make().to_toml()) == make()


def test_all_the_presets_are_there() -> None:
    names = (
        "standard origin clean noise shapes crowded camouflage ambigram exact passing come-and-go long large "
        "moving-mnist colour"
    )
    assert sorted(PRESETS) == sorted(names.split())
    assert len({make() for make in PRESETS.values()}) == len(PRESETS)


@pytest.mark.parametrize("name", ["standard", "origin", "clean", "noise", "shapes", "camouflage", "ambigram"])
def test_the_founding_sizes_are_kept(name: str) -> None:
    assert {field: getattr(preset(name), field) for field in FOUNDING} == FOUNDING


def test_one_difficulty_at_a_time() -> None:
    assert (preset("clean").max_shapes, preset("clean").noise_density) == (0, 0)
    assert (preset("noise").max_shapes, preset("noise").noise_density) == (0, 1)
    assert (preset("shapes").max_shapes > 0, preset("shapes").noise_density) == (True, 0)


def test_an_unknown_preset_is_told_the_nearest() -> None:
    with pytest.raises(BadArgument, match=r"crowded.*did you mean crowded"):
        preset("crowd")
    with pytest.raises(BadArgument, match=r"expected standard, origin"):
        preset("qqqq")
