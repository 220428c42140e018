"""Evidence: what one video says of each picture before one background, as log-likelihood ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.family import Family
from segmnist.oracle.pictures import Pictures

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrameEvidence:
    """One frame: for each ink pixel of each picture log p(y | ink) - log p(y | background)."""

    pictures: Pictures
    ratio: Floats
    """One number an entry of `pictures`."""
    background: float
    """log p(frame | background alone)."""

    def total(self) -> Floats:
        """Return each picture's sum of ratios, `(U,)`: its evidence when nothing hides it."""
        return self.pictures.sums(self.ratio)

    def most(self) -> Floats:
        """Return the most that each picture's evidence can be, whatever hides it, `(U,)`."""
        return self.pictures.sums(np.maximum(self.ratio, 0.0))

    def hidden_by(self, row: int, num_pixels: int) -> Floats:
        """Return how much of each picture's evidence lies under picture `row`, `(U,)`."""
        cover = np.zeros(num_pixels)
        cover[self.pictures.pixel[self.pictures.start[row] : self.pictures.start[row + 1]]] = 1.0
        return self.pictures.sums(self.ratio * cover[self.pictures.pixel])

    def hidden_of(self, row: int, num_pixels: int) -> Floats:
        """Return how much of the evidence of picture `row` lies under each picture, `(U,)`."""
        own = slice(self.pictures.start[row], self.pictures.start[row + 1])
        worth = np.zeros(num_pixels)
        worth[self.pictures.pixel[own]] = self.ratio[own]
        return self.pictures.sums(worth[self.pictures.pixel])

    def columns(self, rows: Integers) -> NDArray[np.bool_]:
        """Return the pixels that any of these pictures covers, `(P,)` padded to the largest pixel in use."""
        covered = np.zeros(int(self.pictures.pixel.max(initial=0)) + 1, bool)
        covered[self.pictures.pixel[self.pictures.entries(rows)[1]]] = True
        return covered

    def dense(self, rows: Integers, columns: Integers, values: Any, arrays: Any, single: bool = False) -> Any:
        """Return `(len(rows), len(columns))` with values at ink, zero elsewhere, as the backend's array.

        values: one number an entry, or None for the mask itself.
        """
        place = np.full(int(self.pictures.pixel.max(initial=0)) + 1, -1, np.int64)
        place[columns] = np.arange(len(columns))
        owner, entry = self.pictures.entries(rows)
        column = place[self.pictures.pixel[entry]]
        kept = column >= 0
        numbers = 1.0 if values is None else values[entry[kept]]
        return arrays.scatter((len(rows), len(columns)), owner[kept], column[kept], numbers, single)


def weigh(
    family: Family, video: NDArray[np.uint8], background: int, log_table: Floats
) -> list[FrameEvidence]:
    """Return the evidence of each frame of a video, `(T,H,W)` uint8, before background number
    `background`."""
    result = []
    for t, pictures in enumerate(family.pictures):
        seen = video[t].reshape(-1).astype(np.int64)
        behind = log_table[family.backgrounds[background, t], seen]
        ink = log_table[pictures.level, seen[pictures.pixel]]
        result.append(FrameEvidence(pictures, ink - behind[pictures.pixel], float(behind.sum())))
    return result
