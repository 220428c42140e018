"""`--set` takes a value in every form that messages, the explorer and people write it in."""

from __future__ import annotations

from typing import Any

import pytest

from segmnist import preset
from segmnist.cli.options import spec_from
from segmnist.scene.spec import field_names


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        *(
            (f"speed_range={text}", "speed_range", (1.0, 5.0))
            for text in ("1,5", "(1, 5)", "[1, 5]", "1..5", "1-5", "(1.0,5.0)", " 1 .. 5 ")
        ),
        ("speed-range=2", "speed_range", (2.0, 2.0)),
        ("angle_range=-30..30", "angle_range", (-30.0, 30.0)),
        ("angle_range=-30--10", "angle_range", (-30.0, -10.0)),
        ("num_digits_range=3", "num_digits_range", (3, 3)),
        ("acceleration_range=(-0.5, .5)", None, None),
        *((f"classes={text}", "classes", (6, 7, 8, 9)) for text in ("6..9", "6-9", "6,7,8,9", "(6,7,8,9)")),
        ("classes=4", "classes", (4,)),
        ("twins=6-9", "twins", ((6, 9),)),
        ("twins=6-9, 2-5", "twins", ((6, 9), (2, 5))),
        ("twins=[[6,9]]", "twins", ((6, 9),)),
        ("shape_kinds=circle", "shape_kinds", ("circle",)),
        ("shape_kinds=circle, triangle", "shape_kinds", ("circle", "triangle")),
        ("grey_levels=10,20", "grey_levels", (10, 20)),
        *((f"cut_corners={text}", "cut_corners", True) for text in ("yes", "on", "true", "Yes")),
        ("cut_corners=no", "cut_corners", False),
        ("digit_motion=origin", "digit_motion", "origin"),
        ("sensor_sigma=2.5", "sensor_sigma", 2.5),
    ],
)
def test_forms(change: str, field: str | None, value: Any) -> None:
    if field is None:
        with pytest.raises(ValueError, match="acceleration_range"):
            spec_from(None, None, [change])
        return
    assert getattr(spec_from(None, None, [change]), field) == value


def test_every_default_can_be_written_back() -> None:
    """Errors and the explorer show values as Python and as TOML write them."""
    spec = preset("ambigram")
    for field in field_names():
        value = getattr(spec, field)
        for text in (repr(value), repr(list(value)) if isinstance(value, tuple) else str(value)):
            if text not in ("", "()", "[]"):
                assert getattr(spec_from("ambigram", None, [f"{field}={text}"]), field) == value, text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("speed=3", "did you mean speed_range?"),
        ("rotation=3", "did you mean rotation_rate_range?"),
        ("hieght=30", "did you mean height?"),
        ("speed_range=5..1", "low <= high"),
        ("speed_range=1..2..3", "speed_range"),
        ("num_digits_range=1.5", "num_digits_range"),
        ("cut_corners=perhaps", "cut_corners"),
        ("classes=6-999", "classes"),
    ],
)
def test_what_is_wrong_is_said(change: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        spec_from(None, None, [change])
