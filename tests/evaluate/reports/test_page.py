"""Pages of results, their plots and their pictures."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from tests.evaluate.clips import T, clip, evaluated

from segmnist.evaluate.metrics.breakdown import BREAKDOWNS
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.pictures import Picture, contact_sheet, error_map
from segmnist.evaluate.reports.plots import outcome_bars, outcome_key
from segmnist.evaluate.reports.results import SCHEMA, Bucket, Result, part_result
from segmnist.palette import INSTANCE_COLOURS


def result() -> Any:
    part = part_result("all", T, evaluated(range(3)))
    return Result(SCHEMA, "standard-v1", "0" * 64, "test", "<b>model</b>", [part], "0.1.0", 1, seed=3)


def test_the_page_stands_alone_and_escapes_names() -> None:
    truth, probabilities = clip(0)
    picture = Picture(0, truth["video"], truth["semantic"], probabilities.argmax(axis=1).astype(np.uint8))
    text = page(result(), {"all": [picture]})
    assert "<b>model</b>" not in text
    assert "&lt;b&gt;model&lt;/b&gt;" in text
    assert "data:image/png;base64," in text
    assert not any(word in text for word in ("<script", "http://", "https://", 'src="/', "url("))
    for name in BREAKDOWNS:
        assert f"by {name}" in text


def test_the_key_of_outcomes_names_the_colours_that_the_bars_have() -> None:
    key = dict(re.findall(r'<i class="(o\d)"></i>([a-z ]+)<', outcome_key()))
    bucket = Bucket(pixels=10, right=0.4, background=0.3, twin=0.2, another_digit=0.1)
    bar = outcome_bars("Digit pixels", {"all": bucket})
    segments = re.findall(r'class="(o\d)"[^>]*><title>all, 10 pixels: ([a-z ]+) (0\.\d+)<', bar)
    assert {name: float(share) for _, name, share in segments} == {
        "right": 0.4, "background": 0.3, "twin": 0.2, "another digit": 0.1,
    }  # fmt: skip
    assert {style: name for style, name, _ in segments} == key


def test_contact_sheet_shows_frame_truth_prediction_and_error() -> None:
    video = np.full((2, 3, 5), 77, np.uint8)
    truth, prediction = np.full((2, 3, 5), 10, np.uint8), np.full((2, 3, 5), 10, np.uint8)
    prediction[1, 0, 0] = 4
    sheet = contact_sheet(Picture(0, video, truth, prediction), gap=1)
    assert sheet.shape == (4 * 4 - 1, 2 * 6 - 1, 3)
    assert (sheet[0, 0] == 77).all()
    assert (sheet[8, 6] != sheet[4, 6]).any()  # the wrong pixel's colours
    assert (sheet[12, 6] == INSTANCE_COLOURS[3]).all()
    assert (sheet[12, 0] == 0).all()


def test_error_map_by_hand() -> None:
    truth, prediction = np.array([6, 6, 6, 10, 10], np.uint8), np.array([6, 9, 10, 3, 10], np.uint8)
    assert error_map(truth, prediction).tolist() == [0, 1, 2, 3, 0]
