"""Sprites: what digits look like and the paths that they take, collected from label maps; then exact inference.

A view is the mask of a digit in a frame, with the mean of the video under it; a path is a sequence of views and places.
A clip is compared with all pairs of paths, on the background most like it: two digits, on paths that come again.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Sampler, class_prior
from segmnist.baselines.catalog import CLIP_SHAPE
from segmnist.baselines.sprites.backgrounds import Backgrounds
from segmnist.baselines.sprites.frequent import FrequentKeys
from segmnist.baselines.sprites.grey_levels import GreyLevels
from segmnist.baselines.sprites.layers import Paths, class_probabilities, posterior, sampled_maps
from segmnist.baselines.sprites.tables import check_tables
from segmnist.baselines.sprites.views import SIZE, digits_of
from segmnist.classes import NUM_CLASSES

NUM_VIEWS, NUM_PATHS, NUM_BACKGROUNDS = 4096, 8192, 8
MAX_ENTRIES = 1 << 27  # of the matrix of all paths and all pixels of a clip
FEW = 0.1
"""Paths seen less than this share of the usual count are left out: most are of digits that were hidden in part."""
KNOWN = 256
"""Views, and pixels of backgrounds, seen so often are known well enough to learn from them how grey levels scatter."""
UNSEEN = 1e-3
"""The probability that a clip shows something else; every pixel then has the class prior."""


class Sprites(Sampler):
    """Two digits in a clip, one before the other, each on a path that was seen in training, before noise."""

    paper = (
        "Jojic and Frey, Learning flexible sprites in video layers, CVPR 2001 (layers of sprites; here they are read "
        "from label maps, and all pairs of paths are compared)"
    )
    sees = "clip"
    whole_clips = True
    defaults: ClassVar = {"batch": 512, "frames": None}
    masks: Tensor
    light: Tensor
    view_keys: Tensor
    corners: Tensor
    classes: Tensor

    def __init__(
        self, width: int = 16, num_classes: int = NUM_CLASSES, clip_shape: tuple[int, int, int] = CLIP_SHAPE
    ) -> None:
        super().__init__()
        self.clip_shape, num_frames = clip_shape, clip_shape[0]
        self.head_bias = nn.Parameter(class_prior(num_classes))
        self.views, self.paths = FrequentKeys(NUM_VIEWS), FrequentKeys(NUM_PATHS)
        self.backgrounds, self.grey_levels = Backgrounds(NUM_BACKGROUNDS, clip_shape), GreyLevels()
        # Of each view: its mask, and the sum of the video under it.
        self.register_buffer("masks", torch.zeros(NUM_VIEWS, SIZE, SIZE, dtype=torch.bool))
        self.register_buffer("light", torch.zeros(NUM_VIEWS, SIZE, SIZE, dtype=torch.float64))
        # Of each path: its views and their upper left corners, and its class.
        self.register_buffer("view_keys", torch.zeros(NUM_PATHS, num_frames, dtype=torch.int64))
        self.register_buffer("corners", torch.zeros(NUM_PATHS, num_frames, 2, dtype=torch.int64))
        self.register_buffer("classes", torch.zeros(NUM_PATHS, dtype=torch.int64))
        self._of_tables: tuple[int, Paths] | None = None

    def loss(self, video: Tensor, target: Tensor) -> Tensor:
        """Collect what clips of its shape show; return the class prior's cross-entropy, which alone has a gradient."""
        if self.clip_shape == target.shape[1:]:
            self._collect((video[:, :, 0] * 255).round().long(), target)
        shares = torch.bincount(target.flatten(), minlength=len(self.head_bias)) / target.numel()
        return -(shares * self.head_bias.log_softmax(0)).sum()

    @torch.no_grad()
    def _collect(self, grey: Tensor, target: Tensor) -> None:
        """Count views and paths of digits that are seen in every frame. grey, target: `(B, T, H, W)` int64."""
        background = len(self.head_bias) - 1
        bare = target == background
        nearest = self.backgrounds.add(grey, bare)[::8]  # an eighth of all that is bare will do
        known = bare[::8] & (self.backgrounds.counts[nearest] >= KNOWN)
        self.grey_levels.add(self.backgrounds.means()[nearest], grey[::8], known)

        digits = digits_of(grey, target, background)
        keys, views, light = digits.keys.flatten(), digits.masks.flatten(0, 1), digits.light.flatten(0, 1)
        row = self.views.find(keys)
        known = (row >= 0) & (self.views.counts[row] >= KNOWN)
        self.grey_levels.add(self._means()[row], light, views & known[:, None, None])
        row, fresh = self.views.add(keys)
        self.masks[row[fresh]], self.light[row[fresh]] = views[fresh], 0
        self.light.index_add_(0, row[row >= 0], light[row >= 0].double())

        row, fresh = self.paths.add(digits.path_keys())
        self.view_keys[row[fresh]], self.corners[row[fresh]] = digits.keys[fresh], digits.corners[fresh]
        self.classes[row[fresh]] = digits.classes[fresh]

    def _means(self) -> Tensor:
        """Return the mean grey levels of the views, `(V, S, S)` float64."""
        return self.light / self.views.counts.clamp(min=1)[:, None, None]

    def known_paths(self) -> Paths:
        """Return what was collected so far."""
        check = int(sum((table.keys * table.counts).sum() for table in (self.views, self.paths)))
        if self._of_tables is None or self._of_tables[0] != check:
            self._of_tables = check, self._laid_out()
        return self._of_tables[1]

    def _laid_out(self) -> Paths:
        T, H, W = self.clip_shape
        counts = self.paths.counts.double()
        usual = counts.square().sum() / counts.sum().clamp(min=1)  # the mean over digits, not over paths
        kept = counts.argsort(descending=True)[: MAX_ENTRIES // (T * H * W)]
        kept = kept[counts[kept] >= (FEW * usual).clamp(min=2)]
        rows = self.views.find(self.view_keys[kept])
        kept, rows = kept[(rows >= 0).all(1)], rows[(rows >= 0).all(1)]
        path, frame, y, x = self.masks[rows].nonzero().T
        level = self._means()[rows[path, frame], y, x].round().long()
        y, x = y + self.corners[kept[path], frame, 0], x + self.corners[kept[path], frame, 1]
        pixel = (frame * H + y) * W + x
        masks = torch.zeros(len(kept), T * H * W, device=pixel.device)
        masks[path, pixel] = 1
        log_prior = (counts[kept] / counts[kept].sum()).log().float()
        scatter = self.grey_levels.log_likelihood()
        return Paths(masks, self.classes[kept], log_prior, path, pixel, level, scatter)

    def check_values(self) -> None:
        """Raise `ValueError` for weights that no training leaves, and for tables that no clips give."""
        super().check_values()
        rows, num_digits = self.views.find(self.view_keys), len(self.head_bias) - 1
        check_tables(dict(self.named_buffers()), rows, num_digits, self.clip_shape)

    def predict(self, video: Tensor, num_samples: int) -> dict[str, Tensor]:
        """Return `probabilities` of the posterior over pairs of paths, and `samples` of it."""
        answers = [self._explain(clip, num_samples) for clip in (video[:, :, 0] * 255).round().long()]
        probabilities, samples = (torch.stack(column) for column in zip(*answers, strict=True))
        return {"probabilities": probabilities, "samples": samples}

    def _explain(self, grey: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
        """Return probabilities `(T, C, H, W)` and samples `(S, T, H, W)` of one clip `(T, H, W)` int64."""
        prior, paths = self.head_bias.float().softmax(0), self.known_paths()
        if grey.shape != self.clip_shape or not len(paths.masks):
            empty = grey.new_full((num_samples, *grey.shape), len(prior) - 1, dtype=torch.uint8)
            return prior[:, None, None].expand(len(grey), -1, *grey.shape[1:]), empty
        nearest = self.backgrounds.nearest(grey[None], torch.ones_like(grey[None]))
        ground = self.backgrounds.means()[nearest[0]].round().long()
        pairs = posterior(paths, grey.flatten(), ground.flatten())
        classes = class_probabilities(paths, pairs, len(prior)).reshape(-1, *grey.shape).transpose(0, 1)
        samples = sampled_maps(paths, pairs, num_samples, len(prior) - 1).reshape(-1, *grey.shape)
        return (1 - UNSEEN) * classes + UNSEEN * prior[:, None, None], samples
