"""PredNet with a segmentation head: it predicts the next frame, and reads classes off its states and errors."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Baseline, class_prior, cross_entropy
from segmnist.classes import NUM_CLASSES

LEVELS = 3


class ConvLSTM(nn.Module):
    """One step of a convolutional LSTM."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(inputs + channels, 4 * channels, 3, padding=1)

    def forward(self, seen: Tensor, state: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return the new state and cell, each `(B, C, h, w)`."""
        keep, write, show, value = self.gates(torch.cat([seen, state], dim=1)).chunk(4, dim=1)
        cell = keep.sigmoid() * cell + write.sigmoid() * value.tanh()
        return show.sigmoid() * cell.tanh(), cell


class PredNet(Baseline):
    """Level l predicts the features of level l - 1; only what was predicted wrongly goes up."""

    paper = (
        "Lotter, Kreiman and Cox, Deep predictive coding networks for video prediction and unsupervised learning, "
        "ICLR 2017"
    )
    sees = "past"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        seen = [1, *(width << level for level in range(1, LEVELS))]
        states = [width << level for level in range(LEVELS)]
        above = [*states[1:], 0]
        self.seen, self.states = seen, states
        self.recurrent = nn.ModuleList(ConvLSTM(2 * a + up, r) for a, r, up in zip(seen, states, above))
        self.expect = nn.ModuleList(nn.Conv2d(r, a, 3, padding=1) for a, r in zip(seen, states))
        self.lift = nn.ModuleList(nn.Conv2d(2 * a, b, 3, padding=1) for a, b in pairwise(seen))
        # The head sees the frame beside what PredNet makes of it.
        classify = nn.Conv2d(2 * width, num_classes, 3, padding=1)
        classify.bias = nn.Parameter(class_prior(num_classes))
        self.head = nn.Sequential(nn.Conv2d(sum(states) + 3, 2 * width, 3, padding=1), nn.ReLU(), classify)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` of a video `(B, T, 1, H, W)`."""
        return self._watch(video)[0]

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy and the mean error of the frames' prediction, added up."""
        logits, missed = self._watch(video)
        return cross_entropy(logits, target) + missed

    def _watch(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits, and the mean error of what was predicted of the frames after the first."""
        errors, states, cells = self._start(video)
        logits, misses = [], []
        for time, frame in enumerate(video.unbind(dim=1)):
            self._look_down(errors, states, cells)
            self._look_up(frame, errors, states)
            if time:
                misses.append(errors[0].mean())
            grown = [functional.interpolate(state, frame.shape[-2:], mode="bilinear") for state in states]
            logits.append(self.head(torch.cat([frame, errors[0], *grown], dim=1)))
        missed = torch.stack(misses).mean() if misses else video.new_zeros(())
        return torch.stack(logits, dim=1), missed

    def _start(self, video: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        B, _, _, H, W = video.shape
        sizes = [(-(-H // (1 << level)), -(-W // (1 << level))) for level in range(LEVELS)]
        errors = [video.new_zeros(B, 2 * a, *size) for a, size in zip(self.seen, sizes)]
        states = [video.new_zeros(B, channels, *size) for channels, size in zip(self.states, sizes)]
        return errors, states, [torch.zeros_like(state) for state in states]

    def _look_down(self, errors: list[Tensor], states: list[Tensor], cells: list[Tensor]) -> None:
        """Update every level's state from its last error and the level above, the top first."""
        for level in reversed(range(LEVELS)):
            seen = [errors[level]]
            if level + 1 < LEVELS:
                seen.append(
                    functional.interpolate(states[level + 1], errors[level].shape[-2:], mode="nearest")
                )
            states[level], cells[level] = self.recurrent[level](
                torch.cat(seen, dim=1), states[level], cells[level]
            )

    def _look_up(self, frame: Tensor, errors: list[Tensor], states: list[Tensor]) -> None:
        """Compare every level's prediction with what it sees, the frame first."""
        seen = frame
        for level in range(LEVELS):
            predicted = self.expect[level](states[level])
            # The frame's values end at 1; features are only bounded below.
            predicted = predicted.sigmoid() if level == 0 else predicted.relu()
            errors[level] = torch.cat([(predicted - seen).relu(), (seen - predicted).relu()], dim=1)
            if level + 1 < LEVELS:
                seen = functional.max_pool2d(self.lift[level](errors[level]).relu(), 2, ceil_mode=True)
