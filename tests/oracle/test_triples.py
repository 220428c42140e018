"""Three digits against the enumeration of every triple, drawn by the renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle.evidence import weigh
from segmnist.oracle.family import Family, build_family
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.triples import ROWS, solve_triples
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.source import ClipSource

SPECS: dict[str, dict[str, Any]] = {
    "plain": {"direction_step": 360.0},
    "twins": {"classes": (6, 9), "twins": ((6, 9),), "twin_odds": 0.3, "direction_step": 360.0},
    "noisy": {"sensor_sigma": 128.0, "direction_step": 360.0, "height": 17},
}
THREE = {"num_digits_range": (3, 3), "position_step": 12.0}


def family_of(spec: Any, bank: DigitBank) -> Family:
    """Return the family of one digit, which is the same for any number of digits."""
    return build_family(spec.replace(num_digits_range=(2, 2)), bank, "train", 0, 1 << 30)


def problem_of(
    spec: Any, family: Family, video: np.ndarray, seen: tuple[int, ...], mapped: tuple[int, ...]
) -> PairProblem:
    evidence = weigh(family, video, 0, log_likelihood_table(spec))
    return PairProblem(
        evidence, family.picture_of.astype(np.int64), np.log(family.prior), family.class_odds, seen, mapped,
        family.num_pixels,
    )  # fmt: skip


def draw_all(spec: Any, family: Family, bank: DigitBank) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every triple, `(M,3)` from back to front, and its clean video and instance ids, `(M,T,H,W)`."""
    triples = np.stack(np.indices([family.num_hypotheses] * 3), axis=-1).reshape(-1, 3)
    scene = sample(spec.replace(sensor_sigma=0.0), np.arange(len(triples)), bank=bank)
    placed = {name: values[triples].astype(np.int32) for name, values in family.pose.items()}
    clips = render(scene.replace(glyph=family.glyph[triples].astype(np.int32), **placed), ("instance",))
    return triples, clips.video, clips.instance


@pytest.mark.parametrize(("seen", "mapped"), [((0, 1, 2), (0, 1, 2)), ((1,), (1,)), ((0,), (2,)), ((), (0,))])
@pytest.mark.parametrize("name", SPECS)
def test_three_digits_equal_the_enumeration(
    name: str, seen: tuple[int, ...], mapped: tuple[int, ...], small_bank: DigitBank
) -> None:
    spec = tiny_spec(**{**THREE, **SPECS[name]})
    family = family_of(spec, small_bank)
    assert 6 <= family.num_hypotheses <= 24
    video = ClipSource(spec, bank=small_bank, seed=3)[1].video
    triples, clean, instance = draw_all(spec, family, small_bank)
    table, bare = log_likelihood_table(spec), family.backgrounds[0].reshape(video.shape)
    log_joint = np.log(family.prior)[triples].sum(1)
    for t in seen:
        log_joint = log_joint + (table[clean[:, t], video[t]] - table[bare[t], video[t]]).sum((-1, -2))
    evidence = np.logaddexp.reduce(log_joint)
    joint = np.exp(log_joint - evidence)
    found = solve_triples(problem_of(spec, family, video, seen, mapped), 0.0)
    assert found.kept == 1
    assert found.delta < 1e-12
    np.testing.assert_allclose(found.log_evidence, evidence, rtol=1e-11, atol=1e-11)
    odds = family.class_odds
    for digit in range(3):
        expected = np.bincount(triples[:, digit], joint, family.num_hypotheses)
        np.testing.assert_allclose(found.digits[digit], expected, atol=1e-12)
    order = sum(
        np.einsum("m,ma,mb->ab", joint, odds[triples[:, front]], odds[triples[:, behind]])
        for front, behind in ((2, 1), (2, 0), (1, 0))
    )
    np.testing.assert_allclose(found.order, order, atol=1e-12)
    for k, t in enumerate(mapped):
        shown = instance[:, t].reshape(len(triples), -1)
        for label in range(10):
            weight = np.concatenate([np.zeros((len(triples), 1)), odds[triples, label]], axis=1)
            expected = (joint[:, None] * np.take_along_axis(weight, shown, axis=1)).sum(0)
            np.testing.assert_allclose(found.class_map[k, label], expected, atol=1e-12)
        visible = (joint[:, None] * (shown == 2)).sum(0)
        np.testing.assert_allclose(family.cover(t, found.digits[1]) - found.covered[k], visible, atol=1e-12)


@pytest.mark.parametrize("sigma", [25.0, 60.0, 120.0])
@pytest.mark.parametrize("delta", [1e-6, 1e-3, 0.1])
def test_what_is_left_out_of_three_digits_is_within_its_bound(
    delta: float, sigma: float, small_bank: DigitBank
) -> None:
    spec = tiny_spec(**{**THREE, "position_step": 4.0, "direction_step": 360.0, "sensor_sigma": sigma})
    family = family_of(spec, small_bank)
    assert family.num_hypotheses**2 > ROWS
    for clip_id, seen in ((0, (0, 1, 2)), (5, (0,))):
        video = ClipSource(spec, bank=small_bank)[clip_id].video
        problem = problem_of(spec, family, video, seen, (0,))
        pruned, whole = solve_triples(problem, delta), solve_triples(problem, 0.0)
        assert pruned.delta <= delta
        assert whole.kept == 1
        assert pruned.kept < 1 or delta < 1e-3
        assert np.abs(pruned.class_map - whole.class_map).max() <= pruned.delta + 1e-12
        assert np.abs(pruned.covered - whole.covered).max() <= pruned.delta + 1e-12
        assert 0.5 * np.abs(pruned.digits - whole.digits).sum(-1).max() <= pruned.delta + 1e-12


def test_drawn_triples_have_the_marginals(small_bank: DigitBank) -> None:
    spec = tiny_spec(**{**THREE, "direction_step": 360.0, "sensor_sigma": 120.0})
    family = family_of(spec, small_bank)
    problem = problem_of(spec, family, ClipSource(spec, bank=small_bank)[2].video, (0, 1), (0,))
    found, count = solve_triples(problem, 1e-6), 4000
    drawn = found.draw(np.random.default_rng(1).random((count, 3)))
    for digit in range(3):
        shares = np.bincount(drawn[:, digit], minlength=family.num_hypotheses) / count
        assert np.abs(shares - found.digits[digit]).max() < 5 * np.sqrt(0.25 / count)
