"""EndlessClips: clips that never end and never repeat; one whole number says where a training run stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from segmnist.errors import BadArgument, whole_number
from segmnist.load.parcel import draw_parcel
from segmnist.load.reader import GeneratorReader, Source, open_reader
from segmnist.load.samples import collated, samples_of
from segmnist.load.tensors import Batch, tensors_of
from segmnist.load.transforms import Transforms


class EndlessClips(IterableDataset[Batch]):
    """Batches of clips without end, drawn in one kernel call each; no clip comes twice, on any rank.

    A batch is a dict of tensors. In step s, rank r of world_size w gets batch_size clips from
    first_clip + (s*w + r) * batch_size on, so ranks and DataLoader workers get different clips and need not talk.
    first_clip is where to start, the one integer that a checkpoint needs: `EndlessLoader` counts it. rank and
    world_size are those of torch.distributed where it runs, else 0 and 1. transforms and bank are those of `SegMNIST`.
    Give it to a DataLoader with `batch_size=None`. Raises `BadArgument` for a stored data set, and for a source with a
    length.

    >>> batch = next(iter(EndlessClips("clean", batch_size=4, rank=1, world_size=2)))
    >>> batch["clip_id"].tolist(), batch["video"].shape
    ([4, 5, 6, 7], torch.Size([4, 30, 1, 64, 64]))
    """

    def __init__(
        self,
        source: Source = "standard",
        split: str | None = None,
        transforms: Transforms | None = None,
        *,
        batch_size: int = 32,
        truth: str | Sequence[str] | None = None,
        seed: int | None = None,
        first_clip: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        bank: Any = None,
    ) -> None:
        batch_size = whole_number("batch_size", batch_size, 1)
        reader = open_reader(source, split=split, seed=seed, truth=truth, bank=bank)
        if not isinstance(reader, GeneratorReader) or reader.length is not None:
            raise BadArgument("source", source, "a generator without end", "SegMNIST takes the others")
        reader.warm_up()
        self.reader, self.batch_size, self.transforms = reader, batch_size, transforms
        self.rank, self.world_size = place_among_ranks(rank, world_size)
        self.first_clip = checked_first(first_clip)

    @property
    def clips_per_step(self) -> int:
        """Number of clips that all ranks together take in one step."""
        return self.batch_size * self.world_size

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        # A DataLoader asks its workers in turn, so worker k gives steps k, k + K, k + 2K...
        step, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        start = self.first_clip + self.rank * self.batch_size
        while True:
            first = start + step * self.clips_per_step
            rows = np.arange(first, first + self.batch_size)
            if self.transforms is not None:
                yield collated(samples_of(self.reader.read(rows), self.transforms))
            else:
                yield draw_parcel(self.reader, rows) if worker else tensors_of(self.reader.read(rows))
            step += stride


class EndlessLoader:
    """A DataLoader over `EndlessClips` that knows where it stands: `state_dict()` is `{"next_clip": n}`.

    Batches that were loaded ahead but not yet given out do not count, so a run resumes at the next batch, with any
    number of workers, ranks or clips per batch. options: those of `torch.utils.data.DataLoader`, such as
    num_workers. The state is the same on every rank. One iterator at a time: an older one ends in a `RuntimeError`. Raises
    `BadArgument` for `in_order=False`, as one number could not say which batches came.

    >>> loader = EndlessLoader(EndlessClips("clean", batch_size=4))
    >>> [batch["clip_id"].tolist() for _, batch in zip(range(2), loader)]
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    >>> loader.state_dict()
    {'next_clip': 8}
    """

    def __init__(self, dataset: EndlessClips, **options: Any) -> None:
        if not options.get("in_order", True):
            raise BadArgument("in_order", False, "True", "next_clip says where a run stands only in order")
        if options.pop("batch_size", None) is not None:
            raise BadArgument("batch_size", "given", "that of EndlessClips", "leave it out here")
        self.dataset, self.options = dataset, options
        self._iterator: object = None

    def __iter__(self) -> Iterator[Batch]:
        self._iterator = own = object()
        return self._batches(own)

    def _batches(self, own: object) -> Iterator[Batch]:
        # No persistent workers: a resumed run must start them at the clip where it stands.
        for batch in DataLoader(self.dataset, batch_size=None, **self.options):
            if self._iterator is not own:
                raise RuntimeError(
                    "this EndlessLoader is read by another iterator: one at a time, from iter()"
                )
            self.dataset.first_clip += self.dataset.clips_per_step
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return where the loader stands: the first clip of the next step over all ranks."""
        return {"next_clip": self.dataset.first_clip}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to where another loader stood; takes effect with the next `iter()`."""
        self.dataset.first_clip = next_clip_of(state)


def next_clip_of(state: dict[str, int]) -> int:
    """Return where a stream stood; raise `BadArgument` for what is no state of one."""
    if set(state) != {"next_clip"}:
        raise BadArgument("state", state, "what state_dict() gave: {'next_clip': n}")
    return checked_first(state["next_clip"])


def place_among_ranks(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Return rank and world size, those of torch.distributed where neither is given; raise `BadArgument` for half of them."""
    if (rank is None) != (world_size is None):
        raise BadArgument("rank", (rank, world_size), "rank and world_size together, or neither")
    if rank is None or world_size is None:
        running = torch.distributed.is_available() and torch.distributed.is_initialized()
        here = (torch.distributed.get_rank(), torch.distributed.get_world_size()) if running else (0, 1)
        rank, world_size = here
    if not 0 <= rank < world_size:
        raise BadArgument("rank", rank, f"0..{world_size - 1}, as world_size={world_size}")
    return rank, world_size


def checked_first(clip: Any) -> int:
    """Return the number of the first clip; raise `BadArgument` for one that is no whole number in 0..2^62-1."""
    return whole_number("first_clip", clip, 0, (1 << 62) - 1)
