"""Digits as label maps show them: a view in each frame, cut out, and where it was."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

SIZE = 24
"""Pixels a side of a view, S."""


class Digits(NamedTuple):
    """D digits that are seen in all T frames of their clip."""

    classes: Tensor  # (D,) int64
    corners: Tensor  # (D, T, 2) int64: row and column of the upper left corner of the view
    masks: Tensor  # (D, T, S, S) bool
    light: Tensor  # (D, T, S, S) int64: the video under the mask
    keys: Tensor  # (D, T) int64: the same for views of the same mask and class

    def path_keys(self) -> Tensor:
        """Return numbers `(D,)` int64, the same for digits that show the same views at the same places."""
        return _hash(torch.cat((self.keys[..., None], self.corners), dim=2))


def digits_of(grey: Tensor, target: Tensor, num_classes: int) -> Digits:
    """Return the pixels of each class in each clip as a digit; grey, target: `(B, T, H, W)` int64.

    They may be less than a digit, where another hides it, or two of one class. Larger ones than a view are left out.
    """
    rows, columns = [], []
    for digit in range(num_classes):
        mask = target == digit
        rows.append(mask.any(3))
        columns.append(mask.any(2))
    in_row, in_column = torch.stack(rows, 1), torch.stack(columns, 1)
    clip, digit_class = in_row.any(3).all(2).nonzero().T
    top, height = _extent(in_row[clip, digit_class])
    left, width = _extent(in_column[clip, digit_class])
    fits = ((height <= SIZE) & (width <= SIZE)).all(1)
    clip, digit_class, corners = clip[fits], digit_class[fits], torch.stack((top, left), 2)[fits]
    masks = _cut_out(target, clip, corners) == digit_class[:, None, None, None]
    keys = _hash(masks.flatten(0, 1)).reshape(corners.shape[:2]) + digit_class[:, None]
    return Digits(digit_class, corners, masks, _cut_out(grey, clip, corners) * masks, keys)


def sizes_of(masks: Tensor) -> Tensor:
    """Return the rows and columns that views `(V, S, S)` bool take from their corner on, `(V, 2)` int64."""
    upto = torch.arange(1, SIZE + 1, device=masks.device)
    return torch.stack([(masks.any(axis) * upto).amax(1) for axis in (2, 1)], 1)


def _extent(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first index and the number of indices up to the last, of `(..., n)` bool."""
    first, last = seen.int().argmax(-1), seen.shape[-1] - 1 - seen.flip(-1).int().argmax(-1)
    return first, last - first + 1


def _cut_out(clips: Tensor, which: Tensor, corners: Tensor) -> Tensor:
    """Return the views `(D, T, S, S)` of some of the clips `(B, T, H, W)`, -1 outside of them."""
    side, frame = (torch.arange(size, device=clips.device) for size in (SIZE, clips.shape[1]))
    y, x = corners[..., 0, None] + side, corners[..., 1, None] + side
    padded = functional.pad(clips, (0, SIZE, 0, SIZE), value=-1)
    return padded[which[:, None, None, None], frame[:, None, None], y[..., None], x[..., None, :]]


def _hash(rows: Tensor) -> Tensor:
    """Return int64 numbers `(n,)` that tell the rows of a tensor `(n, ...)` of integers apart."""
    weights = torch.randint(-(1 << 62), 1 << 62, rows.shape[1:], generator=torch.Generator().manual_seed(0))
    return (rows * weights.to(rows.device)).flatten(1).sum(1)
