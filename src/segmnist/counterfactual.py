"""Counterfactuals: edit a Scene and draw it again under the same noise.

Every edit takes a Scene and returns a new one; all else stays the same, byte for byte. A digit or shape that is
removed leaves its row empty, so every other instance keeps its id. `digits` and `shapes` select rows: one index,
a list, or a bool array `(B,N)` or `(B,S)` with a selection of its own for each clip. Row i is instance i+1.

>>> from segmnist import sample, preset
>>> scene = sample(preset("standard", num_frames=4), [17])
>>> actual, edited = draw_pair(scene, without_digits(scene, 0), "instance")
>>> changed = actual.video != edited.video
>>> bool(changed.any()), bool((actual.instance[changed] == 1).all())
(True, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.clips import Clips
from segmnist.render.derived import real_digits, real_shapes
from segmnist.render.engine import render
from segmnist.scene.fixed_point import to_q16
from segmnist.scene.randomness import PURPOSE_EDIT, words
from segmnist.scene.sample import glyph_pool
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE, Scene
from segmnist.scene.spec import limits_of

Rows = int | Sequence[int] | NDArray[Any]
Mask = NDArray[np.bool_]


def without_digits(scene: Scene, digits: Rows | None = None) -> Scene:
    """Remove some digits, or all: they are not drawn, and their labels and truths become padding.

    A clip keeps its `num_digits`, and the other digits keep their ids. Raises `BadArgument` for a row without a
    digit.
    """
    return scene.replace(label=np.where(_digits(scene, digits), np.uint8(NO_DIGIT), scene.label))


def without_shapes(scene: Scene, shapes: Rows | None = None) -> Scene:
    """Remove some shapes, or all: whatever they hid shows, and their kind is -1.

    Raises `BadArgument` for a row without a shape.
    """
    gone = _picked("shapes", shapes, real_shapes(scene), scene.clip_ids)
    return scene.replace(shape_kind=np.where(gone, np.int8(NO_SHAPE), scene.shape_kind))


def without_noise(scene: Scene) -> Scene:
    """Drop the pepper noise and the sensor noise; the bare background has the spec's background_level."""
    return scene.replace(spec=scene.spec.replace(noise_density=0.0, sensor_sigma=0.0))


def with_frozen_rotation(scene: Scene, digits: Rows | None = None) -> Scene:
    """Keep some digits, or all, at the angle of their first frame.

    Raises `BadArgument` for a row without a digit.
    """
    still = _digits(scene, digits)[:, :, None]
    return scene.replace(angle=np.where(still, scene.angle[:, :, :1], scene.angle))


def with_swapped_depth(scene: Scene, one: int, other: int) -> Scene:
    """Swap the depths of two digits in every frame.

    Raises `BadArgument` for a row without a digit.
    """
    _digits(scene, (one, other))
    depth = scene.depth.copy()
    depth[:, [one, other]] = scene.depth[:, [other, one]]
    return scene.replace(depth=depth)


def with_brightness(scene: Scene, brightness: float, digits: Rows | None = None) -> Scene:
    """Set the brightness of some digits, or all, in every frame: a factor on their ink.

    Raises `BadArgument` for a row without a digit or a factor outside 0..4.
    """
    limits = limits_of("brightness_range")
    is_number = isinstance(brightness, (int, float, np.number)) and not isinstance(brightness, bool)
    if limits is None or not (is_number and limits.low <= brightness <= limits.high):
        raise BadArgument("brightness", brightness, "a factor in 0..4", "1 draws the ink as it is")
    level = np.int32(to_q16(float(brightness)))
    return scene.replace(brightness=np.where(_digits(scene, digits)[:, :, None], level, scene.brightness))


def with_label(scene: Scene, label: int, digits: Rows) -> Scene:
    """Change the class of some digits to another one of the bank, and no pixel.

    Raises `BadArgument` for another label or a row without a digit.
    """
    _check_whole("label", label, scene.bank.classes.background)
    return scene.replace(label=np.where(_digits(scene, digits), np.uint8(label), scene.label))


def with_glyph(scene: Scene, glyph: int, digits: Rows) -> Scene:
    """Replace the glyph of some digits, on the same track; their class becomes the glyph's class.

    Raises `BadArgument` for a glyph that the bank does not have, and for a row without a digit.
    """
    _check_whole("glyph", glyph, len(scene.bank.images))
    return _with_glyphs(scene, np.full(scene.glyph.shape, glyph), _digits(scene, digits))


def with_other_class(scene: Scene, digits: Rows, *, draw: int = 0) -> Scene:
    """Replace some digits by random glyphs of other classes that the spec permits in this split.

    The same clip, row and `draw`, 0..65,535, choose the same glyph. Raises `BadArgument` if the spec permits no other
    class, and for a row without a digit.
    """
    _check_whole("draw", draw, 1 << 16)
    chosen = _digits(scene, digits)
    pool = glyph_pool(scene.spec, scene.bank, scene.split)
    glyphs = scene.glyph.copy()
    for b, n in np.argwhere(chosen):
        shown = (scene.label[b, n], scene.bank.labels[scene.glyph[b, n]])
        others = pool[~np.isin(scene.bank.labels[pool], shown)]
        if len(others) == 0:
            raise BadArgument(
                "digits", int(n), "a digit of a spec with other classes", "use with_glyph instead"
            )
        word = words(scene.seed, scene.split, int(scene.clip_ids[b]), PURPOSE_EDIT, draw, 1, int(n))[0]
        glyphs[b, n] = others[int(word) * len(others) >> 32]
    return _with_glyphs(scene, glyphs, chosen)


def draw_pair(
    actual: Scene, edited: Scene, truth: str | Iterable[str] = ("semantic",), *, num_threads: int = 1
) -> tuple[Clips, Clips]:
    """Draw a scene and its edited copy: the same clips, under the same noise.

    Raises `BadArgument` if the two are not of the same clips, and as `render` does.
    """
    for name in ("seed", "split"):
        if getattr(actual, name) != getattr(edited, name):
            raise BadArgument(f"edited.{name}", getattr(edited, name), repr(getattr(actual, name)))
    if actual.y.shape != edited.y.shape or not np.array_equal(actual.clip_ids, edited.clip_ids):
        raise BadArgument(
            "edited.clip_ids", edited.clip_ids.tolist()[:8], "those of the scene that was edited"
        )
    first, second = (render(scene, truth, num_threads=num_threads) for scene in (actual, edited))
    return first, second


def _with_glyphs(scene: Scene, glyphs: NDArray[Any], chosen: Mask) -> Scene:
    label = np.where(chosen, scene.bank.labels[glyphs], scene.label)
    return scene.replace(glyph=np.where(chosen, glyphs, scene.glyph).astype(np.int32), label=label)


def _digits(scene: Scene, digits: Rows | None) -> Mask:
    return _picked("digits", digits, real_digits(scene), scene.clip_ids)


def _picked(name: str, rows: Rows | None, present: Mask, clip_ids: NDArray[np.uint64]) -> Mask:
    """Return the selected rows of every clip, `(B,N)` bool; raise `BadArgument` for an empty row."""
    if rows is None:
        return present
    asked = np.asarray(rows)
    if asked.dtype == bool and asked.shape == present.shape:
        picked = asked
    elif asked.ndim < 2 and (asked.dtype.kind in "iu" or asked.size == 0):
        asked = asked.astype(np.int64)
        wrong = asked[(asked < 0) | (asked >= present.shape[1])]
        if wrong.size:
            raise BadArgument(name, int(wrong.flat[0]), f"rows 0..{present.shape[1] - 1}", "row i is id i+1")
        picked = np.zeros_like(present)
        picked[:, asked] = True
    else:
        raise BadArgument(name, rows, f"a row, a list of rows, or a bool array of shape {present.shape}")
    if (picked & ~present).any():
        b, n = np.argwhere(picked & ~present)[0]
        have = ", ".join(map(str, np.flatnonzero(present[b]))) or "none"
        raise BadArgument(name, int(n), f"a row in use: clip {clip_ids[b]} has {have}", "row i is id i+1")
    return picked


def _check_whole(name: str, value: object, stop: int) -> None:
    """Raise `BadArgument` unless the value is a whole number in 0..stop-1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < stop:
        raise BadArgument(name, value, f"a whole number in 0..{stop - 1}")
