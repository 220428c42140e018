"""Camouflage: how well sensor noise hides a digit, pixel by pixel. A local measure, not a posterior.

For a pixel where a digit of level f is seen over what it hides, under sensor noise of sigma grey levels, two numbers say how
well the two can be told apart from this pixel alone:

- eps, the error of the best decision between them if both are equally likely: 1/2 sum_k min(P(k|f), P(k|hidden)), exact, with
  the sensor's rounding and clipping;
- d', where d'^2/2 is the evidence in nats that the pixel gives on average that the digit is there: the Kullback-Leibler
  divergence of the Gaussian about f from that of what is hidden, without rounding and clipping. Squares of d' add up over
  pixels.

What is hidden is known where it is a shape or another digit of level b: then P(k|hidden) = P(k|b) and d' = |f - b| / sigma.
Bare background is known only by its distribution, since pepper noise is drawn anew in each frame and nobody sees what a digit
hides of it: there P(k|hidden) is the mean of P(k|b) over the levels b of the noise, and likewise the Gaussians.

Sources: Green and Swets, "Signal Detection Theory and Psychophysics", 1966 (d'); Duda and Hart, "Pattern Classification and
Scene Analysis", 1973 (the Bayes error); Kullback, "Information Theory and Statistics", 1959 (mean evidence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.arrays import made
from segmnist.render.noise import noise_odds, sensor_thresholds
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Floats = NDArray[np.float32]

LEAST_SIGMA = 0.01
"""Below this, in grey levels, sensor noise changes no pixel, and d' leaves the range of float32."""

_DEVIATIONS = np.arange(-56, 57) / 8
"""Where Gaussian integrals are summed, in sigmas: d' is right to 1e-4 of itself."""


@lru_cache(maxsize=16)
def sensor_likelihood(sigma: float) -> NDArray[np.float64]:
    """Return P(the camera sees k | the scene draws v) as L[v, k], `(256,256)` float64, read-only.

    Rows sum to one. Multiples of 2^-32 from the sensor's own integer table, clipping at 0 and 255 included. Raises
    `BadArgument` for sigma 0.

    >>> sensor_likelihood(10.0)[0, :2].round(3)
    array([0.52, 0.04])
    """
    if sigma <= 0:
        fix = "this truth is impossible for a preset without sensor noise; set sensor_sigma"
        raise BadArgument("sensor_sigma", sigma, "more than 0", fix)
    thresholds, _ = sensor_thresholds(sigma)
    shares = np.diff(np.concatenate([[0], thresholds, [1 << 32]])) / 2.0**32
    reach = len(shares) // 2
    seen = np.clip(np.arange(256)[:, None] + np.arange(-reach, reach + 1), 0, 255)
    table = np.stack([np.bincount(row, shares, 256).astype(np.float64) for row in seen])
    table.setflags(write=False)
    return table


@lru_cache(maxsize=16)
def confusion_table(sigma: float) -> Floats:
    """Return eps for each pair of known levels (f, b), `(256,256)` float32: symmetric, 1/2 on the diagonal."""
    likelihood = sensor_likelihood(sigma)
    table = np.stack([0.5 * np.minimum(row, likelihood).sum(1) for row in likelihood]).astype(np.float32)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=16)
def background_confusion(spec: SceneSpec) -> Floats:
    """Return eps for a digit of each level f over bare background, `(256,)` float32."""
    likelihood = sensor_likelihood(spec.sensor_sigma)
    hidden = noise_odds(spec) @ likelihood
    table = (0.5 * np.minimum(likelihood, hidden).sum(1)).astype(np.float32)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=16)
def background_dprime(spec: SceneSpec) -> Floats:
    """Return d' for a digit of each level f over bare background, `(256,)` float32.

    >>> from segmnist import preset
    >>> spec = preset("clean", background_level=20, sensor_sigma=10.0)
    >>> background_dprime(spec)[[20, 50]].tolist()
    [0.0, 3.0]
    """
    odds = noise_odds(spec)
    levels = np.flatnonzero(odds)
    weights = np.exp(-(_DEVIATIONS**2) / 2)
    table = np.empty(256)
    for f in range(256):
        # log P(seen | background) - log P(seen | digit), the largest term taken out so that nothing underflows.
        offsets = (f - levels[:, None]) / spec.sensor_sigma + _DEVIATIONS
        terms = (_DEVIATIONS**2 - offsets**2) / 2
        largest = terms.max(axis=0)
        log_ratio = largest + np.log(odds[levels] @ np.exp(terms - largest))
        table[f] = -np.average(log_ratio, weights=weights)
    result = np.sqrt(2 * np.maximum(table, 0)).astype(np.float32)
    result.setflags(write=False)
    return result


def hides_background(scene: Scene, arrays: Arrays) -> Array:
    """Return where the digit seen hides bare background, `(B,T,H,W)` bool: no other digit and no shape."""
    is_alone = arrays["amodal"].view(np.uint8).sum(axis=1, dtype=np.uint8) == 1
    return (arrays["instance"] > 0) & is_alone & (arrays["background_shape"] == 0)


def camouflage_dprime(scene: Scene, arrays: Arrays) -> Array:
    """Return the d' of each pixel, `(B,T,H,W)` float32; 0 where no digit is seen."""
    levels, beneath, unknown = (arrays[name] for name in ("noiseless", "beneath", "hides_background"))
    apart = np.maximum(levels, beneath) - np.minimum(levels, beneath)
    dprime = (np.arange(256) / scene.spec.sensor_sigma).astype(np.float32)[apart]
    dprime[unknown] = background_dprime(scene.spec)[levels[unknown]]
    return dprime


def camouflage_eps(scene: Scene, arrays: Arrays) -> Array:
    """Return the eps of each pixel, `(B,T,H,W)` float32; 1/2 where no digit is seen."""
    levels, beneath, unknown = (arrays[name] for name in ("noiseless", "beneath", "hides_background"))
    eps = confusion_table(scene.spec.sensor_sigma)[levels, beneath]
    eps[unknown] = background_confusion(scene.spec)[levels[unknown]]
    return eps


def instance_dprime(scene: Scene, arrays: Arrays) -> Array:
    """Return each digit's d' against what it hides, `(B,N,T)`: the root of the sum of squares over its pixels."""
    B, T, H, W = arrays["instance"].shape
    place = np.arange(B * T)[:, None] * 256 + arrays["instance"].reshape(B * T, H * W)
    squares = arrays["camouflage_dprime"].astype(np.float64) ** 2
    sums = np.bincount(place.reshape(-1), squares.reshape(-1), 256 * B * T).reshape(B, T, 256)
    return np.sqrt(sums[:, :, 1 : scene.spec.max_digits + 1].transpose(0, 2, 1))


def track_dprime(scene: Scene, arrays: Arrays) -> Array:
    """Return the d' of all frames so far, `(B,N,T)`: noise is independent, so squares add up along the track."""
    return np.sqrt(np.cumsum(arrays["instance_dprime"].astype(np.float64) ** 2, axis=-1))


def order_dprime(scene: Scene, arrays: Arrays) -> Array:
    """Return how well each pair's depth order can be told, `(B,N,N,T)`: symmetric, 0 on the diagonal.

    [j,k,t] = ||f_j - f_k|| / sigma over the pixels where digits j and k overlap and one of them is seen; the error of the best
    decision is about Phi(-d'/2). 0 means that nothing tells the order, as everywhere with `blend="max"`.
    """
    layers, amodal, instance = (arrays[name] for name in ("digit_layers", "amodal", "instance"))
    B, N, T = layers.shape[:3]
    result = np.zeros((B, N, N, T))
    for b in range(B if scene.spec.blend == "over" else 0):
        levels = layers[b].astype(np.float64)
        for j in range(N):
            for k in range(j):
                seen = (instance[b] == j + 1) | (instance[b] == k + 1)
                overlap = amodal[b, j] & amodal[b, k] & seen
                squares = np.where(overlap, (levels[j] - levels[k]) ** 2, 0).sum((1, 2))
                result[b, j, k] = result[b, k, j] = np.sqrt(squares) / scene.spec.sensor_sigma
    return result


CAMOUFLAGE: dict[str, Callable[[Scene, Arrays], Array]] = {
    name: globals()[name] for name in made("camouflage")
}
"""The functions of this module by the array that each makes."""
