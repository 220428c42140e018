"""J&F of DAVIS by TrackEval: here only arrays are put into its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.evaluate.trackeval import encoded, metrics


def j_and_f_counts(truth: Maps, prediction: Maps) -> Counts:
    """Return the sums over true digits of J and of F in fixed point, and their number, `(3,)` int64.

    truth and prediction: `(T, H, W)` ids with 0 = background. Predicted digits are matched to true ones by
    J; a digit without a match is matched with nothing, which is right where it is not seen. Classes play no
    part.
    """
    true_ids, ids = np.unique(truth[truth > 0]), np.unique(prediction[prediction > 0])
    number, T = len(true_ids), len(truth)
    if not number:
        return np.zeros(3, dtype=np.int64)
    data: dict[str, Any] = {
        "num_timesteps": T,
        "num_gt_ids": number,
        "num_tracker_ids": len(ids),
        "gt_ids": [np.arange(number)] * T,
        "tracker_ids": [np.arange(len(ids))] * T,
        "gt_dets": [[encoded(frame == i) for i in true_ids] for frame in truth],
        "tracker_dets": [[encoded(frame == i) for i in ids] for frame in prediction],
    }
    with np.errstate(invalid="ignore"):
        result = metrics().JAndF().eval_sequence(data)
    means = to_fixed([result["J-Mean"] * number, result["F-Mean"] * number])
    return np.array([*means, number], dtype=np.int64)


def j_and_f_scores(counts: Counts) -> dict[str, Scores]:
    """Return J, F and their mean from `(..., 3)` sums."""
    region, contour = (mean_of(counts[..., i], counts[..., 2]) for i in (0, 1))
    return {"j": region, "f": contour, "j_and_f": (region + contour) / 2}


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"j_and_f": j_and_f_counts(clip.instance, clip.predicted_instance)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return j_and_f_scores(sums["j_and_f"])


METRIC = Metric(
    title="J&F",
    place=63,
    rows={
        "j_and_f": Row("J&F"),
        "j": Row("J, region", shown=False),
        "f": Row("F, contour", shown=False),
    },
    counted=("j_and_f",),
    counts=_counts,
    scores=_scores,
    needs_tracking=True,
)
