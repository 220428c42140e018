"""Curves: lines that are told apart, on white and on black, in SVG and in PNG."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.test_palette import TO_XYZ, VISION, lab, linear

from segmnist.evaluate.reports.curve import COLOURS, DASHES, LEFT, NAME_ROW, curve, learning_curve
from segmnist.evaluate.reports.drawing import Dot, Text
from segmnist.evaluate.reports.levels import levels_of
from segmnist.evaluate.reports.results import Score

RGB = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS], float)
PAGES = {"light": (255, 255, 255), "dark": (18, 18, 18)}
"""Browsers' own canvas in both themes."""


def drawn(models: int) -> str:
    levels = levels_of(["sigma-1", "sigma-2", "sigma-3"])
    assert levels is not None
    series = {f"model {i}": [Score(0.1 * level + 0.02 * i) for level in range(3)] for i in range(models)}
    return curve("A score", levels, series).svg()


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_by_every_eye(vision: str) -> None:
    seen = lab(np.clip(linear(RGB) @ np.array(VISION[vision]).T, 0, 1))
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)[np.triu_indices(len(RGB), 1)]
    assert distances.min() > 20, "CIE76; 2.3 is just noticeable"


@pytest.mark.parametrize("page", PAGES)
def test_colours_stand_out_in_both_themes(page: str) -> None:
    light, dark = linear(RGB) @ TO_XYZ[1] + 0.05, linear(np.array([PAGES[page]])) @ TO_XYZ[1] + 0.05
    assert np.maximum(light / dark, dark / light).min() >= 3, "WCAG's contrast of graphical objects"


def test_no_two_of_24_models_have_the_same_line() -> None:
    models = len(COLOURS) * len(DASHES)
    assert models >= 20
    lines = re.findall(r'stroke="(#\w+)" stroke-width="2"( stroke-dasharray="[^"]+")?/>', drawn(models))
    assert len(lines) == 2 * models  # a model's line, and its sample in the legend
    assert len(set(lines)) == models
    assert lines[:models] == lines[models:]


def test_a_dashed_line_of_a_png_has_as_much_ink_as_its_strokes() -> None:
    levels = levels_of(["sigma-1", "sigma-2"])
    assert levels is not None
    ink = []
    for place in (0, len(COLOURS), 2 * len(COLOURS)):
        # Only the model at this place has a score at both levels, and so a line between them.
        series = {str(i): [Score(0.5), Score(0.5 if i == place else None)] for i in range(place + 1)}
        drawing = curve("A score", levels, series)
        image = np.asarray(Image.open(io.BytesIO(drawing.png())).convert("RGB")).astype(int)
        near = np.abs(image - RGB[0].astype(int)).sum(axis=-1) < 30
        ink.append(int(near[: 2 * 250, 2 * 120 : 2 * 420].sum()))
    whole, dashed, dotted = ink
    assert dashed / whole == pytest.approx(9 / 13, abs=0.1)
    assert dotted / whole == pytest.approx(2 / 5, abs=0.15)


@given(ends=st.lists(st.floats(0, 300), min_size=1, max_size=24))
def test_models_of_a_learning_curve_are_named_in_the_order_of_their_ends(ends: list[float]) -> None:
    models = {f"model {i}": [(1.0, 10.0), (2.0, end)] for i, end in enumerate(ends)}
    drawing = learning_curve("A score", models)
    names = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.text in models]
    last = {mark.says.split(",")[0]: mark for mark in drawing.marks if isinstance(mark, Dot) and mark.says}
    assert sorted(models) == sorted(name.text for name in names)
    ys = [name.y for name in names]
    assert np.diff(ys).min(initial=NAME_ROW) >= NAME_ROW - 1e-9, "names are told apart"
    assert max(ys) < drawing.height
    heights = [last[name.text].y for name in names]
    assert heights == sorted(heights)
    assert all(name.x + 6 * len(name.text) < drawing.width for name in names)


def test_many_models_at_one_level_stay_out_of_the_next_one() -> None:
    levels = levels_of([f"sigma-{i}" for i in range(6)])
    assert levels is not None
    series = {str(i): [Score(0.5, 0.4, 0.6)] * 6 for i in range(24)}
    dots = [mark.x for mark in curve("A score", levels, series).marks if isinstance(mark, Dot) and mark.says]
    by_model = np.array(dots).reshape(24, 6)
    assert (by_model[:, :-1].max(axis=0) < by_model[:, 1:].min(axis=0)).all()
    assert by_model.min() >= LEFT


@pytest.mark.parametrize(("least", "lowest_tick"), [(-0.01, 0.0), (-0.3, -0.5), (0.4, 0.4)])
def test_the_axis_goes_below_0_only_for_scores_that_do(least: float, lowest_tick: float) -> None:
    levels = levels_of(["sigma-1", "sigma-2"])
    assert levels is not None
    drawing = curve("A score", levels, {"a": [Score(least), Score(1.0)]}).svg()
    ticks = re.findall(r'text-anchor="end"[^>]*>(-?[\d.]+)</text>', drawing)
    assert len(ticks) > 2
    assert min(map(float, ticks)) == lowest_tick
