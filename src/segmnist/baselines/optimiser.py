"""The optimisers: Muon for the weights of hidden layers, AdamW for all others, under one schedule.

Muon: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024. `torch.optim.Muon` takes
matrices only, no kernels of convolutions, and always works in bfloat16, which takes three times as long on a
processor without instructions for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from segmnist.baselines.settings import Settings

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the published iteration, which brings singular values near 1 in five steps."""


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose matrix is made orthogonal before each step; a kernel is a matrix `(out, in*h*w)`."""

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all weights that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = orthogonal(weight.grad.lerp(momentum, group["momentum"]).flatten(1))
                rows, columns = update.shape
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(
                    update.reshape(weight.shape), alpha=-group["lr"] * math.sqrt(max(1, rows / columns))
                )


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a matrix `(m, n)` with its singular vectors kept and its singular values brought to about 1.

    A step of the iteration is x <- p(x x^T) x with a polynomial p. Only the products of these square matrices are
    formed, and the long one is multiplied once at the end: a third of the time for `(512, 8192)`.
    """
    a, b, c = NEWTON_SCHULZ
    x = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    turned = torch.eye(len(x), dtype=x.dtype, device=x.device)
    for _ in range(steps):
        step = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal().add_(a)
        turned, gram = step @ turned, step @ gram @ step
    x = turned @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


class Optimiser:
    """Both optimisers as one: a learning rate that follows the schedule, and one state for a checkpoint."""

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        self._settings = settings
        hidden = hidden_weights(model) if settings.muon_rate else []
        others = [p for p in model.parameters() if all(p is not weight for weight in hidden)]
        self._all: list[torch.optim.Optimizer] = []
        if hidden:
            self._all.append(Muon(hidden, settings.muon_rate, settings.muon_momentum, settings.muon_decay))
        if others:
            adamw = torch.optim.AdamW(
                others, settings.rate, settings.betas, weight_decay=settings.decay, fused=True
            )
            self._all.append(adamw)
        self._rates = [optimiser.param_groups[0]["lr"] for optimiser in self._all]

    def step(self, fraction: float) -> float:
        """Update the weights at this share of the run, and return the factor on the learning rates."""
        factor = schedule(fraction, self._settings.warmup, self._settings.flat)
        for optimiser, rate in zip(self._all, self._rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return factor

    def state_dict(self) -> list[dict[str, Any]]:
        """Return the state of each."""
        return [optimiser.state_dict() for optimiser in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Take over the moments that `state_dict` gave; rates and decays are those of the settings.

        Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for moments of other weights.
        """
        for optimiser, state in zip(self._all, states, strict=True):
            groups = optimiser.state_dict()["param_groups"]
            if [group["params"] for group in state["param_groups"]] != [group["params"] for group in groups]:
                raise ValueError("moments of other weights")
            optimiser.load_state_dict({"state": state["state"], "param_groups": groups})
            for weight, moments in optimiser.state.items():
                found = {name: tuple(moment.shape) for name, moment in moments.items()}
                alike = tuple(weight.shape)
                if found not in ({"momentum": alike}, {"step": (), "exp_avg": alike, "exp_avg_sq": alike}):
                    raise ValueError("moments of other shapes")


def hidden_weights(model: nn.Module) -> list[nn.Parameter]:
    """Return the weights of hidden convolutions and linear layers.

    Left out are the layers of a head, in modules whose name begins with `head`, and layers with one input.
    """
    return [
        parameter
        for name, parameter in model.named_parameters()
        if name.endswith("weight")
        and parameter.ndim >= 2
        and min(parameter.shape[:2]) > 1
        and not any(part.startswith("head") for part in name.split("."))
    ]


def schedule(fraction: float, warmup: float, flat: float) -> float:
    """Return the factor on the learning rates at this share of a run.

    >>> [round(schedule(share, 0.04, 0.3), 3) for share in (0.02, 0.04, 0.3, 0.65, 1.0)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    if fraction < warmup:
        return fraction / warmup
    if fraction <= flat:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (fraction - flat) / (1 - flat)))
