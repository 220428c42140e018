"""Reader: what every loader reads from, a generator or a stored data set."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.classes import Classes
from segmnist.dataset.locate import check_is_no_place
from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, whole_number
from segmnist.render.arrays import ALWAYS, ARRAYS, arrays_of, check_truths
from segmnist.render.engine import render, warm_up
from segmnist.render.memory import shape_of
from segmnist.scene.presets import PRESETS, check_preset
from segmnist.scene.randomness import check_split
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource
from segmnist.urls import is_url, local_path

Array = NDArray[Any]
Kinds = dict[str, tuple[tuple[int, ...], str]]
Source = str | Path | SceneSpec | ClipSource | StoredDataset
SPLIT, TRUTH = "train", ("semantic",)
"""What is read where the caller says nothing."""


class Reader(Protocol):
    """Reads batches of clips by row, as arrays with the clip axis first, among them `clip_id (B,)` int64."""

    length: int | None
    """Number of rows, None if endless."""
    kinds: Kinds
    """Shape of one clip and dtype of each array."""
    classes: Classes
    """The names of the digits' classes."""

    def read(self, rows: ArrayLike, out: dict[str, Array] | None = None) -> dict[str, Array]:
        """Return these rows, in this order, as one batch; into the arrays of `out` where that saves a copy."""
        ...

    def warm_up(self) -> None:
        """Load what reading needs, so that processes forked from this one have it."""
        ...


class GeneratorReader:
    """Draws clips; the row is the clip's id."""

    def __init__(self, source: ClipSource) -> None:
        if source.device is not None:
            fix = "DeviceClips of segmnist.torch takes one with a device"
            raise BadArgument("source", source, "a source without a device", fix)
        self.source = source
        self.length: int | None = source.length
        self.classes = source.classes
        self.drawn = ("video", *arrays_of(source.truth))
        names = (*ALWAYS, *arrays_of(source.truth))
        kinds = {name: (shape_of(source.spec, 1, name)[1:], ARRAYS[name].dtype) for name in names}
        self.kinds: Kinds = {"clip_id": ((), "int64"), **kinds}

    def read(self, rows: ArrayLike, out: dict[str, Array] | None = None) -> dict[str, Array]:
        """Return these clips, drawn in one kernel call."""
        source = self.source
        drawn = {"video", *arrays_of(source.truth)}
        places = {name: array for name, array in (out or {}).items() if name in drawn}
        clips = render(source.scene(rows), source.truth, num_threads=source.num_threads, out=places)
        return {"clip_id": np.asarray(rows, np.int64), **clips.arrays}

    def warm_up(self) -> None:
        """Load the kernels."""
        warm_up(self.source.scene(np.arange(0)), self.source.truth)


class StoredReader:
    """Reads clips from a data set on disk; each shard is checked against its SHA-256 when first touched."""

    def __init__(self, dataset: StoredDataset, truth: str | Iterable[str]) -> None:
        for name in check_truths(truth):
            if name not in dataset.recipe.truths:
                fix = f"this data set stores no others; `segmnist generate --truth {name}` does"
                raise BadArgument("truth", name, ", ".join(dataset.recipe.truths), fix)
        self.dataset = dataset
        self.length: int | None = len(dataset)
        self.classes = dataset.classes
        self.names = ("clip_id", *ALWAYS, *arrays_of(check_truths(truth)))
        arrays = dataset.arrays
        self.kinds: Kinds = {name: (arrays[name].shape, arrays[name].dtype) for name in self.names}

    def read(self, rows: ArrayLike, out: dict[str, Array] | None = None) -> dict[str, Array]:
        """Return these rows."""
        return self.dataset.batch(rows, self.names)

    def warm_up(self) -> None:
        """Do nothing: files are opened where they are read."""


def open_reader(
    source: Source,
    *,
    split: str | None = None,
    seed: int | None = None,
    truth: str | Iterable[str] | None = None,
    length: int | None = None,
    bank: DigitBank | None = None,
) -> Reader:
    """Return the reader of a preset's name, a `SceneSpec`, a `ClipSource`, or the place of a data set.

    split ("train" unless given), seed (0), truth ("semantic"), length (without end) and bank (MNIST) say what to draw. Of a
    stored data set, split and truth say what to read. Raises `BadArgument` for an argument that the source has said
    already, for a place without a data set of this split, and for a truth that was not stored.

    >>> open_reader("clean", split="test").read([4, 2])["video"].shape
    (2, 30, 64, 64)
    """
    if isinstance(source, ClipSource):
        said = {"split": split, "seed": seed, "truth": truth, "length": length, "bank": bank}
        _refuse(said, "a ClipSource brings its own")
        return GeneratorReader(source)
    if isinstance(source, SceneSpec) or (isinstance(source, str) and source in PRESETS):
        if isinstance(source, str):
            check_is_no_place(source)
        spec = check_preset(source) if isinstance(source, str) else source
        truths = check_truths(TRUTH if truth is None else truth)
        drawn = ClipSource(
            spec, split=check_split(split or SPLIT), seed=seed or 0, truth=truths, length=length, bank=bank
        )
        return GeneratorReader(drawn)
    _refuse({"seed": seed, "length": length, "bank": bank}, "a stored data set has its own")
    if isinstance(source, StoredDataset):
        _refuse({"split": split}, "a StoredDataset is of one split")
        dataset = source
    elif isinstance(source, (str, Path)):
        dataset = _opened(source, split or SPLIT)
    else:
        raise BadArgument(
            "source", source, "a preset's name, a SceneSpec, a ClipSource, or the place of a data set"
        )
    return StoredReader(dataset, check_truths(TRUTH if truth is None else truth))


def _refuse(given: Mapping[str, object], reason: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise BadArgument(name, value, "nothing beside this source", reason)


def iterate(
    source: Source, batch_size: int = 32, *, start: int = 0, **options: Any
) -> Iterator[dict[str, Array]]:
    """Iterate over batches of NumPy arrays from row `start` on; an endless source gives batches without end.

    The last batch may be short. options: those of `open_reader`. Raises `BadArgument` for a batch size below 1.

    >>> batch = next(iterate("clean", 4, truth=("instance",)))
    >>> {name: array.shape for name, array in batch.items()}
    {'clip_id': (4,), 'video': (4, 30, 64, 64), 'instance': (4, 30, 64, 64), 'labels': (4, 3), 'num_digits':
    (4,)}
    """
    batch_size, start = whole_number("batch_size", batch_size, 1), whole_number("start", start, 0)
    reader = open_reader(source, **options)
    for first in itertools.count(start, batch_size):
        last = first + batch_size if reader.length is None else min(first + batch_size, reader.length)
        if first >= last:
            return
        yield reader.read(np.arange(first, last))


def clip_of(batch: dict[str, Array], row: int) -> dict[str, Array]:
    """Return one clip of a batch, with as many digit rows as the clip has digits."""
    count = int(batch["num_digits"][row])
    return {name: array[row][:count] if has_digits(name) else array[row] for name, array in batch.items()}


def has_digits(name: str) -> bool:
    """Return whether an array has a row for each digit."""
    return name in ARRAYS and ARRAYS[name].axes[:1] == ("digit",)


def _opened(place: str | Path, split: str) -> StoredDataset:
    if not is_url(place) and not local_path(place).exists():
        raise BadArgument("source", str(place), f"a preset ({', '.join(PRESETS)}) or the place of a data set")
    return open_dataset(place, split)
