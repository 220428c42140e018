"""Sampling: (spec, bank, seed, split, clip ids) -> Scene.

A clip depends on its own address only, not on the batch that it is drawn in.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.classes import Classes
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.scene.fixed_point import sine_table
from segmnist.scene.parameters import KIND_CODES, SceneArrays, Tables, parameters_of
from segmnist.scene.randomness import SHARED_POOL, SPLITS, check_address, check_clip_ids, key_of
from segmnist.scene.scene import Scene
from segmnist.scene.spec import MAX_SIDE, SceneSpec


def sample(
    spec: SceneSpec,
    clip_ids: ArrayLike,
    *,
    split: str = "train",
    seed: int = 0,
    bank: DigitBank | None = None,
) -> Scene:
    """Draw the scenes of some clips.

    clip_ids: whole numbers in 0..2^63-1. bank: where the glyphs come from, MNIST unless given. Raises `BadArgument` for a bad
    address, or a frame that is smaller than a digit.

    >>> scene = sample(SceneSpec(num_frames=5), [3, 1, 4], split="test")
    >>> scene.y.shape
    (3, 3, 5)
    """
    from segmnist.scene.kernels import sample_clips

    bank = DigitBank.mnist() if bank is None else bank
    check_address(seed, split)
    ids = check_clip_ids(clip_ids)
    glyph_height, glyph_width = bank.images.shape[1:]
    check_fits(spec, bank)
    scene = _empty_scene(spec, bank, seed, split, ids)
    sample_clips(
        parameters_of(spec, glyph_height, glyph_width),
        tables_of(spec, bank, split),
        key_of(scene.seed),
        SPLITS[split],
        ids,
        SceneArrays._make(_arrays_of(scene)),
    )
    return scene


_arrays_of = attrgetter(*SceneArrays._fields)
"""The arrays of a Scene in the order of `SceneArrays`."""


@lru_cache(maxsize=8)
def tables_of(spec: SceneSpec, bank: DigitBank, split: str) -> Tables:
    """Return what random words pick from."""
    return Tables(
        pool=glyph_pool(spec, bank, split),
        labels=bank.labels,
        twins=twin_table(spec, bank.classes),
        kinds=np.array([KIND_CODES[kind] for kind in spec.shape_kinds], np.int64),
        levels=np.array(spec.grey_levels, np.int64),
        sine=sine_table(),
    )


def pool_split(spec: SceneSpec, split: str) -> str:
    """Return the split whose glyphs and numbered backgrounds the clips of `split` are made of."""
    return SHARED_POOL if spec.pools == "shared" else split


def glyph_pool(spec: SceneSpec, bank: DigitBank, split: str) -> NDArray[np.int32]:
    """Return the bank's rows from which glyphs are drawn, all equally likely; `(G,)` int32, ascending.

    Raises `BadArgument` if a class has fewer glyphs in this split than `glyphs_per_class` asks for.
    """
    split = pool_split(spec, split)
    glyphs = bank.glyphs(split, spec.classes or None)
    if not spec.glyphs_per_class:
        return glyphs
    labels = spec.classes or range(bank.classes.background)
    of_class = [glyphs[bank.labels[glyphs] == label] for label in labels]
    fewest = min(len(rows) for rows in of_class)
    if fewest < spec.glyphs_per_class:
        fix = f"a class of {bank.name!r} has no more of them in split {split!r}"
        raise BadArgument("glyphs_per_class", spec.glyphs_per_class, f"0..{fewest}", fix)
    return np.sort(np.concatenate([rows[: spec.glyphs_per_class] for rows in of_class]))


def twin_table(spec: SceneSpec, classes: Classes) -> NDArray[np.int64]:
    """Return the two labels that a glyph of each class may bear, `(K,2)`; both are its own class if it has no twin."""
    table = np.repeat(np.arange(classes.background)[:, None], 2, axis=1)
    for pair in spec.twins:
        table[list(pair)] = pair
    return table


def check_classes(spec: SceneSpec, classes: Classes) -> None:
    """Raise `BadArgument` for a class that the digits do not have."""
    asked = {"classes": spec.classes, "twins": [label for pair in spec.twins for label in pair]}
    for name, labels in asked.items():
        if max(labels, default=0) >= classes.background:
            fix = "give the digit bank that has more"
            raise BadArgument(name, getattr(spec, name), f"{classes.range}, the classes of these digits", fix)


@lru_cache(maxsize=64)
def check_fits(spec: SceneSpec, bank: DigitBank) -> None:
    """Raise `BadArgument` for a class that the bank does not have, and if its largest digit does not fit into the frame."""
    check_classes(spec, bank.classes)
    if spec.max_digits == 0:
        return
    glyph_height, glyph_width = bank.images.shape[1:]
    for name, frame, glyph in (("height", spec.height, glyph_height), ("width", spec.width, glyph_width)):
        needed = round(glyph * spec.largest_scale, 9)  # 29 / 28 * 28 is above 29 in floating point
        if frame < needed:
            grows = spec.scale_change_range[1] > 1 or spec.pulse_range[1] > 0
            growing = ", scale_change_range or pulse_range" if grows else ""
            fix = f"the largest digit is {needed:g} px; enlarge the frame or lower scale_range{growing}"
            raise BadArgument(name, frame, f"{needed:g}..{MAX_SIDE} px", fix)


def _empty_scene(spec: SceneSpec, bank: DigitBank, seed: int, split: str, ids: np.ndarray) -> Scene:
    B, N, S, T = len(ids), spec.max_digits, spec.max_shapes, spec.num_frames
    return Scene(
        spec=spec, bank=bank, seed=int(seed), split=split, clip_ids=ids,
        num_digits=np.zeros(B, np.int32),
        glyph=np.zeros((B, N), np.int32), label=np.full((B, N), 255, np.uint8),
        y=np.zeros((B, N, T), np.int32), x=np.zeros((B, N, T), np.int32),
        angle=np.zeros((B, N, T), np.int32), scale=np.zeros((B, N, T), np.int32),
        brightness=np.zeros((B, N, T), np.int32), depth=np.zeros((B, N, T), np.uint8),
        num_shapes=np.zeros(B, np.int32), shape_kind=np.zeros((B, S), np.int8),
        shape_height=np.zeros((B, S), np.int32), shape_width=np.zeros((B, S), np.int32),
        shape_apex=np.zeros((B, S), np.int32), shape_level=np.zeros((B, S), np.uint8),
        shape_y=np.zeros((B, S, T), np.int32), shape_x=np.zeros((B, S, T), np.int32),
    )  # fmt: skip
