"""A U-Net that sees each frame with its three neighbours on either side, stacked as the channels of one picture."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from segmnist.baselines.baseline import Baseline, cross_entropy
from segmnist.baselines.models.unet import Decoder, Encoder
from segmnist.classes import NUM_CLASSES

REACH = 3


class FrameStack(Baseline):
    """Seven frames in, the classes of the middle one out; outside the clip, its first and last frames repeat."""

    paper = (
        "Simonyan and Zisserman, Two-stream convolutional networks for action recognition in videos, NeurIPS "
        "2014 (its stacking), in a U-Net"
    )
    sees = "clip"
    defaults: ClassVar = {"batch": 32, "frames": None}

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(width, 2 * REACH + 1), Decoder(width, num_classes)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        stacks = video[:, _neighbours(torch.arange(video.shape[1], device=video.device), video.shape[1]), 0]
        logits: Tensor = self.decoder(self.encoder(stacks.flatten(0, 1)))
        return logits.reshape(*video.shape[:2], *logits.shape[1:])

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of one random frame of each clip: frames of a clip are near-duplicates."""
        clips = torch.arange(len(video), device=video.device)
        frames = torch.randint(video.shape[1], (len(video),), device=video.device)
        stacks = video[clips[:, None], _neighbours(frames, video.shape[1]), 0]
        logits = self.decoder(self.encoder(stacks))
        return cross_entropy(logits[:, None], target[clips, frames, None])


def _neighbours(frames: Tensor, num_frames: int) -> Tensor:
    """Return the indices of each frame and its neighbours, `(len(frames), 7)`."""
    shifts = torch.arange(-REACH, REACH + 1, device=frames.device)
    return (frames[:, None] + shifts).clamp(0, num_frames - 1)
