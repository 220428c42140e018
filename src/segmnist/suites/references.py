"""What is not learned, to compare models with: the class prior, a particle filter, and the exact posterior."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.oracle import Oracle
from segmnist.oracle.solvable import check_solvable
from segmnist.suites.catalog import Part, suite
from segmnist.suites.particle_filter import particle_filter
from segmnist.suites.predict import Model
from segmnist.suites.prior import class_prior as shares_of


def class_prior(part: Part) -> Model:
    """Return the model that answers every pixel with the class shares of a part's train clips.

    >>> from segmnist.suites import suite
    >>> answer = class_prior(suite("exact-v2").part("small"))(np.zeros((1, 4, 24, 24), np.uint8))
    >>> answer.shape, bool(answer[0, 0, 10].min() > 0.8)
    ((1, 4, 11, 24, 24), True)
    """
    shares = shares_of(part).astype(np.float32)

    def predict(video: NDArray[np.uint8]) -> NDArray[np.float32]:
        B, T, H, W = video.shape
        return np.broadcast_to(shares[:, None, None], (B, T, len(shares), H, W))

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


REFERENCES: dict[str, tuple[Callable[[Part], Model], str]] = {
    "class-prior": (class_prior, "The class shares of the train clips at every pixel."),
    "particle-filter": (particle_filter, "128 particles, causal."),
    "exact-posterior": (exact_posterior, "The posterior of the train family, offline, and 16 joint samples."),
}
"""Each reference by the name that results give it, with a note on what it does."""


def references_of(name: str) -> tuple[str, ...]:
    """Return the names of the references that a suite can have: all, or the class prior where it is not solvable."""
    try:
        for part in suite(name).parts:
            check_solvable(part.spec)
    except BadArgument:
        return ("class-prior",)
    return tuple(REFERENCES)
