"""PyTorch: a map-style dataset, an endless stream, and the collate function of both.

A worker draws a whole batch in one kernel call, straight into the memory that the DataLoader shares with the
main process.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from segmnist.errors import BadArgument, MissingDependency
from segmnist.load.reader import Array, Reader, Source, open_reader
from segmnist.scene.spec import SceneSpec

try:
    from torch.utils.data import Dataset, get_worker_info
except ImportError:
    raise MissingDependency("segmnist.load.torch", "torch") from None

from segmnist.load.device import DeviceClips
from segmnist.load.parcel import draw_parcel
from segmnist.load.prediction import FramePrediction, split_frames
from segmnist.load.samples import Sample, collated, sample_of, samples_of
from segmnist.load.stream import EndlessClips, EndlessLoader
from segmnist.load.tensors import Batch, tensors_of
from segmnist.load.transforms import Separate, Transforms
from segmnist.palette import CLASS_NAMES
from segmnist.scene.presets import PRESETS

__all__ = [
    "DeviceClips", "EndlessClips", "EndlessLoader", "FramePrediction", "SegMNIST", "collate", "split_frames", "tensors_of",
]  # fmt: skip

NUM_CLIPS = 10_000
"""Default length of a generated dataset."""


class SegMNIST(Dataset[Sample]):
    """Clips as `(video, target)`: video `(T,1,H,W)` uint8, target a dict of the labels and truths by name.

    With "rgb" among the truths, the video is in colour, `(T,3,H,W)`.

    source: a preset's name, a `SceneSpec`, a `ClipSource`, or the place of a stored data set, a folder or a URL.
    transforms: called with (video, target), as in torchvision; transform: with the video, target_transform: with the target.
    Where torchvision is installed, videos and masks are tv_tensors, boxes while transforms are at work. split is "train"
    unless given. seed (0), length (10,000) and bank (MNIST) are for the generator. Target
    arrays have as many digit rows as the clip has digits; `collate` pads them. Raises `BadArgument` for an argument that
    the source has said already, for a split or a truth that was not stored, and where transforms make a mask a float, or
    move pixels beside arrays that cannot follow, such as flow.

    >>> dataset = SegMNIST("clean", split="test", truth=("semantic", "boxes"), length=100)
    >>> video, target = dataset[3]
    >>> video.shape, target["semantic"].dtype, dataset.classes[10]
    (torch.Size([30, 1, 64, 64]), torch.uint8, 'background')
    """

    classes: list[str] = list(CLASS_NAMES)  # noqa: RUF012
    """Names of the classes in `semantic` and `labels`, by number: those of the bank or of the stored data set."""

    def __init__(
        self,
        source: Source = "standard",
        split: str | None = None,
        transforms: Transforms | None = None,
        *,
        truth: str | Sequence[str] | None = None,
        seed: int | None = None,
        length: int | None = None,
        bank: Any = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if transform is not None or target_transform is not None:
            if transforms is not None:
                fix = "transforms, or transform and target_transform"
                raise BadArgument("transforms", transforms, "none beside transform or target_transform", fix)
            transforms = Separate(transform, target_transform)
        if length is None and (
            isinstance(source, SceneSpec) or (isinstance(source, str) and source in PRESETS)
        ):
            length = NUM_CLIPS
        self.reader = open_reader(source, split=split, seed=seed, truth=truth, length=length, bank=bank)
        if self.reader.length is None:
            raise BadArgument(
                "source", source, "a source with a length", "EndlessClips takes one without end"
            )
        self.reader.warm_up()
        self.classes = list(self.reader.classes.all_names)
        self.transforms = transforms

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Class numbers by name."""
        return {name: index for index, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return self.reader.length or 0

    def __getitem__(self, index: int) -> Sample:
        return sample_of(self.reader.read([self._row(index)]), 0, self.transforms)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]:
        """Return these samples, drawn in one kernel call; DataLoaders call this method."""
        rows = np.array([self._row(index) for index in indices], np.int64)
        if self.transforms is None:
            return _Asked(self.reader, rows)
        return samples_of(self.reader.read(rows), self.transforms)

    def _row(self, index: Any) -> int:
        try:
            row = operator.index(index)
        except TypeError:
            fix = "torch.utils.data.Subset(dataset, indices) takes several"
            raise BadArgument("index", index, "one whole number", fix) from None
        if not -len(self) <= row < len(self):
            raise IndexError(f"clip {row} of a dataset of {len(self)}")
        return row % len(self)


class _Asked(Sequence[Sample]):
    """Samples of a batch that is drawn on first access, so that `collate` can draw it into shared memory."""

    def __init__(self, reader: Reader, rows: Array) -> None:
        self.reader, self.rows = reader, rows

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """The batch, drawn on first access."""
        return self.reader.read(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: Any) -> Any:
        return sample_of(self.arrays, range(len(self))[row])


def collate(samples: Sequence[Sample] | Batch) -> Batch:
    """Return a batch of samples as a dict of tensors; give it to a DataLoader as `collate_fn`.

    video is `(B,T,1,H,W)`, or `(B,T,3,H,W)` with the truth "rgb"; masks are `(B,T,H,W)`, tables of digits are padded to
    `(B,N,...)`, of which the first `num_digits (B,)` rows are real. A batch of `EndlessClips` is returned as it is.

    >>> import torch
    >>> dataset = SegMNIST("standard", length=64)
    >>> loader = torch.utils.data.DataLoader(dataset, batch_size=4, collate_fn=collate)
    >>> batch = next(iter(loader))
    >>> {name: tuple(batch[name].shape) for name in ("video", "semantic", "labels")}
    {'video': (4, 30, 1, 64, 64), 'semantic': (4, 30, 64, 64), 'labels': (4, 3)}
    """
    if isinstance(samples, Batch):
        return samples
    if isinstance(samples, _Asked):
        if get_worker_info() is not None:
            return draw_parcel(samples.reader, samples.rows)
        return tensors_of(samples.arrays)
    return collated(samples)
