"""What scores need of the probabilities of each pixel, and the bins of their confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel

Array = NDArray[Any]


@kernel(allocates=True)
def normalise(given: Array, tolerance: float, out: Array, likeliest: Array) -> bool:
    """Divide the probabilities of each pixel by their sum, and find the likeliest class; return whether they are permitted.

    given, out: `(T, C, P)` float32; likeliest: `(T, P)` uint8. tolerance: how far a sum may miss 1, float32. Not permitted are
    numbers below 0, infinite ones and NaN.
    """
    num_frames, num_classes, num_pixels = given.shape
    total, most = np.empty(num_pixels, np.float32), np.empty(num_pixels, np.float32)
    one, infinity = np.float32(1), np.float32(np.inf)
    num_wrong = 0
    for t in range(num_frames):
        best = likeliest[t]
        for c in range(num_classes):
            p = given[t, c]
            for i in range(num_pixels):
                num_wrong += (p[i] < 0) | ~(p[i] < infinity)
                total[i] = total[i] + p[i] if c else p[i]
        for i in range(num_pixels):
            num_wrong += abs(total[i] - one) > tolerance
            most[i] = -1
        for c in range(num_classes):
            p, q = given[t, c], out[t, c]
            for i in range(num_pixels):
                q[i] = p[i] / total[i]
                best[i] = c if q[i] > most[i] else best[i]
                most[i] = max(most[i], q[i])
    return num_wrong == 0


@kernel
def look_up(
    truth: Array, probabilities: Array, given: Array, squares: Array, most: Array, likeliest: Array
) -> None:
    """Find of each pixel the probability of its true class, the sum of squares, the largest, and whose that is.

    probabilities: `(T, C, P)` float32; truth and likeliest `(T, P)` uint8, the others float32.
    """
    num_frames, num_classes, num_pixels = probabilities.shape
    for t in range(num_frames):
        own, true, square, high, best = truth[t], given[t], squares[t], most[t], likeliest[t]
        for i in range(num_pixels):
            square[i], high[i] = 0, -1
        for c in range(num_classes):
            p = probabilities[t, c]
            for i in range(num_pixels):
                true[i] = p[i] if own[i] == c else true[i]
                square[i] += p[i] * p[i]
            # A loop of its own: one that writes to four arrays is not compiled for many pixels at once.
            for i in range(num_pixels):
                best[i] = c if p[i] > high[i] else best[i]
                high[i] = max(high[i], p[i])


@kernel
def count_bins(
    confidence: Array, correct: Array, digits: Array, pixels: Array, hits: Array, summed: Array
) -> None:
    """Count pixels and right ones, and add up confidence, by bin, `(2, B)` each: of all pixels, and of those of digits."""
    num_bins = pixels.shape[1]
    for i in range(confidence.size):
        bin_of = int(np.ceil(confidence[i] * np.float32(num_bins))) - 1
        bin_of = min(max(bin_of, 0), num_bins - 1)
        for group in range(1 + digits[i]):
            pixels[group, bin_of] += 1
            hits[group, bin_of] += correct[i]
            summed[group, bin_of] += confidence[i]
