"""Sprites: what digits look like and the paths that they take, collected from label maps; then exact inference.

A clip is compared with scenes of two paths or three, one before another, on the background most like it: it is told that
digits keep to paths that come again. How far to trust what it is told, it learns from clips before it counts them.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Sampler, class_prior
from segmnist.baselines.catalog import CLIP_SHAPE
from segmnist.baselines.sprites.collected import Collected
from segmnist.baselines.sprites.layers import (
    Extended,
    Paths,
    class_probabilities,
    evidence,
    posterior,
    sampled_maps,
)
from segmnist.baselines.sprites.trust import HEATS, Trust
from segmnist.classes import NUM_CLASSES

CHECKED, STEPS_A_CHECK = 4, 8
"""Clips of a batch that are answered before they are counted, and how often."""


class Sprites(Sampler):
    """Two digits in a clip or three, one before another, each on a path that was seen in training, before noise."""

    paper = (
        "Jojic and Frey, Learning flexible sprites in video layers, CVPR 2001 (layers of sprites; here they are read "
        "from label maps, and all scenes that are worth it are compared)"
    )
    sees = "clip"
    whole_clips = True
    defaults: ClassVar = {"batch": 512, "frames": None}

    steps: Tensor

    def __init__(
        self, width: int = 16, num_classes: int = NUM_CLASSES, clip_shape: tuple[int, int, int] = CLIP_SHAPE
    ) -> None:
        super().__init__()
        self.clip_shape = clip_shape
        self.head_bias = nn.Parameter(class_prior(num_classes))
        self.collected, self.trust = Collected(num_classes - 1, clip_shape), Trust()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._of_tables: tuple[int, Paths] | None = None

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Collect what clips of its shape show; return the class prior's cross-entropy, which alone has a gradient."""
        if self.clip_shape == target.shape[1:]:
            grey = (video[:, :, 0] * 255).round().long()
            if self.steps % STEPS_A_CHECK == 0:
                self._check(grey[:CHECKED], target[:CHECKED])
            self.steps += 1
            self.collected.add(grey, target)
        shares = torch.bincount(target.flatten(), minlength=len(self.head_bias)) / target.numel()
        return -(shares * self.head_bias.log_softmax(0)).sum()

    def check_values(self) -> None:
        """Raise `ValueError` for weights that no training leaves, and for tables that no clips give."""
        super().check_values()
        self.collected.check_values()

    def known_paths(self) -> Paths:
        """Return the paths that were collected so far."""
        tables = (self.collected.views, self.collected.paths)
        check = int(sum((table.keys * table.counts).sum() for table in tables))
        if self._of_tables is None or self._of_tables[0] != check:
            self._of_tables = check, self.collected.known_paths()
        return self._of_tables[1]

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities` of the posterior over scenes, and `samples` of it; in part of the class prior."""
        answers = [self._answer(grey, num_samples) for grey in (video[:, :, 0] * 255).round().long()]
        probabilities, samples = (torch.stack(column) for column in zip(*answers, strict=True))
        return {"probabilities": probabilities, "samples": samples}

    def _answer(self, grey: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
        """Return probabilities `(T, C, H, W)` and samples `(S, T, H, W)` of one clip `(T, H, W)` int64."""
        prior, paths = self.head_bias.float().softmax(0), self.known_paths()
        unknown = prior[:, None, None].expand(len(grey), -1, *grey.shape[1:])
        empty = grey.new_full((num_samples, *grey.shape), len(prior) - 1, dtype=torch.uint8)
        if grey.shape != self.clip_shape or not len(paths.masks):
            return unknown, empty
        heat, doubt = self.trust.best()
        found = posterior(self._evidence(grey), heat)
        drawn = sampled_maps(paths, found, num_samples, len(prior) - 1).reshape(empty.shape)
        is_unknown = torch.rand(num_samples, device=grey.device) < doubt
        return (
            (1 - doubt) * self._classes(found) + doubt * unknown,
            torch.where(is_unknown[:, None, None, None], empty, drawn),
        )

    @torch.no_grad()
    def _check(self, grey: Tensor, target: Tensor) -> None:
        """Learn from clips that are not counted yet how far to trust the answers."""
        prior = self.head_bias.float().softmax(0)
        for clip, truth in zip(grey, target, strict=True):
            if len(self.known_paths().masks):
                found = self._evidence(clip)
                answers = [self._classes(posterior(found, heat)).gather(1, truth[:, None]) for heat in HEATS]
                self.trust.add(torch.stack(answers).flatten(1), prior[truth.flatten()])

    def _evidence(self, grey: Tensor) -> list[Extended]:
        """Return the scenes that one clip `(T, H, W)` int64 is compared with."""
        backgrounds = self.collected.backgrounds
        nearest = backgrounds.nearest(grey[None], torch.ones_like(grey[None]))
        ground = backgrounds.means()[nearest[0]].round().long()
        return evidence(self.known_paths(), grey.flatten(), ground.flatten(), self.collected.log_number())

    def _classes(self, found: list[Extended]) -> Tensor:
        """Return the class probabilities of scenes with theirs, `(T, C, H, W)`."""
        T, H, W = self.clip_shape
        classes = class_probabilities(self.known_paths(), found, len(self.head_bias))
        return classes.reshape(-1, T, H, W).transpose(0, 1)
