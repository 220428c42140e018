"""Pages of results, their plots and their pictures."""

from __future__ import annotations

import re
from typing import Any

from tests.evaluate.clips import T, evaluated

from segmnist.evaluate.metrics.breakdown import BREAKDOWNS
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.plots import outcome_bars, outcome_key
from segmnist.evaluate.reports.results import SCHEMA, Bucket, Result, part_result
from segmnist.suites import sweep_of


def result(*names: str) -> Any:
    parts = [part_result(name, T, evaluated(range(3)), content_id="ab" * 32) for name in names or ("all",)]
    return Result(SCHEMA, "standard-v1", "0" * 64, "test", "<b>model</b>", parts, "0.1.0", 1, seed=3)


def test_the_page_stands_alone_and_escapes_names() -> None:
    text = page(result(), {"all": "<p>the mistakes</p>"})
    assert "<b>model</b>" not in text
    assert "&lt;b&gt;model&lt;/b&gt;" in text
    assert "<h3>Worst clips</h3><p>the mistakes</p>" in text
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


def test_every_link_of_the_contents_leads_to_a_section() -> None:
    text = page(result("frame-32", "frame-96"), {})
    links = re.findall(r'<a href="#([^"]+)">', text)
    assert links == re.findall(r'<section id="([^"]+)">', text)
    assert links == ["scores", "scores-by-frame", "part-frame-32", "part-frame-96"]


def test_a_sweep_of_any_field_and_value_has_curves() -> None:
    suite = sweep_of("exact", "sensor_sigma", [0.00001, 2.5, 40])
    text = page(result(*(part.name for part in suite.parts)), {})
    curve = text.partition("<h2>Scores by sensor_sigma</h2>")[2].partition("</section>")[0]
    for level in ("1e-05", "2.5", "40"):
        assert f">{level}</text>" in curve
        assert f"sensor_sigma {level}: " in curve


def test_a_part_alone_is_named_by_its_whole_content_id() -> None:
    assert "ab" * 32 in page(result(), {})
    assert "ab" * 32 not in page(result("one", "two"), {})
