"""Grain: clips as a random-access data source. This module does not import grain."""

from __future__ import annotations

from typing import Any

from segmnist.errors import BadArgument
from segmnist.load.reader import Array, Source, open_reader


class GrainSource:
    """A data source for `grain.MapDataset.source` and `grain.DataLoader`.

    `source[i]` is clip i as a dict of arrays, digit rows padded as in batches, so that grain can stack clips: the first
    `num_digits` rows are real. options: those of `segmnist.load.open_reader`; `length` is needed where the source has none.
    Raises `BadArgument` without it.

    >>> source = GrainSource("clean", length=100)
    >>> len(source), source[7]["video"].shape
    (100, (30, 64, 64))
    """

    def __init__(self, source: Source = "standard", **options: Any) -> None:
        self.reader, self.name = open_reader(source, **options), f"{source!r}, {options!r}"
        if self.reader.length is None:
            raise BadArgument(
                "length", None, "a number of clips", "grain shuffles a whole source, which must end"
            )

    def __len__(self) -> int:
        return self.reader.length or 0

    def __getitem__(self, index: int) -> dict[str, Array]:
        return {name: array[0] for name, array in self.reader.read([range(len(self))[index]]).items()}

    def __repr__(self) -> str:
        # Grain compares it when a run is resumed.
        return f"GrainSource({self.name})"
