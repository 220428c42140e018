"""What every metric keeps to: its counts, its scores, and what tables say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import clip

from segmnist.evaluate import Prediction, metrics
from segmnist.evaluate.metric import Metric
from segmnist.evaluate.metrics import CEILING, METRICS, PLAIN, POSTERIOR, ROWS, counts_of, scores_of
from segmnist.evaluate.scored_clip import ScoredClip

FOLDER = Path(metrics.__file__).parent


def everything() -> Any:
    """A clip of which everything can be counted."""
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    pytest.importorskip("skimage", reason="the `prediction` extra is optional")
    truth, probabilities = clip(0)
    truth |= {"video": truth["noiseless"], "given": np.array(3)}
    frames = np.asarray(truth["beneath"] / 255, np.float32)
    classes = probabilities.argmax(axis=1).astype(np.uint8)
    return ScoredClip(truth, Prediction(classes, probabilities, video=frames))


def test_every_file_is_a_metric_with_a_title() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert set(METRICS) == names
    assert all(isinstance(metric, Metric) and metric.title for metric in METRICS.values())
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


def test_every_file_has_its_tests() -> None:
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("metrics/test_*.py")}
    assert set(METRICS) == tests


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_counts_and_scores_what_it_says(name: Any) -> None:
    metric, found = METRICS[name], everything()
    counts = metric.counts(found)
    assert set(counts) == set(metric.counted)
    assert all(value.dtype == np.int64 for value in counts.values())
    assert set(metric.plain) <= set(metric.counted)
    sums = counts_of(found, tracking=True)
    assert set(metric.scores(sums)) == set(metric.rows)


@pytest.mark.parametrize("name", METRICS)
def test_leading_axes_of_counts_pass_through(name: Any) -> None:
    metric, sums = METRICS[name], counts_of(everything(), tracking=True)
    replicated = {n: np.stack([2 * v, 3 * v, 0 * v]) for n, v in sums.items() if n not in PLAIN}
    if set(metric.counted) & set(replicated):
        once = metric.scores(sums)
        for score, values in metric.scores(replicated).items():
            assert values.shape == (3,), score
            np.testing.assert_allclose(values[:2], float(once[score]), rtol=1e-6, err_msg=score)


def test_every_score_has_a_title() -> None:
    scores = scores_of(counts_of(everything(), tracking=True))
    nameless = {name for name in scores if name.removeprefix(POSTERIOR) not in ROWS}
    assert nameless == set()
    assert all(row.title for row in ROWS.values())
    shown = [row.title for row in ROWS.values() if row.shown]
    assert len(set(shown)) == len(shown)


def test_ceilings_are_those_of_scores() -> None:
    bounded = {name.removeprefix(CEILING) for name in ROWS if name.startswith(CEILING)}
    assert {name.removesuffix("_low").removesuffix("_high") for name in bounded} <= set(ROWS)


def test_no_two_metrics_share_a_name() -> None:
    counted = [name for metric in METRICS.values() for name in metric.counted]
    rows = [name for metric in METRICS.values() for name in metric.rows]
    assert len(set(counted)) == len(counted)
    assert len(set(rows)) == len(rows)
