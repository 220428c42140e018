"""A U-Net with two convolutional GRUs at every resolution: one remembers the past, one the future."""

from __future__ import annotations

from torch import Tensor, nn

from segmnist.baselines.models.unet_gru import ConvGRU
from segmnist.baselines.models.unet_gru_full import UNetGRUFull
from segmnist.classes import NUM_CLASSES


class BothWays(nn.Module):
    """A ConvGRU forward in time and another backward, added up."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.forward_memory, self.backward_memory = ConvGRU(channels), ConvGRU(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return states of the shape of the features, `(B, T, C, h, w)`."""
        states: Tensor = self.forward_memory(features) + self.backward_memory(features.flip(1)).flip(1)
        return states


class UNetBiGRU(UNetGRUFull):
    """Each frame with what is remembered of those before it and those after it."""

    paper = (
        "Graves and Schmidhuber, Framewise phoneme classification with bidirectional LSTM and other neural network "
        "architectures, Neural Networks 2005 (both directions), with the GRU of Ballas et al., ICLR 2016"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__(width, num_classes, BothWays)
