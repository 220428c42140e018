"""The table of arrays: what each one holds, its axes, dtype and padding, what makes it and from what.

Everything else that is said about arrays follows from this table: which truth brings which arrays, what the kernels draw, and
in which order the rest is derived. To add an array that follows from others, add its row here, a function of its name to
`derived.py`, and what it is by definition to `reference.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from segmnist.classes import BACKGROUND, DIGITS, IGNORE, Classes
from segmnist.errors import BadArgument, did_you_mean

Truth = Literal[
    "semantic", "instance", "amodal", "presence", "areas", "visibility", "truncation", "boxes", "depth", "occluders", "pose",
    "flow", "flow_occlusion", "shapes", "layers", "beneath", "noiseless", "difficulty", "twins", "camouflage", "rgb",
]  # fmt: skip
"""The names of the truths, for type checkers."""

Maker = Literal["sampled", "drawn", "measured", "traced", "occluded", "coloured", "derived", "camouflage"]


class ArrayKind(NamedTuple):
    """One row of the table.

    axes: those after the leading clip axis. padding: the value of rows beyond a clip's own. about: a sentence. truth: the name
    that one asks for, "" for what only makes other arrays. made: `sampled` is an array of the Scene; a renderer makes what is
    `drawn`, `measured`, `traced`, `occluded` or `coloured`; NumPy makes the rest, by the function of the array's name in
    `derived.py` or `camouflage.py`. needs: the arrays that it is made from.
    """

    axes: tuple[str, ...]
    dtype: str
    padding: float
    about: str
    truth: Truth | Literal["always", ""]
    made: Maker
    needs: tuple[str, ...] = ()


_FRAME = ("time", "y", "x")
_TRACK = ("digit", "time")
_PAIR = ("digit", "occluder", "time")
_INK = ("ink_bits",)
_SURFACES = ("instance", "shape_instance")
_LEVELS = ("noiseless", "beneath", "instance", "hides_background")

AXIS_SIZES = {"xyxy": 4, "dxdy": 2, "pose": 5, "shape_pose": 4, "rgb": 3}
"""Sizes of the axes that no spec decides; a new axis gets its size here."""

KINDS: dict[str, ArrayKind] = {
    "video": ArrayKind(_FRAME, "uint8", 0, "grey levels", "always", "drawn"),
    "labels": ArrayKind(
        ("digit",), "uint8", IGNORE, "class of each digit; 255 = no digit: padding, or taken out by an edit",
        "always", "sampled",
    ),
    "num_digits": ArrayKind(
        (), "int32", 0, "digit rows in use; the others are padding", "always", "sampled"
    ),
    "semantic": ArrayKind(
        _FRAME, "uint8", BACKGROUND, "class of the digit seen, 10 = background", "semantic", "drawn"
    ),
    "instance": ArrayKind(
        _FRAME, "uint8", 0, "1..N = the digit seen, 0 = background", "instance", "drawn"
    ),
    "amodal": ArrayKind(
        ("digit", *_FRAME), "bool", 0, "the digit's whole extent in the frame, hidden or not", "amodal", "drawn"
    ),
    "present": ArrayKind(
        _TRACK, "bool", 0, "the digit is there: it has come and not yet gone, wherever it is", "presence", "derived"
    ),
    "visible_area": ArrayKind(_TRACK, "int32", 0, "pixels of the digit that are seen", "areas", "measured", _INK),
    "amodal_area": ArrayKind(_TRACK, "int32", 0, "pixels of the digit in the frame", "areas", "measured", _INK),
    "whole_area": ArrayKind(
        _TRACK, "int32", 0, "pixels of the digit, outside the frame too", "areas", "measured", _INK
    ),
    "visibility": ArrayKind(
        _TRACK, "float32", 0, "visible_area / amodal_area, 0 where that is 0", "visibility",
        "derived", ("visible_area", "amodal_area"),
    ),
    "truncation": ArrayKind(
        _TRACK, "float32", 0, "share of whole_area outside the frame", "truncation",
        "derived", ("amodal_area", "whole_area"),
    ),
    "boxes_xyxy": ArrayKind(
        (*_TRACK, "xyxy"), "float32", -1, "half-open box of what is seen, -1 if empty", "boxes", "measured", _INK
    ),
    "amodal_boxes_xyxy": ArrayKind(
        (*_TRACK, "xyxy"), "float32", -1, "half-open box of the amodal mask", "boxes", "measured", _INK
    ),
    "depth_order": ArrayKind(
        _TRACK, "uint8", 255, "rank from back to front; the larger is nearer", "depth", "derived"
    ),
    "occluders": ArrayKind(
        _PAIR, "int32", 0, "[j,k,t]: pixels of j at which k is seen instead", "occluders", "measured", _INK
    ),
    "pose": ArrayKind(
        (*_TRACK, "pose"), "float64", 0, "centre y and x in px, angle in deg, scale, brightness factor",
        "pose", "derived",
    ),
    "flow_forward": ArrayKind(
        (*_FRAME, "dxdy"), "float32", 0, "px to the surface's place in the next frame",
        "flow", "traced", _SURFACES,
    ),
    "flow_backward": ArrayKind(
        (*_FRAME, "dxdy"), "float32", 0, "px to its place in the frame before", "flow", "traced", _SURFACES
    ),
    "flow_forward_valid": ArrayKind(
        _FRAME, "bool", 0, "the pixel at that place shows the surface, too", "flow", "traced", _SURFACES
    ),
    "flow_backward_valid": ArrayKind(
        _FRAME, "bool", 0, "the pixel at that place shows the surface, too", "flow", "traced", _SURFACES
    ),
    "flow_forward_occluded": ArrayKind(
        _FRAME, "bool", 0, "the point itself is not seen in the next frame: hidden, outside, or noise",
        "flow_occlusion", "occluded", ("instance", "flow_forward", "flow_forward_valid"),
    ),
    "flow_backward_occluded": ArrayKind(
        _FRAME, "bool", 0, "the point itself is not seen in the frame before: hidden, outside, or noise",
        "flow_occlusion", "occluded", ("instance", "flow_backward", "flow_backward_valid"),
    ),
    "shape_instance": ArrayKind(
        _FRAME, "uint8", 0, "1..S = the shape seen, 0 = a digit or bare background", "shapes", "drawn"
    ),
    "shape_pose": ArrayKind(
        ("shape", "time", "shape_pose"), "float32", 0, "centre y and x, height and width, in px",
        "shapes", "derived",
    ),
    "shape_kind": ArrayKind(
        ("shape",), "int8", -1, "0 rectangle, 1 ellipse, 2 triangle, 3 triangle pointing down, -1 none",
        "shapes", "derived",
    ),
    "shape_level": ArrayKind(("shape",), "uint8", 0, "grey level of each shape", "shapes", "derived"),
    "num_shapes": ArrayKind((), "int32", 0, "shape rows in use; the others are padding", "shapes", "derived"),
    "background_layer": ArrayKind(
        _FRAME, "uint8", 0, "noise and shapes, without the digits", "layers", "drawn"
    ),
    "digit_layers": ArrayKind(
        ("digit", *_FRAME), "uint8", 0, "each digit alone; its alpha is `amodal`", "layers", "drawn"
    ),
    "beneath": ArrayKind(
        _FRAME, "uint8", 0, "the grey level that the digit seen hides; `noiseless` elsewhere", "beneath", "drawn"
    ),
    "noiseless": ArrayKind(_FRAME, "uint8", 0, "the video before sensor noise", "noiseless", "drawn"),
    "min_visibility": ArrayKind(
        (), "float32", 0, "least visibility of any digit in any frame it is in", "difficulty",
        "derived", ("visible_area", "amodal_area"),
    ),
    "mean_visibility": ArrayKind(
        (), "float32", 0, "mean visibility over digits and the frames they are in", "difficulty",
        "derived", ("visible_area", "amodal_area"),
    ),
    "camouflaged_share": ArrayKind(
        (), "float32", 0, "share of the digit pixels seen within 5 grey levels of what they hide", "difficulty",
        "derived", ("instance", "noiseless", "beneath"),
    ),
    "num_twins": ArrayKind((), "int32", 0, "digits whose class has a twin", "difficulty", "derived"),
    "twin_labels": ArrayKind(
        ("digit",), "uint8", IGNORE, "the class that is the digit's twin; 255 = none", "twins", "derived"
    ),
    "hides_background": ArrayKind(
        _FRAME, "bool", 0, "the digit seen hides the bare background, no digit and no shape", "camouflage",
        "camouflage", ("instance", "amodal", "background_shape"),
    ),
    "camouflage_dprime": ArrayKind(
        _FRAME, "float32", 0, "d' of the digit seen against what it hides, 0 elsewhere", "camouflage",
        "camouflage", _LEVELS,
    ),
    "camouflage_eps": ArrayKind(
        _FRAME, "float32", 0.5, "error of the best decision between the two", "camouflage", "camouflage", _LEVELS
    ),
    "instance_dprime": ArrayKind(
        _TRACK, "float32", 0, "d' of the digit against what it hides, this frame", "camouflage",
        "camouflage", ("camouflage_dprime", "instance"),
    ),
    "track_dprime": ArrayKind(
        _TRACK, "float32", 0, "the same, over this frame and all before it", "camouflage",
        "camouflage", ("instance_dprime",),
    ),
    "order_dprime": ArrayKind(
        _PAIR, "float32", 0, "d' of which of a pair is nearer; 0 where nothing tells", "camouflage",
        "camouflage", ("digit_layers", "amodal", "instance"),
    ),
    "rgb": ArrayKind(
        (*_FRAME, "rgb"), "uint8", 0, "the video in colour: red, green and blue", "rgb", "coloured",
        ("noiseless", *_SURFACES),
    ),
    "ink_bits": ArrayKind(("digit", "time", "y", "word"), "int64", 0, "`amodal`, a bit a pixel", "", "drawn"),
    "background_shape": ArrayKind(
        _FRAME, "uint8", 0, "`shape_instance` without the digits", "", "drawn", ("shape_instance",)
    ),
}  # fmt: skip
"""`digit` has max(num_digits_range) rows; row i is instance i+1. `shape` has max(num_shapes_range)."""

BY_RENDERER: tuple[Maker, ...] = ("drawn", "measured", "traced", "occluded", "coloured")
"""The makers that a renderer stands for."""

_COMES_ALONG: dict[str, tuple[str, ...]] = {"layers": ("amodal",)}
"""Arrays of one truth that another brings, too."""

ARRAYS = {name: kind for name, kind in KINDS.items() if kind.truth}
"""The arrays that clips may hold."""

ALWAYS = tuple(name for name, kind in KINDS.items() if kind.truth == "always")
"""Arrays that every batch of clips has."""

TRUTHS: dict[str, tuple[str, ...]] = {
    truth: (*(name for name, kind in KINDS.items() if kind.truth == truth), *_COMES_ALONG.get(truth, ()))
    for truth in dict.fromkeys(kind.truth for kind in ARRAYS.values())
    if truth != "always"
}
"""Truths by the name one asks for, and the arrays that each brings."""


def kind_of(name: str, classes: Classes) -> ArrayKind:
    """Return the row of an array of clips with these classes: in `semantic` the background has another number.

    >>> kind_of("semantic", Classes(("a", "b"))).padding
    2
    """
    kind = ARRAYS[name]
    if name != "semantic" or classes == DIGITS:
        return kind
    background = classes.background
    about = kind.about.replace(f"{DIGITS.background} =", f"{background} =")
    return kind._replace(padding=background, about=about)


def made(*makers: Maker) -> tuple[str, ...]:
    """Return the names of the arrays that these makers make, in the order of the table."""
    return tuple(name for name, kind in KINDS.items() if kind.made in makers)


def check_truths(names: str | Iterable[str]) -> tuple[Truth, ...]:
    """Return the names in the table's order; raise `BadArgument` for one that is no truth.

    >>> check_truths(["instance", "semantic"])
    ('semantic', 'instance')
    """
    return _checked_truths((names,) if isinstance(names, str) else tuple(names))


@lru_cache(maxsize=256)
def _checked_truths(names: tuple[str, ...]) -> tuple[Truth, ...]:
    asked = set(names)
    for name in sorted(asked):
        if name not in TRUTHS:
            bringing = [truth for truth, arrays in TRUTHS.items() if name in arrays]
            fix = f"did you mean {bringing[0]}?" if bringing else did_you_mean(str(name), TRUTHS)
            raise BadArgument("truth", name, ", ".join(TRUTHS), fix)
    return tuple(cast(Truth, name) for name in TRUTHS if name in asked)


def arrays_of(truths: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the arrays that these truths bring, without those that are always there."""
    return tuple(dict.fromkeys(array for truth in truths for array in TRUTHS[truth]))


def with_needs(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names and all that they are made from, each after what it is made from.

    >>> with_needs(["visibility"])
    ('ink_bits', 'visible_area', 'amodal_area', 'visibility')
    """
    return _ordered(tuple(names))


@lru_cache(maxsize=256)
def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for need in KINDS[name].needs:
            visit(need)
        ordered[name] = None

    for name in names:
        visit(name)
    return tuple(ordered)
