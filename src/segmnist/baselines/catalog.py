"""The baselines by name: one table, which the command line, training and tests share."""

from __future__ import annotations

import difflib

from torch import nn

from segmnist.baselines.all_background import AllBackground
from segmnist.baselines.prednet import PredNet
from segmnist.baselines.transformer import SpaceTimeTransformer
from segmnist.baselines.unet import UNet
from segmnist.baselines.unet3d import UNet3d
from segmnist.baselines.unet_gru import UNetGRU
from segmnist.errors import BadArgument

MODELS: dict[str, type[nn.Module]] = {
    "all-background": AllBackground,
    "unet": UNet,
    "unet-gru": UNetGRU,
    "unet3d": UNet3d,
    "transformer": SpaceTimeTransformer,
    "prednet": PredNet,
}


def build(name: str, width: int = 16) -> nn.Module:
    """Return an untrained baseline; `width` is its number of channels at full resolution, a multiple of 8.

    Raises `BadArgument` for an unknown name or another width.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(str(name), MODELS, n=1)
        raise BadArgument("model", name, ", ".join(MODELS), f"did you mean {near[0]}?" if near else "")
    if width < 8 or width % 8:
        raise BadArgument("width", width, "8, 16, 24, ...")
    return MODELS[name](width)
