"""The baselines by name: every file in `segmnist/baselines/models/` is one."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from segmnist.baselines import models
from segmnist.classes import NUM_CLASSES
from segmnist.errors import BadArgument, did_you_mean

if TYPE_CHECKING:
    from segmnist.baselines.baseline import Baseline

MODELS = tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(models.__path__)))
"""The names of all baselines. Torch is imported when one is asked for."""

LEARNED = tuple(name for name in MODELS if name != "all-background")
"""Those of the benchmark's tables: `all-background` learns what the reference `class-prior` counts."""

CLIP_SHAPE = (8, 32, 32)
"""Frames, height and width of the clips of most exact parts."""

MAX_WIDTH = 512
"""Channels at full resolution of the widest baseline: some of this width have 3 billion weights."""


def model_class(name: str) -> type[Baseline]:
    """Return the class of a baseline. Raises `BadArgument` for an unknown name."""
    from segmnist.baselines.baseline import Baseline

    if not isinstance(name, str) or name not in MODELS:
        raise BadArgument("model", name, ", ".join(MODELS), did_you_mean(str(name), MODELS))
    module = importlib.import_module(f"{models.__name__}.{name.replace('-', '_')}")
    [found] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Baseline) and value.__module__ == module.__name__
    ]
    return found


def build(
    name: str,
    width: int = 16,
    num_classes: int = NUM_CLASSES,
    clip_shape: tuple[int, int, int] = CLIP_SHAPE,
) -> Baseline:
    """Return an untrained baseline; `width` is its number of channels at full resolution, a multiple of 8.

    num_classes: those of the digits and the background. clip_shape: frames, height and width of the largest clips,
    for a model whose weights depend on them. Raises `BadArgument` for an unknown name or another width.
    """
    found = model_class(name)
    if not isinstance(width, int) or not 8 <= width <= MAX_WIDTH or width % 8:
        raise BadArgument("width", width, f"8, 16, 24, ... {MAX_WIDTH}")
    return found.for_clips(width, num_classes, clip_shape)


def weight_shapes(
    name: str,
    width: int,
    num_classes: int = NUM_CLASSES,
    clip_shape: tuple[int, int, int] = CLIP_SHAPE,
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a baseline's weights by name, for which no memory is taken. Raises as `build` does."""
    import torch

    with torch.device("meta"):
        weights = build(name, width, num_classes, clip_shape).state_dict()
    return {key: tuple(weight.shape) for key, weight in weights.items()}
