"""A deep ensemble: networks that start from other weights, each trained by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Sampler, cross_entropy
from segmnist.baselines.models.unet2plus1d import UNet2Plus1d
from segmnist.classes import NUM_CLASSES

MEMBERS = 4


class Ensemble(Sampler):
    """Its draws are its members' answers, which differ where training left them in doubt; a step costs four."""

    paper = (
        "Lakshminarayanan, Pritzel and Blundell, Simple and scalable predictive uncertainty estimation using "
        "deep ensembles, NeurIPS 2017"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.members = nn.ModuleList(UNet2Plus1d(width, num_classes) for _ in range(MEMBERS))

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return the members' logits in turn, `(B, S, T, C, H, W)`."""
        logits = torch.stack([member(video) for member in self.members], dim=1)
        return logits[:, torch.arange(num_draws, device=video.device) % MEMBERS]

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the sum of the members' cross-entropies: no gradient goes from one to another."""
        return torch.stack([cross_entropy(member(video), target) for member in self.members]).sum()
