"""Errors of predicted frames: by hand, and against scikit-image and torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest

from segmnist.evaluate import Evaluation, check_prediction
from segmnist.evaluate.metrics import counts_of, scores_of
from segmnist.evaluate.metrics.frames import frame_errors
from segmnist.evaluate.predictions import BadPrediction
from segmnist.evaluate.scored_clip import ScoredClip

skimage = pytest.importorskip("skimage", reason="the `prediction` extra is optional")

T, H, W = 3, 9, 14


def truth_of(video: np.ndarray) -> dict[str, np.ndarray]:
    background, nothing = np.full(video.shape, 10, np.uint8), np.zeros(video.shape, np.uint8)
    return {"video": video, "semantic": background, "instance": nothing, "labels": np.zeros(0, np.uint8)}


def scores(video: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    prediction = check_prediction("clip", None, video.shape, video=predicted)
    return {
        name: float(value)
        for name, value in scores_of(counts_of(ScoredClip(truth_of(video), prediction))).items()
    }


def test_one_wrong_pixel_by_hand() -> None:
    video = np.zeros((T, H, W), np.uint8)
    predicted = np.zeros((T, H, W), np.float32)
    predicted[1, 4, 5] = 0.5
    found = scores(video, predicted)
    assert found["frame_mse"] == pytest.approx(0.25 / 3, abs=1e-6)
    assert found["frame_mae"] == pytest.approx(0.5 / 3, abs=1e-6)
    psnr = -10 * np.log10(0.25 / (H * W))
    assert found["psnr"] == pytest.approx((100 + psnr + 100) / 3, abs=1e-4)
    assert (found["frame_mse_1"], found["psnr_1"], found["ssim_1"]) == (0, 100, 1)
    assert found["frame_mse_2"] == pytest.approx(0.25, abs=1e-6)
    assert found["ssim_2"] < 1
    assert np.isnan(found["frame_mse_4"])
    assert "miou" not in found


def test_errors_are_those_of_the_libraries() -> None:
    random = np.random.default_rng(3)
    true, predicted = random.random((2, T, H, W))
    errors = frame_errors(true, predicted)
    for t in range(T):
        mse = skimage.metrics.mean_squared_error(true[t], predicted[t])
        psnr = skimage.metrics.peak_signal_noise_ratio(true[t], predicted[t], data_range=1)
        assert errors["frame_mse"][t] == pytest.approx(mse * H * W)
        assert errors["psnr"][t] == pytest.approx(psnr)
        assert errors["frame_mae"][t] == pytest.approx(np.abs(true[t] - predicted[t]).sum())


def test_frames_of_8_bits_and_floats_score_alike() -> None:
    random = np.random.default_rng(0)
    video, predicted = random.integers(0, 256, (2, T, H, W)).astype(np.uint8)
    whole, real = scores(video, predicted), scores(video, predicted / 255)
    assert whole == pytest.approx(real, nan_ok=True, abs=1e-5)
    assert scores(video, video)["ssim"] == 1


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (np.zeros((T, H, W + 1), np.uint8), r"video is uint8 \(3, 9, 15\), expected .*\(3, 9, 14\)"),
        (np.zeros((T, H, W), np.int64), "video is int64"),
        (np.full((T, H, W), 255.0), r"video has 255\.\.255, expected levels in 0\.\.1"),
        (np.full((T, H, W), -0.1), r"video has -0.1\.\.-0.1, expected levels in 0..1"),
        (np.full((T, H, W), np.nan), r"video has nan\.\.nan, expected levels in 0..1"),
    ],
)
def test_what_is_no_frame_is_named(video: np.ndarray, message: str) -> None:
    with pytest.raises(BadPrediction, match=f"^clip 7: {message}"):
        check_prediction("clip 7", None, (T, H, W), video=video)


def test_clips_of_frames_alone_and_of_classes_are_not_mixed() -> None:
    video = np.zeros((T, H, W), np.uint8)
    evaluation = Evaluation(num_replicates=8)
    evaluation.add(0, truth_of(video), check_prediction("clip", None, video.shape, video=video))
    classes = check_prediction("clip", np.full(video.shape, 10, np.uint8), video.shape, video=video)
    with pytest.raises(BadPrediction, match="clip 1: frames alone"):
        evaluation.add(1, truth_of(video), classes)
    evaluation.add(2, truth_of(video), check_prediction("clip", None, video.shape, video=video + 9))
    assert evaluation.worst() == [2, 0]
