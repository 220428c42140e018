from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmnist.errors import BadArgument
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES, INSTANCE_COLOURS, colourise, colourise_instances


def test_every_class_has_a_name_and_a_colour_of_its_own() -> None:
    assert CLASS_NAMES == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "background")
    assert len(np.unique(CLASS_COLOURS[[*range(11), 255]], axis=0)) == 12


def linear(colours: np.ndarray) -> np.ndarray:
    """Linear RGB of sRGB bytes (IEC 61966-2-1)."""
    c = colours / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear RGB."""
    xyz = rgb @ TO_XYZ.T / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
# Machado, Oliveira and Fernandes (2009), severity 1.0.
VISION = {
    "common": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


@pytest.mark.parametrize("vision", VISION)
def test_classes_are_told_apart_by_every_eye(vision: str) -> None:
    rgb = linear(CLASS_COLOURS[[*range(11), 255]].astype(float))
    seen = lab(np.clip(rgb @ np.array(VISION[vision]).T, 0, 1))
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)[np.triu_indices(12, 1)]
    assert distances.min() > 25, "CIE76; 2.3 is just noticeable"


def test_digits_stand_out_from_the_background() -> None:
    luminance = linear(CLASS_COLOURS[:10].astype(float)) @ TO_XYZ[1]
    assert ((luminance + 0.05) / 0.05).min() >= 3, "WCAG's contrast of graphical objects"
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
