"""PredictedPart: the clips of one spec, and what models predict of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segmnist.dataset.reader import StoredDataset
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, MissingDependency
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.explore.scoreboard import Scoreboard, scored_frames
from segmnist.render.clips import Clip
from segmnist.scene.randomness import Split, check_split
from segmnist.scene.spec import SceneSpec
from segmnist.suites.catalog import SEED, Suite
from segmnist.suites.given import whole_clip
from segmnist.suites.predict import Model, Predict, of_model, of_source
from segmnist.suites.stored import StoredPredictions
from segmnist.views.mistakes import error_map

Source = tuple[str, Path | Model]
"""A model's name, and its stored predictions or the function that predicts."""


@dataclass(frozen=True, eq=False)
class PredictedPart:
    """A part of a suite, or the stored data set, whose part has no name."""

    name: str
    spec: SceneSpec
    split: Split
    seed: int
    clip_ids: NDArray[np.int64]
    models: tuple[tuple[str, Predict], ...]
    bank: DigitBank
    given: int | None = None
    """Frames that the models see, where they predict the others."""

    @property
    def model_names(self) -> list[str]:
        """The models' names, in the order in which they were given."""
        return [name for name, _ in self.models]

    def prediction(self, model: int, clip: Clip) -> Prediction:
        """Return what a model predicts of a clip's frames, of those after the given ones.

        Raises `BadArgument` for a model that there is not.
        """
        if not 0 <= model < len(self.models):
            raise BadArgument("model", model, f"0..{len(self.models) - 1}")
        return self.models[model][1]([clip])[0]

    def scored(self, clip: Clip, prediction: Prediction) -> ScoredClip:
        """Return the frames that are predicted, beside their truth."""
        return scored_frames(clip, prediction, self.given)

    def errors(self, clip: Clip, prediction: Prediction) -> NDArray[np.uint8]:
        """Return the kinds of `error_map`, `(T,H,W)` uint8: 0 in given frames, and all over where no class is predicted."""
        scored = self.scored(clip, prediction)
        wrong = error_map(scored.semantic, prediction.semantic, scored.background)
        return self.whole(np.where(scored.known & prediction.has_classes, wrong, np.uint8(0)))

    def whole(self, frames: NDArray[np.uint8], fill: int = 0) -> NDArray[np.uint8]:
        """Return `(T,H,W)` uint8 of a whole clip, whose given frames hold `fill`."""
        return whole_clip(frames, self.given, fill)

    @cached_property
    def scores(self) -> Scoreboard:
        """What is counted of every clip, as far as it was scored."""
        return Scoreboard(self.spec, self.split, self.seed, self.clip_ids, self.models, self.bank, self.given)


def suite_parts(
    sources: Iterable[Source], suite: Suite, split: str, first: int | None, bank: DigitBank
) -> tuple[PredictedPart, ...]:
    """Return the parts of a suite with the models' predictions of their clips, or of the `first` clips of each.

    Raises `BadPrediction` where clips are missing or extra, and `MissingDependency` where frames cannot be scored.
    """
    if any(part.given is not None for part in suite.parts) and find_spec("skimage") is None:
        raise MissingDependency("scores of predicted frames", "prediction")
    named = list(sources)
    parts = []
    for part in suite.parts:
        models = tuple((name, of_source(source, suite, part, split, first)) for name, source in named)
        count = part.first(first).num_clips(split)
        ids = np.arange(count, dtype=np.int64)
        address = check_split(split), SEED, ids
        parts.append(PredictedPart(part.name, part.spec, *address, models, bank, part.given))
    return tuple(parts)


def stored_part(
    sources: Iterable[Source], dataset: StoredDataset, first: int | None, bank: DigitBank
) -> PredictedPart:
    """Return a stored data set with the models' predictions, which are numbered by its rows, from 0 on.

    first: how many rows are shown; of the others there need not be predictions. Raises `BadPrediction` where clips are
    missing or extra, and `BadArgument` for a `first` of less than one.
    """
    recipe = dataset.recipe
    count = recipe.num_clips if first is None else min(first, recipe.num_clips)
    if count < 1:
        raise BadArgument("num_clips", first, "1 or more")
    ids = recipe.ids(0, count)
    rows = {int(clip_id): row for row, clip_id in enumerate(ids)}

    shape = (recipe.spec.num_frames, recipe.spec.height, recipe.spec.width)

    def of_rows(path: Path) -> Predict:
        stored = StoredPredictions(path, range(len(ids), recipe.num_clips + 1), shape, bank.classes)
        return lambda clips: [stored(rows[clip.clip_id], shape) for clip in clips]

    models = tuple((name, of_model(s) if callable(s) else of_rows(s)) for name, s in sources)
    return PredictedPart("", recipe.spec, check_split(recipe.split), recipe.seed, ids, models, bank)


def named(sources: Sequence[Source]) -> list[Source]:
    """Return the sources with names that differ.

    >>> named([("unet", Path("a/unet")), ("unet", Path("b/unet"))])[1][0]
    'unet (2)'
    """
    seen: dict[str, int] = {}
    found = []
    for name, source in sources:
        seen[name] = seen.get(name, 0) + 1
        found.append((name if seen[name] == 1 else f"{name} ({seen[name]})", source))
    return found
