"""A U-Net of 3D convolutions: every frame sees a few frames before and after it.

Time is never pooled, so that clips of any length work.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.classes import NUM_CLASSES

LEVELS = 4


def double_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3x3x3 convolutions, each with group normalisation and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv3d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet3d(Baseline):
    """Whole clips at once."""

    paper = (
        "Çiçek et al., 3D U-Net: Learning dense volumetric segmentation from sparse annotation, MICCAI 2016"
    )
    sees = "clip"

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        down = [1, *(width << level for level in range(LEVELS))]
        self.down = nn.ModuleList(double_conv(a, b) for a, b in pairwise(down))
        self.up = nn.ModuleList(
            double_conv((width << level) + (width << level + 1), width << level)
            for level in range(LEVELS - 1)
        )
        self.head = nn.Conv3d(width, NUM_CLASSES, 1)
        self.head.bias = nn.Parameter(class_prior())

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, 11, H, W)` of a video `(B, T, 1, H, W)`."""
        features = [self.down[0](video.transpose(1, 2))]
        for block in list(self.down)[1:]:
            features.append(block(functional.max_pool3d(features[-1], (1, 2, 2), ceil_mode=True)))
        coarse = features.pop()
        for level in reversed(range(LEVELS - 1)):
            fine = features[level]
            grown = functional.interpolate(coarse, fine.shape[-3:], mode="trilinear", align_corners=False)
            coarse = self.up[level](torch.cat([fine, grown], dim=1))
        logits: Tensor = self.head(coarse)
        return logits.transpose(1, 2)
