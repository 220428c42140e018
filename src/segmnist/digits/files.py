"""Readers of digits from other people's files: IDX, the format in which MNIST is published, and .npz.

The files are not trusted: nothing is unpickled, and a declared size is checked before memory is allocated.
"""

from __future__ import annotations

import gzip
import math
import string
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from segmnist.digits.checks import (
    MNIST_SHA256,
    SPLIT_NAMES,
    Splits,
    UInt8,
    bank_sha256,
    checked_images,
    checked_labels,
)
from segmnist.digits.deal import dealt
from segmnist.errors import BadArgument, CorruptData
from segmnist.numpy_files import npz_arrays
from segmnist.text_file import read_text

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
MERGED = frozenset("cijklmopsuvwxyz")
"""Small letters that look like their capitals, which EMNIST's "balanced" and "bymerge" do not tell from them."""
_CHARACTERS = tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase)
_UNMERGED = tuple(letter for letter in _CHARACTERS if letter not in MERGED)
PREFIXES: dict[str, tuple[str, ...] | None] = {
    "": None,
    "emnist-digits-": None,
    "emnist-mnist-": None,
    "emnist-letters-": tuple(string.ascii_lowercase),
    "emnist-balanced-": _UNMERGED,
    "emnist-bymerge-": _UNMERGED,
    "emnist-byclass-": _CHARACTERS,
}
"""What the names of a folder's files may begin with, and the class names that go with it."""
NAMES_FILE = "class_names.txt"
"""The file beside IDX files that names their classes, one a line."""
MOST_BYTES = 1 << 20
"""Bytes that this file may have: more than 250 names take."""
KERAS_KEYS = ("x_train", "y_train", "x_test", "y_test")
LIMIT_BYTES = 2**31  # EMNIST, the largest of MNIST's family, is 0.64 GB
_DEFLATE_RATIO = 1032  # zlib's documentation: deflate cannot shrink data further than this


class Digits(NamedTuple):
    """Images (n,h,w), labels (n,), and what else a file says: the splits, the names of the classes."""

    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    splits: Splits | None = None
    class_names: tuple[str, ...] | None = None


def read_idx(path: Path, num_axes: int) -> UInt8:
    """The uint8 array of `num_axes` axes in an IDX file, gzipped or not.

    Raises BadArgument if `path` is not a file, and CorruptData if it is broken. Impossible sizes in the
    header are refused before memory is allocated.
    """
    if not path.is_file():
        raise BadArgument("path", str(path), "an existing IDX file")
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not zipped:
            return _read_sized(raw, path, num_axes, most=path.stat().st_size)
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                return _read_sized(file, path, num_axes, most=path.stat().st_size * _DEFLATE_RATIO)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CorruptData(f"{path}: broken gzip stream: {error}") from None


def _read_sized(file: IO[bytes] | gzip.GzipFile, path: Path, num_axes: int, most: int) -> UInt8:
    magic = file.read(4)
    if magic != bytes((0, 0, 8, num_axes)):
        expected = f"000008{num_axes:02x} (IDX of uint8, {num_axes} axes)"
        raise CorruptData(f"{path}: starts with {magic.hex() or 'nothing'}, expected {expected}")
    sizes = file.read(4 * num_axes)
    if len(sizes) < 4 * num_axes:
        raise CorruptData(f"{path}: cut short in the header, {4 + len(sizes)} of {4 + 4 * num_axes} bytes")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    declared = math.prod(shape)
    if not 0 < declared <= min(most, LIMIT_BYTES):
        raise CorruptData(f"{path}: declares {declared} bytes {shape}, which a file of this size cannot hold")
    # Asking for one byte more tells trailing bytes, and makes gzip check its sum at the end of the stream.
    data = file.read(declared + 1)
    if len(data) != declared:
        found = "trailing bytes after" if len(data) > declared else f"cut short, {len(data)} of"
        raise CorruptData(f"{path}: {found} {declared} declared bytes {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_pair(images_path: Path, labels_path: Path) -> Digits:
    """Images (n,h,w) and their labels (n,) from two IDX files; CorruptData if their counts differ."""
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise CorruptData(f"{labels_path}: {len(labels)} labels for {len(images)} images in {images_path}")
    return Digits(images, labels)


def read_mnist_folder(folder: Path) -> Digits:
    """Images, labels and splits from a folder with four IDX files as MNIST, Kaggle or EMNIST names them, raw or .gz.

    Class names are those of class_names.txt in the folder, one a line, or else those that EMNIST's file names imply.
    Raises BadArgument naming the first file that is missing, and CorruptData for a broken one.
    """
    for prefix in PREFIXES:
        found = [_find(folder, prefix, name) for name in MNIST_FILES]
        if any(found):
            break
    for path, name in zip(found, MNIST_FILES):
        if path is None:
            missing = f"{prefix}{name}"
            raise BadArgument("path", str(folder), f"a folder that holds {missing} or {missing}.gz")
    train, train_labels, test, test_labels = (path for path in found if path is not None)
    first, last = read_pair(train, train_labels), read_pair(test, test_labels)
    if prefix:  # EMNIST stores the columns of a picture one after another
        first, last = (part._replace(images=part.images.swapaxes(1, 2)) for part in (first, last))
    named = _names_in(folder) or PREFIXES[prefix]
    return _joined(folder, first, last)._replace(class_names=named)


def _names_in(folder: Path) -> tuple[str, ...] | None:
    path = folder / NAMES_FILE
    if not path.is_file():
        return None
    try:
        lines = read_text(path, MOST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptData(f"{path}: not readable as text: {error}") from None
    return tuple(line.strip() for line in lines if line.strip())


def _find(folder: Path, prefix: str, name: str) -> Path | None:
    """Return a file's path in the folder, or in a folder of the file's own name, as Kaggle unpacks it; None without one."""
    for spelt in _names(prefix, name):
        for path in (folder / spelt, folder / spelt / spelt):
            if path.is_file():
                return path
    return None


def _names(prefix: str, name: str) -> Iterator[str]:
    """Iterate over the names under which a file is published: with `-idx` or `.idx`, and EMNIST says test, not t10k."""
    own = f"{prefix}{name.replace('t10k', 'test') if prefix else name}"
    for spelt in (own, own.replace("-idx", ".idx")):
        yield from (spelt, f"{spelt}.gz")


def read_digits_npz(path: Path) -> Digits:
    """What an .npz of our layout or Keras's says of its digits.

    Raises as `read_npz` does, and CorruptData if neither layout is there whole.
    """
    found = read_npz(path, ("images", "labels", "splits", "class_names", *KERAS_KEYS))
    names = _stored_names(path, found["class_names"]) if "class_names" in found else None
    if {"images", "labels"} <= found.keys():
        stored = _stored_splits(path, found["splits"]) if "splits" in found else None
        return Digits(found["images"], found["labels"], stored, names)
    if found.keys() >= set(KERAS_KEYS):
        x_train, y_train, x_test, y_test = (found[key] for key in KERAS_KEYS)
        return _joined(path, Digits(x_train, y_train), Digits(x_test, y_test))._replace(class_names=names)
    expected = f"images and labels, or {', '.join(KERAS_KEYS)}"
    raise CorruptData(f"{path}: expected the members {expected}; has of these {sorted(found) or 'none'}")


def _stored_splits(path: Path, stored: npt.NDArray[Any]) -> Splits:
    if stored.shape != (3, 2) or stored.dtype.kind not in "iu":
        raise CorruptData(f"{path}: splits is {stored.dtype} {stored.shape}, expected whole numbers (3, 2)")
    return {name: (int(first), int(end)) for name, (first, end) in zip(SPLIT_NAMES, stored)}


def _stored_names(path: Path, stored: npt.NDArray[Any]) -> tuple[str, ...]:
    if stored.ndim != 1 or stored.dtype.kind != "U":
        raise CorruptData(f"{path}: class_names is {stored.dtype} {stored.shape}, expected a list of text")
    return tuple(map(str, stored))


def _joined(path: Path, first: Digits, last: Digits) -> Digits:
    """Digits to train on and to test with as one bank, whose "val" is taken from the first."""
    # "val" is 1/12 of the training digits, which is what the last 5,000 of MNIST's are.
    train, test = first.images, last.images
    if len(train) != len(first.labels) or len(test) != len(last.labels):
        raise CorruptData(f"{path}: images and labels differ in number")
    val = len(train) - max(1, len(train) // 12)
    splits = {"train": (0, val), "val": (val, len(train)), "test": (len(train), len(train) + len(test))}
    try:
        images, labels = np.concatenate([train, test]), np.concatenate([first.labels, last.labels])
    except ValueError as error:
        raise CorruptData(f"{path}: training and test arrays do not fit together: {error}") from None
    images, labels = checked_images(images), checked_labels(labels, len(images))
    if bank_sha256(images, labels, splits) != MNIST_SHA256:
        first_images, first_labels = dealt(images[: len(train)], labels[: len(train)])
        images = np.concatenate([first_images, images[len(train) :]])
        labels = np.concatenate([first_labels, labels[len(train) :]])
    return Digits(images, labels, splits)


def read_npz(path: Path, wanted: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """The `wanted` arrays that the archive holds, by name.

    Raises BadArgument if `path` is not a file. Raises CorruptData, which names file and member, for anything
    broken or pickled, and for more than LIMIT_BYTES in all.
    """
    if not path.is_file():
        raise BadArgument("path", str(path), "an existing .npz file")
    with path.open("rb") as file:
        return npz_arrays(file, str(path), LIMIT_BYTES, wanted)
