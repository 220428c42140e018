"""Masked diffusion: a world's pixels are drawn one after another, each with those drawn before it in view."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmnist.baselines.baseline import Sampler
from segmnist.baselines.models.unet2plus1d import video_body
from segmnist.baselines.models.unet3d import class_head
from segmnist.classes import NUM_CLASSES

DRAWN = 64
"""So many pixels of a clip are drawn one by one; they settle the classes of all others."""
HIDDEN = 256
"""So many random pixels of a clip are trained on beside them."""
PATTERNS = 4
"""Each clip of a training batch is looked at with so many choices of what is drawn already."""
WEIGHT = 0.1
"""Of the loss of hidden pixels, most of which lie where the classes are in doubt."""
CHANNELS = 32
WAVELENGTHS = (8, 16, 32, 64)
"""Of the waves that stand for a pixel's place, in frames and in pixels."""


class MaskedDiffusion(Sampler):
    """Each pixel takes its class from the video alone, or from a drawn pixel that it attends to.

    A pixel attends to pixels that are probably of the same thing: near in space and time, and alike to the
    network. So the first pixel of a digit that is drawn decides for the whole digit.
    """

    paper = (
        "Hoogeboom et al., Autoregressive diffusion models, ICLR 2022 (its absorbing diffusion, one pixel a step; "
        "here a pixel may copy the class of a drawn one)"
    )
    sees = "clip"

    def __init__(self, width: int = 16, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.body, self.head = video_body(width), class_head(width, num_classes)
        self.num_classes = num_classes
        self.embed = nn.Conv3d(width + 6 * len(WAVELENGTHS), CHANNELS, 1)
        self.head_alone = nn.Conv3d(width, 1, 1)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(10.0)))

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, C, H, W)` before any pixel is drawn."""
        logits: Tensor = self.head(self.body(video.transpose(1, 2)))
        return logits.transpose(1, 2)

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of all pixels, and a share of that of hidden ones when some are drawn."""
        pixels, classes = self._pixels(video), target.flatten(1)
        alone = functional.cross_entropy(pixels[0].transpose(1, 2), classes)
        pixels = [tensor.repeat_interleave(PATTERNS, dim=0) for tensor in pixels]
        classes = classes.repeat_interleave(PATTERNS, dim=0)
        device = classes.device
        anywhere = torch.randint(classes.shape[1], (len(classes), HIDDEN), device=device)
        chosen = torch.cat([_doubtful(pixels[0].detach()), anywhere], dim=1)
        pixels, classes = _at(pixels, chosen), classes.gather(1, chosen)
        # A number of drawn pixels from 1 to all, each order of magnitude as often as any other.
        number = (DRAWN ** torch.rand(len(classes), 1, device=device)).long()
        drawn = torch.arange(chosen.shape[1], device=device) < number
        known = functional.one_hot(classes[:, :DRAWN], self.num_classes).float()
        probabilities = self._fill_in(pixels, pixels[1][:, :DRAWN], known, drawn[:, :DRAWN])
        losses = -probabilities.gather(2, classes[..., None]).squeeze(2).log()
        return alone + WEIGHT * losses.masked_fill(drawn, 0).sum() / (~drawn).sum()

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities`, before any pixel is drawn, and `samples`, likeliest classes after all are."""
        B, T, _, H, W = video.shape
        pixels = self._pixels(video)
        probabilities = pixels[0].softmax(dim=2).transpose(1, 2).reshape(B, -1, T, H, W).transpose(1, 2)
        pixels = [tensor.repeat_interleave(num_samples, dim=0) for tensor in pixels]
        chosen = _at(pixels, _doubtful(pixels[0]))
        known = torch.zeros_like(chosen[0])
        drawn = torch.zeros_like(known[..., 0], dtype=torch.bool)
        for i in range(drawn.shape[1]):
            one = self._fill_in([tensor[:, i : i + 1] for tensor in chosen], chosen[1], known, drawn)
            known[:, i] = functional.one_hot(torch.multinomial(one[:, 0], 1)[:, 0], self.num_classes).float()
            drawn[:, i] = True
        maps = self._fill_in(pixels, chosen[1], known, drawn).argmax(dim=2)
        return {
            "probabilities": probabilities,
            "samples": maps.reshape(B, num_samples, T, H, W).to(torch.uint8),
        }

    def _pixels(self, video: Tensor) -> list[Tensor]:
        """Return, for all n pixels: logits `(B, n, C)`, embeddings `(B, n, 32)`, ties to the video `(B, n, 1)`."""
        features = self.body(video.transpose(1, 2))
        place = _waves(features).expand(len(features), -1, -1, -1, -1)
        embedding = functional.normalize(self.embed(torch.cat([features, place], dim=1)).float(), dim=1)
        maps = (self.head(features), embedding, self.head_alone(features))
        return [tensor.float().flatten(2).transpose(1, 2) for tensor in maps]

    def _fill_in(self, pixels: list[Tensor], embeddings: Tensor, known: Tensor, drawn: Tensor) -> Tensor:
        """Return class probabilities of some pixels, `(B, n, C)`.

        embeddings: of the pixels to be drawn, `(B, m, 32)`; known: their classes, one-hot, `(B, m, C)`; drawn:
        which are drawn already, `(B, m)` bool.
        """
        logits, embedding, alone = pixels
        alike = self.log_sharpness.exp() * embedding @ embeddings.transpose(1, 2)
        alike = alike.masked_fill(~drawn[:, None], -math.inf)
        attention = torch.cat([alone, alike], dim=2).softmax(dim=2)
        mixed: Tensor = attention[..., :1] * logits.softmax(dim=2) + attention[..., 1:] @ known
        return mixed.clamp(min=1e-6)


def _doubtful(logits: Tensor) -> Tensor:
    """Return random pixels in random order, `(B, 64)`, each as likely as its likeliest class is wrong."""
    doubt = 1 - logits.softmax(dim=2).amax(dim=2)
    return (doubt / torch.empty_like(doubt).exponential_()).argsort(dim=1, descending=True)[:, :DRAWN]


def _at(pixels: list[Tensor], chosen: Tensor) -> list[Tensor]:
    """Return the rows of these pixels from tensors `(B, n, C)`."""
    return [tensor.gather(1, chosen[..., None].expand(-1, -1, tensor.shape[2])) for tensor in pixels]


def _waves(features: Tensor) -> Tensor:
    """Return sines and cosines of time, height and width for `(B, C, T, H, W)`: `(1, 24, T, H, W)`."""
    axes = [torch.arange(size, device=features.device) for size in features.shape[2:]]
    angles = [
        2 * math.pi / length * axis for axis in torch.meshgrid(*axes, indexing="ij") for length in WAVELENGTHS
    ]
    return torch.stack([wave for angle in angles for wave in (angle.sin(), angle.cos())]).to(features)[None]
