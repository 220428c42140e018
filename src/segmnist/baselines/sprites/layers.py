"""Scenes of paths, one before another: the posterior over all that are worth it.

With the log-odds w of a path's pixels over the background, the evidence of a scene is

    sum over its paths of (the sum of w over the pixels that no path before it covers),

as what is hidden speaks neither for nor against a path. See `docs/ambiguity.md`. The paths that explain a clip best by
themselves are tried with every path at every depth, and the best of these scenes once more.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TRIED = 128
"""Scenes that get every path at every depth: those that explain the clip best."""
LIKELY = 1e-7
"""Paths with a lower probability are left out of the maps."""


class Paths(NamedTuple):
    """What a clip may show: N paths over its P = T * H * W pixels, of which they cover E in all."""

    masks: Tensor  # (N, P) float32
    classes: Tensor  # (N,) int64
    log_prior: Tensor  # (N,) float32
    path: Tensor  # (E,) int64: which path covers
    pixel: Tensor  # (E,) int64: which pixel
    level: Tensor  # (E,) int64: the mean grey level there
    log_likelihood: Tensor  # (256, 256) float32: of a grey level, by the mean level


class Extended(NamedTuple):
    """R scenes of D paths, each with every path at every depth; no scene is there twice."""

    scenes: Tensor  # (R, D) int64: paths from the front to the back
    weights: Tensor  # (D + 1, R, N) float32, or their logarithms; d others are before a new path at depth d

    def chosen(self, index: Tensor) -> Tensor:
        """Return the scenes `(n, D + 1)` int64 of entries of the flattened weights, from the front to the back."""
        depth, row, path = torch.unravel_index(index, self.weights.shape)
        scenes, any_path = self.scenes[row], path[:, None]
        place, depth = torch.arange(self.scenes.shape[1] + 1, device=index.device), depth[:, None]
        others = torch.where(
            place < depth, torch.cat((scenes, any_path), 1), torch.cat((any_path, scenes), 1)
        )
        return torch.where(place == depth, path[:, None], others)


def evidence(paths: Paths, grey: Tensor, background: Tensor, log_number: Tensor) -> list[Extended]:
    """Return scenes of two paths, of three, and so on, with the logarithm of prior times likelihood, but for a constant.

    grey, background: the clip's grey levels and the mean ones of its background, `(P,)` int64. log_number: the
    log-probabilities of two digits, of three and so on, as many as there may be.
    """
    seen = grey[paths.pixel]
    odds = torch.zeros_like(paths.masks)
    odds[paths.path, paths.pixel] = (
        paths.log_likelihood[paths.level, seen] - paths.log_likelihood[background[paths.pixel], seen]
    )
    alone = odds.sum(1) + paths.log_prior
    # One scene of no path, with every path.
    latest, found = Extended(paths.path.new_empty(1, 0), alone[None, None]), list[Extended]()
    for log_one in log_number:
        log_weight, best = latest.weights.flatten().topk(min(TRIED, latest.weights.numel()))
        is_there = log_weight > -torch.inf
        scenes = latest.chosen(best[is_there])
        added = _added(paths.masks, odds, alone, scenes)
        latest = Extended(scenes, log_weight[is_there, None] + added)
        found.append(Extended(scenes, latest.weights + log_one))
    return found


def posterior(found: list[Extended], heat: float = 1.0) -> list[Extended]:
    """Return scenes with their probabilities, which add up to 1, from the logarithms; each is divided by the heat."""
    weights = (torch.cat([each.weights.flatten() for each in found]) / heat).softmax(0)
    parts = torch.split(weights, [each.weights.numel() for each in found])
    return [
        Extended(each.scenes, part.reshape(each.weights.shape))
        for each, part in zip(found, parts, strict=True)
    ]


def _added(masks: Tensor, odds: Tensor, alone: Tensor, scenes: Tensor) -> Tensor:
    """Return the log-weight that a path at a depth adds to a scene, `(D + 1, R, N)`; -inf for scenes that are there twice."""
    num_depths = scenes.shape[1] + 1
    covered = _fronts(scenes, masks)
    behind = torch.zeros_like(covered[0])  # the odds of what is seen of the paths behind the new one
    added = alone.expand(num_depths, len(scenes), -1).clone()
    for depth in reversed(range(num_depths)):
        if depth < num_depths - 1:
            behind += odds[scenes[:, depth]] * (1 - covered[depth])
            added[depth] -= behind @ masks.T
        if depth:
            added[depth] -= covered[depth] @ odds.T
        added[depth].masked_fill_(_is_elsewhere(scenes, depth, len(masks)), -torch.inf)
    return added


def _fronts(scenes: Tensor, masks: Tensor) -> list[Tensor]:
    """Return what the first d paths of each scene `(R, D)` cover, for d of 0..D: `(R, P)` float32 each."""
    covered = [masks.new_zeros(len(scenes), masks.shape[1])]
    for path in scenes.T:
        covered.append(torch.maximum(covered[-1], masks[path]))
    return covered


def _is_elsewhere(scenes: Tensor, depth: int, num_paths: int) -> Tensor:
    """Return which scenes with a path more at a depth are also made of an earlier scene, or at the next depth, `(R, N)`."""
    num_scenes, size = scenes.shape
    order, places = torch.arange(num_scenes, device=scenes.device), torch.arange(size, device=scenes.device)
    elsewhere = torch.zeros(num_scenes, num_paths, dtype=torch.bool, device=scenes.device)
    if depth < size:
        elsewhere[order, scenes[:, depth]] = True
    for left_out in range(size):
        # Without one of its own paths, the new scene is an earlier one if all but the new path are the same.
        place = depth - (left_out < depth)
        others, rest = scenes[:, places != left_out], scenes[:, places != place]
        is_earlier = (others[:, None] == rest).all(2) & (order < order[:, None])
        row, earlier = is_earlier.nonzero().T
        elsewhere[row, scenes[earlier, place]] = True
    return elsewhere


def class_probabilities(paths: Paths, found: list[Extended], num_classes: int) -> Tensor:
    """Return the probabilities of the classes, `(num_classes, P)` float32; the background is the last."""
    digits = paths.masks.new_zeros(num_classes - 1, paths.masks.shape[1])
    for each in found:
        covered = _fronts(each.scenes, paths.masks)
        for depth, weights in enumerate(each.weights):
            likely = (weights.sum(0) > LIKELY).nonzero()[:, 0]
            share, weights = weights.sum(1, keepdim=True), weights[:, likely]
            new = paths.masks[likely]
            digits.index_add_(0, paths.classes[likely], new * (weights.T @ (1 - covered[depth])))
            hidden = weights @ new
            for place, path in enumerate(each.scenes.T):
                shown = paths.masks[path] * (1 - covered[place])
                digits.index_add_(0, paths.classes[path], shown * (share - hidden * (place >= depth)))
    return torch.cat((digits, 1 - digits.sum(0, keepdim=True))).clamp(0, 1)


def sampled_maps(paths: Paths, found: list[Extended], num_samples: int, background: int) -> Tensor:
    """Return label maps of drawn scenes, `(num_samples, P)` uint8."""
    weights = torch.cat([each.weights.flatten() for each in found])
    drawn = torch.multinomial(weights, num_samples, replacement=True)
    maps = torch.full((num_samples, paths.masks.shape[1]), background, device=drawn.device)
    first = 0
    for each in found:
        mine = ((drawn >= first) & (drawn < first + each.weights.numel())).nonzero()[:, 0]
        for path in each.chosen(drawn[mine] - first).T.flip(0):
            maps[mine] = torch.where(paths.masks[path] > 0, paths.classes[path, None], maps[mine])
        first += each.weights.numel()
    return maps.to(torch.uint8)
