"""How a clip travels: a JSON header and the arrays behind it, in one reply."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC = b"SGMN"


class ArrayPlace(msgspec.Struct, frozen=True):
    """Where an array lies in the reply: bytes from the start of the arrays; little-endian, C order."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


def pack(facts: Any, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return `SGMN`, the header's length (uint32, little-endian), the header padded to 8 bytes, and the arrays.

    The header is JSON: `facts`, and `arrays`, a table from name to dtype, shape and offset, each offset a multiple of 8.

    >>> reply = pack({"clip": 17}, {"video": np.zeros((2, 3), np.uint8)})
    >>> reply[:4], len(reply) % 8
    (b'SGMN', 0)
    """
    places, pieces, offset = {}, [], 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        places[name] = ArrayPlace(array.dtype.name, array.shape, offset)
        pieces.append(_padded(little.tobytes()))
        offset += len(pieces[-1])
    header = _padded(msgspec.json.encode({"facts": facts, "arrays": places}), b" ")
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *pieces])


def _padded(data: bytes, filler: bytes = b"\0") -> bytes:
    return data + filler * (-len(data) % 8)


def unpack(reply: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the facts and the arrays of a reply that `pack` made; for scripts that talk to the explorer."""
    (length,) = struct.unpack("<I", reply[4:8])
    header = msgspec.json.decode(reply[8 : 8 + length])
    arrays = {}
    for name, place in header["arrays"].items():
        start = 8 + length + place["offset"]
        count = int(np.prod(place["shape"], dtype=np.int64))
        arrays[name] = np.frombuffer(reply, place["dtype"], count, start).reshape(place["shape"])
    return header["facts"], arrays
