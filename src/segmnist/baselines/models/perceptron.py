"""A perceptron: fully connected layers over a whole clip, for clips so small that each pixel may look at all others.

Its first layer is a bank of filters as large as the clip. Each can follow one digit along one path, and so gather what
small convolutions must piece together from frame to frame.
"""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.baselines.catalog import CLIP_SHAPE
from segmnist.classes import NUM_CLASSES
from segmnist.errors import BadArgument

BLOCKS = 2
MAX_PIXELS = 1 << 17
"""Pixels of the largest clips; those of `standard` have 81,920."""


class Block(nn.Module):
    """Two layers, added to what came in."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(units)
        self.first, self.second = nn.Linear(units, units), nn.Linear(units, units)
        nn.init.zeros_(self.second.weight)

    def forward(self, units: Tensor) -> Tensor:
        """Return units of the same shape `(B, U)`."""
        added: Tensor = self.second(functional.gelu(self.first(self.norm(units))))
        return units + added


class Perceptron(Baseline):
    """Whole clips at once, of the size that it is trained on; smaller clips are padded with 0."""

    paper = "Bachmann, Anagnostidis and Hofmann, Scaling MLPs: A tale of inductive bias, NeurIPS 2023"
    sees = "clip"
    whole_clips = True
    defaults: ClassVar = {"batch": 512, "frames": None, "muon_rate": 0.05, "rate": 2e-3}

    def __init__(
        self, width: int = 16, num_classes: int = NUM_CLASSES, clip_shape: tuple[int, int, int] = CLIP_SHAPE
    ) -> None:
        super().__init__()
        self.clip_shape, num_pixels = clip_shape, math.prod(clip_shape)
        if num_pixels > MAX_PIXELS:
            fix = "train it on smaller clips, or another model"
            raise BadArgument("clip_shape", clip_shape, f"up to {MAX_PIXELS} pixels for a perceptron", fix)
        units = 32 * width
        self.look = nn.Linear(num_pixels, units)
        self.blocks = nn.Sequential(*(Block(units) for _ in range(BLOCKS)), nn.LayerNorm(units))
        self.sum_up = nn.Linear(units, 8 * width)
        self.head = nn.Linear(8 * width, num_classes * num_pixels)
        # The head has a bias for each pixel, too; this one starts classes at their shares, and all pixels move it.
        self.head_bias = nn.Parameter(class_prior(num_classes))
        nn.init.zeros_(self.head.weight)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`. Raises `BadArgument` for larger clips."""
        B, T, _, H, W = video.shape
        missing = [most - size for most, size in zip(self.clip_shape, (T, H, W), strict=True)]
        if min(missing) < 0:
            permitted = "up to {} frames of {}x{} px, as in training".format(*self.clip_shape)
            raise BadArgument("video", (T, H, W), permitted, "this model takes no larger clips")
        pixels = functional.pad(video[:, :, 0], (0, missing[2], 0, missing[1], 0, missing[0])).flatten(1)
        # Brings grey levels near 0: in the faint exact parts most are below a third of 255.
        maps = self.head(self.sum_up(self.blocks(self.look(3 * pixels - 0.5))))
        whole = maps.reshape(B, self.clip_shape[0], -1, *self.clip_shape[1:])
        logits: Tensor = whole[:, :T, :, :H, :W] + self.head_bias[:, None, None]
        return logits
