"""What may be scored: a function, a torch module, a checkpoint, stored predictions; by itself or by its name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from segmnist.errors import BadArgument, MissingDependency
from segmnist.suites import Suite
from segmnist.suites.predict import Model
from segmnist.urls import is_url, local_path


class NamedModel(NamedTuple):
    """A function that predicts, or the path of stored predictions, and the name that results give it."""

    source: Path | Model
    name: str
    checkpoint: Path | None = None
    """The file that a baseline was read from."""

    def check_trained_on(self, asked: Suite) -> None:
        """Raise `BadArgument` for a checkpoint that was not trained on all parts that are asked for."""
        if self.checkpoint is not None:
            from segmnist.baselines.score import check_trained_on

            check_trained_on(self.checkpoint, asked)


def model_of(model: object, device: str = "auto") -> NamedModel:
    """Return what to score.

    model: a function from videos `(B, T, H, W)` uint8 to what `segmnist.suites.evaluate` takes; a torch module from `(B, T, 1,
    H, W)` float32 in 0..1 to logits `(B, T, 11, H, W)`, which runs on `device`; the path of stored predictions or of a
    checkpoint (`.pt`) of `segmnist train`; or `"MODULE:NAME"` of a function or module that can be imported. Raises
    `BadArgument` for anything else, `MissingDependency` for a checkpoint without torch.
    """
    if isinstance(model, (str, Path)):
        return _named(str(model), device)
    if not callable(model):
        raise BadArgument("model", type(model).__name__, "a function, a torch module, or a path")
    return NamedModel(_predicting(model, device), getattr(model, "__name__", type(model).__name__))


def _named(name: str, device: str) -> NamedModel:
    if is_url(name):
        fix = "copy it from the store first"
        raise BadArgument("PREDICTIONS", name, "a local file or folder, or MODULE:FUNCTION", fix)
    path = local_path(name)
    if path.suffix == ".pt":
        return _checkpoint(path, device)
    if path.exists() or ":" not in name:
        return NamedModel(path, path.stem)
    return NamedModel(_imported(name, device), name)


def _checkpoint(path: Path, device: str) -> NamedModel:
    try:
        from segmnist.baselines.predict import load_predictor
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependency("a checkpoint", "train") from None
    return NamedModel(*load_predictor(path, device), path)


def _imported(name: str, device: str) -> Model:
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        permitted = "a path, or MODULE:NAME that can be imported"
        raise BadArgument("PREDICTIONS", name, permitted, str(error)) from None
    if not callable(function):
        raise BadArgument("PREDICTIONS", name, "a function from videos (B,T,H,W) to predictions")
    return _predicting(function, device)


def _predicting(function: Callable[..., Any], device: str) -> Model:
    """Return the function itself, or that which a torch module computes."""
    torch = sys.modules.get("torch")  # where it was never imported there are no modules of its own
    if torch is not None and isinstance(function, torch.nn.Module):
        from segmnist.baselines.predict import predictor

        return predictor(function, device)
    return function
