"""Previews and notebook views show the colour video where `rgb` was drawn."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmnist import ClipSource, preset
from segmnist.preview import contact_sheet, save_preview
from segmnist.views.notebook import _panels

SPEC = preset("colour", height=40, width=52, num_frames=3)


def test_a_contact_sheet_has_the_pixels_of_rgb() -> None:
    clip = ClipSource(SPEC, truth=("semantic", "rgb"))[3]
    sheet = np.asarray(contact_sheet([clip.rgb], [clip.semantic], [clip.labels], scale=1))
    height, width = 40, 52
    windows = np.lib.stride_tricks.sliding_window_view(sheet, (height, width, 3))[:, :, 0]
    corners = np.argwhere((windows[:, :, 0, 0] == clip.rgb[0, 0, 0]).all(axis=-1))
    assert any(np.array_equal(windows[y, x], clip.rgb[0]) for y, x in corners)


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_animations_are_in_colour(suffix: str, tmp_path: Path) -> None:
    clip = ClipSource(SPEC, truth=("semantic", "rgb"))[3]
    path = tmp_path / f"clip{suffix}"
    save_preview(path, [clip.rgb], [np.full_like(clip.semantic, 10)], [clip.labels], scale=1)
    page = np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB")).astype(int)
    tinted = np.ptp(page, axis=-1) > 40
    expected = (np.ptp(clip.rgb[0].astype(int), axis=-1) > 40).sum()
    assert tinted.sum() > expected / 2 > 100


def test_the_notebook_shows_rgb() -> None:
    clip = ClipSource(SPEC, truth=("semantic", "rgb"))[3]
    video, classes = _panels(clip.arrays, 1)
    np.testing.assert_array_equal(video[..., :3], clip.rgb[1])
    assert classes.shape == (40, 52, 4)
