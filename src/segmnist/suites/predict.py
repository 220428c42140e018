"""Predictions of clips, by a model that is run here or out of stored files, checked the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.predictions import Prediction
from segmnist.render.clips import Clip
from segmnist.suites.catalog import Part, Suite
from segmnist.suites.stored import StoredPredictions, checked, named_arrays, path_of_part, row_of

Model = Callable[[NDArray[np.uint8]], NDArray[Any] | Mapping[str, NDArray[Any]]]
"""Videos `(B, T, H, W)` uint8 -> classes `(B, T, H, W)` uint8 or probabilities `(B, T, C, H, W)`; or a
mapping with `semantic`, `probabilities` or both, and perhaps `instance` and `samples`, as in an .npz file.

Of a part with given frames it gets those alone and answers for the others, and the mapping may have `video`, the frames
`(B, T, H, W)`, alone or beside the rest.
"""

Predict = Callable[[Sequence[Clip]], list[Prediction]]
"""Clips -> the checked prediction of each."""


def of_model(model: Model, given: int | None = None) -> Predict:
    """Return the predictions of a model, of the frames after those given, if any.

    Raises `BadPrediction` for an answer that cannot be scored.
    """

    def predict(clips: Sequence[Clip]) -> list[Prediction]:
        answer = model(np.stack([clip.video[:given] for clip in clips]))
        named = answer if isinstance(answer, Mapping) else {"predictions": answer}
        arrays = named_arrays("the model's answer", {name: np.asarray(a) for name, a in named.items()})
        for array in arrays.values():
            if array.shape[:1] != (len(clips),):
                raise BadArgument("predictions", array.shape, f"a leading axis of {len(clips)} clips")
        T, H, W = clips[0].video[given:].shape
        return [
            checked(f"clip {clip.clip_id}", row_of(arrays, i), (T, H, W), clip.classes)
            for i, clip in enumerate(clips)
        ]

    return predict


def of_source(
    source: str | Path | Model, suite: Suite, part: Part, split: str, first: int | None = None
) -> Predict:
    """Return the predictions of a model, or of a part's stored ones; as `of_model` and `of_files`."""
    if callable(source):
        return of_model(source, part.given)
    return of_files(Path(source), suite, part, split, first)


def of_files(path: Path, suite: Suite, part: Part, split: str, first: int | None = None) -> Predict:
    """Return a part's stored predictions: of all clips, or of the `first` clips or more.

    Raises `BadPrediction` at once if clips are missing or extra.
    """
    numbers = range(part.first(first).num_clips(split), part.num_clips(split) + 1)
    shape = (part.scored_frames, part.spec.height, part.spec.width)
    stored = StoredPredictions(path_of_part(path, suite, part), numbers, shape, part.classes)
    return lambda clips: [stored(part.row_of(clip.clip_id, split), shape) for clip in clips]
