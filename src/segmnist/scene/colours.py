"""Colours: the hues, saturations and textures of a scene's surfaces, drawn by address as `rgb` is rendered.

A surface is the ground, a digit or a shape. The grey level of a pixel is the value of its colour, in the sense of HSV, so that
colour adds hue and saturation and changes no grey level. A texture is a pattern of two colours in square cells that moves with
its shape.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.scene.fixed_point import FULL_TURN, to_angle, to_q16
from segmnist.scene.parameters import TILE
from segmnist.scene.randomness import PURPOSE_CLIP, PURPOSE_COLOUR, SPLITS, key_of, philox
from segmnist.scene.sample import pool_split
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]

_FIRST_SHAPE = 1 << 16
"""Surfaces in random addresses: 0 is the ground, 1 + n digit n, this + s shape s."""
_SIXTH = FULL_TURN // 6


class Colours(NamedTuple):
    """The colours of B clips of K = 1 + N + S surfaces: the ground, then the rows of digits, then those of shapes.

    A tint is red, green and blue in Q8, 0..256 each; a surface's pixel is `level * tint >> 8`.
    """

    tints: Array
    """`(B,K,2,3)` int64: the two colours of each surface; a digit shows the first alone."""
    tiles: Array
    """`(B,K)` uint64: bit 8 i + j says which colour the cells of row i and column j have, modulo 8."""
    cells: Array
    """`(B,K)` int64: side of a cell in px."""
    noise_tints: Array
    """`(B,256,3)` int64: the tint of a bare background pixel under pepper noise, by a random byte."""


def colours_of(spec: SceneSpec, clip_ids: Array, *, split: str, seed: int) -> Colours:
    """Return the colours of the surfaces of clips: functions of seed, split, clip id and row alone.

    With numbered backgrounds, shapes and ground have the colours of theirs.
    """
    ids, N, S = clip_ids.astype(np.uint64), spec.max_digits, spec.max_shapes
    surface = np.concatenate([[0], np.arange(1, 1 + N), np.arange(_FIRST_SHAPE, _FIRST_SHAPE + S)])
    block = np.stack([2 * surface, 2 * surface + 1], axis=-1)
    splits, origins = np.full(1 + N + S, SPLITS[split]), np.repeat(ids[:, None], 1 + N + S, axis=1)
    if spec.num_backgrounds:
        is_behind = (surface == 0) | (surface >= _FIRST_SHAPE)
        word = _words(seed, PURPOSE_CLIP, SPLITS[split], ids, 0)[:, 3:]
        splits[is_behind] = SPLITS[pool_split(spec, split)]
        origins[:, is_behind] = word * np.uint64(spec.num_backgrounds) >> np.uint64(32)
    words = _words(seed, PURPOSE_COLOUR, splits[:, None], origins[..., None], block)
    colour, texture = words[:, :, 0].reshape(len(ids), 1 + N + S, 2, 2), words[:, :, 1]
    saturation = _between(colour[..., 1], to_q16(spec.saturation_range[0]), to_q16(spec.saturation_range[1]))
    tiles = _tiles(spec, texture)
    tiles[:, 1 : 1 + N] = 0
    return Colours(
        tints=tints_of(_between(colour[..., 0], *_hues(spec)), saturation),
        tiles=tiles,
        cells=_between(texture[..., 1], *spec.texture_size_range),
        noise_tints=tints_of(
            _between(np.arange(256, dtype=np.uint64) << np.uint64(24), *_hues(spec)), saturation[:, 0, :1]
        ),
    )


def packed_tints(colours: Colours) -> Array:
    """Return all tints, `(B,2K+256)` int64, the two of each surface before those of noise.

    Red is in the lowest 16 bits, green and blue in the next, so that one product with a level shades all three.
    """
    of_surfaces = colours.tints.reshape(len(colours.tints), 2 * colours.tiles.shape[1], 3)
    parts = np.concatenate([of_surfaces, colours.noise_tints], axis=1)
    packed: Array = parts[..., 0] | parts[..., 1] << 16 | parts[..., 2] << 32
    return packed


def tints_of(hue: Array, saturation: Array) -> Array:
    """Return the tints, `(...,3)` int64, of hues in hundredths of a degree and saturations in Q16.

    The largest part is 256. Source: A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978, in whole numbers.
    """
    turned = (hue[..., None] + _SIXTH * np.array([5, 3, 1])) % FULL_TURN
    below = np.clip(np.minimum(turned, 4 * _SIXTH - turned), 0, _SIXTH)
    tints: Array = 256 - (below * saturation[..., None] + 128 * _SIXTH) // (256 * _SIXTH)
    return tints


def _hues(spec: SceneSpec) -> tuple[int, int]:
    low, high = (to_angle(value) for value in spec.hue_range)
    return low, high


def _tiles(spec: SceneSpec, words: Array) -> Array:
    """Return the tiles of surfaces of any kind, given their four words each."""
    i, j = np.indices((TILE, TILE))
    lines = [_tile(i % 2), _tile(j % 2), _tile((i + j) // 2 % 2), _tile((i - j) // 2 % 2)]
    patches = words[..., 3] << np.uint64(32) | words[..., 2]
    made = {
        "plain": np.zeros_like(patches),
        "stripes": np.array(lines)[words[..., 2] >> np.uint64(30)],
        "checker": np.full_like(patches, _tile((i + j) % 2)),
        "patches": patches,
    }
    kind = _between(words[..., 0], 0, len(spec.texture_kinds) - 1)
    return np.choose(kind, [made[name] for name in spec.texture_kinds])


def _tile(bits: Array) -> np.uint64:
    return np.packbits(bits.astype(np.uint8), bitorder="little").view("<u8").astype(np.uint64)[0]


def _between(words: Array, low: int, high: int) -> Array:
    """Return whole numbers in low..high, int64, of random words in uint64."""
    return low + (words * np.uint64(high - low + 1) >> np.uint64(32)).astype(np.int64)


def _words(seed: int, purpose: int, split: int | Array, clip_ids: Array, block: int | Array) -> Array:
    """Return the four words of blocks of clips, `(...,4)` uint64; the arguments broadcast."""
    word1 = np.uint64(purpose << 24) | np.asarray(split, np.uint64) << np.uint64(16)
    counter = np.broadcast_arrays(
        np.asarray(block, np.uint64), word1, clip_ids & np.uint64(0xFFFFFFFF), clip_ids >> np.uint64(32)
    )
    return philox(np.stack(counter, axis=-1), key_of(seed)).astype(np.uint64)
