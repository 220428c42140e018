"""What is not learned, to compare models with.

Of classes: the class prior, a particle filter, and the exact posterior; of frames to come: the last frame, and motion going on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument, MissingDependency
from segmnist.oracle import Oracle
from segmnist.oracle.observers import PREFIX
from segmnist.oracle.solvable import check_solvable
from segmnist.suites.catalog import Part
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
        B, _, H, W = video.shape
        return np.broadcast_to(shares[:, None, None], (B, part.scored_frames, len(shares), H, W))

    return predict


def exact_posterior(part: Part, observer: str = "offline", num_samples: int = 16) -> Model:
    """Return the model that a learner would be if it knew all about the train clips of a part.

    It is the oracle of the train split, asked about any video: where test shares the glyphs of train, it is the
    best model there is. It gives joint samples too. Of a part with given frames it sees these alone, whatever the
    observer, and forecasts the others. Raises `BadArgument` for a part that is not exactly solvable.
    """
    oracle, given = Oracle.of(part.source("train")), part.given
    seen: dict[str, Any] = {"observer": observer}
    if given is not None:
        seen = {"observer": PREFIX, "num_seen": given}

    def predict(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        # The oracle takes whole clips; what it does not see may hold anything.
        unseen = ((0, 0), (0, 0 if given is None else part.scored_frames), (0, 0), (0, 0))
        whole = np.ascontiguousarray(np.pad(video, unseen))
        posteriors = [oracle.posterior(clip, **seen) for clip in whole]
        seeds = [zlib.crc32(np.ascontiguousarray(clip).data) for clip in video]
        samples = [p.sample(num_samples, seed) for p, seed in zip(posteriors, seeds, strict=True)]
        return {
            "probabilities": np.stack([p.class_probabilities for p in posteriors])[:, given:],
            "samples": np.stack(samples)[:, :, given:],
        }

    return predict


def copy_last_frame(part: Part) -> Model:
    """Return the model that predicts the last frame given, again and again."""

    def predict(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return {"video": np.repeat(video[:, -1:], part.scored_frames, axis=1)}

    return predict


def constant_velocity(part: Part) -> Model:
    """Return the model that moves each pixel of the last frame on along the optical flow between the last two.

    The flow is scikit-image's TV-L1 (Zach, Pock and Bischof, "A duality based approach for realtime TV-L1 optical flow", DAGM
    2007), and the frame k steps ahead shows at each pixel what was k times the flow before it. Raises `MissingDependency`
    without scikit-image.
    """
    try:
        from skimage.registration import optical_flow_tvl1
        from skimage.transform import warp
    except ImportError:
        raise MissingDependency("the reference constant-velocity", "prediction") from None
    flow_of: Callable[..., NDArray[Any]] = optical_flow_tvl1
    moved: Callable[..., NDArray[Any]] = warp

    def of_clip(clip: NDArray[np.uint8]) -> NDArray[np.float32]:
        before, last = (clip[t] / np.float32(255) for t in (-2, -1))
        # Where each pixel of the last frame was in the frame before.
        flow = flow_of(last, before)
        place = np.indices(last.shape)
        ahead = range(1, part.scored_frames + 1)
        return np.stack([moved(last, place + k * flow, order=1, mode="edge") for k in ahead]).astype(
            np.float32
        )

    def predict(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return {"video": np.stack([of_clip(clip) for clip in video]).clip(0, 1)}

    return predict


REFERENCES: dict[str, tuple[Callable[[Part], Model], str]] = {
    "class-prior": (class_prior, "The class shares of the train clips at every pixel."),
    "particle-filter": (particle_filter, "128 particles, causal."),
    "exact-posterior": (
        exact_posterior,
        "The posterior of the train family, offline or of the frames given, and 16 joint samples.",
    ),
    "copy-last-frame": (copy_last_frame, "The last frame given."),
    "constant-velocity": (
        constant_velocity,
        "The last frame given, moved on by the optical flow (TV-L1) before it.",
    ),
}
"""Each reference by the name that results give it, with a note on what it does."""


def references_of(part: Part) -> tuple[str, ...]:
    """Return the names of the references that a part can have.

    The class prior, what needs an exactly solvable spec where it is one, and of frames to come those that predict frames.
    """
    of_frames = () if part.given is None else ("copy-last-frame", "constant-velocity")
    try:
        check_solvable(part.spec)
    except BadArgument:
        return ("class-prior", *of_frames)
    of_classes = ("particle-filter", "exact-posterior") if part.given is None else ("exact-posterior",)
    return ("class-prior", *of_classes, *of_frames)
