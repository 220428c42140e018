"""A stochastic segmentation network: all logits of a clip are one Gaussian, whose covariance has low rank."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Sampler
from segmnist.baselines.models.unet2plus1d import video_body
from segmnist.baselines.models.unet3d import class_head
from segmnist.classes import NUM_CLASSES

RANK = 8
TRAINING_DRAWS = 8


class StochasticSegmentation(Sampler):
    """Logits = mean + factors times a few numbers drawn for the whole clip + a little noise at every pixel."""

    paper = (
        "Monteiro et al., Stochastic segmentation networks: Modelling spatially correlated aleatoric "
        "uncertainty, NeurIPS 2020"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.body, self.head_mean = video_body(width), class_head(width, num_classes)
        self.head_log_deviation = nn.Conv3d(width, num_classes, 1)
        self.head_factors = nn.Conv3d(width, num_classes * RANK, 1)
        # Noise that no other pixel shares explains no ambiguity: it starts small.
        nn.init.zeros_(self.head_log_deviation.weight)
        self.head_log_deviation.bias = nn.Parameter(torch.full((num_classes,), -3.0))

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return logits of some worlds, `(B, S, T, C, H, W)`."""
        features = self.body(video.transpose(1, 2))
        mean = self.head_mean(features).transpose(1, 2)[:, None].float()
        deviation = self.head_log_deviation(features).transpose(1, 2)[:, None].float().exp()
        factors = self.head_factors(features).float().unflatten(1, (-1, RANK))
        shared = torch.randn(len(video), num_draws, RANK, device=video.device)
        moved = torch.einsum("bsr,bcrthw->bstchw", shared, factors)
        logits: Tensor = mean + moved
        return logits + deviation * torch.randn_like(logits)

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the negative log-likelihood of the whole map a pixel, estimated from a few draws."""
        return negative_log_likelihood(self.draws(video, TRAINING_DRAWS), target)


def negative_log_likelihood(draws: Tensor, target: Tensor, log_weights: Tensor | None = None) -> Tensor:
    """Return -log of the mean over draws of the target's probability, divided by the number of pixels.

    draws: logits `(B, S, T, C, H, W)`, whose pixels are independent given the draw; target: `(B, T, H, W)`
    int64; log_weights: log-probabilities of the draws, `(B, S)`, alike unless given. A scalar.
    """
    B, S, T, _, H, W = draws.shape
    if log_weights is None:
        log_weights = draws.new_full((B, S), -math.log(S))
    chosen = target[:, None, :, None].expand(B, S, T, 1, H, W)
    log_likelihood = draws.float().log_softmax(dim=3).gather(3, chosen).sum(dim=(2, 3, 4, 5))
    return -(log_weights + log_likelihood).logsumexp(dim=1).mean() / (T * H * W)
