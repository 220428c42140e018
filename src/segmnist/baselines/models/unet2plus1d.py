"""A (2+1)D U-Net: convolutions in space and in time take turns, at a third of the 3D U-Net's weights.

It is also the body of the models that draw samples, so that a table compares what they draw and not what they see.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.models.unet import double_conv
from segmnist.baselines.models.unet3d import UNet3d, VideoUNet
from segmnist.classes import NUM_CLASSES


class FactoredConv(nn.Module):
    """Two 3x3 convolutions in space, to which one of 5 frames in time adds, each with normalisation; then ReLU.

    Both work on 2D layers, frames as pictures and pixels as rows, which on a processor take two thirds of the
    time of 3D layers.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = double_conv(inputs, outputs)
        norm = nn.GroupNorm(8, outputs)
        # At first each frame is seen by itself; what the others add is learned, as without this it drowns what one says.
        nn.init.zeros_(norm.weight)
        self.time = nn.Sequential(nn.Conv2d(outputs, outputs, (5, 1), padding=(2, 0)), norm)

    def forward(self, clips: Tensor) -> Tensor:
        """Return features `(B, outputs, T, H, W)` of `(B, inputs, T, H, W)`."""
        B, _, T, H, W = clips.shape
        frames = self.space(clips.transpose(1, 2).flatten(0, 1)).unflatten(0, (B, T))
        rows = frames.transpose(1, 2).flatten(3)
        # The sum keeps what the frame alone says: without it, the same training learns half as much.
        summed: Tensor = functional.relu(rows + self.time(rows))
        return summed.reshape(B, -1, T, H, W)


def video_body(width: int, inputs: int = 1) -> VideoUNet:
    """Return a U-Net of such blocks: `(B, inputs, T, H, W)` -> features `(B, width, T, H, W)`."""
    return VideoUNet(width, inputs, FactoredConv)


class UNet2Plus1d(UNet3d):
    """Whole clips at once."""

    paper = (
        "Tran et al., A closer look at spatiotemporal convolutions for action recognition, CVPR 2018 "
        "(its convolution, in a U-Net)"
    )

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__(width, num_classes, FactoredConv)
