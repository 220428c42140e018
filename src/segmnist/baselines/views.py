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
    is_seen = [(target == digit).flatten(2).any(2).all(1) for digit in range(num_classes)]
    clip, digit = torch.stack(is_seen, 1).nonzero().T
    masks = target[clip] == digit[:, None, None, None]
    (top, height), (left, width) = _extent(masks.any(3)), _extent(masks.any(2))
    fits = ((height <= SIZE) & (width <= SIZE)).all(1)
    clip, digit, corners = clip[fits], digit[fits], torch.stack((top, left), 2)[fits]
    views = _cut_out(masks[fits], corners)
    keys = _hash(views.flatten(0, 1)).reshape(corners.shape[:2]) + digit[:, None]
    return Digits(digit, corners, views, _cut_out(grey[clip], corners) * views, keys)


def _extent(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first index and the number of indices up to the last, of `(..., n)` bool."""
    first, last = seen.int().argmax(-1), seen.shape[-1] - 1 - seen.flip(-1).int().argmax(-1)
    return first, last - first + 1


def _cut_out(clips: Tensor, corners: Tensor) -> Tensor:
    """Return the views `(D, T, S, S)` of clips `(D, T, H, W)`."""
    side = torch.arange(SIZE, device=clips.device)
    clip, frame = (torch.arange(size, device=clips.device) for size in clips.shape[:2])
    y, x = corners[..., 0, None] + side, corners[..., 1, None] + side
    padded = functional.pad(clips, (0, SIZE, 0, SIZE))
    return padded[clip[:, None, None, None], frame[:, None, None], y[..., None], x[..., None, :]]


def _hash(rows: Tensor) -> Tensor:
    """Return int64 numbers `(n,)` that tell the rows of a tensor `(n, ...)` of integers apart."""
    weights = torch.randint(-(1 << 62), 1 << 62, rows.shape[1:], generator=torch.Generator().manual_seed(0))
    return (rows * weights.to(rows.device)).flatten(1).sum(1)
