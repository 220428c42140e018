"""Two paths in a clip, one before the other: the posterior over all pairs that are worth it.

With the log-odds w of a path's pixels over the background, and the mask m of a path, the evidence of a pair is

    front's sum of w + back's sum of w - sum over pixels of (front's m times back's w),

as what the front hides of the back speaks neither for nor against it. See `docs/ambiguity.md`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TRIED = 128
"""Paths that are tried before and behind all others: those that explain the clip best by themselves."""


class Paths(NamedTuple):
    """What a clip may show: N paths over its P = T * H * W pixels, of which they cover E in all."""

    masks: Tensor  # (N, P) float32
    classes: Tensor  # (N,) int64
    log_prior: Tensor  # (N,) float32
    path: Tensor  # (E,) int64: which path covers
    pixel: Tensor  # (E,) int64: which pixel
    level: Tensor  # (E,) int64: the mean grey level there
    log_likelihood: Tensor  # (256, 256) float32: of a grey level, by the mean level


class Pairs(NamedTuple):
    """The posterior over pairs; all its probabilities add up to 1."""

    tried: Tensor  # (R,) int64: paths
    before: Tensor  # (R, N) float32: path `tried` before path n
    behind: Tensor  # (R, N) float32: path `tried` behind path n


def posterior(paths: Paths, grey: Tensor, background: Tensor) -> Pairs:
    """Return the posterior of a clip; its grey levels and the mean ones of its background are `(P,)` int64."""
    seen = grey[paths.pixel]
    odds = torch.zeros_like(paths.masks)
    odds[paths.path, paths.pixel] = (
        paths.log_likelihood[paths.level, seen] - paths.log_likelihood[background[paths.pixel], seen]
    )
    alone = odds.sum(1) + paths.log_prior
    tried = alone.topk(min(TRIED, len(alone))).indices
    before = alone[tried, None] + alone - paths.masks[tried] @ odds.T
    behind = alone[tried, None] + alone - odds[tried] @ paths.masks.T
    behind[:, tried] = -torch.inf  # these pairs are in `before`
    return Pairs(tried, *torch.stack((before, behind)).flatten().softmax(0).reshape(2, len(tried), -1))


def class_probabilities(paths: Paths, pairs: Pairs, num_classes: int) -> Tensor:
    """Return the probabilities of the classes, `(num_classes, P)` float32; the background is the last."""
    tried, before, behind = pairs
    weight = before.sum(0) + behind.sum(0)
    weight[tried] += before.sum(1) + behind.sum(1)
    likely = (weight > 1e-6).nonzero()[:, 0]
    hidden = torch.zeros_like(paths.masks)
    hidden[likely] = before[:, likely].T @ paths.masks[tried]
    hidden[tried] += behind[:, likely] @ paths.masks[likely]
    shown = paths.masks * (weight[:, None] - hidden)
    digits = shown.new_zeros(num_classes - 1, shown.shape[1]).index_add(0, paths.classes, shown)
    return torch.cat((digits, 1 - digits.sum(0, keepdim=True))).clamp(0, 1)


def sampled_maps(paths: Paths, pairs: Pairs, num_samples: int, background: int) -> Tensor:
    """Return label maps of drawn pairs, `(num_samples, P)` uint8."""
    weights = torch.stack((pairs.before, pairs.behind)).flatten()
    drawn = torch.multinomial(weights, num_samples, replacement=True)
    is_before = drawn < pairs.before.numel()
    one, other = pairs.tried[drawn // len(paths.masks) % len(pairs.tried)], drawn % len(paths.masks)
    maps = torch.full((num_samples, paths.masks.shape[1]), background, device=drawn.device)
    for path in (torch.where(is_before, other, one), torch.where(is_before, one, other)):
        maps = torch.where(paths.masks[path] > 0, paths.classes[path, None], maps)
    return maps.to(torch.uint8)
