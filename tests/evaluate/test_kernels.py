"""The compiled pass counts what the plain NumPy forms count, bit for bit."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.errors import BadArgument
from segmnist.evaluate import Prediction, check_prediction, reference
from segmnist.evaluate.clip_tables import WINDOW
from segmnist.evaluate.metrics.calibration import NUM_BINS, reliability_bins
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.metrics.panoptic import WINDOWS, panoptic_counts
from segmnist.evaluate.pixels import pixel_scores
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.evaluate.sums import ClipSums, poisson_weights

Maps = NDArray[np.uint8]

SIZES = [(1, 5, 7), (2, 4, 33), (3, 8, 6), (9, 17, 5), (12, 3, 10), (4, 1, 6), (2, 7, 1), (10, 2, 9)]


def blocks(random: np.random.Generator, size: tuple[int, int, int], values: int) -> Maps:
    """Maps of these values in blocks that last for some frames."""
    T, H, W = size
    coarse = random.integers(0, values, (-(-T // 5), -(-H // 3), -(-W // 4)), np.uint8)
    fine = coarse.repeat(5, axis=0).repeat(3, axis=1).repeat(4, axis=2)[:T, :H, :W]
    return np.where(random.random(size) < 0.1, random.integers(0, values, size), fine).astype(np.uint8)


@st.composite
def clips(draw: st.DrawFn) -> ScoredClip:
    """A clip whose truth may lack what is not needed, and whose prediction may have ids; nothing needs to agree."""
    size = draw(st.sampled_from(SIZES))
    num_classes = draw(st.sampled_from([2, 3, NUM_CLASSES, 251]))
    num_digits = draw(st.sampled_from([0, 1, 3, 12]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    semantic = blocks(random, size, num_classes)
    semantic[random.random(size) < draw(st.sampled_from([0, 0.1, 1]))] = IGNORE
    truth: dict[str, NDArray[Any]] = {
        "semantic": semantic,
        "instance": blocks(random, size, 1 + num_digits),
        "labels": random.integers(0, num_classes - 1, num_digits, np.uint8),
        "twin_labels": random.integers(0, num_classes - 1, num_digits, np.uint8),
    }
    if draw(st.booleans()):
        # Halves, too: both forms round them to even numbers.
        truth["flow_forward"] = (random.integers(-8, 9, (*size, 2)) / 2).astype(np.float32)
        truth["flow_forward_valid"] = random.random(size) < 0.7
    if draw(st.booleans()):
        truth["noiseless"], truth["beneath"] = (random.integers(0, 256, size, np.uint8) for _ in range(2))
    prediction = blocks(random, size, num_classes)
    prediction[random.random(size) < 0.3] = num_classes - 1
    ids = blocks(random, size, 5) * np.uint8(51) if draw(st.booleans()) else None
    if draw(st.booleans()):  # as from a mapped file
        prediction.flags.writeable = False
    return ScoredClip(truth, Prediction(prediction, None, ids, num_classes=num_classes))


@settings(deadline=None)
@given(clips())
def test_every_table_is_that_of_the_reference(clip: ScoredClip) -> None:
    num_classes, truth = clip.num_classes, clip.truth
    num_digits, ids = len(truth["labels"]), clip.predicted_instance
    num_ids = int(ids.max(initial=0)) if clip.has_ids else clip.background
    levels = (truth["noiseless"], truth["beneath"]) if "beneath" in truth else None
    expected = {
        "confusion": confusion(clip.semantic, clip.predicted, num_classes),
        "overlap": reference.overlaps(clip.instance, ids, num_digits, num_ids, clip.known),
        "outcomes": reference.outcomes(
            clip.instance, clip.semantic, clip.predicted, clip.twin_labels, levels, num_classes
        ),
        "boundary": reference.boundary_counts(clip.semantic, clip.predicted, num_classes),
        "lasting": reference.lasting(clip.semantic, clip.predicted, WINDOW, num_classes),
        "warped": np.zeros((num_classes, num_classes)),
        "tubes": np.zeros((0, 0, 0)),
    }
    if clip.has_ids:
        expected["tubes"] = reference.tubes(
            clip.instance, ids, clip.predicted, num_digits, num_ids, num_classes
        )
    if "flow_forward" in truth:
        expected["warped"] = reference.warped(
            clip.predicted, truth["flow_forward"], truth["flow_forward_valid"], num_classes
        )
    tables = clip.tables._asdict()
    assert tables.keys() == expected.keys()
    for name, table in tables.items():
        np.testing.assert_array_equal(table, expected[name], err_msg=name, strict=False)


@settings(deadline=None)
@given(clips())
def test_matches_are_those_of_the_reference(clip: ScoredClip) -> None:
    known = clip.tables.overlap, clip.truth["labels"].tolist(), clip.predicted_labels
    counts = panoptic_counts(*known, clip.num_classes)
    for k, found in zip(WINDOWS, counts, strict=True):
        np.testing.assert_array_equal(found, reference.matches(*known, k, clip.num_classes))


@settings(deadline=None)
@given(
    st.sampled_from(SIZES), st.sampled_from([2, 3, NUM_CLASSES, 251]), st.integers(0, 2**32),
    st.sampled_from([np.float32, np.float64, np.float16, np.uint8]),
)  # fmt: skip
def test_probabilities_are_divided_and_looked_up_as_in_the_reference(
    size: tuple[int, int, int], num_classes: int, seed: int, dtype: Any
) -> None:
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(num_classes, 0.1), size).transpose(0, 3, 1, 2)
    p[random.random(p.shape) < 0.01 / num_classes] += 1e-5
    given_p = np.ascontiguousarray(p, dtype)
    if dtype == np.uint8:
        given_p = np.ascontiguousarray((p * 255).astype(np.uint8))
        given_p[:, 0] += (255 - given_p.sum(axis=1, dtype=np.int64)).astype(np.uint8)
    prediction = check_prediction("clip", given_p, size, num_classes=num_classes)
    single = given_p.astype(np.float32) / np.float32(255 if dtype == np.uint8 else 1)
    # NumPy adds in another order where the classes of a pixel lie together in memory.
    expected = single / functools.reduce(np.add, np.moveaxis(single, 1, 0))[:, None]
    assert prediction.probabilities is not None
    np.testing.assert_array_equal(prediction.probabilities, expected)
    np.testing.assert_array_equal(prediction.semantic, expected.argmax(axis=1))

    truth = random.integers(0, num_classes, size, np.uint8)
    scores = pixel_scores(truth, prediction.probabilities)
    for found, of_reference in zip(scores, reference.pixel_scores(truth, expected), strict=True):
        np.testing.assert_array_equal(found, of_reference)
    confidence, correct = scores.confidence.ravel(), scores.correct.ravel()
    digits = truth.ravel() != num_classes - 1
    for found, which in zip(
        reliability_bins(confidence, correct, digits), (slice(None), digits), strict=True
    ):
        of_group = reference.reliability_bins(confidence[which], correct[which], NUM_BINS)
        np.testing.assert_array_equal(found, of_group)


def test_a_true_id_without_a_label_is_an_error() -> None:
    maps = np.full((1, 2, 3), 2, np.uint8)
    truth = {"semantic": maps, "instance": maps, "labels": np.array([4], np.uint8)}
    with pytest.raises(BadArgument, match=r"instance=2 is not permitted: expected 0\.\.1"):
        _ = ScoredClip(truth, Prediction(maps)).tables


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_replicates_are_sums_under_each_clips_weights_however_large_the_counts_are(
    seed: int, num_clips: int
) -> None:
    random = np.random.default_rng(seed)
    sums, expected = ClipSums(7), np.zeros((7, 2, 3), np.int64)
    for clip_id in random.permutation(100)[:num_clips].tolist():
        counts = random.integers(-(1 << 50), 1 << 50, (2, 3))
        sums.add(clip_id, {"table": counts, "plain": counts}, frozenset({"plain"}))
        expected += poisson_weights(clip_id, 7).reshape(-1, 1, 1) * counts
    assert list(sums.replicates) == ["table"]
    assert np.array_equal(sums.replicates["table"], expected)
