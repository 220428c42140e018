"""Pages for people in a real browser: nothing wider than a phone, and axe finds nothing, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import T, evaluated
from tests.explore.conftest import browser
from tests.explore.test_browser import DESK, PHONE, Page, size, violations

from segmnist import ClipSource, DigitBank, preset
from segmnist.dataset import generate, recipe_for
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
