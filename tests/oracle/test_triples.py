"""Three digits against the enumeration of every triple, drawn by the renderer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import Oracle
from segmnist.oracle.evidence import weigh
from segmnist.oracle.family import Family, build_family
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.pairs import found_weight
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.triples import ROWS, solve_triples
from segmnist.render.clips import Clips
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.scene.spec import SceneSpec
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


def draw_all(
    spec: SceneSpec, family: Family, bank: DigitBank, num_digits: int = 3
) -> tuple[np.ndarray, Clips]:
    """Return every scene of so many digits, `(M,D)` hypotheses from back to front, and its clip without noise."""
    scenes = np.array(list(itertools.product(range(family.num_hypotheses), repeat=num_digits)), int)
    quiet = spec.replace(sensor_sigma=0.0, num_digits_range=(num_digits, num_digits))
    drawn = sample(quiet, np.arange(len(scenes)), bank=bank)
    placed = {name: values[scenes].astype(np.int32) for name, values in family.pose.items()}
    drawn = drawn.replace(glyph=family.glyph[scenes].astype(np.int32), **placed)
    return scenes, render(drawn, ("instance", "amodal"))


@pytest.mark.parametrize(("seen", "mapped"), [((0, 1, 2), (0, 1, 2)), ((1,), (1,)), ((0,), (2,)), ((), (0,))])
@pytest.mark.parametrize("name", SPECS)
def test_three_digits_equal_the_enumeration(
    name: str, seen: tuple[int, ...], mapped: tuple[int, ...], small_bank: DigitBank
) -> None:
    spec = tiny_spec(**{**THREE, **SPECS[name]})
    family = family_of(spec, small_bank)
    assert 6 <= family.num_hypotheses <= 24
    video = ClipSource(spec, bank=small_bank, seed=3)[1].video
    triples, clips = draw_all(spec, family, small_bank)
    clean, instance = clips.video, clips.instance
    table, bare = log_likelihood_table(spec), family.backgrounds[0].reshape(video.shape)
    log_joint = np.log(family.prior)[triples].sum(1)
    for t in seen:
        log_joint = log_joint + (table[clean[:, t], video[t]] - table[bare[t], video[t]]).sum((-1, -2))
    evidence = np.logaddexp.reduce(log_joint)
    joint = np.exp(log_joint - evidence)
    found = solve_triples(problem_of(spec, family, video, seen, mapped), -np.inf)
    assert found.kept == 1
    assert found.left_out.delta(found.log_evidence) < 1e-12
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
        log_budget = found_weight(problem, 3) + np.log(delta)
        pruned, whole = solve_triples(problem, log_budget), solve_triples(problem, -np.inf)
        bound = pruned.left_out.delta(pruned.log_evidence)
        assert bound <= delta
        assert whole.kept == 1
        assert pruned.kept < 1 or delta < 1e-3
        assert np.abs(pruned.class_map - whole.class_map).max() <= bound + 1e-12
        assert np.abs(pruned.covered - whole.covered).max() <= bound + 1e-12
        assert 0.5 * np.abs(pruned.digits - whole.digits).sum(-1).max() <= bound + 1e-12


def test_drawn_triples_have_the_marginals(small_bank: DigitBank) -> None:
    spec = tiny_spec(**{**THREE, "direction_step": 360.0, "sensor_sigma": 120.0})
    family = family_of(spec, small_bank)
    problem = problem_of(spec, family, ClipSource(spec, bank=small_bank)[2].video, (0, 1), (0,))
    found, count = solve_triples(problem, found_weight(problem, 3) + np.log(1e-6)), 4000
    drawn = found.draw(np.random.default_rng(1).random((count, 3)))
    for digit in range(3):
        shares = np.bincount(drawn[:, digit], minlength=family.num_hypotheses) / count
        assert np.abs(shares - found.digits[digit]).max() < 5 * np.sqrt(0.25 / count)


@pytest.mark.parametrize("sigma", [15.0, 60.0, 120.0])
@pytest.mark.parametrize("delta", [1e-6, 1e-3, 0.1])
def test_what_is_left_out_of_a_mixture_of_numbers_is_within_its_bound(
    delta: float, sigma: float, small_bank: DigitBank
) -> None:
    """The numbers of digits share one budget: that of a clip with one digit leaves next to nothing for triples."""
    spec = tiny_spec(**{**THREE, "num_digits_range": (0, 3), "direction_step": 360.0, "sensor_sigma": sigma})
    source = ClipSource(spec, bank=small_bank)
    for clip_id, observer in ((0, "offline"), (1, "causal"), (2, "frame"), (3, "causal")):
        pruned, whole = (
            Oracle(spec, bank=small_bank, delta=d).posterior(source[clip_id], observer) for d in (delta, 0.0)
        )
        assert pruned.delta.max() <= delta
        for name in ("class_probabilities", "instance_probabilities"):
            moved = np.abs(getattr(pruned, name) - getattr(whole, name)).max((1, 2, 3))
            assert np.all(moved <= pruned.delta + 6e-7)
        for name in ("num_digits_probabilities", "hypothesis_probabilities"):
            moved = (
                np.abs(getattr(pruned, name) - getattr(whole, name)).sum(-1).reshape(len(pruned.delta), -1)
            )
            assert np.all(moved.max(1) / 2 <= pruned.delta + 1e-12)


@pytest.mark.parametrize("observer", ["offline", "causal", "frame"])
@pytest.mark.parametrize("numbers", [(0, 3), (3, 3)])
def test_posteriors_of_up_to_three_digits_equal_the_enumeration(
    numbers: tuple[int, int], observer: str, small_bank: DigitBank
) -> None:
    spec = tiny_spec(**{**THREE, **SPECS["twins"], "num_digits_range": numbers, "sensor_sigma": 90.0})
    oracle, clip = Oracle(spec, bank=small_bank, delta=0.0), ClipSource(spec, bank=small_bank, seed=3)[1]
    family, table, most = oracle.family, log_likelihood_table(spec), numbers[1]
    posterior = oracle.posterior(clip, observer)
    prior, counts = np.log(family.prior), range(numbers[0], most + 1)
    everything = {n: draw_all(spec, family, small_bank, n) for n in counts}
    for t in range(spec.num_frames):
        k = 0 if observer == "offline" else t
        seen = {"offline": [0, 1, 2], "causal": range(t + 1), "frame": [t]}[observer]
        logs = {
            n: prior[scenes].sum(1) + sum(table[clips.video[:, s], clip.video[s]].sum((-1, -2)) for s in seen)
            for n, (scenes, clips) in everything.items()
        }
        total = np.logaddexp.reduce(np.concatenate(list(logs.values())))
        np.testing.assert_allclose(posterior.log_evidence[k], total - np.log(len(counts)), rtol=1e-11)
        shares, digits = np.zeros(most + 1), np.zeros((most, len(prior)))
        classes, instances = (
            np.zeros((11, *clip.video.shape[1:])),
            np.zeros((most + 1, *clip.video.shape[1:])),
        )
        amodal = np.zeros((most, *clip.video.shape[1:]))
        for n, (scenes, clips) in everything.items():
            weight, shown = np.exp(logs[n] - total), clips.instance[:, t]
            shares[n] = weight.sum()
            instances += [np.einsum("m,myx->yx", weight, shown == number) for number in range(most + 1)]
            for digit in range(n):
                digits[digit] += np.bincount(scenes[:, digit], weight, len(prior))
                amodal[digit] += np.einsum("m,myx->yx", weight, clips.amodal[:, digit, t])
                odds = weight[:, None] * family.class_odds[scenes[:, digit]]
                classes[:10] += np.einsum("ma,myx->ayx", odds, shown == digit + 1)
        classes[10] = instances[0]
        np.testing.assert_allclose(posterior.num_digits_probabilities[k], shares, atol=1e-11)
        np.testing.assert_allclose(posterior.hypothesis_probabilities[k], digits, atol=1e-11)
        np.testing.assert_allclose(posterior.class_probabilities[t], classes, atol=3e-7)
        np.testing.assert_allclose(posterior.instance_probabilities[t], instances, atol=6e-7)
        np.testing.assert_allclose(posterior.amodal_probabilities[:, t], amodal, atol=3e-7)


@pytest.mark.parametrize("observer", ["offline", "causal"])
def test_samples_of_up_to_three_digits_have_the_marginals(observer: str, small_bank: DigitBank) -> None:
    spec = tiny_spec(**{**THREE, **SPECS["plain"], "num_digits_range": (1, 3), "sensor_sigma": 100.0})
    posterior = Oracle(spec, bank=small_bank).posterior(ClipSource(spec, bank=small_bank)[6], observer)
    samples, count = posterior.sample(500, seed=4), 500
    for label in (2, 6, 10):
        share = (samples == label).mean(0)
        assert np.abs(share - posterior.class_probabilities[:, label]).max() < 5 * np.sqrt(0.25 / count)
