"""A U-Net that sees one frame at a time: what can be said without memory."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.classes import NUM_CLASSES

LEVELS = 4


def double_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3x3 convolutions, each with group normalisation and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class Encoder(nn.Module):
    """Frames `(n, C, H, W)` -> features at 1, 1/2, 1/4 and 1/8 resolution, `width` times 1, 2, 4 and 8 channels."""

    def __init__(self, width: int, inputs: int = 1) -> None:
        super().__init__()
        channels = [inputs, *(width << level for level in range(LEVELS))]
        self.blocks = nn.ModuleList(double_conv(a, b) for a, b in pairwise(channels))

    def forward(self, frames: Tensor) -> list[Tensor]:
        """Return the features, finest first."""
        features = [self.blocks[0](frames)]
        for block in list(self.blocks)[1:]:
            features.append(block(functional.max_pool2d(features[-1], 2, ceil_mode=True)))
        return features


class Decoder(nn.Module):
    """Features, finest first -> logits `(n, C, H, W)`."""

    def __init__(self, width: int, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        levels = [width << level for level in range(LEVELS - 1)]
        self.ups = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in levels)
        self.blocks = nn.ModuleList(double_conv(2 * c, c) for c in levels)
        self.head = nn.Conv2d(width, num_classes, 1)
        self.head.bias = nn.Parameter(class_prior(num_classes))

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return the logits at the finest resolution."""
        coarse = features[-1]
        for level in reversed(range(LEVELS - 1)):
            fine = features[level]
            # Where a side was odd, pooling rounded up: what is too much is cut off.
            grown = self.ups[level](coarse)[..., : fine.shape[-2], : fine.shape[-1]]
            coarse = self.blocks[level](torch.cat([fine, grown], dim=1))
        logits: Tensor = self.head(coarse)
        return logits


class UNet(Baseline):
    """Each frame by itself."""

    paper = (
        "Ronneberger, Fischer and Brox, U-Net: Convolutional networks for biomedical image segmentation, "
        "MICCAI 2015"
    )
    sees = "frame"
    defaults: ClassVar = {"batch": 32, "frames": 1}

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(width), Decoder(width, num_classes)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        logits: Tensor = self.decoder(self.encoder(video.flatten(0, 1)))
        return logits.reshape(*video.shape[:2], *logits.shape[1:])
