"""The whole of MNIST inside the package: one xz file, its layout, and the decoded copy that processes share.

Decoding takes about half a second, so the decoded bytes are kept in the user's cache folder and memory-mapped
from there; processes share that copy. Nothing is ever downloaded, and nothing is read at import.
"""

from __future__ import annotations

import contextlib
import hashlib
import lzma
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from segmnist.cache_folder import cache_folder
from segmnist.errors import CorruptData
from segmnist.whole_file import replacing, sweep

NUM_DIGITS = 70_000
SHAPE = (NUM_DIGITS, 28, 28)
PACKED_NAME = "mnist.xz"
PACKED_SHA256 = "b91338dda73542229a5018c577d854451d665bf2c7d9e04ff8355098bcc4f45c"
ARRAY_SHA256 = "c2069063c1105f2bf96266aef1ff68c6e13bdda7a54e37bf19c16f1db24efc83"
"""SHA-256 of the 54,950,000 decoded bytes: every image in raster order, then every label."""

# A new pin gives a new file name: two versions of the package never fight over one cached file.
CACHE_NAME = f"mnist-{ARRAY_SHA256[:16]}.npy"
_NUM_BYTES = NUM_DIGITS * (28 * 28 + 1)

UInt8 = npt.NDArray[np.uint8]


def pack(images: UInt8, labels: UInt8) -> bytes:
    """The packed file of images (n,h,w) uint8 and labels (n,) uint8: two xz streams, read as one.

    The first holds the labels and, a bit a pixel with rows padded to whole bytes, where ink is (pixel > 0);
    the second the values of the ink pixels in raster order. The same liblzma gives the same bytes.
    """
    ink = images > 0
    # Measured on MNIST: plain pixels in one stream take 9.09 MB and 60 s to pack, these two 8.82 MB and 12 s.
    # lp=pb=2 tells the coder that a 28-pixel row of bits is 4 bytes; lc=4 suits the smooth greys of strokes.
    shapes = _xz(labels.tobytes() + np.packbits(ink, axis=2).tobytes(), lc=0, lp=2, pb=2)
    return shapes + _xz(images[ink].tobytes(), lc=4, lp=0, pb=0)


def _xz(data: bytes, *, lc: int, lp: int, pb: int) -> bytes:
    # All of the data fits in a 32 MiB window; the preset's own 64 MiB would only cost the reader memory.
    lzma2 = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 25}
    return lzma.compress(data, format=lzma.FORMAT_XZ, filters=[lzma2 | {"lc": lc, "lp": lp, "pb": pb}])


def unpack(packed: bytes, shape: tuple[int, int, int]) -> UInt8:
    """What `pack` packed, flat: n*h*w image bytes in raster order, then n labels, as uint8.

    >>> images, labels = np.eye(4, dtype=np.uint8)[None] * 7, np.array([3], np.uint8)
    >>> unpack(pack(images, labels), (1, 4, 4))
    array([7, 0, 0, 0, 0, 7, 0, 0, 0, 0, 7, 0, 0, 0, 0, 7, 3], dtype=uint8)
    """
    n, height, width = shape
    data = np.frombuffer(lzma.decompress(packed), np.uint8)
    end_of_ink = n + n * height * (row_bytes := (width + 7) // 8)
    rows = data[n:end_of_ink].reshape(n, height, row_bytes)
    flat = np.zeros(n * height * width + n, np.uint8)
    ink = np.unpackbits(rows, axis=2, count=width).view(bool).ravel()
    flat[:-n][ink] = data[end_of_ink:]
    flat[-n:] = data[:n]
    return flat


def mnist() -> tuple[UInt8, UInt8]:
    """All of MNIST: images (70000,28,28) and labels (70000,), read-only uint8, training before test digits.

    Mapped from the cache folder where that works, else held in memory; checked by SHA-256 either way.
    Raises CorruptData if the file inside the package is missing or damaged.
    """
    flat = _cached()
    return flat[:-NUM_DIGITS].reshape(SHAPE), flat[-NUM_DIGITS:]


def _decoded() -> UInt8:
    source = resources.files("segmnist.digits") / PACKED_NAME
    try:
        packed = source.read_bytes()
    except FileNotFoundError:
        raise CorruptData(f"{source}: missing; reinstall segmnist") from None
    if hashlib.sha256(packed).hexdigest() != PACKED_SHA256:
        raise CorruptData(f"{source}: SHA-256 is not {PACKED_SHA256[:16]}...; reinstall segmnist")
    flat = unpack(packed, SHAPE)
    if hashlib.sha256(flat.data).hexdigest() != ARRAY_SHA256:
        raise CorruptData(f"{source}: decoded SHA-256 is not {ARRAY_SHA256[:16]}...; reinstall segmnist")
    flat.setflags(write=False)
    return flat


def _cached() -> UInt8:
    folder = cache_folder()
    if folder is None:
        return _decoded()
    path = folder / CACHE_NAME
    if (flat := _open(path)) is not None:
        return flat
    flat = _decoded()
    # When many processes start at once, most find that another has written the file already.
    if (shared := _open(path)) is None:
        _store(path, flat)
        shared = _open(path)
    return flat if shared is None else shared


def _open(path: Path) -> UInt8 | None:
    """The cached bytes, mapped read-only, or None where they are missing, damaged or out of reach."""
    try:
        if not path.is_file():  # a pipe would block, a folder would raise
            return None
        flat = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        is_ours = flat.dtype == np.uint8 and flat.shape == (_NUM_BYTES,)
        return flat if is_ours and hashlib.sha256(flat.data).hexdigest() == ARRAY_SHA256 else None
    except Exception:  # NumPy raises many kinds of errors on damaged bytes; the file is then built anew
        return None


def _store(path: Path, flat: UInt8) -> None:
    """Write the cached file whole or not at all, for all users to read, whatever the umask: its bytes are public."""
    # Read-only, full, or (Windows) the old file is still mapped somewhere: keep the digits in memory.
    with contextlib.suppress(OSError):
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(0o755)
        sweep(path.parent, path.name)  # a process that was killed here leaves 55 MB behind
        with replacing(path) as [temporary], temporary.open("xb") as file:
            np.save(file, flat)
            temporary.chmod(0o644)
