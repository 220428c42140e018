"""Scores against a known posterior: how far a model's probabilities, and its samples, are from the truth
about doubt.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.errors import BadArgument, MissingDependency
from segmnist.evaluate.calibration import LEAST, Probabilities
from segmnist.evaluate.counts import Maps
from segmnist.evaluate.segmentation import nanmean, ratio

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


def generalised_energy_distance(samples: Maps, truths: Maps) -> float:
    """Return GED^2 = 2 E d(s, y) - E d(s, s') - E d(y, y') with d = 1 - IoU, over joint samples of the label
    map.

    samples: `(n, T, H, W)` of the model; truths: `(m, T, H, W)` of the exact posterior. 0 when both hold the
    same maps in the same shares. Means run over all pairs, a sample with itself included, so that even the
    posterior's own n samples score about E d(y, y') (1/n + 1/m). Source: Kohl et al., "A probabilistic U-Net", NeurIPS 2018.
    """
    between, within, among = (
        1 - iou_table(ones, others).mean()
        for ones, others in ((samples, truths), (samples, samples), (truths, truths))
    )
    return float(2 * between - within - among)


def matched_iou(samples: Maps, truths: Maps) -> float:
    """Return HM-IoU: the mean IoU of the best one-to-one matching of samples and truths, each repeated to a
    common count.

    Shapes as for `generalised_energy_distance`. Needs scipy (the `tracking` extra). Source: Kohl et al., "A
    hierarchical probabilistic U-Net for modeling multi-scale ambiguities", 2019.
    """
    common = math.lcm(len(samples), len(truths))
    table = iou_table(samples, truths)
    table = table.repeat(common // len(samples), axis=0).repeat(common // len(truths), axis=1)
    rows, columns = _assignment()(table, maximize=True)
    return float(table[rows, columns].mean())


def iou_table(ones: Maps, others: Maps) -> Floats:
    """Return the mean IoU of each map of one set with each of another, `(n, m)`, over the digits that either
    shows; 1 where neither shows any.

    ones: `(n, T, H, W)`; others: `(m, T, H, W)`, both uint8 classes. Raises `BadArgument` for other shapes.
    """
    if ones.ndim != 4 or not len(ones) or not len(others) or ones.shape[1:] != others.shape[1:]:
        shapes = (ones.shape, others.shape)
        raise BadArgument("samples", shapes, "at least one map each, of one shape (n, T, H, W)")
    iou = np.stack([_iou_of_digit(ones, others, digit) for digit in range(BACKGROUND)], axis=-1)
    return np.nan_to_num(nanmean(iou), nan=1.0)


def _iou_of_digit(ones: Maps, others: Maps, digit: int) -> Floats:
    # Single precision counts exactly up to 2^24 pixels a clip, and its product is many times faster.
    a, b = ((maps.reshape(len(maps), -1) == digit).astype(np.float32) for maps in (ones, others))
    shared = a @ b.T
    return ratio(shared, a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - shared)


def _assignment() -> Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise MissingDependency("HM-IoU", "tracking") from None
    assignment: Callable[..., tuple[NDArray[np.intp], NDArray[np.intp]]] = linear_sum_assignment
    return assignment
