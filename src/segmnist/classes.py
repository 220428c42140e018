"""The classes of pixels and digits, and which classes are twins: what every other part may import."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument

MOST_CLASSES = 250
"""Classes that a digit bank may have, the background not counted."""
MOST_LETTERS = 64
"""Characters that the name of a class may have."""
BACKGROUND_NAME = "background"


@dataclass(frozen=True)
class Classes:
    """The names of the K classes of a digit bank, in order; the background is class K.

    Raises `BadArgument` unless there are 1..250 different names, each of 1..64 printable characters without spaces at its
    ends, and none of them is "background".

    >>> fruit = Classes(("apple", "pear"))
    >>> fruit.background, fruit.num_classes, fruit.all_names
    (2, 3, ('apple', 'pear', 'background'))
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        names = tuple(self.names)
        if not 1 <= len(names) <= MOST_CLASSES:
            raise BadArgument("class_names", f"{len(names)} names", f"1..{MOST_CLASSES} names")
        for place, name in enumerate(names):
            if not _is_name(name):
                fix = "without spaces at its ends, and not the name of the background"
                raise BadArgument("class_names", name, f"1..{MOST_LETTERS} printable characters", fix)
            if name in names[:place]:
                raise BadArgument("class_names", name, "each name once")
        object.__setattr__(self, "names", names)

    @property
    def background(self) -> int:
        """The class of the background in class maps."""
        return len(self.names)

    @property
    def num_classes(self) -> int:
        """The number of classes of a pixel: those of the digits and the background."""
        return len(self.names) + 1

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names by class, the background's last."""
        return (*self.names, BACKGROUND_NAME)

    @property
    def range(self) -> str:
        """The classes of digits in words, such as `0..9`."""
        return f"0..{len(self.names) - 1}"


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or name == BACKGROUND_NAME:
        return False
    return 1 <= len(name) <= MOST_LETTERS and name.isprintable() and name == name.strip()


DIGITS = Classes(tuple("0123456789"))
"""The classes of MNIST, and of every bank that names no others."""
BACKGROUND = DIGITS.background
"""The class of the background among `DIGITS`: 10."""
NUM_CLASSES = DIGITS.num_classes
"""Ten digits and the background: 11."""
IGNORE = 255
"""No class: padding of labels, and pixels that no score counts."""

NATURAL_TWINS = ((6, 9), (2, 5))
"""Classes that are easily taken for each other once turned: a turned 6 is a 9, and a 2 resembles a 5."""


def twin_classes(
    declared: Iterable[tuple[int, int]] = (), *, turning: bool = True, classes: Classes = DIGITS
) -> NDArray[np.uint8]:
    """Return the twin of each class of digits, `(K,)` uint8, 255 where a class has none.

    Twins are the pairs that a spec declares (`SceneSpec.twins`). Where it declares none they are `NATURAL_TWINS`, provided
    that its digits turn and that its classes are `DIGITS`.

    >>> twin_classes().tolist()
    [255, 255, 5, 255, 255, 2, 9, 255, 255, 6]
    >>> twin_classes([(1, 7)]).tolist()
    [255, 7, 255, 255, 255, 255, 255, 1, 255, 255]
    """
    twins = np.full(classes.background, IGNORE, np.uint8)
    for one, other in tuple(declared) or (NATURAL_TWINS if turning and classes == DIGITS else ()):
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
