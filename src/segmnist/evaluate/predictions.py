"""Predictions of one clip, checked once; the error for a bad one names the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.errors import SegmnistError
from segmnist.evaluate.arithmetic import Maps, Probabilities

NUM_SAMPLES = 16
"""Joint samples of a clip that are scored; HM-IoU depends on their number, so it is the same for all."""

TOLERANCE = {"float16": 5e-3, "uint8": 6 / 255}
"""How far probabilities may miss 1 before they are divided by their sum, 1e-4 where nothing else is said.

Eleven float16 numbers can miss 1 by 11 roundings of 2^-11 and still be the best there is; eleven numbers of
8 bits by 11 roundings of half a level.
"""


class BadPrediction(SegmnistError, ValueError):
    """A prediction cannot be scored. Names the clip, what is wrong, and what was expected."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one clip.

    Classes `(T, H, W)` uint8; probabilities `(T, 11, H, W)` if the model gives them; ids `(T, H, W)` uint8
    if it tracks; joint samples of the classes `(S, T, H, W)` uint8, 16 or more, if it draws any.
    """

    semantic: Maps
    probabilities: Probabilities | None = None
    instance: Maps | None = None
    samples: Maps | None = None

    @property
    def joint_samples(self) -> Maps:
        """Return 16 samples, `(16, T, H, W)`: the first ones, or of a model that draws none its classes.

        Pixels drawn each from its own probabilities would be no sample of a map: they mix worlds that
        exclude one another.
        """
        if self.samples is None:
            return np.broadcast_to(self.semantic, (NUM_SAMPLES, *self.semantic.shape))
        return self.samples[:NUM_SAMPLES]


def check_prediction(
    name: str,
    prediction: NDArray[Any],
    shape: tuple[int, int, int],
    instance: NDArray[Any] | None = None,
    samples: NDArray[Any] | None = None,
    semantic: NDArray[Any] | None = None,
) -> Prediction:
    """Return a checked prediction of a clip of `shape` (T, H, W).

    prediction: hard maps `(T, H, W)` uint8 of classes 0..10 (10 = background), or probabilities `(T, 11, H,
    W)` that sum to 1 over the classes, floats or rounded to 8 bits as uint8 0..255; they are divided by
    their sum. instance: `(T, H, W)` uint8, 0 = background. samples: `(S, T, H, W)` uint8, 16 or more whole
    maps of classes. semantic: the classes that a model decides for beside its probabilities; without it,
    the likeliest. Raises `BadPrediction`.

    >>> check_prediction("clip_0000000003", np.zeros((2, 4, 5), np.uint8), (2, 4, 6))
    Traceback (most recent call last):
    segmnist.evaluate.predictions.BadPrediction: clip_0000000003: shape (2, 4, 5), expected (2, 4, 6) ...
    """
    T, H, W = shape
    if instance is not None and (instance.shape != shape or instance.dtype != np.uint8):
        raise BadPrediction(f"{name}: instance is {instance.dtype} {instance.shape}, expected uint8 {shape}")
    if samples is not None:
        _check_samples(name, samples, shape)
    if prediction.shape == shape and semantic is None:
        return Prediction(_hard(name, prediction), None, instance, samples)
    if prediction.shape == (T, NUM_CLASSES, H, W):
        probabilities = _soft(name, prediction)
        if semantic is None:
            semantic = probabilities.argmax(axis=1).astype(np.uint8)
        elif semantic.shape != shape:
            raise BadPrediction(f"{name}: semantic has shape {semantic.shape}, expected {shape}")
        return Prediction(_hard(f"{name}, semantic", semantic), probabilities, instance, samples)
    classes = "" if semantic is not None else f"{shape} for classes or "
    expected = f"{classes}{(T, NUM_CLASSES, H, W)} for probabilities"
    raise BadPrediction(f"{name}: shape {prediction.shape}, expected {expected}")


def _check_samples(name: str, samples: NDArray[Any], shape: tuple[int, int, int]) -> None:
    if samples.ndim != 4 or samples.shape[1:] != shape:
        raise BadPrediction(
            f"{name}: samples have shape {samples.shape}, expected (S, {', '.join(map(str, shape))})"
        )
    if len(samples) < NUM_SAMPLES:
        raise BadPrediction(
            f"{name}: {len(samples)} samples, expected {NUM_SAMPLES} or more; scores take the first {NUM_SAMPLES}"
        )
    _hard(f"{name}, samples", samples)


def _hard(name: str, maps: NDArray[Any]) -> Maps:
    if maps.dtype != np.uint8:
        raise BadPrediction(f"{name}: dtype {maps.dtype}, expected uint8 for classes; use .astype(np.uint8)")
    if maps.size and maps.max() >= NUM_CLASSES:
        raise BadPrediction(f"{name}: class {maps.max()}, expected 0..9 for digits and 10 for background")
    return maps


def _soft(name: str, probabilities: NDArray[Any]) -> Probabilities:
    dtype = probabilities.dtype
    if dtype.kind != "f" and dtype != np.uint8:
        raise BadPrediction(f"{name}: dtype {dtype}, expected floats, or uint8 0..255, for probabilities")
    p = probabilities.astype(np.float32)
    if dtype == np.uint8:
        p /= 255
    if not np.isfinite(p).all():
        raise BadPrediction(f"{name}: NaN or infinity at {_first(~np.isfinite(p))} (frame, class, y, x)")
    if (p < 0).any():
        raise BadPrediction(f"{name}: {p.min():g} at {_first(p < 0)} (frame, class, y, x); apply a softmax")
    total = p.sum(axis=1, keepdims=True)
    tolerance = TOLERANCE.get(dtype.name, 1e-4)
    wrong = np.abs(total[:, 0] - 1) > tolerance
    if wrong.any():
        frame, y, x = _first(wrong)
        fix = "apply a softmax"
        if tolerance < np.abs(total - 1).max() <= TOLERANCE["uint8"]:
            fix = "if they were rounded to 8 bits, hand them in as uint8 0..255"
        raise BadPrediction(
            f"{name}: {dtype} sums to {total[frame, 0, y, x]:g} at frame {frame}, y {y}, x {x}, expected 1 within "
            f"{tolerance:.2g}; {fix}"
        )
    # A sum above 1 would lower the NLL of whatever the truth is.
    return np.asarray(p / total)


def _first(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])
