"""What the oracle refuses, and that it says which field or argument is to blame."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, MissingDependency
from segmnist.oracle import Oracle
from segmnist.oracle.arrays import TorchArrays
from segmnist.oracle.solvable import SOLVABLE, check_solvable
from segmnist.scene.presets import PRESETS, preset
from segmnist.scene.spec import SceneSpec, field_names

OUTSIDE = {
    "num_digits_range": (2, 4),
    "sensor_sigma": 0.0,
    "digit_motion": "origin",
    "scale_step": ("scale_range", (0.5, 0.6)),
    "acceleration_range": (0.0, 0.1),
    "speed_step": ("speed_range", (1.0, 2.0)),
    "angle_step": 0.0,
    "rotation_rate_step": 0.0,
    "brightness_step": ("brightness_range", (0.2, 0.4)),
    "position_step": 0.0,
    "direction_step": 0.0,
    "scale_change_range": (1.0, 1.5),
    "pulse_range": (0.0, 0.1),
    "entry_frame_range": (0, 3),
    "lifespan_range": (5, 8),
    "fade_frames": 2,
    "num_backgrounds": ("num_shapes_range", (1, 2)),
    "corruption": "contrast",
}


@pytest.mark.parametrize("field", OUTSIDE)
def test_field_that_puts_a_spec_outside_is_named(field: Any) -> None:
    value = OUTSIDE[field]
    name, value = value if isinstance(value, tuple) and isinstance(value[0], str) else (field, value)
    changes = {name: value}
    if field == "digit_motion":
        changes |= dict.fromkeys(("position_step", "direction_step", "angle_step", "rotation_rate_step"), 0.0)
    if field == "angle_step":
        changes["twins"] = ()
    spec = preset("exact").replace(**changes)
    with pytest.raises(BadArgument, match=f"^{field}=.*solvable"):
        check_solvable(spec)


def test_a_field_added_later_is_refused_until_it_is_listed() -> None:
    class Later(SceneSpec):
        wobble: float = 0.0

        def __post_init__(self) -> None:
            pass

    later: Any = dataclasses.dataclass(frozen=True, kw_only=True)(Later)
    known = preset("exact").to_dict()
    same = {name: getattr(preset("exact"), name) for name in known}
    check_solvable(later(**same))
    with pytest.raises(BadArgument, match=r"^wobble=0.5 .*solvable"):
        check_solvable(later(**same, wobble=0.5))


WORDS = [name for name, kind in get_type_hints(SceneSpec).items() if kind is bool or "Literal" in str(kind)]


@pytest.mark.parametrize("name", WORDS)
def test_a_choice_added_later_is_refused_until_it_is_listed(name: Any) -> None:
    spec = preset("exact")
    before = getattr(spec, name)
    object.__setattr__(spec, name, (*before, "new") if isinstance(before, tuple) else "new")
    with pytest.raises(BadArgument, match=f"^{name}=.*solvable"):
        check_solvable(spec)


def test_every_field_has_a_rule() -> None:
    """A new field: say in `SOLVABLE` what values of it the oracle can solve, and add a case to the tests."""
    assert set(SOLVABLE) == set(field_names())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"direction_step": 45.0}, "direction_step"),
        ({"direction_step": 360.0}, "direction_step"),
        ({"speed_range": (2.0, 2.0)}, "speed_range"),
        ({"frame_stride": 2}, "frame_stride"),
        ({"num_digits_range": (1, 2)}, "num_digits_range"),
        ({"scale_range": (0.5, 1.0), "scale_step": 0.5}, "scale_range"),
    ],
)
def test_walk_that_leaves_the_lattice_is_refused(changes: Any, field: str) -> None:
    fields = {"digit_motion": "markov", "turn_odds": 0.1, "speed_range": (9.0, 9.0), **changes}
    with pytest.raises(BadArgument, match=f"^{field}="):
        check_solvable(preset("exact", **fields))


def test_wall_off_the_lattice_is_refused(small_bank: DigitBank) -> None:
    spec = tiny_spec(digit_motion="markov", turn_odds=0.1, position_step=4.0, speed_range=(4.0, 4.0))
    with pytest.raises(BadArgument, match="position_step"):
        Oracle(spec, bank=small_bank)


@pytest.mark.parametrize(
    ("changes", "permitted"),
    [
        ({"num_frames": 10, "num_depth_swaps_range": (4, 4)}, r"0\.\.3 for 10 frames"),
        ({"num_frames": 256, "num_depth_swaps_range": (0, 1)}, r"0\.\.0 for 256 frames"),
        ({"num_digits_range": (1, 3), "num_depth_swaps_range": (0, 1)}, "two digits at most"),
    ],
)
def test_swaps_that_leave_too_many_patterns_are_refused(changes: Any, permitted: str) -> None:
    with pytest.raises(BadArgument, match=f"^num_depth_swaps_range=.*{permitted}.*solvable"):
        check_solvable(preset("exact", **changes))
    fewer = {
        "num_digits_range": (1, 2),
        "num_depth_swaps_range": (0, 3 if changes.get("num_frames", 10) == 10 else 0),
    }
    check_solvable(preset("exact", **{**changes, **fewer}))
    check_solvable(preset("exact", num_frames=8, num_depth_swaps_range=(0, 64)))


def test_every_other_preset_is_outside() -> None:
    for name in PRESETS:
        if name != "exact":
            with pytest.raises(BadArgument, match="solvable"):
                Oracle(name)


@pytest.mark.parametrize(
    "video",
    [
        np.zeros((3, 16, 18)),
        np.zeros((3, 16, 17), np.uint8),
        np.zeros((16, 18), np.uint8),
        np.zeros((4, 16, 18), np.uint8),
        [[0]],
    ],
)
def test_observations_of_another_kind_are_refused(video: Any, small_bank: DigitBank) -> None:
    oracle = Oracle(tiny_spec(), bank=small_bank)
    with pytest.raises(BadArgument, match=r"video\.(shape|dtype)"):
        oracle.posterior(video)


def test_bad_arguments_are_named(small_bank: DigitBank) -> None:
    with pytest.raises(BadArgument, match="delta"):
        Oracle(tiny_spec(), bank=small_bank, delta=0.7)
    oracle = Oracle(tiny_spec(), bank=small_bank)
    video = np.zeros((3, 16, 18), np.uint8)
    with pytest.raises(BadArgument, match="observer"):
        oracle.posterior(video, "all-seeing")
    for observer, horizon in (("forecast", 0), ("forecast", 4), ("causal", 1)):
        with pytest.raises(BadArgument, match=r"^horizon="):
            oracle.posterior(video, observer, horizon=horizon)
    with pytest.raises(BadArgument, match="num_samples"):
        oracle.posterior(video).sample(0)


def test_too_large_a_bank_is_refused_in_bytes_before_it_is_built() -> None:
    with pytest.raises(BadArgument, match=r"need [\d,]+ bytes"):
        Oracle(preset("exact", glyphs_per_class=0, angle_step=1.0), max_bytes=1 << 30)


def test_too_many_pairs_of_a_walk_are_refused_in_bytes_at_once() -> None:
    spec = preset("exact", digit_motion="markov", turn_odds=0.1, speed_range=(9.0, 9.0))
    with pytest.raises(BadArgument, match=r"pairs of 5,760 states .* need [\d,]+ bytes"):
        Oracle(spec, max_bytes=200 << 20)


def test_a_digit_larger_than_the_frame_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"^height=32 .* 40 px"):
        Oracle(preset("exact", scale_range=(40 / 28, 40 / 28)))


def test_a_video_that_the_family_could_not_have_made_still_gets_an_answer(small_bank: DigitBank) -> None:
    """All white under little noise: no hypothesis fits, the best of them are found, and nothing overflows."""
    oracle = Oracle(tiny_spec(sensor_sigma=5.0), bank=small_bank)
    for observer in ("offline", "causal", "frame"):
        posterior = oracle.posterior(np.full((3, 16, 18), 255, np.uint8), observer)
        np.testing.assert_allclose(posterior.class_probabilities.sum(1), 1, atol=1e-5)


def test_unknown_device_is_refused() -> None:
    try:
        TorchArrays("cpu")
    except MissingDependency:
        pytest.skip("torch is not installed here; the suite with it covers devices")
    with pytest.raises(BadArgument, match="device"):
        Oracle(tiny_spec(), device="toaster")
