"""The floor: one distribution over classes, the same for every pixel; its most likely class is the
background.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmnist.classes import BACKGROUND, NUM_CLASSES


def class_prior() -> Tensor:
    """Return logits near the class shares of `standard`, `(11,)`: where every baseline's head starts."""
    # From a uniform start, the first hundred steps would go into learning that most pixels are background.
    shares = torch.full((NUM_CLASSES,), 0.009)
    shares[BACKGROUND] = 0.91
    return shares.log()


class AllBackground(nn.Module):
    """Learns how frequent each class is, and looks at no pixel."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.logits = nn.Parameter(class_prior())

    def forward(self, video: Tensor) -> Tensor:
        """Return the same logits everywhere. video: `(B, T, 1, H, W)`."""
        B, T, _, H, W = video.shape
        return self.logits.reshape(1, 1, -1, 1, 1).expand(B, T, -1, H, W)
