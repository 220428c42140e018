"""Tiles of pairs: compiled as uncompiled, with torch as without, and what is given up stays below the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import Oracle, kernels
from segmnist.oracle.arrays import Arrays, NumpyArrays, TorchArrays
from segmnist.oracle.evidence import weigh
from segmnist.oracle.family import Family
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.problem import PairProblem, Tile
from segmnist.source import ClipSource


@pytest.fixture(scope="module", params=[(), (0,), (1, 2)], ids=lambda frames: f"swapped{list(frames)}")
def tile(request: pytest.FixtureRequest, small_bank: DigitBank) -> Tile:
    """Thirty hypotheses in front of twenty others, but behind in some frames, with half of the frames to map."""
    spec = tiny_spec(position_step=3.0, direction_step=90.0)
    family: Family = Oracle(spec, bank=small_bank).family
    evidence = weigh(family, ClipSource(spec, bank=small_bank)[2].video, 0, log_likelihood_table(spec))
    problem = PairProblem(
        evidence,
        family.picture_of.astype(np.int64),
        np.log(family.prior),
        family.class_odds,
        (0, 1, 2),
        (0, 2),
        16 * 18,
    ).swapping(request.param)
    order = np.argsort(-problem.unhidden)
    return Tile(problem, order[:30], order[7:27])


def each_pair_apart(tile: Tile) -> np.ndarray:
    """Return the log-weights of a tile, one row of the problem at a time."""
    return np.stack([tile.problem.row(int(i))[tile.columns] for i in tile.rows])


def arrays_here() -> list[Arrays]:
    """Return the CPU's tiles, and torch's where torch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return [NumpyArrays()]
    return [NumpyArrays(), TorchArrays("cpu")]


@pytest.mark.parametrize("arrays", arrays_here(), ids=lambda arrays: type(arrays).__name__)
def test_log_weights_and_hidden_weights_are_the_sums_that_define_them(arrays: Any, tile: Tile) -> None:
    problem, expected = tile.problem, each_pair_apart(tile)
    found, alive, _ = arrays.log_weights(tile, -np.inf)
    np.testing.assert_array_equal(alive, np.arange(30))
    np.testing.assert_allclose(arrays.get(found), expected, rtol=1e-12)
    weights = np.exp(expected - expected.max())
    hidden, _ = arrays.hidden(tile, arrays.put(weights))
    for k, t in enumerate(problem.mapped):
        ink = np.zeros((len(problem.log_prior), problem.num_pixels))
        owner, pixel, _ = problem.evidence[t].ink_in(
            problem.picture_of[:, t], np.arange(problem.num_pixels), None
        )
        ink[owner, pixel] = 1
        above, below, pairs = tile.rows, tile.columns, weights
        if t in problem.swapped:
            above, below, pairs = below, above, pairs.T
        over = (pairs.T @ ink[above]) * ink[below]
        np.testing.assert_allclose(hidden[k], problem.class_odds[below].T @ over, atol=1e-5)


def test_no_pair_weighs_more_than_its_bound(tile: Tile) -> None:
    problem = tile.problem
    weights = np.stack([problem.row(i) for i in range(0, len(problem.log_prior), 3)])
    front, most = problem.unhidden[::3, None], problem.unhidden + problem.rest[:, 0]
    assert (weights - front - problem.front_rest[::3, :1] - most).max() < 1e-9
    # Without what a swap can give back to the digit in front, some do.
    assert ((weights - front - most).max() > 1e-3) == bool(problem.swapped)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_rows_that_are_given_up_could_not_reach_the_floor(share: float, tile: Tile) -> None:
    exact = each_pair_apart(tile)
    floor = float(np.quantile(exact.max(1), share))
    found, alive, _ = NumpyArrays().log_weights(tile, floor)
    given_up = np.setdiff1d(np.arange(30), alive)
    assert 0 < len(given_up) <= np.ceil(30 * share)
    assert exact[given_up].max() < floor
    np.testing.assert_allclose(found, exact[alive], rtol=1e-12)


def test_compiled_loops_do_what_they_say(tile: Tile, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = (
        NumpyArrays().log_weights(tile, -150.0),
        NumpyArrays().hidden(tile, np.exp(each_pair_apart(tile))),
    )
    for name in ("subtract_hidden", "add_hidden"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    plain = NumpyArrays().log_weights(tile, -150.0), NumpyArrays().hidden(tile, np.exp(each_pair_apart(tile)))
    for one, other in zip(compiled, plain):
        for ours, theirs in zip(one, other):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13)
