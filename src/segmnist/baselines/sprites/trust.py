"""How far a posterior is to be trusted, learned from what its answers would have cost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

HEATS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""What log-evidence may be divided by: the more, the less sure is the answer."""
DOUBTS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Probabilities that a clip may show something else, of which only the class prior is known."""
MEMORY = 0.97
"""What a clip weighs beside the next one: the answers get better meanwhile."""


class Trust(nn.Module):
    """The heat and the doubt that would have cost least so far.

    After Grünwald, The safe Bayesian: learning the learning rate via the mixability gap, ALT 2012: a model that is wrong
    is too sure, and how much too sure is seen on data that it has not learned from yet.
    """

    losses: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("losses", torch.zeros(len(HEATS), len(DOUBTS), dtype=torch.float64))

    def add(self, answers: Tensor, prior: Tensor) -> None:
        """Learn from a clip. answers: the probability of each pixel's class by heat, `(len(HEATS), P)`; prior: `(P,)`."""
        doubt = torch.tensor(DOUBTS, device=prior.device)[:, None]
        mixed = (1 - doubt) * answers[:, None] + doubt * prior
        self.losses.mul_(MEMORY).sub_(mixed.log().mean(2))

    def best(self) -> tuple[float, float]:
        """Return the heat and the doubt that cost least; the lowest of both before the first clip."""
        heat, doubt = divmod(int(self.losses.argmin()), len(DOUBTS))
        return HEATS[heat], DOUBTS[doubt]
