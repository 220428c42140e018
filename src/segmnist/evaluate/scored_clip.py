"""One clip as metrics see it: truth beside prediction, without the pixels that do not count."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE, NUM_CLASSES, twin_classes
from segmnist.evaluate.arithmetic import Maps, Probabilities, Scores
from segmnist.evaluate.clip_tables import count_tables
from segmnist.evaluate.pixels import PixelScores, pixel_scores
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.segments import classes_of_ids, numbers_of_classes, numbers_of_ids

if TYPE_CHECKING:
    from segmnist.evaluate.kernels.tables import Tables

Truth = Mapping[str, NDArray[Any]]
"""Arrays of a clip by name.

`semantic`, `instance` `(T, H, W)` and `labels` `(N,)` are needed; with `flow_forward` and its mask,
`posterior` `(T, C, H, W)`, `posterior_samples` and `oracle_samples` `(16, T, H, W)`, `class_prior` `(C,)`,
and the arrays that breakdowns name, more is scored; `twin_labels` `(N,)` says which class each digit looks like.
"""


class ScoredClip:
    """The truth and the prediction of one clip, and what several metrics derive from them.

    Pixels are of C = `num_classes` classes, those that the prediction tells apart. A pixel whose true class is none of them
    is ignored: both maps of classes hold 255 there and both maps of ids 0, so that no metric can see what was predicted
    there.
    """

    def __init__(self, truth: Truth, prediction: Prediction) -> None:
        self.truth = truth
        self.prediction = prediction
        self.num_classes = prediction.num_classes
        self._ignored = truth["semantic"] >= self.num_classes
        self._all_known = not self._ignored.any()

    @property
    def background(self) -> int:
        """Return the class of the background, the last."""
        return self.num_classes - 1

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return which pixels count, `(T, H, W)` bool."""
        return ~self._ignored

    def masked(self, maps: Maps, label: int = IGNORE) -> Maps:
        """Return maps `(..., T, H, W)` with this label at the ignored pixels."""
        return maps if self._all_known else np.where(self._ignored, np.uint8(label), maps)

    def select(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values `(T, H, W)` of the pixels that count, `(P,)`."""
        return values.ravel() if self._all_known else values[~self._ignored]

    @cached_property
    def semantic(self) -> Maps:
        """Return the true classes, `(T, H, W)`."""
        return self.masked(self.truth["semantic"])

    @cached_property
    def predicted(self) -> Maps:
        """Return the predicted classes, `(T, H, W)`."""
        return self.masked(self.prediction.semantic)

    @cached_property
    def instance(self) -> Maps:
        """Return the true ids, `(T, H, W)`."""
        return self.masked(self.truth["instance"], 0)

    @cached_property
    def twin_labels(self) -> NDArray[np.uint8]:
        """Return the class that is each digit's twin, `(N,)` uint8, 255 where there is none.

        The truth's `twin_labels`, or else, among ten classes, 6 for a 9 and 9 for a 6, and so with 2 and 5.
        """
        if "twin_labels" in self.truth:
            return self.truth["twin_labels"]
        if self.num_classes != NUM_CLASSES:
            return np.full(len(self.truth["labels"]), IGNORE, np.uint8)
        return twin_classes()[self.truth["labels"]]

    @property
    def has_ids(self) -> bool:
        """Return whether the model gives ids; of one without, each class is a digit."""
        return self.prediction.instance is not None

    @cached_property
    def _named(self) -> Maps:
        """Return what names the predicted digits, ids or classes, `(T, H, W)`."""
        ids = self.prediction.instance
        return self.predicted if ids is None else self.masked(ids, 0)

    @cached_property
    def _number_of(self) -> NDArray[np.uint8]:
        """Return the number of the predicted digit that each name stands for, `(256,)`, 0 for none."""
        return numbers_of_ids(self._named) if self.has_ids else numbers_of_classes(self.num_classes)

    @cached_property
    def tables(self) -> Tables:
        """Return what one pass over the pixels counts."""
        maps = self.semantic, self.predicted, self.instance, self._named
        return count_tables(
            maps,
            self._number_of,
            self.twin_labels,
            self.truth,
            num_classes=self.num_classes,
            tubes=self.has_ids,
        )

    @property
    def predicted_instance(self) -> Maps:
        """Return the predicted digits by number, `(T, H, W)`, 0 for none."""
        return self._number_of[self._named]

    @cached_property
    def predicted_labels(self) -> list[int]:
        """Return the class of each predicted digit, M of them."""
        return classes_of_ids(self.tables.tubes) if self.has_ids else list(range(self.background))

    @cached_property
    def digits(self) -> NDArray[np.bool_]:
        """Return which of the pixels that count are a digit's, `(P,)`."""
        return self.select(self.truth["semantic"]) != self.background

    @cached_property
    def pixels(self) -> PixelScores | None:
        """Return the scores of the pixels that count, `(P,)` each, of a model that gives probabilities."""
        if self.prediction.probabilities is None:
            return None
        classes = self.masked(self.truth["semantic"], self.background)
        return PixelScores(*map(self.select, pixel_scores(classes, self.prediction.probabilities)))

    @property
    def class_prior(self) -> Scores | None:
        """Return how frequent each class is where nothing else is known, `(C,)`, where the truth has it."""
        return self.truth.get("class_prior")

    @property
    def posterior(self) -> Probabilities | None:
        """Return the exact posterior of each pixel's class, `(T, C, H, W)`, where it is known."""
        return self.truth.get("posterior")

    @cached_property
    def posterior_columns(self) -> Scores:
        """Return the exact posterior of the pixels that count, `(C, P)` float64. Only where it is known."""
        columns = np.moveaxis(self.truth["posterior"], 1, 0).astype(np.float64)
        return np.stack([self.select(column) for column in columns])

    @property
    def of_posterior(self) -> ScoredClip | None:
        """Return the same clip with the exact posterior in place of the model, where it is known."""
        if self.posterior is None:
            return None
        best = self.posterior.argmax(axis=1).astype(np.uint8)
        samples = self.truth.get("oracle_samples")
        exact = Prediction(best, self.posterior, samples=samples, num_classes=self.num_classes)
        return ScoredClip(self.truth, exact)
