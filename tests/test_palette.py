from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmnist.errors import BadArgument
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, INSTANCE_COLOURS, colourise, colourise_instances


def test_every_class_has_a_name_and_a_colour_of_its_own() -> None:
    assert CLASS_NAMES == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "background")
    assert len(np.unique(CLASS_COLOURS[[*range(11), 255]], axis=0)) == 12


def test_the_digits_brighten_from_0_to_9_on_black() -> None:
    luma = CLASS_COLOURS[[10, *range(10)]] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luma) > 8).all()
    assert CLASS_COLOURS[10].tolist() == [0, 0, 0]


def test_ignore_is_a_neutral_grey() -> None:
    red, green, blue = CLASS_COLOURS[255].tolist()
    assert 64 < red == green == blue < 192


def test_instances_have_21_colours_and_none_is_the_background() -> None:
    assert len(np.unique(INSTANCE_COLOURS[1:22], axis=0)) == 21
    assert INSTANCE_COLOURS[0].tolist() == [0, 0, 0]
    assert (INSTANCE_COLOURS[1:255].max(axis=1) > 50).all()


@pytest.mark.parametrize("table", [CLASS_COLOURS, INSTANCE_COLOURS])
def test_the_tables_cannot_be_changed(table: np.ndarray) -> None:
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


@pytest.mark.parametrize(
    ("colour", "table"), [(colourise, CLASS_COLOURS), (colourise_instances, INSTANCE_COLOURS)]
)
def test_colours_come_from_the_table_whatever_the_shape(colour: Any, table: Any) -> None:
    ids = np.arange(256, dtype=np.uint8)
    for shape in [(256,), (4, 64), (2, 8, 16), (2, 2, 8, 8)]:
        coloured = colour(ids.reshape(shape))
        assert coloured.shape == (*shape, 3)
        assert np.array_equal(coloured.reshape(256, 3), table)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2), np.int64), [[0, 1]], None])
def test_only_uint8_is_coloured(wrong: object) -> None:
    with pytest.raises(BadArgument, match="semantic"):
        colourise(wrong)
