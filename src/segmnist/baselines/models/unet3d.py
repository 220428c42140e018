"""A U-Net of 3D convolutions: every frame sees a few frames before and after it.

Time is never pooled, so that clips of any length work.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.classes import NUM_CLASSES

LEVELS = 4

Block = Callable[[int, int], nn.Module]
"""Builds the layers of one level from its numbers of input and output channels."""


class Conv3d(nn.Conv3d):
    """A convolution in float32 over clips that have fewer frames than its kernel, on a processor.

    There, PyTorch 2.13 leaves parts of the weights' gradient in bfloat16 unwritten: it holds whatever the memory held before.
    """

    def forward(self, clips: Tensor) -> Tensor:
        """Return features `(B, outputs, T, H, W)` of `(B, inputs, T, H, W)`."""
        if clips.device.type == "cpu" and clips.shape[2] < self.kernel_size[0]:
            with torch.autocast("cpu", enabled=False):
                return super().forward(clips.float())
        return super().forward(clips)


def double_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3x3x3 convolutions, each with group normalisation and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [Conv3d(channels, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class VideoUNet(nn.Module):
    """Clips `(B, C, T, H, W)` -> features `(B, width, T, H, W)`, channels first as in PyTorch's 3D layers."""

    def __init__(self, width: int, inputs: int = 1, block: Block = double_conv) -> None:
        super().__init__()
        down = [inputs, *(width << level for level in range(LEVELS))]
        self.down = nn.ModuleList(block(a, b) for a, b in pairwise(down))
        levels = [width << level for level in range(LEVELS - 1)]
        self.ups = nn.ModuleList(nn.ConvTranspose3d(2 * c, c, (1, 2, 2), stride=(1, 2, 2)) for c in levels)
        self.blocks = nn.ModuleList(block(2 * c, c) for c in levels)

    def forward(self, clips: Tensor) -> Tensor:
        """Return the features of every pixel of every frame."""
        features = [self.down[0](clips)]
        for block in list(self.down)[1:]:
            features.append(block(functional.max_pool3d(features[-1], (1, 2, 2), ceil_mode=True)))
        coarse = features.pop()
        for level in reversed(range(LEVELS - 1)):
            fine = features[level]
            # Where a side was odd, pooling rounded up: what is too much is cut off.
            grown = self.ups[level](coarse)[..., : fine.shape[-2], : fine.shape[-1]]
            coarse = self.blocks[level](torch.cat([fine, grown], dim=1))
        return coarse


def class_head(channels: int, num_classes: int = NUM_CLASSES) -> nn.Conv3d:
    """Return the layer from features `(B, channels, T, H, W)` to logits `(B, C, T, H, W)`."""
    head = nn.Conv3d(channels, num_classes, 1)
    head.bias = nn.Parameter(class_prior(num_classes))
    return head


class UNet3d(Baseline):
    """Whole clips at once."""

    paper = (
        "Çiçek et al., 3D U-Net: Learning dense volumetric segmentation from sparse annotation, MICCAI 2016"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES, block: Block = double_conv) -> None:
        super().__init__()
        self.body, self.head = VideoUNet(width, block=block), class_head(width, num_classes)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        logits: Tensor = self.head(self.body(video.transpose(1, 2)))
        return logits.transpose(1, 2)
