"""Checks of the parts of a DigitBank: images, labels, splits; and the SHA-256 over all of them."""

from __future__ import annotations

import hashlib
import itertools
import json
import operator
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from segmnist.classes import DIGITS, MOST_CLASSES, Classes
from segmnist.errors import BadArgument

UInt8 = npt.NDArray[np.uint8]
Splits = Mapping[str, tuple[int, int]]

SPLIT_NAMES = ("train", "val", "test")
MNIST_SHA256 = "b6fbbd14b1908ccceca2bf0b9c9e426a1a32ba7b439860cdf75c29d40f7a9e50"


def checked_images(images: npt.NDArray[Any]) -> UInt8:
    """Images (n,h,w) uint8, C-contiguous and read-only; BadArgument if they are of another type or size."""
    if images.dtype != np.uint8 or images.ndim != 3:
        raise BadArgument("images", f"{images.dtype} {images.shape}", "uint8 (n, h, w)")
    if len(images) < 3:
        raise BadArgument(
            "images", images.shape, "at least 3 digits", "each of train, val and test needs one"
        )
    if not all(4 <= size <= 256 for size in images.shape[1:]):
        raise BadArgument("images", images.shape, "4..256 rows and columns")
    return _frozen(images)


def checked_labels(labels: npt.NDArray[Any], num_digits: int) -> UInt8:
    """Labels (n,) as read-only uint8; BadArgument unless they are `num_digits` whole numbers 0..250."""
    if labels.shape != (num_digits,) or labels.dtype.kind not in "iu":
        raise BadArgument("labels", f"{labels.dtype} {labels.shape}", f"whole numbers ({num_digits},)")
    if labels.min() < 0 or labels.max() > MOST_CLASSES:
        found = int(labels.min()), int(labels.max())
        raise BadArgument(
            "labels", found, f"0..{MOST_CLASSES - 1}", f"a bank has up to {MOST_CLASSES} classes"
        )
    return _frozen(labels.astype(np.uint8, copy=False))


def check_labels_named(labels: UInt8, classes: Classes) -> None:
    """Raise BadArgument for a label that is none of the classes."""
    if labels.max() >= classes.background:
        fix = f"there are {classes.background} class names"
        raise BadArgument("labels", (int(labels.min()), int(labels.max())), classes.range, fix)


def named(labels: UInt8, class_names: Iterable[str] | None) -> tuple[UInt8, Classes]:
    """The labels, counted from 0, and their classes; BadArgument where they do not fit together.

    Labels 1..K of K class names, as EMNIST's letters have, become 0..K-1. Without names, labels up to 9 are of ten
    digits, and K larger ones of the classes "0" to "K-1".
    """
    if class_names is None:
        largest = int(labels.max())
        if largest >= MOST_CLASSES:
            raise BadArgument(
                "labels", largest, f"0..{MOST_CLASSES - 1}", "give class_names if they begin at 1"
            )
        return labels, DIGITS if largest < 10 else Classes(tuple(map(str, range(largest + 1))))
    classes = Classes(tuple(class_names))
    if labels.min() > 0 and labels.max() == classes.background:
        labels = _frozen(labels - np.uint8(1))
    check_labels_named(labels, classes)
    return labels, classes


def _frozen(array: UInt8) -> UInt8:
    # What is read-only already (a mapped file, bytes that were read) is taken as it is: 55 MB saved.
    if array.flags.writeable or not array.flags.c_contiguous:
        array = array.copy(order="C")
        array.setflags(write=False)
    return array


def checked_splits(splits: Splits, num_digits: int) -> Splits:
    """The splits in their fixed order, read-only; BadArgument if one is empty or overlaps another."""
    if set(splits) != set(SPLIT_NAMES):
        raise BadArgument("splits", sorted(splits), "the keys 'train', 'val', 'test'")
    ranges = {name: _checked_range(name, splits[name], num_digits) for name in SPLIT_NAMES}
    in_order = sorted(ranges.values())
    if any(earlier[1] > later[0] for earlier, later in itertools.pairwise(in_order)):
        raise BadArgument("splits", ranges, "ranges that do not overlap", "no digit may be in two splits")
    return MappingProxyType(ranges)


def _checked_range(name: str, pair: tuple[int, int], num_digits: int) -> tuple[int, int]:
    try:
        first, end = map(operator.index, pair)
    except (TypeError, ValueError):
        raise BadArgument("splits", {name: pair}, "two whole numbers") from None
    if not 0 <= first < end <= num_digits:
        raise BadArgument("splits", {name: (first, end)}, f"a non-empty range within 0..{num_digits}")
    return first, end


def checked_classes(asked: Iterable[int], classes: Classes) -> tuple[int, ...]:
    """The classes asked for, ascending and each once; BadArgument unless they are at least one of the bank's."""
    try:
        wanted = tuple(sorted({operator.index(digit) for digit in asked}))
    except TypeError:
        raise BadArgument("classes", asked, f"whole numbers {classes.range}") from None
    if not wanted or wanted[0] < 0 or wanted[-1] >= classes.background:
        raise BadArgument("classes", wanted, f"at least one of {classes.range}")
    return wanted


def bank_sha256(images: UInt8, labels: UInt8, splits: Splits, classes: Classes = DIGITS) -> str:
    """SHA-256 of a bank's canonical bytes, as `DigitBank.sha256` defines them."""
    ranges = " ".join(f"{name} {splits[name][0]} {splits[name][1]}" for name in SPLIT_NAMES)
    n, height, width = images.shape
    total = hashlib.sha256(f"segmnist-digits-1 {n} {height} {width} {ranges}\n".encode())
    total.update(images.data)
    total.update(labels.data)
    if classes != DIGITS:
        total.update(json.dumps(classes.names).encode())
    return total.hexdigest()
