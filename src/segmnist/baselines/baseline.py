"""What a baseline is: a torch module with a loss, an answer that the suites score, and settings to train with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.classes import NUM_CLASSES


def class_prior(num_classes: int = NUM_CLASSES) -> Tensor:
    """Return logits near the class shares of `standard`, `(num_classes,)`: where every baseline's head starts."""
    # From a uniform start, the first hundred steps would go into learning that most pixels are background.
    shares = torch.full((num_classes,), 0.09 / (num_classes - 1))
    shares[-1] = 0.91
    return shares.log()


class Baseline(nn.Module):
    """A model of videos `(B, T, 1, H, W)` in 0..1; `forward` returns logits `(B, T, C, H, W)`.

    Its constructor takes `width` and `num_classes`, C: those of the digits, and the background, which is the last.
    """

    paper: ClassVar[str]
    """The source: authors, title, where it was published."""

    sees: ClassVar[Literal["frame", "past", "clip"]]
    """What the answer for a frame depends on: the frame alone, it and those before it, or the whole clip."""

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Fields of `Settings` that this model is trained with unless told otherwise."""

    whole_clips: ClassVar[bool] = False
    """Whether it is made for whole clips of one shape, frames, height and width, which its constructor takes, too."""

    @classmethod
    def for_clips(cls, width: int, num_classes: int, clip_shape: tuple[int, int, int]) -> Self:
        """Return an untrained model for clips of up to `clip_shape`: frames, height, width. Most take clips of any."""
        return cls(width, num_classes, clip_shape) if cls.whole_clips else cls(width, num_classes)

    def check_values(self) -> None:
        """Raise `ValueError` where the weights, read from a file, have values that no training leaves in them."""
        for name, weight in self.state_dict().items():
            if not weight.isfinite().all():
                raise ValueError(f"{name} is not finite")

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return what training minimises, a scalar; target: the classes, `(B, T, H, W)` int64."""
        return cross_entropy(self(video), target)

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities`, `(B, T, C, H, W)` float32; a `Sampler` adds `samples`, `(B, S, T, H, W)` uint8."""
        return {"probabilities": self(video).float().softmax(dim=2)}


class Sampler(Baseline):
    """A baseline that expresses ambiguity: it draws whole label maps, each of them a world that may be."""

    def draws(self, video: Tensor, num_draws: int) -> Tensor:
        """Return logits of some worlds, `(B, S, T, C, H, W)`; all pixels of a draw belong to one world."""
        raise NotImplementedError

    def forward(self, video: Tensor) -> Tensor:
        """Return the logarithm of the probabilities, `(B, T, C, H, W)`, from 16 draws."""
        return self.predict(video, 16)["probabilities"].clamp(min=1e-8).log()

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities`, the mean over the draws, and `samples`, the likeliest classes of each draw."""
        draws = self.draws(video, num_samples).float()
        return {
            "probabilities": draws.softmax(dim=3).mean(dim=1),
            "samples": draws.argmax(dim=3).to(torch.uint8),
        }


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy over all pixels; logits `(B, T, C, H, W)`, target `(B, T, H, W)` int64."""
    return functional.cross_entropy(logits.float().flatten(0, 1), target.flatten(0, 1))
