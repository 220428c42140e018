"""What is not learned, to compare models with: the class prior, and the exact posterior of the train family."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.oracle import Oracle
from segmnist.suites.catalog import Part
from segmnist.suites.predict import Model

PRIOR_CLIPS = 200
"""Train clips that the class prior is counted on."""


def class_prior(part: Part, num_clips: int = PRIOR_CLIPS) -> Model:
    """Return the model that answers every pixel with the class shares of a part's train clips.

    >>> from segmnist.suites import suite
    >>> answer = class_prior(suite("exact-v2").part("small"), 20)(np.zeros((1, 4, 24, 24), np.uint8))
    >>> answer.shape, bool(answer[0, 0, 10].min() > 0.8)
    ((1, 4, 11, 24, 24), True)
    """
    counts = np.ones(NUM_CLASSES)  # no class is impossible because it was not seen
    for clip in part.source("train")[0:num_clips]:
        counts += np.bincount(clip.semantic.ravel(), minlength=NUM_CLASSES)
    shares = (counts / counts.sum()).astype(np.float32)

    def predict(video: NDArray[np.uint8]) -> NDArray[np.float32]:
        B, T, H, W = video.shape
        return np.broadcast_to(shares[:, None, None], (B, T, NUM_CLASSES, H, W))

    return predict


def exact_posterior(part: Part, observer: str = "offline", num_samples: int = 16) -> Model:
    """Return the model that a learner would be if it knew all about the train clips of a part.

    It is the oracle of the train split, asked about any video: where test shares the glyphs of train, it is the
    best model there is. It gives joint samples too. Raises `BadArgument` for a part that is not exactly
    solvable.
    """
    oracle = Oracle.of(part.source("train"))

    def predict(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        posteriors = [oracle.posterior(np.ascontiguousarray(clip), observer) for clip in video]
        seeds = [zlib.crc32(np.ascontiguousarray(clip).data) for clip in video]
        samples = [p.sample(num_samples, seed) for p, seed in zip(posteriors, seeds, strict=True)]
        return {
            "probabilities": np.stack([p.class_probabilities for p in posteriors]),
            "samples": np.stack(samples),
        }

    return predict
