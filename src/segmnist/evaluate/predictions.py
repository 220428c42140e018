"""Predictions of one clip, checked once; the error for a bad one names the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.errors import SegmnistError
from segmnist.evaluate.arithmetic import Maps, Probabilities


class BadPrediction(SegmnistError, ValueError):
    """A prediction cannot be scored. Names the clip, what is wrong, and what was expected."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one clip.

    Classes `(T, H, W)` uint8; probabilities `(T, 11, H, W)` if the model gives them; ids `(T, H, W)` uint8
    if it tracks; joint samples of the classes `(S, T, H, W)` uint8 if it draws any.
    """

    semantic: Maps
    probabilities: Probabilities | None = None
    instance: Maps | None = None
    samples: Maps | None = None

    @property
    def joint_samples(self) -> Maps:
        """Return the samples, `(S, T, H, W)`; of a model that draws none, its classes as the only one.

        Pixels drawn each from its own probabilities would be no sample of a map: they mix worlds that
        exclude one another.
        """
        return self.semantic[None] if self.samples is None else self.samples


def check_prediction(
    name: str,
    prediction: NDArray[Any],
    shape: tuple[int, int, int],
    instance: NDArray[Any] | None = None,
    samples: NDArray[Any] | None = None,
) -> Prediction:
    """Return a checked prediction of a clip of `shape` (T, H, W).

    prediction: hard maps `(T, H, W)` uint8 of classes 0..10 (10 = background), or probabilities `(T, 11, H,
    W)` in any floating dtype that sum to 1 over the classes; instance: `(T, H, W)` uint8, 0 = background;
    samples: `(S, T, H, W)` uint8, whole maps of classes. Raises `BadPrediction`.

    >>> check_prediction("clip_0000000003", np.zeros((2, 4, 5), np.uint8), (2, 4, 6))
    Traceback (most recent call last):
    segmnist.evaluate.predictions.BadPrediction: clip_0000000003: shape (2, 4, 5), expected (2, 4, 6) ...
    """
    T, H, W = shape
    if instance is not None and (instance.shape != shape or instance.dtype != np.uint8):
        raise BadPrediction(f"{name}: instance is {instance.dtype} {instance.shape}, expected uint8 {shape}")
    if samples is not None:
        _check_samples(name, samples, shape)
    if prediction.shape == shape:
        return Prediction(_hard(name, prediction), None, instance, samples)
    if prediction.shape == (T, NUM_CLASSES, H, W):
        probabilities = _soft(name, prediction)
        return Prediction(probabilities.argmax(axis=1).astype(np.uint8), probabilities, instance, samples)
    expected = f"{shape} for classes or {(T, NUM_CLASSES, H, W)} for probabilities"
    raise BadPrediction(f"{name}: shape {prediction.shape}, expected {expected}")


def _check_samples(name: str, samples: NDArray[Any], shape: tuple[int, int, int]) -> None:
    if samples.ndim != 4 or not len(samples) or samples.shape[1:] != shape:
        raise BadPrediction(
            f"{name}: samples have shape {samples.shape}, expected (S, {', '.join(map(str, shape))})"
        )
    _hard(f"{name}, samples", samples)


def _hard(name: str, maps: NDArray[Any]) -> Maps:
    if maps.dtype != np.uint8:
        raise BadPrediction(f"{name}: dtype {maps.dtype}, expected uint8 for classes; use .astype(np.uint8)")
    if maps.size and maps.max() >= NUM_CLASSES:
        raise BadPrediction(f"{name}: class {maps.max()}, expected 0..9 for digits and 10 for background")
    return maps


def _soft(name: str, probabilities: NDArray[Any]) -> Probabilities:
    if probabilities.dtype.kind != "f":
        raise BadPrediction(f"{name}: dtype {probabilities.dtype}, expected floats for probabilities")
    # Eleven float16 numbers can miss 1 by 11 roundings of 2^-11 and still be the best there is.
    tolerance = 5e-3 if probabilities.dtype == np.float16 else 1e-4
    p = probabilities.astype(np.float32)
    if not np.isfinite(p).all():
        raise BadPrediction(f"{name}: NaN or infinity at {_first(~np.isfinite(p))} (frame, class, y, x)")
    if (p < 0).any():
        raise BadPrediction(f"{name}: {p.min():g} at {_first(p < 0)} (frame, class, y, x); apply a softmax")
    wrong = np.abs(p.sum(axis=1) - 1) > tolerance
    if wrong.any():
        frame, y, x = _first(wrong)
        total = p[frame, :, y, x].sum()
        where = f"frame {frame}, y {y}, x {x}"
        raise BadPrediction(f"{name}: sums to {total:g}, not 1, at {where}; apply a softmax")
    return p


def _first(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])
