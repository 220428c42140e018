"""A U-Net whose coarsest features pass through a convolutional GRU: memory of the past, none of the future."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.models.unet import LEVELS, Decoder, Encoder
from segmnist.classes import NUM_CLASSES


class ConvGRU(nn.Module):
    """Features `(B, T, C, H, W)` -> states of the same shape, each a function of the frames up to its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.candidate = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the state after each frame."""
        state = torch.zeros_like(features[:, 0])
        states = []
        for frame in features.unbind(dim=1):
            update, reset = self.gates(torch.cat([frame, state], dim=1)).sigmoid().chunk(2, dim=1)
            candidate = self.candidate(torch.cat([frame, reset * state], dim=1)).tanh()
            state = update * state + (1 - update) * candidate
            states.append(state)
        return torch.stack(states, dim=1)


class UNetGRU(Baseline):
    """Each frame with what is remembered of those before it."""

    paper = "Ballas et al., Delving deeper into convolutional networks for learning video representations, ICLR 2016"
    sees = "past"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(width), Decoder(width, num_classes)
        self.memory = ConvGRU(width << LEVELS - 1)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        *fine, coarse = self.encoder(video.flatten(0, 1))
        remembered = self.memory(coarse.reshape(*video.shape[:2], *coarse.shape[1:])).flatten(0, 1)
        # The sum keeps what the frame alone says; the memory adds to it.
        logits: Tensor = self.decoder([*fine, coarse + remembered])
        return logits.reshape(*video.shape[:2], *logits.shape[1:])
