"""The colours: one table for classes, one for instances, for every picture that the project shows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes
from segmnist.errors import BadArgument

UInt8 = NDArray[np.uint8]

CLASS_NAMES = DIGITS.all_names
"""The names of the ten digits and of the background, by class."""

# Ten hues that stay apart on black for common colour vision and for the three kinds of dichromacy, as
# tests/test_palette.py measures: classes are names, so their colours have no order.
_DIGIT_COLOURS = (
    (255, 165, 14),
    (149, 165, 255),
    (61, 188, 95),
    (203, 254, 129),
    (46, 93, 138),
    (137, 71, 52),
    (253, 224, 185),
    (125, 255, 255),
    (162, 3, 235),
    (211, 71, 19),
)
_BLACK, _GREY = (0, 0, 0), (128, 128, 128)
_LEAST_FROM_BLACK = 40_000_000
"""How far every further class is from the black of the background, as `_distances` has it: a red from (187, 0, 0) on."""

# Okabe and Ito's set (Color Universal Design, 2008), which stays apart under the common colour deficiencies;
# their black is the background here.
_INSTANCE_HUES = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


@lru_cache(maxsize=64)
def class_colours(classes: Classes = DIGITS) -> UInt8:
    """Return the RGB of each class, (256,3) uint8, read-only: the background black; 255 and what is no class, grey.

    The first ten classes have the colours of the ten digits. Each further one has that colour of a grid of 16 levels a channel
    which is farthest from all before it and from grey, those near black left out: the greedy way of Glasbey et al., "Colour
    displays for categorical images" (2007), with the distance of Riemersma's "Colour metric", for which whole numbers suffice.

    >>> class_colours(Classes(("a", "b")))[:4].tolist()
    [[255, 165, 14], [149, 165, 255], [0, 0, 0], [128, 128, 128]]
    """
    table = np.full((256, 3), _GREY, np.uint8)
    table[: classes.background] = _hues(classes.background)
    table[classes.background] = _BLACK
    return _frozen(table)


def _hues(count: int) -> NDArray[np.int64]:
    """Return that many colours that are told from one another as well as so many can be, `(count,3)`."""
    chosen = [np.array(colour) for colour in _DIGIT_COLOURS[:count]]
    if count > len(chosen):
        levels = np.arange(0, 256, 17)
        grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
        grid = grid[_distances(grid, np.array(_BLACK)) >= _LEAST_FROM_BLACK]
        taken = [*chosen, np.array(_GREY)]
        nearest = np.min([_distances(grid, colour) for colour in taken], axis=0)
        while len(chosen) < count:
            chosen.append(grid[nearest.argmax()])
            nearest = np.minimum(nearest, _distances(grid, chosen[-1]))
    return np.array(chosen)


def _distances(colours: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far apart colours `(n,3)` and another one look, squared and in whole numbers, `(n,)`."""
    red = colours[:, 0] + other[0]
    of_red, of_green, of_blue = np.moveaxis((colours - other) ** 2, 1, 0)
    return (1024 + red) * of_red + 2048 * of_green + (1534 - red) * of_blue


def _instance_colours() -> UInt8:
    hues = np.array(_INSTANCE_HUES, np.float64)
    # Plain, dark and pale; nobody tells more than some twenty colours apart, so from id 22 on they repeat.
    cycle = np.concatenate([hues, 0.55 * hues, 255 - 0.5 * (255 - hues)]).round().astype(np.uint8)
    table = np.full((256, 3), _GREY, np.uint8)
    table[0] = _BLACK
    table[1:255] = np.resize(cycle, (254, 3))
    return _frozen(table)


def _frozen(table: UInt8) -> UInt8:
    table.setflags(write=False)
    return table


CLASS_COLOURS = class_colours()
"""RGB of each of the ten digits, (256,3) uint8, read-only: 0..9 the digits, 10 black; 255 and what is no class, grey."""

INSTANCE_COLOURS = _instance_colours()
"""RGB of each instance id, (256,3) uint8, read-only: 0 black, 1..254 a cycle of 21 colours, 255 grey."""

GREY_LEVELS = _frozen(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
"""RGB of each grey level of a video, (256,3) uint8, read-only."""


def colourise(semantic: UInt8, classes: Classes = DIGITS) -> UInt8:
    """Return a map of classes (...) uint8 as colours (...,3) uint8; raise BadArgument for another dtype.

    >>> colourise(np.array([0, 9, 10, 255], np.uint8)).tolist()
    [[255, 165, 14], [211, 71, 19], [0, 0, 0], [128, 128, 128]]
    """
    return _looked_up("semantic", semantic, class_colours(classes))


def colourise_instances(instance: UInt8) -> UInt8:
    """Return instance ids of any shape (...) uint8 as colours (...,3) uint8; raise BadArgument for another dtype.

    >>> colourise_instances(np.array([0, 1], np.uint8)).tolist()
    [[0, 0, 0], [230, 159, 0]]
    """
    return _looked_up("instance", instance, INSTANCE_COLOURS)


def _looked_up(name: str, ids: Any, colours: UInt8) -> UInt8:
    if not isinstance(ids, np.ndarray) or ids.dtype != np.uint8:
        raise BadArgument(name, getattr(ids, "dtype", type(ids).__name__), "a uint8 array")
    return colours[ids]
