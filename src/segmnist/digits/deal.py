"""How digits that came without splits are dealt to train, val and test: class by class, in an order of their content."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt


def default_splits(num_digits: int) -> dict[str, tuple[int, int]]:
    """The first 11/14 for train, the next 1/14 for val, the rest for test, rounded down but none empty.

    >>> default_splits(70_000)
    {'train': (0, 55000), 'val': (55000, 60000), 'test': (60000, 70000)}
    >>> default_splits(3)
    {'train': (0, 1), 'val': (1, 2), 'test': (2, 3)}
    """
    val = min(max(1, num_digits * 11 // 14), num_digits - 2)
    test = min(max(val + 1, num_digits * 12 // 14), num_digits - 1)
    return {"train": (0, val), "val": (val, test), "test": (test, num_digits)}


def dealt(
    images: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Images (n,h,w) and labels (n,) in an order of which any stretch holds every class in its share.

    Within a class, digits are ordered by the SHA-256 of their pixels, so the order in which they came does not matter.
    """
    hashes = np.array([hashlib.sha256(image.tobytes()).digest() for image in images])
    by_class = np.lexsort((hashes, labels))
    counts = np.bincount(labels, minlength=10)
    rank = np.arange(len(labels)) - (np.cumsum(counts) - counts)[labels[by_class]]
    place = (rank + 0.5) / counts[labels[by_class]]
    order = by_class[np.lexsort((labels[by_class], place))]
    return images[order], labels[order]
