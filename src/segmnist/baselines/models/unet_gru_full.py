"""A U-Net with a convolutional GRU at every resolution: memory of the past, down to single pixels."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.models.unet import LEVELS, Decoder, Encoder
from segmnist.baselines.models.unet_gru import ConvGRU
from segmnist.classes import NUM_CLASSES


class UNetGRUFull(Baseline):
    """Each frame with what is remembered of those before it, at full resolution and all coarser ones."""

    paper = (
        "Ballas et al., Delving deeper into convolutional networks for learning video representations, ICLR 2016 "
        "(which has a GRU at every resolution, too)"
    )
    sees: ClassVar[Literal["past", "clip"]] = "past"

    def __init__(
        self, width: int = 16, num_classes: int = NUM_CLASSES, memory: type[nn.Module] = ConvGRU
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(width), Decoder(width, num_classes)
        self.memories = nn.ModuleList(memory(width << level) for level in range(LEVELS))

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        known = []
        for memory, features in zip(self.memories, self.encoder(video.flatten(0, 1)), strict=True):
            # The sum keeps what the frame alone says; the memory adds to it.
            known.append(features + memory(features.unflatten(0, video.shape[:2])).flatten(0, 1))
        logits: Tensor = self.decoder(known)
        return logits.reshape(*video.shape[:2], *logits.shape[1:])
