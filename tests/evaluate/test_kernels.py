"""The compiled loops count what the plain NumPy forms count, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES
from segmnist.evaluate.metrics.boundary import boundary, boundary_counts
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.metrics.temporal import warped_confusion
from segmnist.evaluate.segments import overlaps
from segmnist.evaluate.sums import ClipSums, poisson_weights

Maps = NDArray[np.uint8]


@st.composite
def maps(draw: st.DrawFn, num: int = 2) -> list[Maps]:
    """Maps of one shape, H != W != T, with blocks of classes and with the same pixels ignored in all."""
    T, H, W = draw(st.sampled_from([(1, 5, 7), (3, 8, 6), (4, 17, 9), (2, 4, 33)]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    ignored = random.random((T, H, W)) < draw(st.sampled_from([0, 0.1, 0.6]))
    found = []
    for _ in range(num):
        coarse = random.integers(0, NUM_CLASSES, (T, -(-H // 3), -(-W // 3)), np.uint8)
        fine = coarse.repeat(3, axis=1).repeat(3, axis=2)[:, :H, :W]
        found.append(np.where(ignored, np.uint8(IGNORE), fine))
    return found


def plain_confusion(truth: Maps, prediction: Maps) -> NDArray[np.int64]:
    pairs = truth.ravel().astype(int) * NUM_CLASSES + prediction.ravel()
    return np.bincount(pairs, minlength=NUM_CLASSES**2)[: NUM_CLASSES**2].reshape(NUM_CLASSES, NUM_CLASSES)


@given(maps())
def test_confusion(pair: list[Maps]) -> None:
    assert np.array_equal(confusion(*pair), plain_confusion(*pair))


@given(maps(1), st.integers(0, 2**32))
def test_confusion_along_the_flow(one: list[Maps], seed: int) -> None:
    [prediction], random = one, np.random.default_rng(seed)
    T, H, W = prediction.shape
    # Halves, too: both forms round them to even numbers.
    flow = (random.integers(-12, 13, (T, H, W, 2)) / 2).astype(np.float32)
    valid = random.random((T, H, W)) < 0.7
    frame, y, x = np.nonzero(valid[: T - 1])
    moved = np.rint(flow[frame, y, x]).astype(int)
    to_x, to_y = x + moved[:, 0], y + moved[:, 1]
    kept = (to_x >= 0) & (to_x < W) & (to_y >= 0) & (to_y < H)
    now = prediction[frame[kept], y[kept], x[kept]]
    following = prediction[frame[kept] + 1, to_y[kept], to_x[kept]]
    expected = plain_confusion(now[following != IGNORE], following[following != IGNORE])
    assert np.array_equal(warped_confusion(prediction, flow, valid), expected)


@given(maps())
def test_overlaps(pair: list[Maps]) -> None:
    truth, prediction = (np.where(one == IGNORE, 0, one) for one in pair)
    known = pair[0] != IGNORE
    for which in (None, known):
        expected = np.zeros((len(truth), NUM_CLASSES, NUM_CLASSES), int)
        for t in range(len(truth)):
            where = ... if which is None else which[t]
            np.add.at(expected[t], (truth[t][where], prediction[t][where]), 1)
        assert np.array_equal(overlaps(truth, prediction, 10, 10, which), expected)


def plain_boundary(one: Maps, distance: int) -> NDArray[np.bool_]:
    H, W = one.shape[1:]
    padded = np.pad(one, [(0, 0), (distance, distance), (distance, distance)], constant_values=IGNORE)
    places = range(2 * distance + 1)
    return np.any([padded[:, dy : dy + H, dx : dx + W] != one for dy in places for dx in places], axis=0)


@given(maps(), st.integers(1, 3))
def test_boundaries(pair: list[Maps], distance: int) -> None:
    truth, prediction = pair
    near, other = (plain_boundary(one, distance) for one in pair)
    assert np.array_equal(boundary(truth, distance), near)
    both = near & other & (truth == prediction)
    expected = [
        np.bincount(classes, minlength=256)[:NUM_CLASSES]
        for classes in (truth[near], prediction[other], truth[both])
    ]
    assert np.array_equal(boundary_counts(truth, prediction, distance), expected)


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
