"""A (2+1)D U-Net: convolutions in space and in time take turns, at a third of the 3D U-Net's weights.

It is also the body of the models that draw samples, so that a table compares what they draw and not what they see.
"""

from __future__ import annotations

from torch import nn

from segmnist.baselines.models.unet3d import UNet3d, VideoUNet


def factored_conv(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3x3 convolutions in space, then one of 5 frames in time, each with normalisation and ReLU."""
    layers: list[nn.Module] = []
    for channels, size in ((inputs, (1, 3, 3)), (outputs, (1, 3, 3)), (outputs, (5, 1, 1))):
        conv = nn.Conv3d(channels, outputs, size, padding="same")
        layers += [conv, nn.GroupNorm(8, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def video_body(width: int, inputs: int = 1) -> VideoUNet:
    """Return a U-Net of such blocks: `(B, inputs, T, H, W)` -> features `(B, width, T, H, W)`."""
    return VideoUNet(width, inputs, factored_conv)


class UNet2Plus1d(UNet3d):
    """Whole clips at once."""

    paper = (
        "Tran et al., A closer look at spatiotemporal convolutions for action recognition, CVPR 2018 "
        "(its convolution, in a U-Net)"
    )

    def __init__(self, width: int = 16) -> None:
        super().__init__(width, factored_conv)
