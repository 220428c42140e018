"""Scores against a known posterior: how far a model's probabilities, and its samples, are from the truth
about doubt.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument, MissingDependency
from segmnist.evaluate.calibration import LEAST, Probabilities
from segmnist.evaluate.counts import BACKGROUND, Maps, confusion
from segmnist.evaluate.segmentation import iou_per_class

Floats = NDArray[np.float64]


def excess_nll(posterior: Probabilities, probabilities: Probabilities) -> Floats:
    """Return KL(posterior || model) of each pixel in nats, `(T, H, W)`: the NLL a model loses to the exact
    answer.

    Both are `(T, 11, H, W)`. Never negative but for rounding; 0 only for the posterior itself.
    """
    p, q = posterior.astype(np.float64), probabilities.astype(np.float64)
    logs = np.log(np.maximum(p, LEAST)) - np.log(np.maximum(q, LEAST))
    return np.asarray((p * logs).sum(axis=1))


def entropy(probabilities: Probabilities) -> Floats:
    """Return the entropy of each pixel in nats, `(T, H, W)`, of `(T, 11, H, W)` probabilities."""
    p = probabilities.astype(np.float64)
    return np.asarray(-(p * np.log(np.maximum(p, LEAST))).sum(axis=1))


def entropy_error(posterior: Probabilities, probabilities: Probabilities) -> Floats:
    """Return |entropy of the posterior - entropy of the model| of each pixel in nats, `(T, H, W)`."""
    return np.abs(entropy(posterior) - entropy(probabilities))


def map_iou(one: Maps, other: Maps) -> float:
    """Return the mean IoU of two label maps over the digits that either shows; 1 where neither shows any."""
    iou = iou_per_class(confusion(one, other))[:BACKGROUND]
    return 1.0 if np.isnan(iou).all() else float(np.nanmean(iou))


def generalised_energy_distance(samples: Maps, truths: Maps) -> float:
    """Return GED^2 = 2 E d(s, y) - E d(s, s') - E d(y, y') with d = 1 - IoU, over joint samples of the label
    map.

    samples: `(n, T, H, W)` of the model; truths: `(m, T, H, W)` of the exact posterior. 0 when both hold the
    same maps in the same shares. Source: Kohl et al., "A probabilistic U-Net", NeurIPS 2018.
    """
    cross = (1 - _table(samples, truths)).mean()
    return float(2 * cross - (1 - _table(samples, samples)).mean() - (1 - _table(truths, truths)).mean())


def matched_iou(samples: Maps, truths: Maps) -> float:
    """Return HM-IoU: the mean IoU of the best one-to-one matching of samples and truths, each repeated to a
    common count.

    Shapes as for `generalised_energy_distance`. Needs scipy (the `tracking` extra). Source: Kohl et al., "A
    hierarchical probabilistic U-Net for modeling multi-scale ambiguities", 2019.
    """
    common = math.lcm(len(samples), len(truths))
    table = _table(samples, truths)
    table = table.repeat(common // len(samples), axis=0).repeat(common // len(truths), axis=1)
    rows, columns = _assignment()(table, maximize=True)
    return float(table[rows, columns].mean())


def _table(ones: Maps, others: Maps) -> Floats:
    if not len(ones) or not len(others) or ones.shape[1:] != others.shape[1:]:
        raise BadArgument(
            "samples", (ones.shape, others.shape), "at least one map each, of one shape (n, T, H, W)"
        )
    return np.array([[map_iou(a, b) for b in others] for a in ones])


def _assignment() -> Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise MissingDependency("HM-IoU", "tracking") from None
    assignment: Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]] = linear_sum_assignment
    return assignment
