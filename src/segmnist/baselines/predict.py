"""From a trained model to what `segmnist.suites.evaluate` scores: videos in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segmnist.baselines.catalog import build
from segmnist.baselines.checkpoint import load_weights, read_checkpoint
from segmnist.baselines.train import as_input, device_named

Predictor = Callable[[NDArray[np.uint8]], NDArray[Any]]


def predictor(model: nn.Module, device: str = "auto") -> Predictor:
    """Return the function that a torch module computes, for `segmnist.suites.evaluate`.

    model: `(B, T, 1, H, W)` float32 in 0..1 -> logits `(B, T, 11, H, W)`. The function: videos `(B, T, H, W)`
    uint8 -> probabilities `(B, T, 11, H, W)` float32.
    """
    where = device_named(device)
    model = model.to(where).eval()

    def predict(video: NDArray[np.uint8]) -> NDArray[Any]:
        with torch.inference_mode():
            logits = model(as_input(video, where))
            probabilities: NDArray[Any] = logits.float().softmax(dim=2).cpu().numpy()
        return probabilities

    return predict


def load_predictor(checkpoint: str | Path, device: str = "auto") -> tuple[Predictor, str]:
    """Return the predictor of a checkpoint that `segmnist train` wrote, and the model's name."""
    state = read_checkpoint(Path(checkpoint), torch.device("cpu"))
    settings = state["settings"]
    model = build(settings["model"], settings["width"])
    load_weights(model, state, Path(checkpoint))
    return predictor(model, device), settings["model"]
