"""Masked diffusion on the features of a perceptron, in place of those of convolutions."""

from __future__ import annotations

from typing import ClassVar, Self

from segmnist.baselines.catalog import CLIP_SHAPE
from segmnist.baselines.models.masked_diffusion import MaskedDiffusion
from segmnist.baselines.models.perceptron import ClipShape, Perceptron, PerceptronBody
from segmnist.classes import NUM_CLASSES


class PerceptronDiffusion(MaskedDiffusion):
    """What `masked-diffusion` draws, from what `perceptron` sees."""

    paper = f"{MaskedDiffusion.paper}; {Perceptron.paper}"
    defaults: ClassVar = {**Perceptron.defaults, "batch": 256}

    def __init__(
        self, width: int = 16, num_classes: int = NUM_CLASSES, clip_shape: ClipShape = CLIP_SHAPE
    ) -> None:
        super().__init__(width, num_classes, PerceptronBody(width, width, clip_shape))

    @classmethod
    def for_clips(cls, width: int, num_classes: int, clip_shape: ClipShape) -> Self:
        """Return an untrained model for clips of up to this shape."""
        return cls(width, num_classes, clip_shape)
