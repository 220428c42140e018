"""DigitBank: the digit images that clips are made of, their classes, and the split that may use each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from segmnist.classes import DIGITS, Classes
from segmnist.digits.checks import (
    MNIST_SHA256,
    Splits,
    UInt8,
    bank_sha256,
    check_labels_named,
    checked_classes,
    checked_images,
    checked_labels,
    checked_splits,
    named,
)
from segmnist.digits.deal import dealt, default_splits
from segmnist.digits.files import Digits, read_digits_npz, read_mnist_folder, read_pair
from segmnist.digits.packed import mnist
from segmnist.errors import BadArgument, CorruptData
from segmnist.html_hooks import html_of

AnyPath = str | os.PathLike[str]
SplitItems = tuple[tuple[str, tuple[int, int]], ...]
ClassNames = Sequence[str]

MNIST_SPLITS = {"train": (0, 55_000), "val": (55_000, 60_000), "test": (60_000, 70_000)}

_LOCK = threading.Lock()
_mnist: DigitBank | None = None


@dataclass(frozen=True, eq=False, repr=False)
class DigitBank:
    """Digit images (n,h,w) uint8, labels (n,) uint8, the range of glyph indices that each split may use, and the classes.

    `splits` maps "train", "val" and "test" to half-open ranges that do not overlap. A classmethod that gets no splits, and
    finds none with the digits, deals every class to them; `images` is then in an order of its own, whatever order the
    digits came in. The arrays are read-only; those that could be written to are copied. Raises BadArgument unless n >= 3, h
    and w are 4..256, and every label is the number of a class.

    `classes` has the names of up to 250 classes. Of a classmethod they are `class_names`, or those that come with the
    digits; labels 1..K of K names become 0..K-1. Without names, labels up to 9 are of the ten digits, and larger ones of the
    classes "0" to the largest.

    >>> images, labels = np.zeros((14, 6, 5), np.uint8), np.arange(14) % 10
    >>> bank = DigitBank.from_arrays(images, labels, name="blank")
    >>> bank
    DigitBank('blank', 14 digits of 6x5, sha256 80cf1b8e29d4)
    >>> dict(bank.splits)
    {'train': (0, 11), 'val': (11, 12), 'test': (12, 14)}
    >>> bank.glyphs("train", classes=(0, 7))
    array([ 0,  7, 10], dtype=int32)
    """

    images: UInt8
    labels: UInt8
    splits: Splits
    name: str
    classes: Classes = DIGITS
    _origin: tuple[str, ...] = field(default=(), init=False)  # the classmethod, and the paths that it opened
    _given: SplitItems | None = field(default=None, init=False)  # the splits that it was given
    _named: tuple[str, ...] | None = field(default=None, init=False)  # the class names that it was given
    _glyphs: dict[tuple[str, tuple[int, ...]], npt.NDArray[np.int32]] = field(
        default_factory=dict, init=False
    )

    def __post_init__(self) -> None:
        images = checked_images(self.images)
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", checked_labels(self.labels, len(images)))
        check_labels_named(self.labels, self.classes)
        object.__setattr__(self, "splits", checked_splits(self.splits, len(images)))

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of everything that defines the bank; two banks are equal if their sums are.

        These are the ASCII line "segmnist-digits-1 n h w train a b val a b test a b" with its newline, the
        image bytes in raster order, the label bytes, and, unless they are the ten digits, the names of the classes as
        a JSON list.
        """
        return bank_sha256(self.images, self.labels, self.splits, self.classes)

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, DigitBank) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        n, height, width = self.images.shape
        classes = "" if self.classes == DIGITS else f"{self.classes.background} classes, "
        return f"DigitBank({self.name!r}, {n} digits of {height}x{width}, {classes}sha256 {self.sha256[:12]})"

    def _repr_html_(self) -> str:
        return html_of(self)

    def __reduce__(self) -> tuple[Callable[..., DigitBank], tuple[Any, ...]]:
        # Every task sent to a worker carries its bank: MNIST and files go by name, not as 55 MB of pixels.
        if self.sha256 == MNIST_SHA256 and self.name == "mnist":
            return _mnist_once, ()
        if self._origin:
            return _reopen, (self._origin, self._given, self._named, self.name, self.sha256)
        return _rebuild, (self.images, self.labels, tuple(self.splits.items()), self.name, self.classes)

    @classmethod
    def mnist(cls) -> DigitBank:
        """MNIST, from inside the package: 55,000 digits for "train", 5,000 for "val", 10,000 for "test".

        Opened once per process. Raises CorruptData if the file inside the package is damaged.
        """
        return _mnist_once()

    @classmethod
    def from_arrays(
        cls,
        images: npt.ArrayLike,
        labels: npt.ArrayLike,
        splits: Splits | None = None,
        name: str = "custom",
        *,
        class_names: ClassNames | None = None,
    ) -> DigitBank:
        """A bank of a copy of images (n,h,w) uint8 and labels (n,) of whole numbers 0..249.

        Without `splits`, 11/14 of each class are for "train", 1/14 for "val", 2/14 for "test" (MNIST's own shares), as near
        as whole digits allow. Raises BadArgument as the class.
        """
        copied = np.array(images, order="C")
        copied.setflags(write=False)  # it is ours already, and need not be copied again
        return _opened((), name, Digits(copied, np.array(labels)), splits, class_names)

    @classmethod
    def from_npz(
        cls,
        path: AnyPath,
        splits: Splits | None = None,
        name: str | None = None,
        *,
        class_names: ClassNames | None = None,
    ) -> DigitBank:
        """A bank from an .npz of `images`, `labels`, perhaps `splits` and `class_names`, or in the layout of Keras.

        `splits` in the file is a (3,2) array of whole numbers: the half-open ranges of train, val and test.
        `class_names` is a (K,) array of text.
        Keras's layout (x_train, y_train, x_test, y_test) gives "val" 1/12 of the training digits of each class.
        Raises BadArgument as the class, CorruptData for what is broken, missing, pickled, or beyond 2 GiB.
        """
        path = _absolute(path)
        return _opened(("from_npz", str(path)), name, read_digits_npz(path), splits, class_names)

    @classmethod
    def from_idx(
        cls,
        images_path: AnyPath,
        labels_path: AnyPath,
        splits: Splits | None = None,
        name: str | None = None,
        *,
        class_names: ClassNames | None = None,
    ) -> DigitBank:
        """A bank from a pair of IDX files, gzipped or not; splits default as in `from_arrays`.

        Raises BadArgument as the class does, and CorruptData for a broken file or counts that differ.
        """
        paths = _absolute(images_path), _absolute(labels_path)
        origin = "from_idx", str(paths[0]), str(paths[1])
        return _opened(origin, name, read_pair(*paths), splits, class_names)

    @classmethod
    def from_path(
        cls,
        path: AnyPath,
        splits: Splits | None = None,
        name: str | None = None,
        *,
        class_names: ClassNames | None = None,
    ) -> DigitBank:
        """A bank from an .npz file, or from a folder of four IDX files under the names of MNIST, Kaggle or EMNIST.

        A folder's "val" is 1/12 of the training digits of each class; MNIST itself keeps its last 5,000. EMNIST's pictures,
        which lie on their side, are turned, and its letters have their names. A file class_names.txt in the folder, one
        name a line, names the classes of any other. Raises as `from_npz` and `from_idx` do.
        """
        path = _absolute(path)
        if not path.exists():
            raise BadArgument("path", str(path), "an .npz file or a folder of MNIST's four IDX files")
        if not path.is_dir():
            return cls.from_npz(path, splits, name, class_names=class_names)
        return _opened(("from_path", str(path)), name, read_mnist_folder(path), splits, class_names)

    @property
    def expression(self) -> str:
        """Python that opens this bank: that of the paths it was opened from."""
        if not self._origin:
            return f"...  # the digits {self.name!r} with SHA-256 {self.sha256}"
        method, *paths = self._origin
        named = () if self._named is None else (f"class_names={list(self._named)!r}",)
        return f"DigitBank.{method}({', '.join([*map(repr, paths), *named])})"

    def glyphs(self, split: str, classes: Iterable[int] | None = None) -> npt.NDArray[np.int32]:
        """Indices (m,) int32, ascending and read-only, of the digits of `split` whose label is in `classes`, or of all.

        Raises BadArgument for an unknown split or class, and where no digit is left.
        """
        every = range(self.classes.background)
        wanted = checked_classes(every if classes is None else classes, self.classes)
        if (known := self._glyphs.get((split, wanted))) is not None:
            return known
        if split not in self.splits:
            raise BadArgument("split", split, "one of 'train', 'val', 'test'")
        first, end = self.splits[split]
        glyphs = (np.flatnonzero(np.isin(self.labels[first:end], wanted)) + first).astype(np.int32)
        if not len(glyphs):
            raise BadArgument("classes", wanted, f"a class that {self.name!r} has in split {split!r}")
        glyphs.setflags(write=False)
        return self._glyphs.setdefault((split, wanted), glyphs)


def _mnist_once() -> DigitBank:
    global _mnist
    with _LOCK:  # else two threads would each decode for half a second
        if _mnist is None:
            bank = DigitBank(*mnist(), MNIST_SPLITS, "mnist")
            bank.__dict__["sha256"] = MNIST_SHA256  # the pixels are checked already: no second pass over them
            _mnist = bank
        return _mnist


def _opened(
    origin: tuple[str, ...],
    name: str | None,
    digits: Digits,
    given: Splits | None = None,
    class_names: ClassNames | None = None,
) -> DigitBank:
    images, name = checked_images(digits.images), Path(origin[1]).stem if name is None else name
    given_names = None if class_names is None else tuple(class_names)
    numbers = checked_labels(digits.labels, len(images))
    labels, classes = named(numbers, digits.class_names if given_names is None else given_names)
    if given is None and digits.splits is None:
        images, labels = dealt(images, labels)
    splits = next(each for each in (given, digits.splits, default_splits(len(images))) if each is not None)
    bank = DigitBank(images, labels, splits, name, classes)
    object.__setattr__(bank, "_origin", origin)
    object.__setattr__(bank, "_given", None if given is None else tuple(given.items()))
    object.__setattr__(bank, "_named", given_names)
    return bank


@lru_cache(maxsize=4)  # a worker unpickles the same bank with every task
def _reopen(
    origin: tuple[str, ...],
    given: SplitItems | None,
    class_names: tuple[str, ...] | None,
    name: str,
    sha256: str,
) -> DigitBank:
    method, *paths = origin
    splits = None if given is None else dict(given)
    bank: DigitBank = getattr(DigitBank, method)(*paths, splits=splits, name=name, class_names=class_names)
    if bank.sha256 != sha256:
        raise CorruptData(f"{paths[0]}: SHA-256 of its digits is {bank.sha256}, was {sha256}; it has changed")
    return bank


def _rebuild(images: UInt8, labels: UInt8, splits: SplitItems, name: str, classes: Classes) -> DigitBank:
    return DigitBank(images, labels, dict(splits), name, classes)


def _absolute(path: AnyPath) -> Path:
    # A worker that reopens the file may have another working directory.
    return Path(path).expanduser().absolute()
