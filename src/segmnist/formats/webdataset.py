"""WebDataset: tar files of `train_0000000042.video.npy`, `.semantic.npy`, ..., `.json`.

The key has the split in it, so that a stream over several splits has no key twice. The tar format is USTAR, without
times or owners. Masks are .npy, since readers decode a palette PNG to grey, which gives wrong classes. Members are found
by walking the headers; nothing is ever extracted to a path.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmnist.errors import CorruptData
from segmnist.formats.card import common_files, json_bytes, sequence_name
from segmnist.formats.layout import Array, ArrayLayout, Arrays, Fetch, Layout, NamedFiles
from segmnist.formats.npz import npy_bytes
from segmnist.numpy_files import npy_array

ROOT = "{split}.webdataset"
BOOKS = ""
BLOCK = 512


def root_files(layout: Layout) -> dict[str, bytes]:
    """Return the card, the licence and the classes."""
    return common_files(layout.classes)


def shard_files(layout: Layout, shard: int, arrays: Arrays) -> NamedFiles:
    """Yield the shard's tar file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for row, clip_id in enumerate(arrays["clip_id"].tolist()):
            for ending, data in _members(layout, {name: arrays[name][row] for name in layout.arrays}):
                member = tarfile.TarInfo(f"{sequence_name(layout, clip_id)}.{ending}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    yield _path(layout, shard), file.getvalue()


def shard_paths(layout: Layout, shard: int) -> tuple[str, ...]:
    """Return the path of the shard's one file."""
    return (_path(layout, shard),)


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` where it is not as written."""
    path = _path(layout, shard)
    data = fetch(path)[:]
    try:
        clips = _found(data)
        chosen = [clips[row] for row in rows]
        return {name: _column(layout.arrays[name], name, chosen, path) for name in names}
    except (ValueError, KeyError, IndexError, RecursionError, OverflowError, tarfile.TarError) as error:
        raise CorruptData(f"{path}: {error!r}") from None


def _members(layout: Layout, clip: dict[str, Array]) -> list[tuple[str, bytes]]:
    numbers = {name: int(clip[name]) for name, array in layout.arrays.items() if _is_number(array)}
    facts = {"split": layout.recipe["split"], "seed": layout.recipe["seed"], **numbers}
    if "labels" in clip and "num_digits" in clip:
        facts["digits"] = clip["labels"][: numbers["num_digits"]].tolist()
    arrays = [
        (f"{name}.npy", npy_bytes(clip[name]))
        for name, array in layout.arrays.items()
        if not _is_number(array)
    ]
    return [*arrays, ("json", json_bytes(facts))]


def _found(data: memoryview) -> list[dict[str, memoryview]]:
    """Return the members of each clip, by the part of the name after the key."""
    clips: dict[str, dict[str, memoryview]] = {}
    offset = 0
    while offset + BLOCK <= len(data) and data[offset]:
        header = tarfile.TarInfo.frombuf(bytes(data[offset : offset + BLOCK]), "ascii", "strict")
        if header.size < 0:
            raise ValueError(f"a member of {header.size} bytes")
        key, _, ending = header.name.partition(".")
        content = data[offset + BLOCK : offset + BLOCK + header.size]
        clips.setdefault(key, {})[ending] = content
        offset += BLOCK + -(-header.size // BLOCK) * BLOCK
    return list(clips.values())


def _column(array: ArrayLayout, name: str, clips: list[dict[str, memoryview]], path: str) -> Array:
    if _is_number(array):
        return np.array([json.loads(bytes(clip["json"]))[name] for clip in clips], array.dtype)
    values: Any = [npy_array(clip[f"{name}.npy"], f"{path}: {name}") for clip in clips]
    if any((value.shape, value.dtype) != (array.shape, np.dtype(array.dtype)) for value in values):
        raise ValueError(f"{name} is not {array.dtype} {array.shape} in every clip")
    return np.stack(values) if values else np.empty((0, *array.shape), array.dtype)


def _is_number(array: ArrayLayout) -> bool:
    return array.shape == () and np.dtype(array.dtype).kind == "i"


def _path(layout: Layout, shard: int) -> str:
    return f"{layout.recipe['split']}-{shard:06d}.tar"
