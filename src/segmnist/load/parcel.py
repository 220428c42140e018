"""Parcel: a batch on its way from a DataLoader's worker to the main process, in reused shared memory.

PyTorch allocates fresh shared memory for every tensor of every batch, and the operating system clears each page
of it: for 32 clips of `standard` that takes longer than drawing them (`benchmarks/load.py`). Here a worker
draws into a slot that it keeps. The slot's first byte says whether the main process still holds a tensor of
the batch in it; once the last is gone, the worker may use the slot again. If the main process keeps batches,
the worker takes more slots, so no tensor that is still in use is overwritten.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import weakref
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from segmnist.load.reader import Array, Reader
from segmnist.load.tensors import Batch, with_channel

HEADER = 64
FREE, IN_USE = 0, 1
MOST_FREE = 4
"""Free slots that a worker keeps; more are left over when batches that were kept are let go."""


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


Fields = dict[str, Field]


class Slot:
    """Shared memory of a worker for one batch."""

    def __init__(self, number: int, num_bytes: int) -> None:
        self.number = number
        self.shared = torch.zeros(num_bytes, dtype=torch.uint8).share_memory_()  # type: ignore[no-untyped-call]
        self.memory: Array = self.shared.numpy()
        self.is_known = False
        self._lease: weakref.ref[Array] | None = None

    @property
    def is_free(self) -> bool:
        """Whether neither the main process nor this one holds a tensor in it."""
        return self.memory[0] == FREE and (self._lease is None or self._lease() is None)

    def lend(self) -> Array:
        """Return a view of the memory; the slot is in use while the view lives."""
        lease: Array = self.memory[:]
        self._lease = weakref.ref(lease)
        return lease


class Filling:
    """What lies in a slot: the arrays' places, and the tensors that show them."""

    def __init__(self, slot: Slot, fields: Fields, lease: Array) -> None:
        self.slot, self.fields, self.lease = slot, fields, lease
        self.tensors = _tensors(lease, fields)
        self.is_sent = False


class Parcel(Batch):
    """A batch in a worker. Tensors that are still those of the slot are sent as the slot's number and places.

    Any other tensor is sent as PyTorch does it, as a copy: one that replaces a tensor of the parcel, and one that was
    taken out of it.
    """

    def __init__(self, filling: Filling) -> None:
        super().__init__(filling.tensors)
        self.filling = filling

    def __copy__(self) -> Parcel:
        copy = Parcel(self.filling)
        copy.clear()
        copy.update(self)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled by anything but the DataLoader, it is an ordinary dict.
        return dict, (dict(self),)


def _sent(parcel: Parcel) -> tuple[Any, ...]:
    """Return how a parcel is pickled for the main process: through its slot, which can be done once."""
    filling, slot = parcel.filling, parcel.filling.slot
    unchanged = {name for name, tensor in parcel.items() if filling.tensors.get(name) is tensor}
    if filling.is_sent or not unchanged:
        return parcel.__reduce__()
    filling.is_sent = True
    slot.memory[0] = IN_USE
    shared = None if slot.is_known else slot.shared
    slot.is_known = True
    gone, _gone[:] = tuple(_gone), []
    places = {name: filling.fields[name] if name in unchanged else tensor for name, tensor in parcel.items()}
    if "rgb" in filling.fields and "video" in unchanged:
        places["rgb"] = filling.fields["rgb"]  # what the video is a view of
    return _received, (os.getpid(), slot.number, shared, places, gone)


ForkingPickler.register(Parcel, _sent)

_slots: list[Slot] = []
"""The slots of this process, if it is a worker."""
_numbers = itertools.count()
_gone: list[int] = []
"""Numbers of slots that this worker gave up and the main process may still map."""
_mapped: dict[int, dict[int, Array]] = {}
"""Memory of the slots of this process's workers, by process id and number."""


def draw_parcel(reader: Reader, rows: ArrayLike) -> Parcel:
    """Draw or read these rows into a free slot."""
    num_clips, offset = len(np.asarray(rows)), HEADER
    fields = {}
    for name, (shape, dtype) in reader.kinds.items():
        fields[name] = Field(dtype, (num_clips, *shape), offset)
        offset += -(-fields[name].num_bytes // HEADER) * HEADER
    slot = _free_slot(offset)
    lease = slot.lend()
    out = {name: field.of(slot.memory) for name, field in fields.items()}
    for name, array in reader.read(rows, out).items():
        if array is not out[name]:
            out[name][...] = array
    return Parcel(Filling(slot, fields, lease))


def _free_slot(num_bytes: int) -> Slot:
    free = [slot for slot in _slots if slot.is_free]
    for slot in free[MOST_FREE:]:
        _slots.remove(slot)
        _gone.append(slot.number)
    for slot in free[:MOST_FREE]:
        if len(slot.memory) >= num_bytes:
            return slot
    _slots.append(Slot(next(_numbers), num_bytes))
    return _slots[-1]


def _received(
    pid: int, number: int, shared: Tensor | None, places: dict[str, Field | Tensor], gone: tuple[int, ...]
) -> Batch:
    """Return the tensors of a parcel; its slot is free when the last of them is gone."""
    slots = _slots_of(pid)
    for given_up in gone:
        slots.pop(given_up, None)
    if shared is not None:
        slots[number] = shared.numpy()
    memory = slots[number]
    # The tensors' storage keeps this view alive, and nothing else does.
    lease = memory[:]
    weakref.finalize(lease, _release, memory, os.getpid()).atexit = False
    fields = {name: place for name, place in places.items() if isinstance(place, Field)}
    tensors = _tensors(lease, fields)
    kept = (name for name, place in places.items() if name in tensors or not isinstance(place, Field))
    return Batch({name: tensors.get(name, places[name]) for name in kept})


def _slots_of(pid: int) -> dict[int, Array]:
    """Return the memory of a worker's slots, which is let go when the worker is."""
    if pid not in _mapped:
        _mapped[pid] = {}
        for process in multiprocessing.active_children():
            if process.pid == pid:
                weakref.finalize(process, _mapped.pop, pid, None).atexit = False
    return _mapped[pid]


def _tensors(lease: Array, fields: Fields) -> dict[str, Tensor]:
    content = torch.from_numpy(lease)
    return with_channel({name: _tensor(content, field) for name, field in fields.items()})


def _tensor(content: Tensor, field: Field) -> Tensor:
    dtype = torch.from_numpy(np.empty(0, field.dtype)).dtype
    part = content[field.offset : field.offset + field.num_bytes]
    return part.view(dtype).reshape(field.shape) if field.num_bytes else torch.empty(field.shape, dtype=dtype)


def _release(memory: Array, holder: int) -> None:
    # A forked child inherits batches that its parent still holds.
    if os.getpid() == holder:
        memory[0] = FREE
