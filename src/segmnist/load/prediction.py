"""FramePrediction: clips cut in two, the frames that a model is given and those that it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor
from torch.utils.data import Dataset

from segmnist.errors import BadArgument, whole_number
from segmnist.load.reader import Reader
from segmnist.load.samples import Sample
from segmnist.load.transforms import is_mask
from segmnist.render.arrays import ARRAYS

Pair = tuple[Tensor, Tensor]
"""Frames that are given, and what is asked for the frames after them."""


class Clips(Protocol):
    """What is asked of a dataset of clips, which is a `SegMNIST`."""

    reader: Reader

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]: ...


class FramePrediction(Dataset[Pair]):
    """The clips of a dataset as pairs: their first frames `(split_ratio,1,H,W)` uint8, and the target of the others.

    split_ratio: how many frames are given, as in torchvision's `MovingMNIST`. target: "video", the frames themselves
    `(T-split_ratio,1,H,W)`, or the name of a mask that the dataset has as a truth, such as "semantic", for label maps
    `(T-split_ratio,H,W)`. PyTorch's own collate function stacks the pairs. Raises `BadArgument` for a split_ratio outside
    1..T-1 and for a target that the dataset does not have.

    >>> from segmnist.torch import FramePrediction, SegMNIST
    >>> frames = FramePrediction(SegMNIST("moving-mnist", length=100))
    >>> [tuple(part.shape) for part in frames[3]]
    [(10, 1, 64, 64), (10, 1, 64, 64)]
    >>> maps = FramePrediction(SegMNIST("moving-mnist", length=100), split_ratio=15, target="semantic")
    >>> [tuple(part.shape) for part in maps[3]]
    [(15, 1, 64, 64), (5, 64, 64)]
    """

    def __init__(self, clips: Clips, split_ratio: int = 10, *, target: str = "video") -> None:
        self.clips, self.split_ratio, self.target = clips, split_ratio, target
        kinds = clips.reader.kinds
        _check_target(kinds, target)
        _check_ratio(split_ratio, kinds["video"][0][0])

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Pair:
        return self._pair(self.clips[index])

    def __getitems__(self, indices: Sequence[int]) -> list[Pair]:
        """Return these pairs, drawn in one kernel call; DataLoaders call this method."""
        samples = self.clips.__getitems__(indices)
        return [self._pair(samples[row]) for row in range(len(samples))]

    def _pair(self, sample: Sample) -> Pair:
        video, truths = sample
        asked = video if self.target == "video" else truths[self.target]
        return video[: self.split_ratio], asked[self.split_ratio :]


def split_frames(batch: Mapping[str, Tensor], split_ratio: int = 10, *, target: str = "video") -> Pair:
    """Cut a batch of clips in two, on whatever device it is: views, no copies.

    batch: of `collate`, `EndlessClips`, `EndlessLoader` or `DeviceClips`. Returns the frames given `(B,split_ratio,1,H,W)` and
    the target of the others, `(B,T-split_ratio,1,H,W)` or, for a mask, `(B,T-split_ratio,H,W)`. Raises `BadArgument` as
    `FramePrediction` does.

    >>> from segmnist.torch import EndlessClips, split_frames
    >>> batch = next(iter(EndlessClips("moving-mnist", batch_size=4, truth="semantic")))
    >>> given, asked = split_frames(batch, target="semantic")
    >>> given.shape, asked.shape
    (torch.Size([4, 10, 1, 64, 64]), torch.Size([4, 10, 64, 64]))
    """
    _check_target(batch, target)
    _check_ratio(split_ratio, batch["video"].shape[1])
    return batch["video"][:, :split_ratio], batch[target][:, split_ratio:]


def _check_target(kinds: Mapping[str, Any], target: str) -> None:
    masks = [
        name for name in kinds if name == "video" or (is_mask(name) and "digit" not in ARRAYS[name].axes)
    ]
    if target not in masks:
        raise BadArgument(
            "target", target, ", ".join(masks), "ask for others as a truth, such as truth='semantic'"
        )


def _check_ratio(split_ratio: int, num_frames: int) -> None:
    whole_number("split_ratio", split_ratio, 1, num_frames - 1, f"the clips have {num_frames} frames")
