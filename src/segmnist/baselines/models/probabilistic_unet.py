"""A probabilistic U-Net: a few numbers drawn for the whole clip choose among the worlds that it may show."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, kl_divergence
from torch.nn import functional

from segmnist.baselines.baseline import Sampler, cross_entropy
from segmnist.baselines.models.unet import LEVELS, Encoder
from segmnist.baselines.models.unet2plus1d import video_body
from segmnist.baselines.models.unet3d import class_head
from segmnist.classes import NUM_CLASSES

LATENTS = 6
FREE_NATS = 2.0
"""How far the posterior may be from the prior at no cost (Kingma et al. 2016), so that training finds a use for it."""


class LatentNet(nn.Module):
    """Frames `(B, T, C, H, W)` -> a Gaussian over the clip's latent numbers, `(B, 6)`."""

    def __init__(self, width: int, inputs: int) -> None:
        super().__init__()
        self.encoder = Encoder(width, inputs)
        self.head = nn.Linear(width << LEVELS - 1, 2 * LATENTS)

    def forward(self, frames: Tensor) -> Distribution:
        """Return the distribution of the latent numbers."""
        coarse = self.encoder(frames.flatten(0, 1))[-1]
        # Pooled over the whole clip: one latent for all its frames.
        pooled = coarse.mean(dim=(2, 3)).unflatten(0, frames.shape[:2]).mean(dim=1)
        mean, log_deviation = self.head(pooled).float().chunk(2, dim=1)
        return Independent(Normal(mean, log_deviation.clamp(-5, 5).exp()), 1)


class ProbabilisticUNet(Sampler):
    """The prior sees the video; in training, a posterior that sees the truth too says what to draw."""

    paper = "Kohl et al., A probabilistic U-Net for segmentation of ambiguous images, NeurIPS 2018"
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.num_classes, self.body = num_classes, video_body(width)
        self.prior = LatentNet(width, 1)
        self.posterior = LatentNet(width, 1 + num_classes)
        self.head = class_head(width, num_classes)
        self.combine = nn.Sequential(
            nn.Conv3d(width + LATENTS, 2 * width, 1),
            nn.ReLU(),
            nn.Conv3d(2 * width, 2 * width, 1),
            nn.ReLU(),
        )
        self.head_combined = nn.Conv3d(2 * width, num_classes, 1, bias=False)
        # At first, the latent numbers are noise that the logits had better not follow.
        nn.init.zeros_(self.head_combined.weight)

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return logits of some worlds, `(B, S, T, C, H, W)`."""
        features, prior = self.body(video.transpose(1, 2)), self.prior(video)
        return torch.stack([self._decode(features, prior.sample()) for _ in range(num_draws)], dim=1)

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the negative evidence lower bound a pixel, with free nats."""
        truth = functional.one_hot(target, self.num_classes).movedim(-1, 2).to(video.dtype)
        prior, posterior = self.prior(video), self.posterior(torch.cat([video, truth], dim=2))
        logits = self._decode(self.body(video.transpose(1, 2)), posterior.rsample())
        divergence = kl_divergence(posterior, prior).clamp(min=FREE_NATS).mean()
        return cross_entropy(logits, target) + divergence / target[0].numel()

    def _decode(self, features: Tensor, latents: Tensor) -> Tensor:
        """Return the logits of the world of these latent numbers, `(B, T, C, H, W)`."""
        everywhere = latents[:, :, None, None, None].expand(-1, -1, *features.shape[2:])
        combined = self.head_combined(self.combine(torch.cat([features, everywhere], dim=1)))
        logits: Tensor = self.head(features) + combined
        return logits.transpose(1, 2)
