"""HOTA by TrackEval, its reference implementation: here only arrays are put into its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.evaluate.trackeval import metrics


def hota_counts(overlap: Counts) -> Counts:
    """Return one clip's sums at the 19 localisation thresholds .05 to .95, `(5, 19)` int64.

    overlap: `(T, 1+N, 1+M)`, the pixels that true and predicted ids share, background first. The lines are
    true positives, misses, false alarms, and in fixed point the sums over true positives of association
    accuracy and of IoU. Classes play no part.
    """
    truth, prediction = overlap.sum(axis=2)[:, 1:], overlap.sum(axis=1)[:, 1:]
    shared = overlap[:, 1:, 1:]
    iou = np.nan_to_num(ratio(shared, truth[:, :, None] + prediction[:, None, :] - shared))
    rows, columns = ([np.flatnonzero(frame) for frame in areas] for areas in (truth, prediction))
    data: dict[str, Any] = {
        "num_timesteps": len(truth),
        "num_gt_ids": truth.shape[1],
        "num_tracker_ids": prediction.shape[1],
        "num_gt_dets": int((truth > 0).sum()),
        "num_tracker_dets": int((prediction > 0).sum()),
        "gt_ids": rows,
        "tracker_ids": columns,
        "similarity_scores": [
            frame[np.ix_(seen, found)] for frame, seen, found in zip(iou, rows, columns, strict=True)
        ],
    }
    with np.errstate(invalid="ignore"):
        result = metrics().HOTA().eval_sequence(data)
    hits = result["HOTA_TP"]
    lines = [hits, result["HOTA_FN"], result["HOTA_FP"]]
    lines += [to_fixed(result["AssA"] * hits), to_fixed(result["LocA"] * hits)]
    return np.stack(lines).astype(np.int64)


def hota_scores(counts: Counts) -> dict[str, Scores]:
    """Return HOTA and its parts from `(..., 5, 19)` sums."""
    hits, missed, false, association, location = np.moveaxis(counts, -2, 0)
    detection = ratio(hits, hits + missed + false)
    # With no true positive there is nothing to associate, and TrackEval calls that 0.
    associated = np.nan_to_num(ratio(from_fixed(association), hits))
    return {
        "hota": np.sqrt(detection * associated).mean(axis=-1),
        "deta": detection.mean(axis=-1),
        "assa": associated.mean(axis=-1),
        "loca": np.where(hits > 0, ratio(from_fixed(location), hits), 1.0).mean(axis=-1),
    }


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"hota": hota_counts(clip.tables.overlap)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return hota_scores(sums["hota"])


METRIC = Metric(
    title="HOTA",
    place=62,
    rows={
        "hota": Row("HOTA"),
        "deta": Row("HOTA, detection", shown=False),
        "assa": Row("HOTA, association", shown=False),
        "loca": Row("HOTA, localisation", shown=False),
    },
    counted=("hota",),
    counts=_counts,
    scores=_scores,
    needs_tracking=True,
)
