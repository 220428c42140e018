"""A space-time transformer: patches attend to those of their frame, then to their place in other frames.

Positions are sines, so that clips of any size and length work.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.classes import NUM_CLASSES

PATCH = 4


def sines(length: int, channels: int, device: torch.device) -> Tensor:
    """Return sinusoidal codes of positions 0..length-1, `(length, channels)`."""
    rates = torch.exp(torch.arange(0, channels, 2, device=device) * (-math.log(1000.0) / channels))
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Block(nn.Module):
    """Attention in space, attention in time, and a two-layer perceptron, each added to what came in."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.space = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.time = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.perceptron = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape `(B, T, P, C)`."""
        B, T, P, C = tokens.shape
        frames = self.norms[0](tokens).reshape(B * T, P, C)
        tokens = tokens + self.space(frames, frames, frames, need_weights=False)[0].reshape(B, T, P, C)
        places = self.norms[1](tokens).transpose(1, 2).reshape(B * P, T, C)
        moved = self.time(places, places, places, need_weights=False)[0].reshape(B, P, T, C)
        tokens = tokens + moved.transpose(1, 2)
        thought: Tensor = self.perceptron(self.norms[2](tokens))
        return tokens + thought


class SpaceTimeTransformer(Baseline):
    """Whole clips at once, in patches of 4x4 pixels; frames are padded to whole patches."""

    paper = (
        "Bertasius, Wang and Torresani, Is space-time attention all you need for video understanding?, ICML 2021 "
        "(its divided attention)"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES, depth: int = 4) -> None:
        super().__init__()
        channels = 6 * width
        # A little convolution before the patches, since 4x4 raw pixels say little about a stroke.
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.embed = nn.Conv2d(width, channels, PATCH, stride=PATCH)
        self.blocks = nn.ModuleList(Block(channels, heads=4) for _ in range(depth))
        self.expand = nn.Linear(channels, width * PATCH**2)
        self.head = nn.Conv2d(2 * width, num_classes, 3, padding=1)
        self.head.bias = nn.Parameter(class_prior(num_classes))

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        B, T, _, H, W = video.shape
        frames = functional.pad(video.flatten(0, 1), (0, -W % PATCH, 0, -H % PATCH))
        fine = self.stem(frames)
        grid = self.embed(fine)
        rows, columns = grid.shape[-2:]
        tokens = grid.flatten(2).transpose(1, 2).reshape(B, T, rows * columns, -1)
        tokens = tokens + self._positions(T, rows, columns, grid)
        for block in self.blocks:
            tokens = block(tokens)
        patches = self.expand(tokens).flatten(0, 1).transpose(1, 2).reshape(B * T, -1, rows, columns)
        logits: Tensor = self.head(torch.cat([fine, functional.pixel_shuffle(patches, PATCH)], dim=1))
        return logits[..., :H, :W].reshape(B, T, -1, H, W)

    def _positions(self, T: int, rows: int, columns: int, like: Tensor) -> Tensor:
        """Return the codes of frame, row and column side by side, `(T, rows * columns, C)`."""
        third = like.shape[1] // 3
        codes = [sines(length, third, like.device) for length in (T, rows, columns)]
        spread = [
            codes[0][:, None, None].expand(T, rows, columns, third),
            codes[1][None, :, None].expand(T, rows, columns, third),
            codes[2][None, None, :].expand(T, rows, columns, third),
        ]
        return torch.cat(spread, dim=-1).flatten(1, 2).to(like.dtype)
