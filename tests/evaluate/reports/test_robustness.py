"""Robustness: mPC, rPC and mCE by hand, and where they are shown."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console
from tests.evaluate.clips import T, evaluated

from segmnist.corruptions import CORRUPTIONS, SEVERITIES
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.compare import compare
from segmnist.evaluate.reports.compare_table import FORMATS
from segmnist.evaluate.reports.drawing import Dot
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.results import SCHEMA, PartResult, Result, Score, part_result
from segmnist.evaluate.reports.robustness import LEVELS, corruption_error, robustness_of
from segmnist.evaluate.reports.table import tables
from segmnist.suites import suite

PART = part_result("all", T, evaluated(range(2)))


def part(name: str, miou: float) -> PartResult:
    return PartResult(
        name, 1, T, PART.scores | {"miou": Score(miou)}, PART.classes, PART.breakdowns, PART.confusion, [], []
    )


def result(clean: float, loss: float) -> Result:
    """A model that loses a hundredth of `loss` a severity, twice as much by contrast."""
    parts = [part("clean", clean)]
    for name in CORRUPTIONS:
        slope = loss * (2 if name == "contrast" else 1) / 100
        parts += [part(f"{name}-{severity}", clean - slope * severity) for severity in SEVERITIES]
    return Result(SCHEMA, "corrupted-v1", "0" * 64, "test", "model", parts, "0.1.0", 1)


def test_means_by_hand() -> None:
    found = robustness_of(result(0.8, 4).parts)
    assert found is not None
    # Mean severity 3: 12 points lost by 11 corruptions, 24 by contrast.
    assert found.mean_of("pixelate") == pytest.approx(0.68)
    assert found.mean_of("contrast") == pytest.approx(0.56)
    assert found.mean == pytest.approx((11 * 0.68 + 0.56) / 12)
    assert found.share == pytest.approx(found.mean / 0.8)


def test_the_corruption_error_is_one_for_the_baseline_and_less_for_the_better_model() -> None:
    one, better = result(0.8, 4), result(0.9, 4)
    assert corruption_error(one, one) == 1
    assert corruption_error(better, one) == pytest.approx((11 * 0.22 / 0.32 + 0.34 / 0.44) / 12)
    assert corruption_error(one, better) > 1


def test_the_names_are_those_of_the_suite() -> None:
    assert [each.name for each in suite("corrupted-v1").parts] == [each.name for each in result(0.8, 1).parts]


def test_models_are_compared_by_severity() -> None:
    """A point is the mean over the corruptions: at each severity 11 lose 4 points and contrast 8."""
    models = {"one": result(0.8, 4), "better": result(0.9, 2)}
    found = compare(models, ["miou"])
    assert found.levels == LEVELS
    for model, clean, loss in (("one", 0.8, 0.04), ("better", 0.9, 0.02)):
        for severity, level in enumerate(LEVELS.parts):
            expected = clean - severity * loss * 13 / 12
            assert found.by_level[level, model, "miou"].value == pytest.approx(expected)
    drawn = found.curve("miou", LEVELS)
    said = [mark.says for mark in drawn.marks if isinstance(mark, Dot) and mark.says]
    assert len(said) == 2 * 6
    assert "mean over corruptions" in drawn.title
    assert "By level" in FORMATS["html"](found)
    some = {name: msgspec.structs.replace(each, parts=each.parts[:-1]) for name, each in models.items()}
    assert compare(some, ["miou"]).levels is None


def test_means_by_severity_have_the_intervals_of_their_replicates() -> None:
    """Where all parts are the same clips the mean over them is one of them, its interval too."""
    names = [each.name for each in suite("corrupted-v1").parts]
    parts = [msgspec.structs.replace(PART, name=name) for name in names]
    found = compare({"one": msgspec.structs.replace(result(0.8, 4), parts=parts)}, ["miou"])
    clean, three = (found.by_level[level, "one", "miou"] for level in ("clean", "severity-3"))
    assert clean.low is not None
    expected = (clean.value, clean.low, clean.high)
    assert (three.value, three.low, three.high) == pytest.approx(expected, abs=1e-3)


def test_a_part_that_is_missing_leaves_nothing_to_sum_up() -> None:
    whole = result(0.8, 1)
    assert robustness_of(whole.parts[:-1]) is None
    assert robustness_of([PART]) is None
    with pytest.raises(BadArgument, match="a result of corrupted-v1, all parts"):
        corruption_error(whole, Result(SCHEMA, "tiny-v1", "0" * 64, "test", "other", [PART], "0.1.0", 1))


def test_the_table_and_the_page_show_every_corruption() -> None:
    whole = result(0.8, 4)
    text = io.StringIO()
    Console(file=text, width=120).print(tables(whole.parts))
    assert "(mPC): 0.670, 0.838 of the clean 0.800 (rPC)" in text.getvalue()
    drawn = page(whole, {}).partition("<h2>Scores by severity</h2>")[2].partition("</section>")[0]
    assert "(mPC) 0.670" in drawn
    for name in CORRUPTIONS:
        assert any(line.startswith(name) for line in text.getvalue().splitlines())
        assert f"{name}, severity 5: " in drawn
