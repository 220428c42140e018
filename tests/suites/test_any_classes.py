"""Scores of banks with any number of classes: of a model, of stored predictions, of a baseline that was trained on one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console
from tests.strategies import named_bank

from segmnist import BadArgument, SceneSpec, preset
from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.predictions import BadPrediction, Prediction, check_prediction
from segmnist.evaluate.reports.page import page
from segmnist.evaluate.reports.results import SCHEMA, PartResult, Result
from segmnist.evaluate.reports.table import tables
from segmnist.evaluate.sums import ClipSums
from segmnist.oracle import Oracle
from segmnist.suites import Suite, evaluate, suite, suite_of
from segmnist.suites.checksums import suite_sha256

SPEC = SceneSpec(height=16, width=21, num_frames=3, num_digits_range=(1, 3), num_shapes_range=(0, 1))


def suite_with(count: int, num_clips: int = 6) -> Suite:
    return suite_of(SPEC, num_clips, bank=named_bank(count))


def guesses(chosen: Suite, soft: bool) -> Any:
    """Return predictions of all test clips: the truth, with a quarter of its pixels drawn anew."""
    part = chosen.parts[0]
    truth = part.source("test")[:].semantic
    random, classes = np.random.default_rng(7), part.classes.num_classes
    said = np.where(random.random(truth.shape) < 0.25, random.integers(0, classes, truth.shape), truth)
    if not soft:
        return said.astype(np.uint8)
    return np.moveaxis(np.eye(classes, dtype=np.float32)[said], -1, 2)


@pytest.mark.parametrize("count", [1, 2, 26, 250])
@pytest.mark.parametrize("soft", [False, True])
def test_a_score_is_that_of_its_definition(count: int, soft: bool) -> None:
    chosen = suite_with(count)
    answers = iter(np.split(guesses(chosen, soft), 6))
    [part] = evaluate(lambda video: next(answers), chosen, batch_size=1)
    truth = chosen.parts[0].source("test")[:].semantic
    said = guesses(chosen, False)
    of_class = [
        ((truth == c) & (said == c)).sum() / ((truth == c) | (said == c)).sum()
        for c in range(count + 1)
        if ((truth == c) | (said == c)).any()
    ]
    assert part.scores["miou"].value == pytest.approx(np.mean(of_class))
    assert part.scores["pixel_accuracy"].value == pytest.approx((truth == said).mean())
    assert part.scores["miou"].low is not None
    assert np.shape(part.confusion) == (count + 1, count + 1)
    assert len(part.classes) == len(part.class_prior) == count + 1
    assert part.names == chosen.parts[0].classes
    assert ("nll" in part.scores) == soft


def test_stored_predictions_are_scored_as_those_of_a_model(tmp_path: Path) -> None:
    chosen = suite_with(26)
    for soft in (False, True):
        said = guesses(chosen, soft)
        np.save(tmp_path / "said.npy", said)
        answers = iter(np.split(said, 6))

        def answer(video: Any, left: Any = answers) -> Any:
            return next(left)

        [of_model] = evaluate(answer, chosen, batch_size=1)
        [of_file] = evaluate(tmp_path / "said.npy", chosen)
        assert msgspec.to_builtins(of_model) == msgspec.to_builtins(of_file)
    few = np.zeros((6, 3, 11, 16, 21), np.float32)
    np.save(tmp_path / "said.npy", few)
    with pytest.raises(BadPrediction, match=r"expected .*\(3, 27, 16, 21\) for probabilities"):
        evaluate(tmp_path / "said.npy", chosen)
    np.save(tmp_path / "said.npy", np.full((6, 3, 16, 21), 27, np.uint8))
    with pytest.raises(BadPrediction, match=r"class 27, expected 0\.\.25 for digits and 26 for background"):
        evaluate(tmp_path / "said.npy", chosen)


def test_a_result_says_its_names_where_they_are_not_the_ten_digits() -> None:
    [part] = evaluate(lambda video: np.full(video.shape, 26, np.uint8), suite_with(26))
    stored = msgspec.json.decode(msgspec.json.encode(part))
    assert stored["class_names"] == list(named_bank(26).classes.names)
    assert msgspec.json.decode(msgspec.json.encode(part), type=PartResult).names == named_bank(26).classes
    ten = suite_of(SPEC.replace(height=40, width=45), 2)
    [part] = evaluate(lambda video: np.full(video.shape, 10, np.uint8), ten)
    assert "class_names" not in msgspec.json.decode(msgspec.json.encode(part))


@pytest.mark.parametrize("count", [1, 26, 250])
def test_tables_and_pages_name_every_class(count: int) -> None:
    chosen = suite_with(count)
    answers = iter(np.split(guesses(chosen, True), 6))
    [part] = evaluate(lambda video: next(answers), chosen, batch_size=1)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(tables([part]))
    printed = console.export_text()
    result = Result(SCHEMA, "own", suite_sha256(chosen), "test", "guess", [part], "0", 1)
    html = page(result, {})
    for name in part.names.names:
        assert name in printed
    assert f"class {count - 1}" in html
    assert "background" in printed
    assert len(html) < 3_000_000


def test_probabilities_of_eight_bits_may_miss_1_by_a_rounding_of_each_class() -> None:
    shape = (1, 2, 3)
    soft = np.random.default_rng(0).dirichlet(np.ones(251), shape).astype(np.float32)
    bits = np.moveaxis(np.round(soft * 255), -1, 1).astype(np.uint8)
    found = check_prediction("clip", bits, shape, num_classes=251)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    with pytest.raises(BadPrediction, match="sums to"):
        check_prediction("clip", bits[:, :11], shape, num_classes=11)


def test_replicates_in_pieces_are_replicates_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sums, random = ClipSums(num_replicates=50), np.random.default_rng(0)
    for clip_id in range(9):
        sums.add(clip_id, {"a": random.integers(0, 9, (4, 5)), "b": random.integers(0, 9, 3)})
    whole = sums.replicates
    monkeypatch.setattr("segmnist.evaluate.sums._NUMBERS_AT_ONCE", 23 * 7)
    pieces = list(sums.replicate_pieces())
    assert len(pieces) == 8
    for name, array in whole.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), array)
        np.testing.assert_array_equal(sums.replicates[name], array)


def test_predictions_of_other_numbers_of_classes_do_not_mix() -> None:
    evaluation, truth = Evaluation(num_replicates=2), np.zeros((1, 4, 5), np.uint8)
    arrays = {"semantic": truth, "instance": truth, "labels": np.zeros(0, np.uint8)}
    evaluation.add(0, arrays, Prediction(truth))
    with pytest.raises(BadPrediction, match="clip 1: of 27 classes, but the clips before of 11"):
        evaluation.add(1, arrays, Prediction(truth, num_classes=27))


def test_a_suite_with_other_digits_has_another_name_for_its_clips() -> None:
    plain, letters = suite_of(SPEC, 5), suite_with(26, 5)
    assert suite_sha256(plain) != suite_sha256(letters)
    assert plain.content_id("test") != letters.content_id("test")
    assert letters.parts[0].first(2).bank is letters.parts[0].bank
    assert letters.parts[0].recipe("test").classes == named_bank(26).classes
    assert all(part.bank is None for part in suite("standard-v1").parts)


def test_the_oracle_says_that_it_knows_ten_classes() -> None:
    with pytest.raises(BadArgument, match=r"bank='named, of 26 classes' .* expected digits of ten classes"):
        Oracle(preset("exact"), bank=named_bank(26))


def test_a_baseline_learns_the_classes_of_a_bank(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from segmnist.baselines.catalog import MODELS, build
    from segmnist.baselines.predict import load_predictor
    from segmnist.baselines.score import check_trained_on
    from segmnist.baselines.settings import Settings
    from segmnist.baselines.train import train

    bank, place = named_bank(26), tmp_path / "letters.npz"
    splits = [bank.splits[name] for name in ("train", "val", "test")]
    names = bank.classes.names
    np.savez(place, images=bank.images, labels=bank.labels, splits=splits, class_names=names)
    options: dict[str, Any] = {"width": 8, "steps": 2, "batch": 2, "validations": 1, "val_clips": 2}
    settings = Settings.of("unet", spec=SPEC.to_dict(), bank=place, **options)
    assert settings.num_classes == 27
    checkpoint = train(settings, tmp_path / "run", device="cpu")
    train(settings, tmp_path / "run", device="cpu", resume=True)
    chosen = suite_of(SPEC, 3, bank=bank)
    check_trained_on(checkpoint, chosen)
    with pytest.raises(BadArgument, match="checkpoint="):
        check_trained_on(checkpoint, suite_of(SPEC, 3))
    place.unlink()  # what predicts needs no digits
    predict, _ = load_predictor(checkpoint, "cpu")
    [part] = evaluate(predict, chosen)
    assert np.shape(part.confusion) == (27, 27)
    assert part.names.names == names
    video = torch.zeros(1, 2, 1, 16, 21)
    for model in MODELS:
        torch.manual_seed(0)
        built = build(model, 8, 4)
        assert built(video).shape == (1, 2, 4, 16, 21), model
        loss = built.loss(video, torch.full((1, 2, 16, 21), 3))
        assert torch.isfinite(loss), model


def test_settings_of_mnist_are_stored_as_they_were() -> None:
    pytest.importorskip("torch")
    from segmnist.baselines.settings import Settings

    stored = Settings.of("unet").to_dict()
    assert not stored.keys() & {"bank", "bank_sha256", "class_names"}
