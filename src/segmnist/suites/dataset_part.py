"""DatasetPart: a data set on disk in place of a part of a suite, to train on and to score models on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.digits.checks import MNIST_SHA256
from segmnist.errors import BadArgument, CorruptData
from segmnist.render.arrays import check_truths
from segmnist.render.clips import Clips
from segmnist.scene.randomness import PURPOSE_TRAINING, check_split, key_of, philox
from segmnist.source import ClipSource
from segmnist.suites.catalog import Part, Suite, TrainClips
from segmnist.urls import url_of

_WORDS_OF_ORDER = 1 << 16
"""Where the words for the order of clips begin, beside those for the frames that are picked of each."""


@dataclass(frozen=True)
class DatasetPart(Part):
    """The clips of a data set, which predictions number by their rows; a split that nothing is asked of need not be there.

    Truths that are not stored are drawn from the recipe, and the stored videos are compared with it.
    """

    place: str = ""

    def source(self, split: str, truth: tuple[str, ...] = ("semantic",)) -> ClipSource:
        """Return the stored clips of val or test; of train, clips that are drawn without end, for the class prior."""
        if split == "train":
            return super().source(split, truth)
        return DatasetSource(self._opened(split), truth, self.num_clips(split), self.bank)

    def train_clips(self) -> TrainClips:
        """Return the function that reads train clips: all in one order, then in another, without end."""
        dataset, lock = self._opened("train"), Lock()

        def read(numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
            epochs, places = np.divmod(numbers, len(dataset))
            rows = [_order(int(epoch), len(dataset))[at] for epoch, at in zip(epochs, places, strict=True)]
            with lock:
                stored = dataset.batch(rows, ["video", "semantic"])
            return stored["video"], stored["semantic"]

        return read

    def content_id(self, split: str) -> str:
        """Return the SHA-256 that names the clips that are scored: the `content_id` of their recipe."""
        recipe, count = self._opened(split).recipe, self.num_clips(split)
        return dataclasses.replace(recipe, num_clips=count, clip_ids=recipe.clip_ids[:count]).content_id

    def recipe(self, split: str, truth: tuple[str, ...] = ("semantic", "instance")) -> Recipe:
        """Return the recipe of a split as it is stored, with the truths that are stored."""
        return self._opened(split).recipe

    def row_of(self, clip_id: int, split: str) -> int:
        """Return the row of a clip, which is the number of its prediction."""
        recipe = self._opened(split).recipe
        return recipe.clip_ids.index(clip_id) if recipe.clip_ids else clip_id - recipe.first_clip

    def _opened(self, split: str) -> StoredDataset:
        return _opened(self.place, split, self.bank_sha256)


class DatasetSource(ClipSource):
    """Stored clips with truths that need not be stored: slices are of rows, batches of ids.

    Raises `CorruptData` where a stored video is not what its recipe draws.
    """

    def __init__(
        self, dataset: StoredDataset, truth: tuple[str, ...], length: int, bank: DigitBank | None
    ) -> None:
        recipe = dataset.recipe
        split = check_split(recipe.split)
        super().__init__(recipe.spec, split=split, seed=recipe.seed, truth=check_truths(truth), bank=bank)
        self._dataset, self._rows = dataset, range(length)
        self._row_of = {int(clip_id): row for row, clip_id in enumerate(dataset.clip_ids(self._rows))}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        rows = self._rows[index]
        if isinstance(rows, range):
            return self.batch(self._dataset.clip_ids(rows))
        return self.batch(self._dataset.clip_ids([rows]))[0]

    def batch(self, clip_ids: ArrayLike) -> Clips:
        """Return these clips, in this order."""
        clips = super().batch(clip_ids)
        rows = [self._row_of[int(clip_id)] for clip_id in clips.scene.clip_ids]
        same = (self._dataset.batch(rows, ["video"])["video"] == clips.video).all(axis=(1, 2, 3))
        if not same.all():
            clip_id = int(clips.scene.clip_ids[~same][0])
            raise CorruptData(f"the stored video of clip {clip_id} is not what its recipe draws")
        return clips


def suite_of_dataset(place: str | Path, split: str, bank: DigitBank | None = None) -> Suite:
    """Return the val or test clips of a data set on disk as a suite of one part, `all`.

    bank: its digits, MNIST unless given. Raises `BadArgument` where the place has no finished data set of this split, or
    one of other digits.
    """
    check_split(split)
    if split == "train":
        raise BadArgument("split", split, "val, test", "train clips are not scored")
    whole = str(place) if "://" in str(place) else str(Path(place).expanduser().absolute())
    dataset = _opened(whole, split, MNIST_SHA256 if bank is None else bank.sha256)
    val, test = (len(dataset), 0) if split == "val" else (0, len(dataset))
    part = DatasetPart("all", dataset.recipe.spec, val, test, bank=bank, place=whole)
    return Suite(f"data set {Path(whole).name}", f"The {split} clips in {url_of(whole)}.", (part,))


@lru_cache(maxsize=16)
def _opened(place: str, split: str, bank_sha256: str) -> StoredDataset:
    dataset = open_dataset(place, split)
    if dataset.recipe.bank_sha256 != bank_sha256:
        digits = "MNIST's digits" if bank_sha256 == MNIST_SHA256 else "these digits"
        raise BadArgument("DATASET", place, f"a data set of {digits}", "name its own with --bank")
    return dataset


@lru_cache(maxsize=4)
def _order(epoch: int, num_clips: int) -> NDArray[np.int64]:
    """Return the rows of a data set in the order in which an epoch of training takes them, `(num_clips,)` int64."""
    counter = np.zeros((num_clips, 4), np.uint64)
    counter[:, 0] = np.arange(num_clips)
    counter[:, 1] = PURPOSE_TRAINING << 24 | _WORDS_OF_ORDER
    counter[:, 2], counter[:, 3] = epoch & 0xFFFFFFFF, epoch >> 32
    return philox(counter, key_of(0))[:, 0].argsort(kind="stable")
