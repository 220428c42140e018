"""Areas and boxes of masks in tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def area(mask: Tensor) -> Tensor:
    """Return the pixels of each mask `(...,H,W)` bool, int32."""
    return mask.sum(dim=(-2, -1), dtype=torch.int32)


def box(mask: Tensor) -> Tensor:
    """Return the half-open xyxy box of each mask `(...,H,W)` bool, `(...,4)` float32, -1 where it is empty."""
    left, right = _bounds(mask.any(dim=-2))
    top, bottom = _bounds(mask.any(dim=-1))
    return torch.stack((left, top, right, bottom), dim=-1).to(torch.float32)


def _bounds(line: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first place that is set in each line, and the place after the last; -1 twice if none is."""
    place = torch.arange(line.shape[-1], device=line.device, dtype=torch.int32)
    stop = torch.where(line, place + 1, -1).amax(dim=-1)
    first = torch.where(line, place, line.shape[-1]).amin(dim=-1)
    return torch.where(stop < 0, -1, first), stop
