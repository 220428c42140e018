"""HOTA and J&F by TrackEval, their reference implementation: here only arrays are put into its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.counts import Counts, Maps
from segmnist.evaluate.fixed import from_fixed, to_fixed
from segmnist.evaluate.segmentation import Scores, ratio
from segmnist.evaluate.trackeval import encoded, metrics

THRESHOLDS = 19
"""HOTA's localisation thresholds, 0.05 to 0.95."""


def tracking_counts(truth: Maps, prediction: Maps, overlap: Counts) -> dict[str, Counts]:
    """Return one clip's HOTA and J&F as sums, `hota` `(5, 19)` and `j_and_f` `(3,)` int64.

    truth and prediction: `(T, H, W)` ids with 0 = background; overlap: `(T, 1+N, 1+M)`, what they share.
    `hota` holds true positives, misses, false alarms, and in fixed point the sums over true positives of
    association accuracy and of IoU; `j_and_f` the sums over true digits of J and of F in fixed point, and
    their number. Classes play no part.
    """
    return {"hota": _hota(overlap), "j_and_f": _j_and_f(truth, prediction, overlap)}


def tracking_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return HOTA with its parts and J&F of the sums, or nothing if they were not counted."""
    if "hota" not in counts:
        return {}
    hits, missed, false, association, location = np.moveaxis(counts["hota"], -2, 0)
    detection = ratio(hits, hits + missed + false)
    # With no true positive there is nothing to associate, and TrackEval calls that 0.
    associated = np.nan_to_num(ratio(from_fixed(association), hits))
    sums = counts["j_and_f"]
    region, contour = (ratio(from_fixed(sums[..., i]), sums[..., 2]) for i in (0, 1))
    return {
        "hota": np.sqrt(detection * associated).mean(axis=-1),
        "deta": detection.mean(axis=-1),
        "assa": associated.mean(axis=-1),
        "loca": np.where(hits > 0, ratio(from_fixed(location), hits), 1.0).mean(axis=-1),
        "j": region,
        "f": contour,
        "j_and_f": (region + contour) / 2,
    }


def _hota(overlap: Counts) -> Counts:
    truth, prediction = overlap.sum(axis=2)[:, 1:], overlap.sum(axis=1)[:, 1:]
    shared = overlap[:, 1:, 1:]
    iou = np.nan_to_num(ratio(shared, truth[:, :, None] + prediction[:, None, :] - shared))
    data = _detections(truth > 0, prediction > 0)
    data["similarity_scores"] = [
        frame[np.ix_(rows, columns)]
        for frame, rows, columns in zip(iou, data["gt_ids"], data["tracker_ids"], strict=True)
    ]
    with np.errstate(invalid="ignore"):
        result = metrics().HOTA().eval_sequence(data)
    hits = result["HOTA_TP"]
    lines = [hits, result["HOTA_FN"], result["HOTA_FP"]]
    lines += [to_fixed(result["AssA"] * hits), to_fixed(result["LocA"] * hits)]
    return np.stack(lines).astype(np.int64)


def _detections(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> dict[str, Any]:
    """Return TrackEval's description of who is seen when, from `(T, N)` and `(T, M)` presence."""
    return {
        "num_timesteps": len(truth),
        "num_gt_ids": truth.shape[1],
        "num_tracker_ids": prediction.shape[1],
        "num_gt_dets": int(truth.sum()),
        "num_tracker_dets": int(prediction.sum()),
        "gt_ids": [np.flatnonzero(frame) for frame in truth],
        "tracker_ids": [np.flatnonzero(frame) for frame in prediction],
    }


def _j_and_f(truth: Maps, prediction: Maps, overlap: Counts) -> Counts:
    seen = overlap.sum(axis=0)
    true_ids, ids = np.flatnonzero(seen.sum(axis=1)[1:]) + 1, np.flatnonzero(seen.sum(axis=0)[1:]) + 1
    if not len(true_ids):
        return np.zeros(3, dtype=np.int64)
    if not len(ids):
        # TrackEval cannot encode a clip without any prediction; nothing there was found.
        return np.array([0, 0, len(true_ids)], dtype=np.int64)
    data = _detections(np.ones((len(truth), len(true_ids))) > 0, np.ones((len(truth), len(ids))) > 0)
    data["gt_dets"] = [[encoded(frame == i) for i in true_ids] for frame in truth]
    data["tracker_dets"] = [[encoded(frame == i) for i in ids] for frame in prediction]
    with np.errstate(invalid="ignore"):
        result = metrics().JAndF().eval_sequence(data)
    number = len(true_ids)
    return np.array(
        [*to_fixed([result["J-Mean"] * number, result["F-Mean"] * number]), number], dtype=np.int64
    )
