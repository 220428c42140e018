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
    parameters: int | None = None
    """The number of weights of a torch module."""

    def about(self) -> dict[str, Any]:
        """Return what is known of the model by the names of `Result`: of a checkpoint also how it was trained."""
        if self.checkpoint is not None:
            from segmnist.baselines.score import how_trained

            return how_trained(self.checkpoint)
        return {} if self.parameters is None else {"parameters": self.parameters}

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
    return _predicting("model", model, getattr(model, "__name__", type(model).__name__), device)


def _named(name: str, device: str) -> NamedModel:
    if is_url(name):
        fix = "copy it from the store first"
        raise BadArgument("PREDICTIONS", name, "a local file or folder, or MODULE:FUNCTION", fix)
    path = local_path(name)
    if path.suffix == ".pt":
        return _checkpoint(path, device)
    if path.exists() or ":" not in name:
        return NamedModel(path, path.stem)
    return _imported(name, device)


def _checkpoint(path: Path, device: str) -> NamedModel:
    try:
        from segmnist.baselines.predict import load_predictor
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependency("a checkpoint", "train") from None
    return NamedModel(*load_predictor(path, device), path)


def _imported(name: str, device: str) -> NamedModel:
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        permitted = "a path, or MODULE:NAME that can be imported"
        raise BadArgument("PREDICTIONS", name, permitted, str(error)) from None
    if not callable(function):
        raise BadArgument("PREDICTIONS", name, "a function from videos (B,T,H,W) to predictions")
    return _predicting("PREDICTIONS", function, name, device)


def _predicting(argument: str, function: Callable[..., Any], name: str, device: str) -> NamedModel:
    """Return the function itself, or that which a torch module computes. Raises `BadArgument` for a class of modules."""
    torch = sys.modules.get("torch")  # where it was never imported there are no modules of its own
    if torch is None:
        return NamedModel(function, name)
    if isinstance(function, type) and issubclass(function, torch.nn.Module):
        fix = f"make one with its weights, such as model = {function.__name__}(), and give that"
        raise BadArgument(argument, name, "a torch module, not its class", fix)
    if not isinstance(function, torch.nn.Module):
        return NamedModel(function, name)
    from segmnist.baselines.predict import predictor
    from segmnist.baselines.score import num_parameters

    return NamedModel(predictor(function, device), name, parameters=num_parameters(function.state_dict()))
