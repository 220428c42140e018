"""The oracle of a source: whose clips it answers for, and how long what it holds lives."""

from __future__ import annotations

import gc
import pickle
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle import FORECAST, OBSERVERS, Oracle
from segmnist.oracle.ceiling import ceiling
from segmnist.oracle.store import PosteriorPlan, write_posteriors
from segmnist.source import ClipSource

SHAPES = {"num_backgrounds": 2, "num_shapes_range": (1, 2), "shape_size_range": (5, 9)}


def test_the_oracle_of_a_source_answers_for_its_clips(small_bank: DigitBank) -> None:
    source = ClipSource(tiny_spec(**SHAPES), bank=small_bank, split="val", seed=3)
    oracle = Oracle.of(source, delta=1e-4)
    assert (oracle.spec, oracle.split, oracle.seed, oracle.delta) == (source.spec, "val", 3, 1e-4)
    assert oracle.bank is small_bank
    batch = source[2:4]
    one, two = oracle.posteriors(batch, "causal")
    for posterior, clip in ((one, batch[0]), (two, batch[1])):
        same = oracle.posterior(clip.video.copy(), "causal")
        np.testing.assert_array_equal(posterior.class_probabilities, same.class_probabilities)


OTHERS: dict[str, Any] = {
    "sensor_sigma": {"spec": tiny_spec(sensor_sigma=20.0)},
    "brightness_range": {"spec": tiny_spec(brightness_range=(0.5, 0.5))},
    "split": {"split": "test"},
    "bank": {"bank": "square"},
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "way",
    [
        lambda oracle, source, path: oracle.posterior(source[0]),
        lambda oracle, source, path: ceiling(oracle, source, "frame", 1),
        lambda oracle, source, path: write_posteriors(path, oracle, source, PosteriorPlan((0,))),
    ],
    ids=["clip", "ceiling", "store"],
)
def test_clips_of_another_family_are_refused(
    name: Any, way: Any, small_bank: DigitBank, square_bank: DigitBank, tmp_path: Path
) -> None:
    spec = tiny_spec()
    changes: dict[str, Any] = {"spec": spec, "bank": small_bank, **OTHERS[name]}
    if name == "bank":
        changes["bank"] = square_bank
    source = ClipSource(changes.pop("spec"), **changes)
    oracle = Oracle(spec, bank=small_bank)
    with pytest.raises(BadArgument, match=rf"^{name}=.*Oracle.of\(source\)"):
        way(oracle, source, tmp_path / "out.zarr")
    assert not (tmp_path / "out.zarr").exists()


def test_the_seed_counts_where_the_backgrounds_are_of_it(small_bank: DigitBank) -> None:
    for shapes, refused in ((SHAPES, True), ({}, False)):
        oracle = Oracle(tiny_spec(**shapes), bank=small_bank)
        clip = ClipSource(tiny_spec(**shapes), bank=small_bank, seed=5)[0]
        if refused:
            with pytest.raises(BadArgument, match=r"^seed=5"):
                oracle.posterior(clip)
        else:
            oracle.posterior(clip)


def test_splits_that_share_their_pools_share_their_oracle(small_bank: DigitBank) -> None:
    spec = tiny_spec(**SHAPES, pools="shared")
    clip = ClipSource(spec, bank=small_bank, split="test")[1]
    of_train, of_test = (Oracle(spec, bank=small_bank, split=s).posterior(clip) for s in ("train", "test"))
    np.testing.assert_array_equal(of_train.class_probabilities, of_test.class_probabilities)


@pytest.mark.parametrize("motion", ["reflect", "markov"])
@pytest.mark.parametrize("observer", [*OBSERVERS, FORECAST])
def test_a_posterior_pickles(observer: Any, motion: str, square_bank: DigitBank) -> None:
    changes = {"turn_odds": 0.2} if motion == "markov" else {}
    spec = tiny_spec(width=26, position_step=5.0, speed_range=(5.0, 5.0), digit_motion=motion, **changes)
    source = ClipSource(spec, bank=square_bank)
    oracle = Oracle.of(source)
    posterior = oracle.posterior(source[0], observer, horizon=int(observer == FORECAST))
    packed = pickle.dumps(posterior)
    shown = sum(value.nbytes for value in vars(posterior).values() if isinstance(value, np.ndarray))
    # Neither the pairs nor the evidence are in it: those of a walk took 472 MB.
    assert len(packed) < shown + len(pickle.dumps((oracle.family, oracle.chain))) + 20_000
    back = pickle.loads(packed)
    np.testing.assert_array_equal(back.class_probabilities, posterior.class_probabilities)
    np.testing.assert_array_equal(back.amodal_probabilities, posterior.amodal_probabilities)
    np.testing.assert_array_equal(back.sample(3), posterior.sample(3))


def test_a_dropped_oracle_leaves_no_family_behind(small_bank: DigitBank) -> None:
    source = ClipSource(tiny_spec(), bank=small_bank)
    oracle = Oracle.of(source)
    family = weakref.ref(oracle.family)
    for observer in OBSERVERS:
        oracle.posterior(source[0], observer)
    del oracle
    gc.collect()
    assert family() is None
