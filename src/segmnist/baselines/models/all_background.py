"""The floor: one distribution over classes for every pixel, whose most likely class is the background."""

from __future__ import annotations

from torch import Tensor, nn

from segmnist.baselines.baseline import Baseline, class_prior
from segmnist.classes import NUM_CLASSES


class AllBackground(Baseline):
    """Learns how frequent each class is, and looks at no pixel."""

    paper = "None: the class shares are the least that a model should know."
    sees = "frame"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.logits = nn.Parameter(class_prior(num_classes))

    def forward(self, video: Tensor) -> Tensor:
        """Return the same logits everywhere. video: `(B, T, 1, H, W)`."""
        B, T, _, H, W = video.shape
        return self.logits.reshape(1, 1, -1, 1, 1).expand(B, T, -1, H, W)
