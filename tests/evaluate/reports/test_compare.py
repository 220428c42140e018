"""Comparisons: paired differences, what is refused, the formats, the curves."""

from __future__ import annotations

import csv
import io
import itertools
import xml.etree.ElementTree as ElementTree
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console
from tests.evaluate.clips import H, T, W, clip

from segmnist.errors import BadArgument, CorruptData
from segmnist.evaluate import Evaluation, check_prediction
from segmnist.evaluate.metrics import PLAIN, counts_of, scores_of
from segmnist.evaluate.reports.clip_counts import ClipCounts
from segmnist.evaluate.reports.compare import MEAN, compare
from segmnist.evaluate.reports.compare_table import FORMATS, terminal
from segmnist.evaluate.reports.curve import curve
from segmnist.evaluate.reports.drawing import Dot, Line
from segmnist.evaluate.reports.levels import levels_of
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.results import SCHEMA, Result, Score, load_result, part_result, save_result
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.evaluate.sums import _exact_product, poisson_weights

IDS = range(6)
LEVELS = ("density-0", "density-0.5", "density-1")


def predicted(clip_id: Any, doubt: Any) -> Any:
    """A clip, and a prediction that is mixed with the uniform one by `doubt`."""
    truth, probabilities = clip(clip_id)
    mixed = ((1 - doubt) * probabilities + doubt / 11).astype(np.float32)
    return truth, check_prediction("clip", mixed, (T, H, W))


def part_of(doubt: Any, name: Any = "all", ids: Any = IDS) -> Any:
    evaluation = Evaluation()
    for clip_id in ids:
        evaluation.add(clip_id, *predicted(clip_id, doubt))
    return part_result(name, T, evaluation)


GOOD, BAD = part_of(0.0), part_of(0.5)


def result_of(model: Any, *parts: Any, **changes: Any) -> Any:
    result = Result(SCHEMA, "own", "0" * 64, "test", model, list(parts), "0", 1)
    return msgspec.structs.replace(result, **changes)


def swept(model: Any, doubt: Any) -> Any:
    return result_of(model, *(part_of(doubt + 0.1 * i, name) for i, name in enumerate(LEVELS)))


@pytest.fixture(scope="module")
def sweep() -> Any:
    return compare({"bad_one": swept("bad_one", 0.4), "good": swept("good", 0.0)})


def test_an_interval_of_a_difference_is_that_of_the_same_clips_drawn_for_both() -> None:
    compared = compare({"bad": result_of("bad", BAD), "good": result_of("good", GOOD)}, ["nll", "miou"])
    assert compared.models == ("good", "bad")
    counts = {doubt: {i: counts_of(ScoredClip(*predicted(i, doubt))) for i in IDS} for doubt in (0.0, 0.5)}
    weights = np.array([poisson_weights(i) for i in IDS])

    def drawn(doubt: Any, replicate: Any) -> Any:
        # The definition: clips repeated as often as they were drawn, summed one by one.
        repeated = [counts[doubt][i] for i, n in zip(IDS, weights[:, replicate]) for _ in range(n)]
        names = [name for name in counts[doubt][0] if name not in PLAIN]
        return scores_of({name: np.sum([c[name] for c in repeated], axis=0) for name in names})

    chosen = [r for r in range(1000) if weights[:, r].sum()]
    differences = [drawn(0.5, r)["nll"] - drawn(0.0, r)["nll"] for r in chosen]
    low, high = np.quantile(differences, [0.025, 0.975])
    difference = compared.cells["all", "bad", "nll"].difference
    assert difference.low == pytest.approx(low)
    assert difference.high == pytest.approx(high)
    assert difference.value == pytest.approx(BAD.scores["nll"].value - GOOD.scores["nll"].value)
    # Clips that are hard are hard for both, so the difference is known better than either score.
    apart = GOOD.scores["nll"].high - GOOD.scores["nll"].low
    assert difference.low is not None
    assert difference.high is not None
    assert difference.high - difference.low < apart


def test_counts_of_clips_give_the_intervals_that_were_stored_with_the_scores(tmp_path: Any) -> None:
    save_result(result_of("m", GOOD), tmp_path / "r.json")
    [part] = load_result(tmp_path / "r.json").parts
    evaluation = Evaluation()
    for clip_id in IDS:
        evaluation.add(clip_id, *predicted(clip_id, 0.0))
    replicates = part.clip_counts.replicates()
    assert replicates.keys() == evaluation.sums.replicates.keys()
    for name, value in replicates.items():
        assert np.array_equal(value, evaluation.sums.replicates[name]), name


@given(
    st.lists(st.integers(-(2**55), 2**55), min_size=4, max_size=4),
    st.lists(st.integers(0, 11), min_size=4, max_size=4),
)
def test_products_are_exact_where_float64_is_not(numbers: Any, weights: Any) -> None:
    product = _exact_product(np.array([weights]), np.array([numbers]).T)
    assert product[0, 0] == sum(w * n for w, n in zip(weights, numbers, strict=True))


def test_counts_of_clips_do_not_depend_on_the_order_of_shards() -> None:
    shards = []
    for ids in ((3, 5), (0, 1), (4, 2)):
        shards.append(Evaluation())
        for clip_id in ids:
            shards[-1].add(clip_id, *predicted(clip_id, 0.0))
    total = Evaluation()
    for shard in shards:
        total.merge(shard)
    assert ClipCounts.of(total.sums) == GOOD.clip_counts


@pytest.mark.parametrize("packed", [b"", b"no xz", GOOD.clip_counts.packed[:-9]])
def test_damaged_counts_are_told(packed: Any) -> None:
    counts = msgspec.structs.replace(GOOD.clip_counts, packed=packed)
    damaged = result_of("m", msgspec.structs.replace(GOOD, clip_counts=counts))
    with pytest.raises(CorruptData, match="one, part all: the counts of clips are not readable"):
        compare({"one": damaged, "two": result_of("two", BAD)})


def test_counts_that_lack_one_that_scores_need_are_told() -> None:
    shapes = {name.replace("confusion", "other"): shape for name, shape in GOOD.clip_counts.shapes.items()}
    counts = msgspec.structs.replace(GOOD.clip_counts, shapes=shapes)
    damaged = result_of("m", msgspec.structs.replace(GOOD, clip_counts=counts))
    with pytest.raises(CorruptData, match="one, part all: the counts of clips lack 'confusion'"):
        compare({"one": damaged, "two": result_of("two", BAD)})


def test_content_ids_are_on_pages_and_under_tables() -> None:
    named = result_of("m", msgspec.structs.replace(GOOD, content_id="abc" * 20))
    assert "abc" * 20 in page(named, {})
    assert "abc" * 20 in FORMATS["markdown"](compare({"one": named, "two": named}))


def test_results_without_counts_are_compared_without_intervals() -> None:
    old = result_of("old", msgspec.structs.replace(BAD, clip_counts=None))
    compared = compare({"old": old, "new": result_of("new", GOOD)})
    difference = compared.cells["all", "old", "miou"].difference
    assert difference.value is not None
    assert difference.low is None
    assert compared.unpaired == ("old",)
    assert "No counts of each clip in the results of old" in compared.notes[-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"suite": "tiny-v1"}, "suite: own and tiny-v1"),
        ({"split": "val"}, "split: test and val"),
        ({"suite_sha256": "1" * 64}, "SHA-256: 0"),
        ({"parts": [GOOD, GOOD]}, "parts: all and all, all"),
        ({"parts": [msgspec.structs.replace(GOOD, content_id="f" * 64)]}, "content id: "),
        ({"parts": [part_of(0.0, ids=range(2))]}, "clips: 6 and 2"),
    ],
)
def test_results_on_other_clips_are_refused(change: Any, said: Any) -> None:
    with pytest.raises(BadArgument, match=said):
        compare({"one": result_of("one", GOOD), "two": result_of("two", BAD, **change)})


def test_one_result_has_nothing_to_differ_from() -> None:
    [gap] = {cell.difference.value for cell in compare({"one": result_of("one", GOOD)}).cells.values()}
    assert gap is None


def test_no_result_and_unknown_scores_are_refused() -> None:
    with pytest.raises(BadArgument, match="one or more"):
        compare({})
    with pytest.raises(BadArgument, match="such as nll"):
        compare({"one": result_of("one", GOOD), "two": result_of("two", BAD)}, ["nl"])


def test_a_score_that_one_result_lacks_has_no_difference() -> None:
    scores = {name: score for name, score in BAD.scores.items() if name == "miou"}
    hard = result_of("hard", msgspec.structs.replace(BAD, scores=scores, clip_counts=None))
    compared = compare({"hard": hard, "soft": result_of("soft", GOOD)})
    assert compared.models == ("soft", "hard")
    assert compared.cells["all", "hard", "information_gained"].difference == Score(None)
    assert compared.cells["all", "hard", "miou"].difference.value is not None


def test_the_mean_of_parts_is_that_of_their_scores(sweep: Any) -> None:
    for model in sweep.models:
        values = [sweep.cells[part, model, "miou"].score.value for part in LEVELS]
        assert sweep.cells[MEAN, model, "miou"].score.value == pytest.approx(np.mean(values))
    assert sweep.cells[MEAN, "bad_one", "miou"].difference.low is not None


def test_every_format_has_every_number(sweep: Any) -> None:
    gap = sweep.cells["density-0.5", "bad_one", "miou"].difference
    for name, written in FORMATS.items():
        text = written(sweep)
        assert f"{gap.value:.3f}" in text or f"{gap.value:.9g}" in text, name
    lines = FORMATS["markdown"](sweep).splitlines()
    table = list(itertools.takewhile(bool, lines))
    assert len(table) == 2 + 4 * 2
    assert len({line.count("|") for line in table}) == 1
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](sweep))))
    assert len(rows) == 4 * 2 * len(sweep.scores)
    [row] = [r for r in rows if (r["part"], r["model"], r["name"]) == ("density-0.5", "bad_one", "miou")]
    assert float(row["difference"]) == pytest.approx(gap.value)
    assert float(row["difference_low"]) == pytest.approx(gap.low)
    assert r"bad\_one & " in FORMATS["latex"](sweep)


def test_names_of_models_are_text_on_pages_and_in_curves(sweep: Any) -> None:
    named = compare({"<b>&|": swept("x", 0.1), "y": swept("y", 0.0)})
    assert "<b>" not in FORMATS["html"](named)
    assert r"&\|" in FORMATS["markdown"](named)
    assert "<b>" not in named.curve("miou", named.levels).svg()


def test_a_table_for_the_terminal_is_no_wider_than_it(sweep: Any) -> None:
    written = io.StringIO()
    Console(width=80, file=written).print(terminal(sweep))
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split()[:2] for line in lines if line.startswith("density-")]
    assert rows == [[part, model] for part in LEVELS for model in sweep.models]


def test_a_curve_shows_each_level_of_each_model(sweep: Any) -> None:
    drawn = sweep.curve("miou", sweep.levels)
    said = [mark.says for mark in drawn.marks if isinstance(mark, Dot) and mark.says]
    assert len(said) == 2 * len(LEVELS)
    assert any(text.startswith("bad_one, density 0.5: 0.") for text in said)
    root = ElementTree.fromstring(drawn.svg())
    assert len(root.findall("{*}circle")) == len(said) + 2  # and the two of the key
    image = Image.open(io.BytesIO(drawn.png()))
    assert image.format == "PNG"
    assert image.width == 2 * 520
    assert {(0xAA, 0x33, 0x99), (0x11, 0x99, 0xDD)} <= {
        colour for _, colour in image.getcolors(1 << 20) or ()
    }
    assert "By level" in FORMATS["html"](sweep)


def test_a_level_without_a_score_interrupts_the_line() -> None:
    levels = levels_of(LEVELS)
    assert levels is not None
    drawn = curve("title", levels, {"m": [Score(0.1), Score(None), Score(0.3)], "none": [Score(None)] * 3})
    assert [mark for mark in drawn.marks if isinstance(mark, Line) and len(mark.points) > 2] == []
    assert len([mark for mark in drawn.marks if isinstance(mark, Dot) and mark.says]) == 2


def test_pages_of_sweeps_have_curves_and_others_have_none() -> None:
    assert page(swept("m", 0.0), {}).count("<h2>Scores by density</h2>") == 1
    assert "Scores by" not in page(result_of("m", GOOD), {})
