"""Camouflage: how well sensor noise hides a digit, pixel by pixel. A local measure, not a posterior.

For a pixel where a digit of level f is seen over what it hides, b, under sensor noise of sigma grey levels:
d' = |f - b| / sigma, and eps = 1/2 sum_k min(P(k|f), P(k|b)) is the exact error of the best decision between
the two from this one pixel, both equally likely, with the sensor's rounding and clipping. Sources: Green and
Swets, "Signal Detection Theory and Psychophysics", 1966 (d'); Duda and Hart, "Pattern Classification and
Scene Analysis", 1973 (the Bayes error).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.noise import sensor_thresholds

Array = NDArray[Any]
Floats = NDArray[np.float32]


@lru_cache(maxsize=16)
def sensor_likelihood(sigma: float) -> NDArray[np.float64]:
    """Return P(the camera sees k | the scene draws v) as L[v, k], `(256,256)` float64, read-only, rows that
    sum to one.

    Multiples of 2^-32 from the sensor's own integer table, clipping at 0 and 255 included. Raises
    `BadArgument` for sigma 0.

    >>> sensor_likelihood(10.0)[0, :2].round(3)
    array([0.52, 0.04])
    """
    _check_sigma(sigma)
    thresholds, _ = sensor_thresholds(sigma)
    shares = np.diff(np.concatenate([[0], thresholds, [1 << 32]])) / 2.0**32
    reach = len(shares) // 2
    seen = np.clip(np.arange(256)[:, None] + np.arange(-reach, reach + 1), 0, 255)
    table = np.stack([np.bincount(row, shares, 256).astype(np.float64) for row in seen])
    table.setflags(write=False)
    return table


@lru_cache(maxsize=16)
def confusion_table(sigma: float) -> Floats:
    """Return eps for each pair of levels (f, b), `(256,256)` float32, symmetric, 1/2 on the diagonal."""
    likelihood = sensor_likelihood(sigma)
    table = np.stack([0.5 * np.minimum(row, likelihood).sum(1) for row in likelihood]).astype(np.float32)
    table.setflags(write=False)
    return table


def pixel_camouflage(noiseless: Array, beneath: Array, sigma: float) -> tuple[Floats, Floats]:
    """Return d' and eps of each pixel, both `(...,T,H,W)` float32; 0 and 1/2 where no digit is seen.

    noiseless: the video before sensor noise; beneath: what the digit seen hides, equal to `noiseless`
    elsewhere; both `(...,T,H,W)` uint8. Raises `BadArgument` for sigma 0, where camouflage has no meaning.
    """
    _check_sigma(sigma)
    difference = np.abs(noiseless.astype(np.int16) - beneath).astype(np.float32)
    return difference / np.float32(sigma), confusion_table(sigma)[noiseless, beneath]


def instance_dprime(pixel_dprime: Floats, instance: Array, num_digits: int) -> Floats:
    """Return each digit's d' against what it hides, `(N,T)` float32: the root of the sum of squares over its
    visible pixels.

    pixel_dprime `(T,H,W)`; instance `(T,H,W)` uint8.
    """
    T = len(instance)
    place = np.arange(T)[:, None, None] * 256 + instance
    squares = np.bincount(place.reshape(-1), (pixel_dprime.astype(np.float64) ** 2).reshape(-1), 256 * T)
    return np.sqrt(squares.reshape(T, 256)[:, 1 : num_digits + 1].T).astype(np.float32)


def track_dprime(per_frame: Floats) -> Floats:
    """Return the d' of all frames so far, `(N,T)` float32: independent noise, so squares add up along the
    track."""
    return np.sqrt(np.cumsum(per_frame.astype(np.float64) ** 2, axis=-1)).astype(np.float32)


def order_dprime(digit_layers: Array, amodal: Array, instance: Array, sigma: float) -> Floats:
    """Return how well each pair's depth order can be told, `(N,N,T)` float32, symmetric, 0 on the diagonal.

    [j,k,t] = ||f_j - f_k|| / sigma over the pixels where digits j and k overlap and one of them is seen; the
    error of the best decision is about Phi(-d'/2). 0 means that nothing tells the order. digit_layers
    `(N,T,H,W)` uint8, amodal likewise bool, instance `(T,H,W)` uint8. Raises `BadArgument` for sigma 0.
    """
    _check_sigma(sigma)
    N, T = digit_layers.shape[:2]
    result = np.zeros((N, N, T), np.float32)
    levels = digit_layers.astype(np.float64)
    for j in range(N):
        for k in range(j):
            overlap = amodal[j] & amodal[k] & ((instance == j + 1) | (instance == k + 1))
            squares = np.where(overlap, (levels[j] - levels[k]) ** 2, 0).sum((1, 2))
            result[j, k] = result[k, j] = np.sqrt(squares) / sigma
    return result


def camouflage(
    noiseless: Array, beneath: Array, instance: Array, digit_layers: Array, amodal: Array, sigma: float
) -> dict[str, Floats]:
    """Return one clip's camouflage truths by name, from truths of the same clip.

    `camouflage_dprime (T,H,W)`, `camouflage_eps (T,H,W)`, `instance_dprime (N,T)`, `track_dprime (N,T)`,
    `order_dprime (N,N,T)`, all float32. Raises `BadArgument` for sigma 0.

    >>> from segmnist import ClipSource, preset
    >>> spec = preset("standard", num_frames=2, sensor_sigma=20.0)
    >>> clip = ClipSource(spec, truth=("noiseless", "beneath", "instance", "layers"))[0]
    >>> truths = camouflage(
    ...     clip.noiseless, clip.beneath, clip.instance, clip.digit_layers, clip.amodal, spec.sensor_sigma
    ... )
    >>> truths["instance_dprime"].shape == (len(clip.labels), 2)
    True
    """
    dprime, eps = pixel_camouflage(noiseless, beneath, sigma)
    per_frame = instance_dprime(dprime, instance, len(digit_layers))
    return {
        "camouflage_dprime": dprime,
        "camouflage_eps": eps,
        "instance_dprime": per_frame,
        "track_dprime": track_dprime(per_frame),
        "order_dprime": order_dprime(digit_layers, amodal, instance, sigma),
    }


def _check_sigma(sigma: float) -> None:
    if sigma <= 0:
        fix = "this truth is impossible for a preset without sensor noise; set sensor_sigma"
        raise BadArgument("sensor_sigma", sigma, "more than 0", fix)
