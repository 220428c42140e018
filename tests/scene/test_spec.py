from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.strategies import specs

from segmnist import BadArgument, SceneSpec, preset
from segmnist.scene.spec import MAX_DURATION, field_names, from_dict, limits_of

NUMERIC = [name for name in field_names() if limits_of(name)]
CHOICES = {
    "blend": "over, max",
    "digit_motion": "reflect, origin, markov, clamp",
    "shape_motion": "reflect, origin",
    "noise_distribution": "uniform, origin",
    "pools": "split, shared",
    "corruption": "none, gaussian_noise",
}


def like_default(name: str, number: float) -> Any:
    """A value of the field's own form that holds this number."""
    default = getattr(SceneSpec(), name)
    if name.endswith("_range"):
        return (number, number)
    return (number,) if isinstance(default, tuple) else number


def is_whole(name: str) -> bool:
    default = getattr(SceneSpec(), name)
    return all(isinstance(v, int) for v in (default if isinstance(default, tuple) else (default,)))


def test_every_field_is_numeric_with_limits_or_a_choice_or_a_switch() -> None:
    assert set(field_names()) - set(NUMERIC) == {
        *CHOICES,
        "cut_corners",
        "shape_kinds",
        "texture_kinds",
        "twins",
    }


@pytest.mark.parametrize("name", NUMERIC)
def test_each_limit_is_in_and_what_lies_beyond_is_out(name: str) -> None:
    limits = limits_of(name)
    assert limits is not None
    step = 1 if is_whole(name) else 1e-9 * max(1.0, abs(limits.low), abs(limits.high))
    around = {"num_digits_range": (0, 0)} if name == "grey_levels" else {}
    for edge, outward in ((limits.low, -step), (limits.high, step)):
        spec = SceneSpec(**{**around, name: like_default(name, edge)})
        assert getattr(spec, name) == like_default(name, edge)
        with pytest.raises(
            BadArgument, match=f"^{name}=.*{limits.low:g}\\.\\.{limits.high:g}".replace("+", r"\+")
        ):
            SceneSpec(**{name: like_default(name, edge + outward)})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "7", None, True, 1j, object()])
@pytest.mark.parametrize("name", NUMERIC)
def test_what_is_no_finite_number_is_named(name: str, bad: object) -> None:
    with pytest.raises(BadArgument, match=f"^{name}="):
        SceneSpec(**{name: like_default(name, bad)})
    with pytest.raises(BadArgument, match=f"^{name}="):
        SceneSpec(**{name: bad})


@pytest.mark.parametrize("name", [name for name in NUMERIC if is_whole(name)])
def test_counts_and_sizes_are_whole(name: str) -> None:
    limits = limits_of(name)
    assert limits is not None
    with pytest.raises(BadArgument, match=f"^{name}="):
        SceneSpec(**{name: like_default(name, limits.low + 0.5)})


@pytest.mark.parametrize("name", [name for name in NUMERIC if name.endswith("_range")])
def test_a_range_upside_down_is_shown_the_right_way_up(name: str) -> None:
    limits = limits_of(name)
    assert limits is not None
    quarter = (limits.high - limits.low) / 4
    low, high = limits.low + quarter, limits.high - quarter
    if is_whole(name):
        low, high = int(low), int(high)
    with pytest.raises(BadArgument, match=rf"^{name}=.*low <= high; write \({low}[.0]*, {high}[.0]*\)"):
        SceneSpec(**{name: (high, low)})
    for wrong_length in ((), (low,), (low, high, high)):
        with pytest.raises(BadArgument, match=f"^{name}="):
            SceneSpec(**{name: wrong_length})


@pytest.mark.parametrize(("name", "words"), CHOICES.items())
def test_a_bad_choice_is_told_the_choices(name: str, words: str) -> None:
    with pytest.raises(BadArgument, match=f"^{name}='sideways' .*{words}"):
        SceneSpec(**{name: "sideways"})


@pytest.mark.parametrize(
    ("scale", "change", "swing"),
    [(0.3120218919429254, 0.8012258320827361, 0.0)]
    + [(0.25 / (percent / 100), percent / 100, 0.0) for percent in range(26, 100)]
    + [(0.25 / (1 - swing), 1.0, swing) for swing in (0.1, 0.2, 0.3, 0.45)],
)
def test_scales_that_meet_the_limit_but_for_rounding_are_permitted(
    scale: float, change: float, swing: float
) -> None:
    spec = SceneSpec(scale_range=(scale, 1), scale_change_range=(change, 1), pulse_range=(0, swing))
    assert spec.smallest_scale == 0.25
    with pytest.raises(BadArgument, match=r"0\.25\.\.32"):
        spec.replace(scale_range=(scale - 1e-9, 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cut_corners": 1}, "cut_corners=1"),
        ({"classes": (3, 250)}, r"classes=\(3, 250\) .* 0\.\.249"),
        ({"classes": (3, 3)}, "different values"),
        ({"shape_kinds": ()}, "one or more"),
        ({"shape_kinds": ("star",)}, "rectangle, circle, ellipse, triangle"),
        ({"shape_kinds": "circle"}, "shape_kinds='circle'"),
        ({"grey_levels": (0, 9)}, r"1\.\.255 where digits"),
        ({"grey_levels": (60, 90), "fade_frames": 2}, r"fade_frames=2 .* 0 where grey_levels"),
        (
            {"scale_change_range": (0.5, 1), "scale_range": (0.4, 1)},
            r"scale_change_range=.*0\.25\.\.32; .*0\.2\.\.1",
        ),
        ({"pulse_range": (0, 0.5), "scale_range": (1, 30)}, r"pulse_range=.*0\.25\.\.32; .*0\.5\.\.45"),
        ({"num_frames": 10_000, "frame_stride": 7}, rf"frame_stride=7 .*1\.\.6; .*{MAX_DURATION}"),
        ({"digit_motion": "origin", "speed_step": 1.0}, "digit_motion='origin' .*_step"),
        ({"digit_motion": "markov", "acceleration_range": (0, 0.5)}, "acceleration_range"),
        ({"digit_motion": "clamp", "acceleration_range": (0, 0.5)}, "acceleration_range=.*clamp"),
        ({"direction_step": 7.0}, "direction_step=7.0 .*divisor of 360"),
        ({"twins": ((6, 9), (9, 1))}, "each class once"),
        ({"twins": ((6, 250),)}, r"0\.\.249"),
        ({"twins": ((6,),)}, "twins="),
        ({"twins": ((6, 9),), "angle_range": (0, 90)}, "angle_range=.*half a turn"),
        ({"twins": ((6, 9),), "angle_step": 120.0}, "angle_range=.*half a turn"),
    ],
)
def test_fields_that_cannot_go_together_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        SceneSpec(**fields)


def test_the_longest_motion_is_permitted() -> None:
    assert SceneSpec(num_frames=8192, frame_stride=8).duration == MAX_DURATION


def test_a_spec_is_frozen_and_hashable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SceneSpec().height = 80  # type: ignore[misc]
    assert {SceneSpec(height=48): 1}[SceneSpec(height=48)] == 1


def test_numpy_numbers_and_lists_are_as_good_as_pythons() -> None:
    spec = SceneSpec(height=np.int64(48), speed_range=np.array([1, 2]), classes=[1, 2])
    assert spec == SceneSpec(height=48, speed_range=(1.0, 2.0), classes=(1, 2))
    assert [type(v) for v in (spec.height, spec.speed_range[0], spec.classes)] == [int, float, tuple]


def test_equal_specs_have_equal_text() -> None:
    assert SceneSpec(speed_range=(2, 6)).to_toml() == SceneSpec(speed_range=(2.0, 6.0)).to_toml()


@given(specs(corrupted=True))
@settings(max_examples=60)
def test_a_spec_survives_toml_json_and_replace(spec: SceneSpec) -> None:
    assert SceneSpec.from_toml(spec.to_toml()) == spec
    assert from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert spec.replace() == spec
    assert spec.replace(num_frames=3).replace(num_frames=spec.num_frames) == spec
    assert spec.to_toml() == SceneSpec.from_toml(spec.to_toml()).to_toml()


def test_the_strategy_reaches_every_field() -> None:
    """Else a property test would say less than it seems to."""
    seen: dict[str, set[Any]] = {name: set() for name in field_names()}

    @given(specs(corrupted=True))
    @settings(max_examples=100, database=None, derandomize=True)
    def collect(spec: SceneSpec) -> None:
        for name in field_names():
            seen[name].add(getattr(spec, name))

    collect()
    missing = [name for name, values in seen.items() if len(values) < 2]
    assert missing == [], "add them to `specs` in tests/strategies.py"
    assert len(seen["digit_motion"]) == 4


def test_toml_files_are_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    text = SceneSpec(width=80).to_toml(path)
    assert path.read_text(encoding="utf-8") == text
    assert SceneSpec.from_toml(path) == SceneSpec.from_toml(str(path)) == SceneSpec(width=80)
    assert SceneSpec.from_toml("") == SceneSpec()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("num_frames = nan", "num_frames=nan"),
        ("speed_range = [1.0, inf]", "speed_range="),
        ("num_frames = 0", r"num_frames=0 .*1\.\.10000"),
        ("num_frames = 'many'", "num_frames='many'"),
        ("num_frams = 3", "num_frams.*did you mean num_frames"),
        ("zzz = 3", "segmnist show"),
        ("[digits]\nnum = 3", "digits"),
        ("num_frames == 3", "valid TOML"),
        ("missing.toml", "readable TOML file"),
    ],
)
def test_bad_toml_is_named(text: str, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        SceneSpec.from_toml(text)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadArgument, match="readable TOML file"):
        SceneSpec.from_toml(path)


def test_an_error_is_one_line() -> None:
    for fields in ({"height": 1}, {"classes": (250,)}, {"digit_motion": "x"}):
        with pytest.raises(BadArgument) as caught:
            SceneSpec(**fields)
        assert "\n" not in str(caught.value)


def test_replace_names_an_unknown_field() -> None:
    with pytest.raises(BadArgument, match="did you mean num_digits_range"):
        preset("standard", num_digit_range=(1, 2))  # type: ignore[call-arg]
