"""Parcel: a batch on its way from a DataLoader's worker to the main process, in reused shared memory.

PyTorch allocates fresh shared memory for every tensor of every batch, and the operating system clears each page
of it: for 32 clips of `standard` that takes longer than drawing them (`benchmarks/load.py`). Here a worker
draws into a slot that it keeps. The slot's first byte says whether the main process still holds a tensor of
the batch in it; once the last is gone, the worker may use the slot again. If the main process keeps batches,
the worker takes more slots, so no tensor that is still in use is overwritten.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import weakref
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from segmnist.load.reader import Array, Reader
from segmnist.load.tensors import with_channel

HEADER = 64
FREE, IN_USE = 0, 1


class Field(NamedTuple):
    """The place of an array in a slot."""

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def num_bytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def of(self, memory: Array) -> Array:
        """Return the array in the memory of a slot."""
        return memory[self.offset : self.offset + self.num_bytes].view(self.dtype).reshape(self.shape)


class Slot:
    """Shared memory for one batch."""

    def __init__(self, number: int, num_bytes: int) -> None:
        self.number = number
        self.shared = torch.zeros(num_bytes, dtype=torch.uint8).share_memory_()  # type: ignore[no-untyped-call]
        self.memory: Array = self.shared.numpy()
        self.is_known = False


class Parcel:
    """What a worker sends; unpickled in the main process it is a dict of tensors."""

    def __init__(self, slot: Slot, fields: dict[str, Field]) -> None:
        slot.memory[0] = IN_USE
        self.content = (os.getpid(), slot.number, None if slot.is_known else slot.shared, fields)
        slot.is_known = True

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, self.content


_slots: list[Slot] = []
"""The slots of this process, if it is a worker."""
_mapped: dict[tuple[int, int], Array] = {}
"""Memory of the slots of this process's workers, by process id and number."""


def draw_parcel(reader: Reader, rows: ArrayLike) -> Parcel:
    """Draw or read these rows into a free slot."""
    num_clips, offset = len(np.asarray(rows)), HEADER
    fields = {}
    for name, (shape, dtype) in reader.kinds.items():
        fields[name] = Field(dtype, (num_clips, *shape), offset)
        offset += -(-fields[name].num_bytes // HEADER) * HEADER
    slot = _free_slot(offset)
    out = {name: field.of(slot.memory) for name, field in fields.items()}
    for name, array in reader.read(rows, out).items():
        if array is not out[name]:
            out[name][...] = array
    return Parcel(slot, fields)


def _free_slot(num_bytes: int) -> Slot:
    for slot in _slots:
        if slot.memory[0] == FREE and len(slot.memory) >= num_bytes:
            return slot
    _slots.append(Slot(len(_slots), num_bytes))
    return _slots[-1]


def _received(pid: int, number: int, shared: Tensor | None, fields: dict[str, Field]) -> dict[str, Tensor]:
    """Return the tensors of a parcel; its slot is free when the last of them is gone."""
    if shared is not None:
        _forget_the_dead()
        _mapped[pid, number] = shared.numpy()
    memory = _mapped[pid, number]
    # The tensors' storage keeps this view alive, and nothing else does.
    lease = memory[:]
    weakref.finalize(lease, _release, memory).atexit = False
    content = torch.from_numpy(lease)
    return with_channel({name: _tensor(content, field) for name, field in fields.items()})


def _tensor(content: Tensor, field: Field) -> Tensor:
    dtype = torch.from_numpy(np.empty(0, field.dtype)).dtype
    part = content[field.offset : field.offset + field.num_bytes]
    return part.view(dtype).reshape(field.shape) if field.num_bytes else torch.empty(field.shape, dtype=dtype)


def _release(memory: Array) -> None:
    memory[0] = FREE


def _forget_the_dead() -> None:
    alive = {child.pid for child in multiprocessing.active_children()}
    for key in [key for key in _mapped if key[0] not in alive]:
        del _mapped[key]
