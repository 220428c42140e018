"""Pages and drawings in a real browser: nothing wider than a phone, axe finds nothing, all is read in light and in dark."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.evaluate.clips import T, evaluated
from tests.explore.conftest import browser
from tests.explore.test_browser import DESK, PHONE, Page, size, violations

from segmnist import ClipSource, DigitBank, preset
from segmnist.dataset import generate, recipe_for
from segmnist.evaluate.reports.curve import learning_curve
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.results import SCHEMA, Result, part_result
from segmnist.report import report_page, survey
from segmnist.suites.worst import Predicted
from segmnist.views.mistakes import mistakes_html

__all__ = ["browser"]


def evaluation_page(folder: Path) -> str:
    clip = ClipSource("standard", truth=("semantic",))[0]
    scores = {"miou_foreground": 0.1, "nll": 0.2}
    wrong = Predicted(0, clip.video, clip.semantic, np.full_like(clip.semantic, 10), scores)
    names = [f"density-{density:g}" for density in np.linspace(0, 1, 5)]
    parts = [part_result(name, T, evaluated(range(3)), content_id="ab" * 32) for name in names]
    result = Result(SCHEMA, "noise-v1", "0" * 64, "test", "unet", parts, "0.1.0", 1, hardware="2 CPU cores")
    return page(result, {names[0]: mistakes_html([wrong])})


def report_of_a_set(folder: Path) -> str:
    recipe = recipe_for(preset("crowded"), num_clips=8, bank=DigitBank.mnist())
    return report_page(survey(generate(recipe, folder / "data", num_workers=1)))


PAGES = {"evaluation": evaluation_page, "report": report_of_a_set}


@pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
def test_a_page_is_for_every_screen(browser: Any, tmp_path: Path, make: Callable[[Path], str]) -> None:
    file = tmp_path / "page.html"
    file.write_text(make(tmp_path), encoding="utf-8")
    for shape in (DESK, PHONE):
        for dark in (False, True):
            size(browser, *shape, dark=dark)
            browser.get(file.as_uri())
            assert browser.execute_script("return document.documentElement.scrollWidth") == shape[0]
            assert violations(Page(browser, "")) == []


@pytest.mark.parametrize("asks_dark", [False, True], ids=["reader: light", "reader: dark"])
@pytest.mark.parametrize("paper", [(255, 255, 255), (30, 33, 41)], ids=["page: light", "page: dark"])
def test_a_drawing_is_read_on_any_page(
    browser: Any, tmp_path: Path, paper: tuple[int, int, int], asks_dark: bool
) -> None:
    """The page may have a switch of its own, as the docs have: its scheme counts, not the reader's."""
    (tmp_path / "c.svg").write_text(learning_curve("A title that is read", {"m": [(1, 0.2), (2, 0.3)]}).svg())
    scheme = "light" if paper[0] > 128 else "dark"
    style = f"margin:0;color-scheme:{scheme};background:rgb{paper}"
    (tmp_path / "page.html").write_text(f'<body style="{style}"><img src="c.svg"></body>')
    size(browser, *DESK, dark=asks_dark)
    browser.get((tmp_path / "page.html").as_uri())
    shot = Image.open(io.BytesIO(base64.b64decode(browser.get_screenshot_as_base64()))).convert("RGB")
    title = np.asarray(shot)[:24, 56:250].astype(int)
    assert tuple(title[0, 0]) == paper, "it has no ground of its own"
    assert np.abs(title - paper).max() > 150, "its text stands out"
