"""The one table of arrays that clips may hold: what each is called, its axes, its dtype, its padding, what it means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from segmnist.classes import BACKGROUND, IGNORE
from segmnist.errors import BadArgument


class ArrayKind(NamedTuple):
    """Axes after the leading clip axis, dtype, the value of padding rows, and a sentence."""

    axes: tuple[str, ...]
    dtype: str
    padding: float
    about: str


FRAME = ("time", "y", "x")
TRACK = ("digit", "time")

ARRAYS: dict[str, ArrayKind] = {
    "video": ArrayKind(FRAME, "uint8", 0, "grey levels"),
    "labels": ArrayKind(
        ("digit",), "uint8", IGNORE, "class of each digit; 255 = no digit: padding, or taken out by an edit"
    ),
    "num_digits": ArrayKind((), "int32", 0, "digit rows in use; the others are padding"),
    "semantic": ArrayKind(FRAME, "uint8", BACKGROUND, "class of the digit seen, 10 = background"),
    "instance": ArrayKind(FRAME, "uint8", 0, "1..N = the digit seen, 0 = background"),
    "amodal": ArrayKind(("digit", *FRAME), "bool", 0, "the digit's whole extent in the frame, hidden or not"),
    "visible_area": ArrayKind(TRACK, "int32", 0, "pixels of the digit that are seen"),
    "amodal_area": ArrayKind(TRACK, "int32", 0, "pixels of the digit in the frame"),
    "whole_area": ArrayKind(TRACK, "int32", 0, "pixels of the digit, outside the frame too"),
    "visibility": ArrayKind(TRACK, "float32", 0, "visible_area / amodal_area, 0 where that is 0"),
    "truncation": ArrayKind(TRACK, "float32", 0, "share of whole_area outside the frame"),
    "boxes_xyxy": ArrayKind((*TRACK, "xyxy"), "float32", -1, "half-open box of what is seen, -1 if empty"),
    "amodal_boxes_xyxy": ArrayKind((*TRACK, "xyxy"), "float32", -1, "half-open box of the amodal mask"),
    "depth_order": ArrayKind(TRACK, "uint8", 255, "rank from back to front; the larger is nearer"),
    "occluders": ArrayKind(
        ("digit", "occluder", "time"), "int32", 0, "[j,k,t]: pixels of j at which k is seen instead"
    ),
    "pose": ArrayKind(
        (*TRACK, "pose"), "float64", 0, "centre y and x in px, angle in deg, scale, brightness factor"
    ),
    "flow_forward": ArrayKind((*FRAME, "dxdy"), "float32", 0, "px to the surface's place in the next frame"),
    "flow_backward": ArrayKind((*FRAME, "dxdy"), "float32", 0, "px to its place in the frame before"),
    "flow_forward_valid": ArrayKind(FRAME, "bool", 0, "the surface is seen at that place, too"),
    "flow_backward_valid": ArrayKind(FRAME, "bool", 0, "the surface is seen at that place, too"),
    "shape_instance": ArrayKind(FRAME, "uint8", 0, "1..S = the shape seen, 0 = a digit or bare background"),
    "shape_pose": ArrayKind(
        ("shape", "time", "shape_pose"), "float32", 0, "centre y and x, height and width, in px"
    ),
    "shape_kind": ArrayKind(
        ("shape",), "int8", -1, "0 rectangle, 1 ellipse, 2 triangle, 3 triangle pointing down, -1 none"
    ),
    "shape_level": ArrayKind(("shape",), "uint8", 0, "grey level of each shape"),
    "num_shapes": ArrayKind((), "int32", 0, "shape rows in use; the others are padding"),
    "background_layer": ArrayKind(FRAME, "uint8", 0, "noise and shapes, without the digits"),
    "digit_layers": ArrayKind(("digit", *FRAME), "uint8", 0, "each digit alone; its alpha is `amodal`"),
    "beneath": ArrayKind(
        FRAME, "uint8", 0, "the grey level that the digit seen hides; `noiseless` elsewhere"
    ),
    "noiseless": ArrayKind(FRAME, "uint8", 0, "the video before sensor noise"),
    "min_visibility": ArrayKind((), "float32", 0, "least visibility of any digit in any frame it is in"),
    "mean_visibility": ArrayKind((), "float32", 0, "mean visibility over digits and the frames they are in"),
    "camouflaged_share": ArrayKind(
        (), "float32", 0, "share of the digit pixels seen within 5 grey levels of what they hide"
    ),
    "num_twins": ArrayKind((), "int32", 0, "digits whose class has a twin: 6 and 9, 2 and 5"),
    "camouflage_dprime": ArrayKind(
        FRAME, "float32", 0, "|digit - what it hides| / sensor_sigma, 0 elsewhere"
    ),
    "camouflage_eps": ArrayKind(FRAME, "float32", 0.5, "error of the best decision between the two"),
    "instance_dprime": ArrayKind(TRACK, "float32", 0, "d' of the digit against what it hides, this frame"),
    "track_dprime": ArrayKind(TRACK, "float32", 0, "the same, over this frame and all before it"),
    "order_dprime": ArrayKind(
        ("digit", "occluder", "time"), "float32", 0, "d' of which of a pair is nearer; 0 where nothing tells"
    ),
}
"""`digit` has max(num_digits_range) rows; row i is instance i+1. `shape` has max(num_shapes_range)."""

AXIS_SIZES = {"xyxy": 4, "dxdy": 2, "pose": 5, "shape_pose": 4}
"""Sizes of the axes that no spec decides."""

ALWAYS = ("video", "labels", "num_digits")
"""Arrays that every batch of clips has."""

TRUTHS: dict[str, tuple[str, ...]] = {
    "semantic": ("semantic",),
    "instance": ("instance",),
    "amodal": ("amodal",),
    "areas": ("visible_area", "amodal_area", "whole_area"),
    "visibility": ("visibility",),
    "truncation": ("truncation",),
    "boxes": ("boxes_xyxy", "amodal_boxes_xyxy"),
    "depth": ("depth_order",),
    "occluders": ("occluders",),
    "pose": ("pose",),
    "flow": ("flow_forward", "flow_backward", "flow_forward_valid", "flow_backward_valid"),
    "shapes": ("shape_instance", "shape_pose", "shape_kind", "shape_level", "num_shapes"),
    "layers": ("background_layer", "digit_layers", "amodal"),
    "beneath": ("beneath",),
    "noiseless": ("noiseless",),
    "difficulty": ("min_visibility", "mean_visibility", "camouflaged_share", "num_twins"),
    "camouflage": ("camouflage_dprime", "camouflage_eps", "instance_dprime", "track_dprime", "order_dprime"),
}
"""Truths by the name one asks for, and the arrays that each brings."""


def check_truths(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names in the catalog's order; raise `BadArgument` for one that is no truth.

    >>> check_truths(["instance", "semantic"])
    ('semantic', 'instance')
    """
    asked = {names} if isinstance(names, str) else set(names)
    for name in sorted(asked):
        if name not in TRUTHS:
            bringing = [truth for truth, arrays in TRUTHS.items() if name in arrays]
            near = bringing or difflib.get_close_matches(str(name), TRUTHS, n=1)
            raise BadArgument("truth", name, ", ".join(TRUTHS), f"did you mean {near[0]}?" if near else "")
    return tuple(name for name in TRUTHS if name in asked)


def arrays_of(truths: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the arrays that these truths bring, without those that are always there."""
    return tuple(dict.fromkeys(array for truth in truths for array in TRUTHS[truth]))
