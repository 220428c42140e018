"""Arrays in .npy and .npz files that others made.

Nothing is unpickled, and no memory is taken for a size that a header merely declares.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import CorruptData, SegmnistError, shortened

Array = NDArray[Any]

HEAD_BYTES = 10_000
"""Bytes at the start of a .npy file that are looked into; NumPy reads no longer header either."""

MOST_MEMBERS = 1000
"""Members that an archive may have."""

_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Header(NamedTuple):
    """What a .npy file declares, and where its data begin."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def num_bytes(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


Check = Callable[[str, Header], None]


def npz_arrays(
    file: IO[bytes],
    where: str,
    limit_bytes: int,
    wanted: Iterable[str] | None = None,
    check: Check = lambda name, header: None,
) -> dict[str, Array]:
    """Return the arrays of an archive by name: all, or those of `wanted` that it holds.

    check: called with the name and the header of each, before any of its data is read. Raises `CorruptData`, which names
    the file and the member, for anything broken or pickled, and for more than `limit_bytes` in all.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _members(archive, where, limit_bytes, wanted, check)
    except SegmnistError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds of errors on damaged bytes
        raise CorruptData(f"{where}: not a readable .npz: {shortened(repr(error))}") from None


def npy_array(data: bytes | memoryview, where: str) -> Array:
    """Return the array in the bytes of a .npy file. Raises `CorruptData` unless they are that and nothing else."""
    header = _header(bytes(data[:HEAD_BYTES]), where)
    return _array(header, data[header.start :], where)


def npy_header(file: IO[bytes], where: str) -> Header:
    """Return what a .npy file declares. Raises `CorruptData` unless the file has just as many bytes."""
    header = _header(file.read(HEAD_BYTES), where)
    if (found := file.seek(0, io.SEEK_END) - header.start) != header.num_bytes:
        raise CorruptData(f"{where}: has {found} bytes, declares {header.num_bytes} {header.shape}")
    return header


def _members(
    archive: zipfile.ZipFile, where: str, limit_bytes: int, wanted: Iterable[str] | None, check: Check
) -> dict[str, Array]:
    present = {info.filename: info for info in archive.infolist()}
    if len(present) > MOST_MEMBERS:
        raise CorruptData(f"{where}: {len(present)} members, {MOST_MEMBERS} at most are permitted")
    names = present if wanted is None else [f"{name}.npy" for name in wanted]
    infos = [present[name] for name in names if name in present]
    # zipfile never yields more than file_size bytes of a member, so this also stops zip bombs.
    if (total := sum(info.file_size for info in infos)) > limit_bytes:
        raise CorruptData(f"{where}: unpacks to {total} bytes, more than the {limit_bytes} permitted")
    return {
        (name := info.filename.removesuffix(".npy")): _member(archive, where, info, partial(check, name))
        for info in infos
    }


def _member(
    archive: zipfile.ZipFile, path: str, info: zipfile.ZipInfo, check: Callable[[Header], None]
) -> Array:
    where = f"{path}: {shortened(info.filename)}"
    if info.compress_type not in _METHODS:
        raise CorruptData(f"{where} is packed in a way that NumPy does not use")
    with archive.open(info) as file:
        head = file.read(HEAD_BYTES)
        header = _header(head, where)
        if header.num_bytes > info.file_size:
            raise CorruptData(
                f"{where} has {info.file_size} bytes, declares {header.num_bytes} {header.shape}"
            )
        check(header)
        # The byte beyond tells trailing bytes, and has zipfile check its CRC.
        data = head[header.start :] + file.read(max(0, header.num_bytes + header.start + 1 - len(head)))
    return _array(header, data, where)


def _header(head: bytes, where: str) -> Header:
    file = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(file)
        if version not in _READERS:
            raise CorruptData(f"{where} is of .npy version {version}, expected 1.0 or 2.0")
        shape, is_fortran, dtype = _READERS[version](file)
    except SegmnistError:
        raise
    except Exception as error:  # the header is Python source, in which much can be wrong
        raise CorruptData(f"{where}: not a readable .npy: {shortened(str(error))}") from None
    if dtype.hasobject:
        raise CorruptData(f"{where} holds pickled objects, which are never loaded")
    if min(shape, default=0) < 0:
        raise CorruptData(f"{where} declares the shape {shape}")
    return Header(shape, is_fortran, dtype, file.tell())


def _array(header: Header, data: bytes | memoryview, where: str) -> Array:
    if len(data) != header.num_bytes:
        raise CorruptData(f"{where} has {len(data)} bytes, declares {header.num_bytes} {header.shape}")
    array: Array = np.frombuffer(data, header.dtype) if len(data) else np.empty(0, header.dtype)
    return array.reshape(header.shape, order="F" if header.is_fortran else "C")
