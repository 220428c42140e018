"""Evidence: what one video says of each picture before one background, as log-likelihood ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.family import Family
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.pictures import Pictures

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink pixels of all pictures of all frames, one frame after another."""

    pixel: NDArray[np.int32]
    """`(E,)` row-major in the frame."""
    ratio: Floats
    """`(E,)` log p(seen | ink) - log p(seen | background)."""


@dataclass(frozen=True, eq=False)
class FrameEvidence:
    """One frame: for each ink pixel of each picture log p(y | ink) - log p(y | background)."""

    pictures: Pictures
    ratio: Floats
    """One number an entry of `pictures`."""
    total: Floats
    """`(U,)` each picture's sum of ratios: its evidence when nothing hides it."""
    most: Floats
    """`(U,)` the most that each picture's evidence can be, whatever hides it."""
    background: float
    """log p(frame | background alone)."""
    ink: Ink
    first: int
    """The place of this frame's first entry in `ink`."""

    def covered(self, rows: Integers) -> NDArray[np.bool_]:
        """Return the pixels that any of these pictures covers, `(P,)` padded to the largest pixel in use."""
        covered = np.zeros(int(self.pictures.pixel.max(initial=0)) + 1, bool)
        covered[self.pictures.pixel[self.pictures.entries(rows)[1]]] = True
        return covered

    def ink_in(self, rows: Integers, pixels: Integers, values: Any) -> tuple[Integers, Integers, Any]:
        """Return where ink lies in a `(len(rows), len(pixels))` matrix of pictures and pixels, and its values there.

        values: one number an entry, or None for the mask itself.
        """
        size = max(int(self.pictures.pixel.max(initial=0)), int(pixels.max(initial=0))) + 1
        place = np.full(size, -1, np.int64)
        place[pixels] = np.arange(len(pixels))
        owner, entry = self.pictures.entries(rows)
        column = place[self.pictures.pixel[entry]]
        kept = column >= 0
        return owner[kept], column[kept], 1.0 if values is None else values[entry[kept]]


def weigh_all(family: Family, video: NDArray[np.uint8]) -> list[list[FrameEvidence]]:
    """Return the evidence of each frame of a video, `(T,H,W)` uint8, before each of the family's backgrounds."""
    log_table = log_likelihood_table(family.spec)
    return [weigh(family, video, b, log_table) for b in range(len(family.backgrounds))]


def weigh(
    family: Family, video: NDArray[np.uint8], background: int, log_table: Floats
) -> list[FrameEvidence]:
    """Return the evidence of each frame of a video, `(T,H,W)` uint8, before one of the family's backgrounds."""
    from segmnist.oracle.kernels import weigh_ink

    pixel = np.concatenate([pictures.pixel for pictures in family.pictures])
    ink = Ink(pixel, np.empty(len(pixel)))
    result, first = [], 0
    for t, pictures in enumerate(family.pictures):
        seen = video[t].reshape(-1)
        behind = log_table[family.backgrounds[background, t], seen]
        ratio = ink.ratio[first : first + len(pictures.pixel)]
        total, most = np.empty(len(pictures)), np.empty(len(pictures))
        weigh_ink(pictures.start, pictures.pixel, pictures.level, seen, log_table, behind, ratio, total, most)
        frame = FrameEvidence(pictures, ratio, total, most, float(behind.sum()), ink, first)
        result.append(frame)
        first += len(pictures.pixel)
    return result
