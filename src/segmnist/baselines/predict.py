"""From a trained model to what `segmnist.suites.evaluate` scores: videos in, probabilities out."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segmnist.baselines.baseline import Baseline, Sampler
from segmnist.baselines.checkpoint import check_weights, load_weights, read_checkpoint, settings_of
from segmnist.baselines.device import device_named
from segmnist.errors import SegmnistError

Predictor = Callable[[NDArray[np.uint8]], NDArray[Any] | dict[str, NDArray[Any]]]

NUM_SAMPLES = 16
"""Joint samples that a `Sampler` hands in for each clip, as many as the ambiguity scores compare."""


def predictor(model: nn.Module, device: str = "auto") -> Predictor:
    """Return the function that a torch module computes, for `segmnist.suites.evaluate`.

    model: `(B, T, 1, H, W)` float32 in 0..1 -> logits `(B, T, C, H, W)`. The function: videos `(B, T, H, W)`
    uint8 -> probabilities `(B, T, C, H, W)` float32; of a `Sampler`, a mapping that has also `samples`,
    `(B, 16, T, H, W)` uint8. Samples depend on the clip alone, not on the batch that it comes in.
    """
    where = device_named(device)
    model = model.to(where).eval()

    def predict(video: NDArray[np.uint8]) -> NDArray[Any]:
        with torch.inference_mode():
            frames = as_input(video, where)
            if isinstance(model, Baseline):
                return model.predict(frames, NUM_SAMPLES)["probabilities"].cpu().numpy()
            return model(frames).float().softmax(dim=2).cpu().numpy()

    def predict_and_sample(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        assert isinstance(model, Sampler)
        answers = [_sampled(model, clip[None], where) for clip in video]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    return predict_and_sample if isinstance(model, Sampler) else predict


def as_input(video: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return videos `(B, T, H, W)` uint8 as the models' input, `(B, T, 1, H, W)` float32 in 0..1."""
    return torch.from_numpy(video).to(device).unsqueeze(2).float() / 255


def _sampled(model: Sampler, video: NDArray[np.uint8], device: torch.device) -> dict[str, NDArray[Any]]:
    """Return the probabilities and samples of one clip, drawn from a seed that the clip itself gives."""
    with torch.inference_mode(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(zlib.crc32(np.ascontiguousarray(video).data))
        answer = model.predict(as_input(video, device), NUM_SAMPLES)
    return {name: tensor.cpu().numpy() for name, tensor in answer.items()}


def load_predictor(checkpoint: str | Path, device: str = "auto") -> tuple[Predictor, str]:
    """Return the predictor of a checkpoint that `segmnist train` wrote, and the model's name.

    Raises `BadArgument` where there is no such file, and `CorruptData` for any other; the predictor raises `SegmnistError`
    where torch cannot compute an answer.
    """
    state = read_checkpoint(Path(checkpoint), torch.device("cpu"))
    settings = settings_of(state, Path(checkpoint))
    check_weights(state["average"], settings, Path(checkpoint))
    model = settings.build()
    load_weights(model, state["average"], settings.model, Path(checkpoint))
    predict = predictor(model, device)

    def answer(video: NDArray[np.uint8]) -> NDArray[Any] | dict[str, NDArray[Any]]:
        try:
            return predict(video)
        except RuntimeError as error:  # weights so large that nothing can be drawn, or too little memory
            reason = str(error).partition("\n")[0]
            raise SegmnistError(f"{checkpoint}: {settings.model} gives no answer: {reason}") from error

    return answer, settings.model
