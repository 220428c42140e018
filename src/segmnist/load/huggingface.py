"""Hugging Face: clips as a streaming dataset, drawn or read as they are asked for.

Columns have the names of the stored format.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segmnist.classes import LABELS, Classes, column_of
from segmnist.errors import BadArgument, MissingDependency, whole_number
from segmnist.load.reader import Array, Kinds, Reader, Source, clip_of, has_digits, open_reader

BATCH_SIZE = 32
"""Clips per kernel call."""


def iterable_dataset(source: Source = "standard", *, num_shards: int = 8, **options: Any) -> Any:
    """Return a `datasets.IterableDataset` of clips: arrays, with as many digit rows as the clip has digits.

    Classes are `digit_classes`, a list of `ClassLabel`. Without a format arrays keep their dtypes;
    `with_format("torch")` and "numpy" make integers 64-bit, as `datasets` does. num_shards: the most workers or ranks
    that can share it; each gets a range of clips. options: those of `open_reader`; `length` is needed where the source
    has none. It resumes by its `state_dict`, as every streaming dataset does. Raises `BadArgument` for a source without
    end, `MissingDependency` without `datasets`.

    >>> dataset = iterable_dataset("clean", length=16)
    >>> clip = next(iter(dataset))
    >>> clip["video"].shape, clip["video"].dtype
    ((30, 64, 64), dtype('uint8'))
    """
    try:
        import datasets
    except ImportError:
        raise MissingDependency("segmnist.load.huggingface", "huggingface") from None
    reader = open_reader(source, **options)
    if reader.length is None:
        raise BadArgument("length", None, "a number of clips", "an endless source cannot be cut into shards")
    shards = min(whole_number("num_shards", num_shards, 1), reader.length)
    cuts = [reader.length * shard // shards for shard in range(shards + 1)]
    return datasets.IterableDataset.from_generator(
        _rows,
        features=_features(reader.kinds, reader.classes),
        gen_kwargs={"reader": reader, "ranges": list(itertools.pairwise(cuts))},
    )


def _rows(reader: Reader, ranges: Sequence[tuple[int, int]]) -> Iterator[dict[str, Array]]:
    for start, stop in ranges:
        for first in range(start, stop, BATCH_SIZE):
            batch = reader.read(np.arange(first, min(first + BATCH_SIZE, stop)))
            for row in range(len(batch["clip_id"])):
                yield {column_of(name): array for name, array in clip_of(batch, row).items()}


def _features(kinds: Kinds, classes: Classes) -> Any:
    import datasets

    columns = {column_of(name): _feature(name, *kind, classes) for name, kind in kinds.items()}
    return datasets.Features(columns)


def _feature(name: str, shape: tuple[int, ...], dtype: str, classes: Classes) -> Any:
    import datasets

    if name == LABELS:
        return datasets.List(datasets.ClassLabel(names=list(classes.all_names)))
    if len(shape) < 2:
        return datasets.List(datasets.Value(dtype)) if shape else datasets.Value(dtype)
    kind = {2: datasets.Array2D, 3: datasets.Array3D, 4: datasets.Array4D}[len(shape)]
    return kind((None, *shape[1:]) if has_digits(name) else shape, dtype)
