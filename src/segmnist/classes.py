"""The classes of pixels and digits, and which classes are twins: what every other part may import."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BACKGROUND = 10
"""The class of the background in class maps; 0..9 are the digits."""
NUM_CLASSES = 11
"""Ten digits and the background."""
IGNORE = 255
"""No class: padding of labels, and pixels that no score counts."""

NATURAL_TWINS = ((6, 9), (2, 5))
"""Classes that are easily taken for each other once turned: a turned 6 is a 9, and a 2 resembles a 5."""


def twin_classes(declared: Iterable[tuple[int, int]] = (), *, turning: bool = True) -> NDArray[np.uint8]:
    """Return the twin of each class 0..9, `(10,)` uint8, 255 where a class has none.

    Twins are the pairs that a spec declares (`SceneSpec.twins`). Where it declares none they are `NATURAL_TWINS`, provided
    that its digits turn.

    >>> twin_classes().tolist()
    [255, 255, 5, 255, 255, 2, 9, 255, 255, 6]
    >>> twin_classes([(1, 7)]).tolist()
    [255, 7, 255, 255, 255, 255, 255, 1, 255, 255]
    """
    twins = np.full(10, IGNORE, np.uint8)
    for one, other in tuple(declared) or (NATURAL_TWINS if turning else ()):
        twins[one], twins[other] = other, one
    return twins


LABELS = "labels"
"""The name of the array of the digits' classes."""


def column_of(array: str) -> str:
    """Return the name of an array's column in a Hugging Face data set.

    It is the array's own, but for `labels`: Hugging Face's Trainer takes a column of that name for the answers.

    >>> column_of("video"), column_of("labels")
    ('video', 'digit_classes')
    """
    return "digit_classes" if array == LABELS else array
