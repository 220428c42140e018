"""Dropout that stays on at prediction: each draw is the answer of another thinned network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Sampler, cross_entropy
from segmnist.baselines.models.unet2plus1d import FactoredConv
from segmnist.baselines.models.unet3d import UNet3d
from segmnist.classes import NUM_CLASSES

SHARE = 0.1
"""The share of channels that a draw goes without."""


class AlwaysDropout(nn.Module):
    """Drops whole channels, in all frames of a clip alike, in training and in prediction."""

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape `(B, C, T, H, W)`."""
        return functional.dropout3d(features, SHARE, training=True)


def thinned_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return a block of the (2+1)D U-Net with dropout behind it."""
    return nn.Sequential(FactoredConv(inputs, outputs), AlwaysDropout())


class McDropout(Sampler):
    """Its draws differ where the weights are in doubt, not in what an ambiguous video may show."""

    paper = (
        "Gal and Ghahramani, Dropout as a Bayesian approximation: Representing model uncertainty in deep "
        "learning, ICML 2016"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.network = UNet3d(width, num_classes, thinned_conv)

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return logits of some thinned networks, `(B, S, T, C, H, W)`."""
        return torch.stack([self.network(video) for _ in range(num_draws)], dim=1)

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of one thinned network."""
        return cross_entropy(self.network(video), target)
