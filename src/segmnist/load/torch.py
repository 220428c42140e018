"""PyTorch: a map-style dataset, an endless stream, and the collate function of both.

A worker draws a whole batch in one kernel call, straight into the memory that the DataLoader shares with the
main process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from segmnist.errors import BadArgument, MissingDependency
from segmnist.load.reader import Array, Reader, Source, clip_of, open_reader
from segmnist.palette import CLASS_NAMES
from segmnist.render.arrays import ARRAYS

try:
    import torch
    from torch import Tensor
    from torch.utils.data import Dataset, get_worker_info
except ImportError:
    raise MissingDependency("segmnist.load.torch", "torch") from None

from segmnist.load.parcel import draw_parcel
from segmnist.load.stream import EndlessClips, EndlessLoader
from segmnist.load.tensors import tensor_of, tensors_of

__all__ = ["EndlessClips", "EndlessLoader", "SegMNIST", "collate", "tensors_of"]

Target = dict[str, Any]
Sample = tuple[Tensor, Target]
Transforms = Callable[[Tensor, Target], tuple[Any, Any]]

NUM_CLIPS = 10_000
"""Default length of a generated dataset."""


class SegMNIST(Dataset[Sample]):
    """Clips as `(video, target)`: video `(T,1,H,W)` uint8, target a dict of the labels and truths by name.

    source: a preset's name, a `SceneSpec`, a `ClipSource`, or the place of a stored data set. transforms:
    called with (video, target), as in torchvision; where torchvision is installed, videos and masks are
    tv_tensors. seed, length and bank are for the generator. Target arrays have as many digit rows as the clip
    has digits; `collate` pads them. Raises `BadArgument` for a split or a truth that was not stored, and when
    transforms change the dtype of a mask.

    >>> dataset = SegMNIST("clean", split="test", truth=("semantic", "boxes"), length=100)
    >>> video, target = dataset[3]
    >>> video.shape, target["semantic"].dtype, dataset.classes[10]
    (torch.Size([30, 1, 64, 64]), torch.uint8, 'background')
    """

    classes: ClassVar[list[str]] = list(CLASS_NAMES)
    """Names of the classes in `semantic` and `labels`, by number."""

    def __init__(
        self,
        source: Source = "standard",
        split: str = "train",
        transforms: Transforms | None = None,
        *,
        truth: str | Sequence[str] = ("semantic",),
        seed: int = 0,
        length: int = NUM_CLIPS,
        bank: Any = None,
    ) -> None:
        self.reader = open_reader(source, split=split, seed=seed, truth=truth, length=length, bank=bank)
        if self.reader.length is None:
            raise BadArgument(
                "source", source, "a source with a length", "EndlessClips takes one without end"
            )
        self.transforms = transforms

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Class numbers by name."""
        return {name: index for index, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return self.reader.length or 0

    def __getitem__(self, index: int) -> Sample:
        length = len(self)
        if not -length <= index < length:
            raise IndexError(f"clip {index} of a dataset of {length}")
        return self._sample(self.reader.read([index % length]), 0)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]:
        """Return these samples, drawn in one kernel call; DataLoaders call this method."""
        rows = np.asarray(indices, np.int64)
        if self.transforms is None:
            return _Asked(self.reader, rows)
        arrays = self.reader.read(rows)
        return [self._sample(arrays, row) for row in range(len(indices))]

    def _sample(self, arrays: dict[str, Array], row: int) -> Sample:
        video, target = _sample_of(arrays, row)
        if self.transforms is None:
            return video, target
        before = {name: value.dtype for name, value in target.items() if _is_mask(name)}
        video, target = self.transforms(video, target)
        for name, dtype in before.items():
            if name in target and target[name].dtype != dtype:
                fix = "masks are not pictures: transform them with nearest neighbours, and convert after loading"
                raise BadArgument("transforms", f"{name} became {target[name].dtype}", str(dtype), fix)
        return video, target


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
        return _sample_of(self.arrays, range(len(self))[row])


def collate(samples: Sequence[Sample]) -> Any:
    """Return a batch of samples as a dict of tensors; give it to a DataLoader as `collate_fn`.

    video is `(B,T,1,H,W)`, masks are `(B,T,H,W)`, tables of digits are padded to `(B,N,...)`, of which the first
    `num_digits (B,)` rows are real.

    >>> dataset = SegMNIST("standard", length=64)
    >>> loader = torch.utils.data.DataLoader(dataset, batch_size=4, collate_fn=collate)
    >>> batch = next(iter(loader))
    >>> {name: tuple(batch[name].shape) for name in ("video", "semantic", "labels")}
    {'video': (4, 30, 1, 64, 64), 'semantic': (4, 30, 64, 64), 'labels': (4, 3)}
    """
    if isinstance(samples, _Asked):
        if get_worker_info() is not None:
            return draw_parcel(samples.reader, samples.rows)
        return tensors_of(samples.arrays)
    targets = [target for _, target in samples]
    columns = {name: [torch.as_tensor(target[name]) for target in targets] for name in targets[0]}
    batch = {"video": torch.stack([torch.as_tensor(video) for video, _ in samples])}
    return batch | {name: _stacked(name, column) for name, column in columns.items()}


def _stacked(name: str, column: list[Tensor]) -> Tensor:
    """Return the column as one tensor; ragged digit axes are padded with the catalog's value."""
    largest = tuple(max(sizes) for sizes in zip(*(value.shape for value in column)))
    if all(value.shape == largest for value in column):
        return torch.stack(column)
    out = column[0].new_full((len(column), *largest), ARRAYS[name].padding if name in ARRAYS else 0)
    for row, value in zip(out, column):
        row[tuple(slice(size) for size in value.shape)] = value
    return out


def _sample_of(arrays: dict[str, Array], row: int) -> Sample:
    tensors = {
        name: _wrapped(name, tensor_of(np.asarray(array))) for name, array in clip_of(arrays, row).items()
    }
    return tensors.pop("video"), tensors


def _is_mask(name: str) -> bool:
    return name in ARRAYS and ARRAYS[name].axes[-2:] == ("y", "x") and name != "video"


def _wrapped(name: str, tensor: Tensor) -> Tensor:
    """Return the tensor, as a tv_tensor where torchvision is installed."""
    tv_tensors = _tv_tensors()
    if name == "video":
        video = tensor[:, None]
        return tv_tensors.Video(video) if tv_tensors else video
    return tv_tensors.Mask(tensor) if tv_tensors and _is_mask(name) else tensor


_found: list[Any] = []


def _tv_tensors() -> Any:
    """Return torchvision's tv_tensors, None where it is not installed or not made for this PyTorch."""
    if not _found:
        try:
            from torchvision import tv_tensors
        except (ImportError, RuntimeError):
            tv_tensors = None
        _found.append(tv_tensors)
    return _found[0]
