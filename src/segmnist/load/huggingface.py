"""Hugging Face: clips as a streaming dataset, drawn or read as they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segmnist.errors import BadArgument, MissingDependency
from segmnist.load.reader import Array, Kinds, Reader, Source, clip_of, open_reader
from segmnist.palette import CLASS_NAMES

BATCH_SIZE = 32
"""Clips per kernel call."""


def iterable_dataset(source: Source = "standard", *, num_shards: int = 8, **options: Any) -> Any:
    """Return a `datasets.IterableDataset` of clips: video and masks as arrays, labels as `ClassLabel`.

    num_shards: the most workers or ranks that can share it; each gets a range of clips. options: those of
    `open_reader`; `length` is needed where the source has none. It resumes by its `state_dict`, as every
    streaming dataset does. Raises `BadArgument` for a source without end, `MissingDependency` without
    `datasets`.

    >>> dataset = iterable_dataset("clean", length=16)
    >>> np.asarray(next(iter(dataset))["video"]).shape
    (30, 64, 64)
    """
    try:
        import datasets
    except ImportError:
        raise MissingDependency("segmnist.load.huggingface", "huggingface") from None
    reader = open_reader(source, **options)
    if reader.length is None:
        raise BadArgument("length", None, "a number of clips", "an endless source cannot be cut into shards")
    cuts = np.linspace(0, reader.length, min(num_shards, reader.length) + 1).astype(int).tolist()
    return datasets.IterableDataset.from_generator(
        _rows,
        features=_features(reader.kinds),
        gen_kwargs={"reader": reader, "ranges": list(itertools.pairwise(cuts))},
    )


def _rows(reader: Reader, ranges: Sequence[tuple[int, int]]) -> Iterator[dict[str, Array]]:
    for start, stop in ranges:
        for first in range(start, stop, BATCH_SIZE):
            batch = reader.read(np.arange(first, min(first + BATCH_SIZE, stop)))
            yield from (clip_of(batch, row) for row in range(len(batch["clip_id"])))


def _features(kinds: Kinds) -> Any:
    import datasets

    features = {name: _feature(shape, dtype) for name, (shape, dtype) in kinds.items()}
    return datasets.Features(
        {**features, "labels": datasets.Sequence(datasets.ClassLabel(names=list(CLASS_NAMES)))}
    )


def _feature(shape: tuple[int, ...], dtype: str) -> Any:
    """Return the feature of an array; arrays of digits have as many rows as the clip has digits."""
    import datasets

    feature = datasets.Value(dtype)
    for _ in shape:
        feature = datasets.Sequence(feature)
    return feature
