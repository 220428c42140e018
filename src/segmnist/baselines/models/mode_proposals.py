"""Mode proposals: a fixed number of whole label maps, each with the probability that it is the true one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Sampler, cross_entropy
from segmnist.baselines.models.stochastic_segmentation import negative_log_likelihood
from segmnist.baselines.models.unet2plus1d import video_body
from segmnist.baselines.models.unet3d import class_head
from segmnist.classes import NUM_CLASSES

PROPOSALS = 8
SHARED = 0.05
"""The weight of the cross-entropy of all proposals, without which those that lose at first never learn."""


class ModeProposals(Sampler):
    """A mixture over worlds: in a draw, all pixels of all frames come from one proposal."""

    paper = (
        "Gerard and Sullivan, Deterministic mode proposals: An efficient alternative to generative sampling for "
        "ambiguous segmentation, arXiv 2603.20191, 2026 (its proposals with confidences; trained here as a mixture)"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.body = video_body(width)
        self.heads = nn.ModuleList(class_head(width, num_classes) for _ in range(PROPOSALS))
        self.head_confidence = nn.Linear(width, PROPOSALS)

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the mixture's negative log-likelihood a pixel, and a little of every proposal's cross-entropy."""
        proposals, log_confidence = self.propose(video)
        everyone = cross_entropy(proposals.flatten(0, 1), target.repeat_interleave(PROPOSALS, dim=0))
        return negative_log_likelihood(proposals, target, log_confidence) + SHARED * everyone

    def propose(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """Return the proposals' logits, `(B, 8, T, C, H, W)`, and their log-probabilities, `(B, 8)`."""
        features = self.body(video.transpose(1, 2))
        proposals = torch.stack([head(features).transpose(1, 2) for head in self.heads], dim=1)
        return proposals, self.head_confidence(features.mean(dim=(2, 3, 4))).float().log_softmax(dim=1)

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return proposals by their confidences, `(B, S, T, C, H, W)`."""
        proposals, log_confidence = self.propose(video)
        return proposals[torch.arange(len(video))[:, None], _chosen(log_confidence, num_draws)]

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities`, the mixture's own, and `samples`, drawn from it."""
        proposals, log_confidence = self.propose(video)
        maps = proposals.argmax(dim=3).to(torch.uint8)
        return {
            "probabilities": torch.einsum(
                "bk,bktchw->btchw", log_confidence.exp(), proposals.float().softmax(dim=3)
            ),
            "samples": maps[torch.arange(len(video))[:, None], _chosen(log_confidence, num_samples)],
        }


def _chosen(log_confidence: Tensor, count: int) -> Tensor:
    """Return which proposals are drawn, `(B, count)`."""
    return torch.multinomial(log_confidence.exp(), count, replacement=True)
