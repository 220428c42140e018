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
8 bits by 11 roundings of half a level; with more classes, by as many more.
"""


class BadPrediction(SegmnistError, ValueError):
    """A prediction cannot be scored. Names the clip, what is wrong, and what was expected."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one clip.

    Classes `(T, H, W)` uint8; probabilities `(T, C, H, W)` if the model gives them; ids `(T, H, W)` uint8
    if it tracks; joint samples of the classes `(S, T, H, W)` uint8, 16 or more, if it draws any; frames
    `(T, H, W)` float32 in 0..1 if it predicts them. C is `num_classes`, the number of classes of a pixel; the last is the
    background. `has_classes` is false if it predicts frames alone: then all classes are background, and no score
    counts them.
    """

    semantic: Maps
    probabilities: Probabilities | None = None
    instance: Maps | None = None
    samples: Maps | None = None
    num_classes: int = NUM_CLASSES
    video: NDArray[np.float32] | None = None
    has_classes: bool = True

    @property
    def joint_samples(self) -> Maps:
        """Return 16 samples, `(16, T, H, W)`: the first ones, or of a model that draws none its classes.

        Pixels drawn each from its own probabilities would be no sample of a map: they mix worlds that
        exclude one another.
        """
        if self.samples is None:
            return np.broadcast_to(self.semantic, (NUM_SAMPLES, *self.semantic.shape))
        return self.samples[:NUM_SAMPLES]

    @property
    def levels(self) -> Maps | None:
        """Return the predicted frames as grey levels, `(T, H, W)` uint8; None without any."""
        return None if self.video is None else np.rint(255 * self.video).astype(np.uint8)


def check_prediction(
    name: str,
    prediction: NDArray[Any] | None,
    shape: tuple[int, int, int],
    instance: NDArray[Any] | None = None,
    samples: NDArray[Any] | None = None,
    semantic: NDArray[Any] | None = None,
    video: NDArray[Any] | None = None,
    *,
    num_classes: int = NUM_CLASSES,
) -> Prediction:
    """Return a checked prediction of a clip of `shape` (T, H, W), whose pixels are of C = `num_classes` classes.

    prediction: hard maps `(T, H, W)` uint8 of classes 0..C-1 (C-1 = background), or probabilities `(T, C, H,
    W)` that sum to 1 over the classes, floats or rounded to 8 bits as uint8 0..255; they are divided by
    their sum. instance: `(T, H, W)` uint8, 0 = background. samples: `(S, T, H, W)` uint8, 16 or more whole
    maps of classes. semantic: the classes that a model decides for beside its probabilities; without it,
    the likeliest. video: predicted frames `(T, H, W)`, uint8 or floats in 0..1, beside the prediction or in its
    place, which is None then. Raises `BadPrediction`.

    >>> check_prediction("clip_0000000003", np.zeros((2, 4, 5), np.uint8), (2, 4, 6))
    Traceback (most recent call last):
    segmnist.evaluate.predictions.BadPrediction: clip_0000000003: shape (2, 4, 5), expected (2, 4, 6) ...
    """
    T, H, W = shape
    frames = None if video is None else _frames(name, video, shape)
    if prediction is None:
        background = np.full(shape, num_classes - 1, np.uint8)
        return Prediction(background, num_classes=num_classes, video=frames, has_classes=False)
    if instance is not None and (instance.shape != shape or instance.dtype != np.uint8):
        raise BadPrediction(f"{name}: instance is {instance.dtype} {instance.shape}, expected uint8 {shape}")
    if samples is not None:
        _check_samples(name, samples, shape, num_classes)
    if prediction.shape == shape and semantic is None:
        return Prediction(_hard(name, prediction, num_classes), None, instance, samples, num_classes, frames)
    if prediction.shape == (T, num_classes, H, W):
        probabilities, decided = _soft(name, prediction, num_classes)
        if semantic is not None:
            if semantic.shape != shape:
                raise BadPrediction(f"{name}: semantic has shape {semantic.shape}, expected {shape}")
            decided = _hard(f"{name}, semantic", semantic, num_classes)
        return Prediction(decided, probabilities, instance, samples, num_classes, frames)
    classes = "" if semantic is not None else f"{shape} for classes or "
    expected = f"{classes}{(T, num_classes, H, W)} for probabilities"
    raise BadPrediction(f"{name}: shape {prediction.shape}, expected {expected}")


def _frames(name: str, video: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return predicted frames with levels in 0..1."""
    if video.shape != shape or (video.dtype != np.uint8 and video.dtype.kind != "f"):
        raise BadPrediction(f"{name}: video is {video.dtype} {video.shape}, expected uint8 or floats {shape}")
    if video.dtype == np.uint8:
        return np.asarray(video / 255, np.float32)
    if not (video.min(initial=0) >= 0 and video.max(initial=0) <= 1):  # NaN is in no range
        fix = "clip them, and divide grey levels of 0..255 by 255"
        raise BadPrediction(
            f"{name}: video has {video.min():g}..{video.max():g}, expected levels in 0..1; {fix}"
        )
    return np.asarray(video, np.float32)


def _check_samples(name: str, samples: NDArray[Any], shape: tuple[int, int, int], num_classes: int) -> None:
    if samples.ndim != 4 or samples.shape[1:] != shape:
        raise BadPrediction(
            f"{name}: samples have shape {samples.shape}, expected (S, {', '.join(map(str, shape))})"
        )
    if len(samples) < NUM_SAMPLES:
        raise BadPrediction(
            f"{name}: {len(samples)} samples, expected {NUM_SAMPLES} or more; scores take the first {NUM_SAMPLES}"
        )
    _hard(f"{name}, samples", samples, num_classes)


def _hard(name: str, maps: NDArray[Any], num_classes: int) -> Maps:
    if maps.dtype != np.uint8:
        raise BadPrediction(f"{name}: dtype {maps.dtype}, expected uint8 for classes; use .astype(np.uint8)")
    if maps.size and maps.max() >= num_classes:
        expected = f"0..{num_classes - 2} for digits and {num_classes - 1} for background"
        raise BadPrediction(f"{name}: class {maps.max()}, expected {expected}")
    return maps


def _soft(name: str, probabilities: NDArray[Any], num_classes: int) -> tuple[Probabilities, Maps]:
    """Return checked probabilities, divided by their sum, and the likeliest classes."""
    from segmnist.evaluate.kernels.probabilities import normalise

    dtype = probabilities.dtype
    if dtype.kind != "f" and dtype != np.uint8:
        raise BadPrediction(f"{name}: dtype {dtype}, expected floats, or uint8 0..255, for probabilities")
    p = np.require(probabilities, np.float32, ("C", "W"))
    if dtype == np.uint8:
        p /= 255
    of_bits = TOLERANCE["uint8"] * (num_classes + 1) / (NUM_CLASSES + 1)
    tolerance = of_bits if dtype == np.uint8 else TOLERANCE.get(dtype.name, 1e-4)
    T, C, H, W = p.shape
    # A sum above 1 would lower the NLL of whatever the truth is.
    normalised, likeliest = np.empty_like(p), np.empty((T, H, W), np.uint8)
    flat = (T, C, H * W)
    permitted = normalise(
        p.reshape(flat), np.float32(tolerance), normalised.reshape(flat), likeliest.reshape(T, H * W)
    )
    if not permitted:
        raise BadPrediction(f"{name}: {_what_is_wrong(p, dtype, tolerance, of_bits)}")
    return normalised, likeliest


def _what_is_wrong(p: Probabilities, dtype: np.dtype[Any], tolerance: float, of_bits: float) -> str:
    """Return what is wrong with probabilities that are not permitted, and where."""
    if not np.isfinite(p).all():
        return f"NaN or infinity at {_first(~np.isfinite(p))} (frame, class, y, x)"
    if (p < 0).any():
        return f"{p.min():g} at {_first(p < 0)} (frame, class, y, x); apply a softmax"
    total = p.sum(axis=1)
    frame, y, x = _first(np.abs(total - 1) > tolerance)
    fix = "apply a softmax"
    if tolerance < np.abs(total - 1).max() <= of_bits:
        fix = "if they were rounded to 8 bits, hand them in as uint8 0..255"
    return (
        f"{dtype} sums to {total[frame, y, x]:g} at frame {frame}, y {y}, x {x}, expected 1 within "
        f"{tolerance:.2g}; {fix}"
    )


def _first(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])
