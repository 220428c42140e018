"""What is counted in label maps: views, paths, levels of brightness, numbers of digits, backgrounds and noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segmnist.baselines.sprites.backgrounds import Backgrounds
from segmnist.baselines.sprites.brightness import Brightness
from segmnist.baselines.sprites.frequent import FrequentKeys
from segmnist.baselines.sprites.grey_levels import GreyLevels
from segmnist.baselines.sprites.layers import Paths
from segmnist.baselines.sprites.tables import check_tables
from segmnist.baselines.sprites.views import SIZE, Digits, digits_of

NUM_VIEWS, NUM_PATHS, NUM_BACKGROUNDS = 4096, 8192, 8
MAX_ENTRIES = 1 << 27  # of the matrix of all paths and all pixels of a clip
FEW = 0.1
"""Paths seen less than this share of the usual count are left out: most are of digits that were hidden in part."""
KNOWN = 256
"""Views, and pixels of backgrounds, seen so often are known well enough to learn from them how grey levels scatter."""


class Collected(nn.Module):
    """Tables of bounded size.

    A view is the mask of a digit in a frame, with the mean of the video under it; a path is a sequence of views and
    places.
    """

    masks: Tensor
    light: Tensor
    view_keys: Tensor
    corners: Tensor
    classes: Tensor
    numbers: Tensor

    def __init__(self, num_digits: int, clip_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.num_digits, self.clip_shape = num_digits, clip_shape
        self.views, self.paths = FrequentKeys(NUM_VIEWS), FrequentKeys(NUM_PATHS)
        self.brightness, self.grey_levels = Brightness(), GreyLevels()
        self.backgrounds = Backgrounds(NUM_BACKGROUNDS, clip_shape)
        # Of each view: its mask, and the sum of the video under it.
        self.register_buffer("masks", torch.zeros(NUM_VIEWS, SIZE, SIZE, dtype=torch.bool))
        self.register_buffer("light", torch.zeros(NUM_VIEWS, SIZE, SIZE, dtype=torch.float64))
        # Of each path: its views and their upper left corners, and its class.
        self.register_buffer("view_keys", torch.zeros(NUM_PATHS, clip_shape[0], dtype=torch.int64))
        self.register_buffer("corners", torch.zeros(NUM_PATHS, clip_shape[0], 2, dtype=torch.int64))
        self.register_buffer("classes", torch.zeros(NUM_PATHS, dtype=torch.int64))
        # How many clips show two classes of digits or fewer, and how many three or more.
        self.register_buffer("numbers", torch.zeros(2, dtype=torch.int64))

    @torch.no_grad()
    def add(self, grey: Tensor, target: Tensor) -> None:
        """Count what clips show; grey levels and classes, `(B, T, H, W)` int64."""
        bare = target == self.num_digits
        nearest = self.backgrounds.add(grey, bare)[::8]  # an eighth of all that is bare will do
        known = bare[::8] & (self.backgrounds.counts[nearest] >= KNOWN)
        self.grey_levels.add(self.backgrounds.means()[nearest], grey[::8], known)

        digits = digits_of(grey, target, self.num_digits)
        row = self._add_views(digits)
        self._add_brightness(digits, row)
        row, fresh = self.paths.add(digits.path_keys())
        self.view_keys[row[fresh]], self.corners[row[fresh]] = digits.keys[fresh], digits.corners[fresh]
        self.classes[row[fresh]] = digits.classes[fresh]

        shown = torch.stack([(target == digit).flatten(1).any(1) for digit in range(self.num_digits)])
        self.numbers += torch.bincount((shown.sum(0) >= 3).long(), minlength=2)

    def _add_views(self, digits: Digits) -> Tensor:
        """Return the rows of the digits' views, `(D, T)`, -1 where the table has no room."""
        views, light = digits.masks.flatten(0, 1), digits.light.flatten(0, 1)
        row, fresh = self.views.add(digits.keys.flatten())
        self.masks[row[fresh]], self.light[row[fresh]] = views[fresh], 0
        self.light.index_add_(0, row[row >= 0], light[row >= 0].double())
        return row.reshape(digits.keys.shape)

    def _add_brightness(self, digits: Digits, row: Tensor) -> None:
        """Learn the levels of brightness, and from what is well known how grey levels scatter. row: of the views."""
        inside = digits.masks & ((row >= 0) & (self.views.counts[row] > 1))[:, :, None, None]
        means, pixels = self.means()[row], inside.flatten(1).sum(1)
        distance = ((digits.light - means) * inside).flatten(1).sum(1) / pixels.clamp(min=1)
        brighter, is_sure = self.brightness.add(distance, pixels)
        inside &= (is_sure[:, None] & (self.views.counts[row] >= KNOWN))[:, :, None, None]
        means = (means + brighter[:, None, None, None]).clamp(0, 255)
        self.grey_levels.add(means, digits.light, inside)

    def check_values(self) -> None:
        """Raise `ValueError` for tables that no clips give."""
        rows = self.views.find(self.view_keys)
        check_tables(dict(self.named_buffers()), rows, self.num_digits, self.clip_shape)

    def means(self) -> Tensor:
        """Return the mean grey levels of the views, `(V, S, S)` float64."""
        return self.light / self.views.counts.clamp(min=1)[:, None, None]

    def log_number(self) -> Tensor:
        """Return the log-probabilities of two digits in a clip and, if any clip had three, of three; float32."""
        counts = self.numbers.double()
        shares = (counts / counts.sum().clamp(min=1)).log().float()
        return shares if counts[1] else shares.new_zeros(1)

    def known_paths(self) -> Paths:
        """Return the paths that are no chance, laid out."""
        T, H, W = self.clip_shape
        counts, (brighter, shares) = self.paths.counts.double(), self.brightness.levels()
        usual = counts.square().sum() / counts.sum().clamp(min=1)  # the mean over digits, not over paths
        kept = counts.argsort(descending=True)[: MAX_ENTRIES // (T * H * W * len(shares))]
        kept = kept[counts[kept] >= (FEW * usual).clamp(min=2)]
        rows = self.views.find(self.view_keys[kept])
        kept, rows = kept[(rows >= 0).all(1)], rows[(rows >= 0).all(1)]
        # Each path is there once with each level of brightness.
        log_prior = (counts[kept] / counts[kept].sum())[:, None].log() + (shares / shares.sum()).log()
        row = rows.repeat_interleave(len(shares), 0)
        kept, bright = kept.repeat_interleave(len(shares)), brighter.repeat(len(kept))
        path, frame, y, x = self.masks[row].nonzero().T
        level = (self.means()[row[path, frame], y, x] + bright[path]).round().clamp(0, 255).long()
        y, x = y + self.corners[kept[path], frame, 0], x + self.corners[kept[path], frame, 1]
        pixel = (frame * H + y) * W + x
        masks = torch.zeros(len(kept), T * H * W, device=pixel.device)
        masks[path, pixel] = 1
        scatter = self.grey_levels.log_likelihood()
        return Paths(masks, self.classes[kept], log_prior.flatten().float(), path, pixel, level, scatter)
