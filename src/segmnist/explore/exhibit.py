"""Exhibit: what an explorer shows besides the presets: the digits, and a stored data set if one was named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData
from segmnist.explore.predicted_part import PredictedPart, Source, named, stored_part, suite_parts
from segmnist.formats import Array
from segmnist.suites.catalog import Suite


@dataclass(frozen=True)
class Exhibit:
    """The digit bank, the stored data set of which every clip can be seen as it lies on disk, and predictions."""

    bank: DigitBank
    dataset: StoredDataset | None = None
    place: str = ""
    parts: tuple[PredictedPart, ...] = ()

    @classmethod
    def of(
        cls, place: str | Path | None = None, bank: DigitBank | None = None, split: str | None = None
    ) -> Exhibit:
        """Open the data set in a place, or that of one split where there are more, and its digits.

        Raises `BadArgument` where there is none or where it was made from other digits, `CorruptData` where it is damaged.
        """
        bank = DigitBank.mnist() if bank is None else bank
        if place is None:
            return cls(bank)
        try:
            dataset = open_dataset(place, split)
        except FileNotFoundError as error:
            fix = "run `segmnist generate` again to finish it"
            raise BadArgument("DATASET", str(place), "a finished data set", fix) from error
        if dataset.recipe.bank_sha256 != bank.sha256:
            raise BadArgument("DATASET", str(place), "a data set made from these digits", "name its --bank")
        return cls(bank, dataset, str(place))

    def with_predictions(
        self,
        sources: list[Source],
        suite: Suite | None = None,
        *,
        split: str = "test",
        first: int | None = None,
    ) -> Exhibit:
        """Return the exhibit with models' predictions of a suite, or of the stored data set where none is given.

        first: how many clips of each part, or of the data set, are shown; all unless given. Raises `BadPrediction` where clips
        are missing or extra.
        """
        if suite is None:
            return replace(self, parts=(stored_part(named(sources), self.stored, first, self.bank),))
        return replace(self, parts=suite_parts(named(sources), suite, split, first, self.bank))

    def part(self, name: str) -> PredictedPart:
        """Return the part of this name, empty for the stored data set. Raises `BadArgument` where there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts if part.name)
        raise BadArgument("part", name[:60], names or "nothing: start with --predictions")

    @property
    def stored(self) -> StoredDataset:
        """The data set. Raises `BadArgument` where none was named."""
        if self.dataset is None:
            raise BadArgument("stored", True, "false", "start with `segmnist explore DATASET`")
        return self.dataset

    @property
    def recipe(self) -> Recipe:
        """The data set's recipe. Raises `BadArgument` where none was named."""
        return self.stored.recipe

    @property
    def num_clips(self) -> int:
        """The number of clips of the data set that are shown: all, or the first ones, that are predicted."""
        predicted = [len(part.clip_ids) for part in self.parts if not part.name]
        return predicted[0] if predicted else self.recipe.num_clips

    def row_of(self, clip_id: int) -> int:
        """Return the row of a clip in the data set. Raises `BadArgument` for an id that is not shown."""
        recipe = self.recipe
        if recipe.clip_ids:
            rows = {known: row for row, known in enumerate(recipe.clip_ids)}
            row = rows.get(clip_id, -1)
            permitted = f"one of its {self.num_clips} ids, such as {recipe.clip_ids[0]}"
        else:
            row = clip_id - recipe.first_clip
            permitted = f"{recipe.first_clip}..{recipe.first_clip + self.num_clips - 1}"
        if not 0 <= row < self.num_clips:
            raise BadArgument("clip", clip_id, permitted, "no other clips are here")
        return row

    def ids(self, first_row: int, count: int) -> NDArray[np.int64]:
        """Return the ids of up to `count` clips of the data set from a row on."""
        stop = min(first_row + count, self.num_clips)
        return self.recipe.ids(min(first_row, stop), stop)

    def stored_arrays(self, clip_id: int) -> dict[str, Array]:
        """Return a clip's arrays as they lie on disk. Raises `CorruptData` where they are damaged."""
        try:
            return self.stored[self.row_of(clip_id)]
        except OSError as error:
            raise CorruptData(f"{self.place}: {error.strerror or error}") from error
