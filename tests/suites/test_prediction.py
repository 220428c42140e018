"""Suites that give the first frames and ask for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmnist import BadArgument, preset
from segmnist.evaluate.predictions import BadPrediction
from segmnist.suites import Part, Suite, evaluate, suite
from segmnist.suites.checksums import suite_sha256
from segmnist.suites.references import REFERENCES, exact_posterior
from segmnist.suites.worst import worst_clips

GIVEN, T, H, W = 2, 5, 20, 24
SPEC = preset("exact").replace(
    height=H, width=W, num_frames=T, position_step=11.0, classes=(1, 6, 9), sensor_sigma=60.0, pools="shared",
    num_digits_range=(1, 1),
)  # fmt: skip
OWN = Suite("own", "for tests", (Part("all", SPEC, 2, 4, given=GIVEN),))


def scores(predictions: Any, **options: Any) -> dict[str, Any]:
    [result] = evaluate(predictions, OWN, **options)
    assert result.num_frames == 4 * (T - GIVEN)
    return {name: score.value for name, score in result.scores.items()}


def clips() -> Any:
    return OWN.parts[0].source("test", ("semantic", "instance")).batch(range(4))


def test_a_model_gets_the_given_frames_alone() -> None:
    seen = []

    def model(video: Any) -> Any:
        seen.append(video)
        return np.full((len(video), T - GIVEN, H, W), 10, np.uint8)

    scores(model, batch_size=3)
    assert np.array_equal(np.concatenate(seen), clips().video[:, :GIVEN])


def test_the_frames_to_come_have_no_error() -> None:
    pytest.importorskip("skimage", reason="the `prediction` extra is optional")
    truth = clips()
    answers = {"video": truth.video[:, GIVEN:], "semantic": truth.semantic[:, GIVEN:]}
    found = scores(lambda video: answers, batch_size=4)
    perfect = {"frame_mse": 0, "frame_mae": 0, "psnr": 100, "ssim": 1, "ssim_2": 1, "miou": 1, "miou_1": 1}
    assert {name: found[name] for name in perfect} == perfect
    frames = scores(lambda video: {"video": answers["video"]}, batch_size=4)
    assert frames == {name: found[name] for name in frames}
    assert "miou" not in frames


def test_stored_predictions_are_of_the_frames_to_come(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="the `prediction` extra is optional")
    truth = clips()
    np.savez(tmp_path / "frames.npz", video=truth.video[:, GIVEN:], semantic=truth.semantic[:, GIVEN:])
    found = scores(tmp_path / "frames.npz")
    assert (found["frame_mse"], found["miou"]) == (0, 1)
    np.savez(tmp_path / "all.npz", video=truth.video, semantic=truth.semantic)
    with pytest.raises(BadPrediction):
        scores(tmp_path / "all.npz")


@pytest.mark.parametrize("predicts", ["classes", "frames", "both"])
def test_the_worst_clips_are_whole_clips_with_what_was_predicted_of_the_frames_to_come(predicts: str) -> None:
    pytest.importorskip("skimage", reason="the `prediction` extra is optional")

    def model(video: Any) -> Any:
        still = np.repeat(video[:, -1:], T - GIVEN, axis=1)
        classes = {"semantic": np.where(still > 128, 6, 10).astype(np.uint8)}
        return ({} if predicts == "classes" else {"video": still}) | ({} if predicts == "frames" else classes)

    results = evaluate(model, OWN)
    shown = worst_clips(model, OWN, results)["all"]
    assert [clip.clip_id for clip in shown] == results[0].worst
    truth = clips()
    for clip in shown:
        answer = {name: array[0] for name, array in model(truth.video[[clip.clip_id], :GIVEN]).items()}
        assert np.array_equal(clip.video, truth.video[clip.clip_id])
        assert np.array_equal(clip.truth, truth.semantic[clip.clip_id])
        assert clip.given == GIVEN
        for name, found in (("semantic", clip.prediction), ("video", clip.frames)):
            assert (found is None) == (name not in answer)
            assert found is None or np.array_equal(found, answer[name])
        assert ("miou_foreground" in clip.scores, "ssim" in clip.scores) == (
            predicts != "frames",
            predicts != "classes",
        )
    key = "ssim" if predicts == "frames" else "miou_foreground"
    of_clips = [clip.scores[key] for clip in shown]
    assert of_clips == sorted(of_clips)


def test_the_exact_forecast_is_the_ceiling() -> None:
    found = scores(exact_posterior(OWN.parts[0]), observer="prefix")
    assert found["nll"] == pytest.approx(found["oracle_nll"], abs=1e-5)
    assert found["excess_nll"] == pytest.approx(0, abs=1e-4)
    assert found["nll_1"] == pytest.approx(found["oracle_nll_1"], abs=1e-5)
    prior = scores(REFERENCES["class-prior"][0](OWN.parts[0]))
    assert found["nll"] < prior["nll"]


def test_an_observer_who_has_seen_other_frames_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"observer='offline' .*prefix"):
        scores(exact_posterior(OWN.parts[0]), observer="offline")
    whole = Suite("own", "for tests", (Part("all", SPEC, 2, 4),))
    with pytest.raises(BadArgument, match=r"observer='prefix' .*offline, causal, frame"):
        evaluate(lambda video: np.full(video.shape, 10, np.uint8), whole, observer="prefix")


def test_an_observer_of_a_part_that_is_not_solved_is_refused_before_any_part_is_scored() -> None:
    asked: list[int] = []

    def model(video: np.ndarray) -> np.ndarray:
        asked.append(len(video))
        return np.full(video.shape, 10, np.uint8)

    parts = (Part("solved", SPEC, 2, 4), Part("quiet", SPEC.replace(sensor_sigma=0.0), 2, 4))
    words = r"observer='offline' .* part 'quiet', which the oracle does not solve \(sensor_sigma=0.0\); leave"
    with pytest.raises(BadArgument, match=words):
        evaluate(model, Suite("own", "for tests", parts), observer="offline")
    assert asked == []


@pytest.mark.parametrize("name", ["copy-last-frame", "constant-velocity"])
def test_references_predict_frames(name: str) -> None:
    pytest.importorskip("skimage", reason="the `prediction` extra is optional")
    part = suite("prediction-v1").part("moving-mnist")
    video = part.source("val")[0:2].video
    still = np.repeat(video[:, 9:10], 10, axis=1)
    frames = REFERENCES[name][0](part)(still)["video"]
    levels = frames if frames.dtype == np.uint8 else np.rint(255 * frames)
    assert np.array_equal(levels, still)
    moving = np.stack([np.roll(video[:, 9], 2 * t, axis=2) for t in range(10)], axis=1)
    ahead = REFERENCES[name][0](part)(moving)["video"][:, 0]
    copied = np.abs(moving[:, 9] / 255 - np.roll(moving[:, 9], 2, axis=2) / 255).sum()
    error = np.abs(
        ahead / (255 if ahead.dtype == np.uint8 else 1) - np.roll(moving[:, 9], 2, axis=2) / 255
    ).sum()
    assert error == pytest.approx(copied) if name == "copy-last-frame" else error < 0.5 * copied


def test_frames_given_are_part_of_the_name_of_a_suite() -> None:
    other = Suite("own", "for tests", (Part("all", SPEC, 2, 4, given=GIVEN + 1),))
    without = Suite("own", "for tests", (Part("all", SPEC, 2, 4),))
    assert len({suite_sha256(each) for each in (OWN, other, without)}) == 3
    assert OWN.parts[0].first(3).given == GIVEN
