"""Scores by frames ahead: those of each frame alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import T, clip

from segmnist.evaluate import Prediction
from segmnist.evaluate.metrics import counts_of, scores_of
from segmnist.evaluate.metrics.horizon import HORIZONS
from segmnist.evaluate.scored_clip import ScoredClip


def scored(frames: slice, ids: tuple[int, ...] = (3, 4)) -> dict[str, float]:
    counts = []
    for clip_id in ids:
        truth, probabilities = clip(clip_id)
        kept = {name: truth[name][frames].copy() for name in ("semantic", "instance")}
        kept["semantic"][:, 0, :3] = 255  # not to be counted
        kept |= {"labels": truth["labels"], "given": np.array(5)}
        shown = probabilities[frames]
        counts.append(counts_of(ScoredClip(kept, Prediction(shown.argmax(1).astype(np.uint8), shown))))
    sums = {name: np.sum([one[name] for one in counts], axis=0) for name in counts[0]}
    return {name: float(value) for name, value in scores_of(sums).items()}


def test_each_horizon_has_the_scores_of_its_frame() -> None:
    found = scored(slice(None))
    for ahead in HORIZONS:
        if ahead > T:
            assert np.isnan(found[f"miou_{ahead}"])
            assert np.isnan(found[f"nll_{ahead}"])
        else:
            alone = scored(slice(ahead - 1, ahead))
            assert found[f"miou_{ahead}"] == pytest.approx(alone["miou"])
            assert found[f"nll_{ahead}"] == pytest.approx(alone["nll"], abs=1e-5)


def test_without_given_frames_there_are_no_horizons() -> None:
    truth, probabilities = clip(0)
    prediction = Prediction(probabilities.argmax(1).astype(np.uint8), probabilities)
    assert not {name for name in counts_of(ScoredClip(truth, prediction)) if name.startswith("frame_")}
