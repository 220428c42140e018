"""Scene: everything that is true of a batch of clips before a pixel is drawn, as plain arrays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.html_hooks import html_of
from segmnist.scene.spec import SceneSpec

NO_DIGIT = 255
"""The label of a row without a digit: padding, or a digit that was taken out. Nothing of such a row is drawn."""
NO_SHAPE = -1
"""The kind of a shape that was taken out. Nothing of such a row is drawn."""


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A batch of B clips as a struct of arrays: N rows for digits, S for shapes, T frames.

    Lengths are Q16 (65,536 is one pixel), angles hundredths of a degree counter-clockwise as seen, (0, 0) is the frame's
    top-left corner. Rows past `num_digits` and `num_shapes` are padding. Plain data: edit it and draw it again.
    """

    spec: SceneSpec
    bank: DigitBank
    seed: int
    split: str
    clip_ids: NDArray[np.uint64]
    """`(B,)`. With seed, split and frame these are the keys of the noise."""

    num_digits: NDArray[np.int32]
    """`(B,)`"""
    glyph: NDArray[np.int32]
    """`(B,N)` row in the digit bank."""
    label: NDArray[np.uint8]
    """`(B,N)` class 0..K-1 of the bank's K; `NO_DIGIT` where a row has none."""
    y: NDArray[np.int32]
    """`(B,N,T)` centre, Q16 pixels; `x` likewise."""
    x: NDArray[np.int32]
    angle: NDArray[np.int32]
    """`(B,N,T)` in 0..35,999."""
    scale: NDArray[np.int32]
    """`(B,N,T)` frame pixels a glyph pixel, Q16; 0 while the digit is not there: nothing of it is drawn."""
    brightness: NDArray[np.int32]
    """`(B,N,T)` factor on the ink, Q16."""
    depth: NDArray[np.uint8]
    """`(B,N,T)` rank 0..num_digits-1; the larger is nearer."""

    num_shapes: NDArray[np.int32]
    """`(B,)`"""
    shape_kind: NDArray[np.int8]
    """`(B,S)` 0 rectangle, 1 ellipse, 2 triangle, 3 triangle that points down, `NO_SHAPE` where a shape was
    taken out. Later shapes cover earlier ones."""
    shape_height: NDArray[np.int32]
    """`(B,S)` whole pixels; `shape_width` likewise."""
    shape_width: NDArray[np.int32]
    shape_apex: NDArray[np.int32]
    """`(B,S)` where along the width a triangle's apex lies."""
    shape_level: NDArray[np.uint8]
    """`(B,S)` grey level."""
    shape_y: NDArray[np.int32]
    """`(B,S,T)` top edge, whole pixels; `shape_x` the left edge."""
    shape_x: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.clip_ids)

    def __repr__(self) -> str:
        B, N, T = self.y.shape
        return (
            f"<Scene: {B} clips of {T} frames, up to {N} digits and {self.shape_kind.shape[1]} shapes, "
            f"split={self.split!r}, seed={self.seed}, bank {self.bank.name!r}>"
        )

    def replace(self, **changes: Any) -> Scene:
        """Return a copy with some arrays changed."""
        return dataclasses.replace(self, **changes)

    def select(self, rows: slice | NDArray[np.intp] | list[int]) -> Scene:
        """Return the clips of these rows, in this order."""
        changes = {name: array[rows] for name, array in self.arrays().items()}
        return self.replace(**changes)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name; each has the clip axis first."""
        return {name: getattr(self, name) for name in _ARRAY_NAMES}

    def equals(self, other: Scene) -> bool:
        """Return whether every array and every setting is the same."""
        settings = (self.spec, self.bank.sha256, self.seed, self.split)
        same = settings == (other.spec, other.bank.sha256, other.seed, other.split)
        theirs = other.arrays()
        return same and all(np.array_equal(a, theirs[name]) for name, a in self.arrays().items())

    def _repr_html_(self) -> str:
        return html_of(self)


_ARRAY_NAMES = tuple(
    field.name for field in dataclasses.fields(Scene) if field.name not in ("spec", "bank", "seed", "split")
)
