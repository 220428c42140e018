"""colour_clips: frames in colour, from their grey levels and from whose surface each pixel shows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import kernel, subroutine
from segmnist.render.numba_kernels.blocks import address_of, shade_pixels
from segmnist.render.numba_kernels.layout import NO_NOISE, Frame, SceneArrays, Style, Tables
from segmnist.render.numba_kernels.noise import NoiseAddress, add_sensor_noise, fill_random
from segmnist.scene.parameters import TILE
from segmnist.scene.randomness import PURPOSE_COLOUR_SENSOR, PURPOSE_HUE

Array = NDArray[Any]

LANES = 16
"""Pixels that are shaded at once; no frame has fewer in a row."""


class Palette(NamedTuple):
    """The `Colours` of a scene, and where each tint is found: the parts of a tint are packed into a word, 16 bits each.

    tints: `(B,2K+256)` int64, the two of each surface and then those of pepper noise; tiles, cells: `(B,K)` int64.
    """

    tints: Array
    tiles: Array
    cells: Array


class Grey(NamedTuple):
    """The arrays that are coloured, flat uint8: grey levels, and the digits and shapes that are seen."""

    noiseless: Array
    instance: Array
    shape_instance: Array


class Textures(NamedTuple):
    """The textures of a clip's K surfaces at one frame, `(K,)` int64 each.

    top, left: where their tiles begin. per_cell: 1 / side of a cell, Q32, rounded up, which is exact for columns below 2^16.
    bits: the row of the tile that is shown, bit j for column j.
    """

    top: Array
    left: Array
    per_cell: Array
    bits: Array


class ColouringRoom(NamedTuple):
    """Scratch for colouring a frame.

    words: uint32, one for each byte of the frame. bytes: the same memory as uint8. places: `(HW,)` uint16.
    """

    textures: Textures
    words: Array
    bytes: Array
    places: Array


def colouring_room(frame: Frame, palette: Palette) -> ColouringRoom:
    """Return room for colouring; Python calls it, as kernels allocate nothing."""
    size = frame.height * frame.width
    words = np.empty((3 * size + 15) // 16 * 16, np.uint32)
    textures = Textures(*np.zeros((4, palette.tiles.shape[1]), np.int64))
    return ColouringRoom(textures, words, words.view(np.uint8), np.empty(size, np.uint16))


@subroutine
def place_textures(scene: SceneArrays, b: int, t: int, textures: Textures) -> None:
    """Write where the textures of shapes lie at frame t of clip b; that of the ground lies at 0."""
    first = 1 + scene.label.shape[1]
    for s in range(scene.num_shapes[b]):
        textures.top[first + s], textures.left[first + s] = scene.shape_y[b, s, t], scene.shape_x[b, s, t]


@subroutine
def find_row_bits(tiles: Array, cells: Array, y: int, textures: Textures) -> None:
    """Write the row of each surface's tile that row y of the frame shows."""
    for k in range(tiles.shape[0]):
        if tiles[k]:
            i = (y - textures.top[k]) // cells[k] & (TILE - 1)
            textures.bits[k] = tiles[k] >> (TILE * i) & 0xFF


@subroutine(is_apart=True)
def find_tints(instance: Array, shape_instance: Array, num_digits: int, places: Array) -> None:
    """Write the place in the palette of the first tint of each pixel's surface."""
    for i in range(places.shape[0]):
        digit, shape = np.uint16(instance[i]), np.uint16(shape_instance[i])
        behind = np.uint16(shape + np.uint16(num_digits)) if shape else np.uint16(0)
        places[i] = np.uint16(2) * (digit if digit else behind)


@subroutine(is_apart=True)
def add_texture(textures: Textures, row: Array) -> None:
    """Move to the second tint where the texture says so, in a row of places in the palette."""
    left, per_cell, bits = textures.left, textures.per_cell, textures.bits
    for x in range(row.shape[0]):
        k = np.uint64(row[x] >> 1)
        j = (x - left[k]) * per_cell[k] >> 32 & (TILE - 1)
        row[x] += np.uint16(bits[k] >> j & 1)


@subroutine(is_apart=True)
def add_hues(hues: Array, first: int, places: Array) -> None:
    """Move to the tint of its own random hue where a pixel shows the bare background."""
    for i in range(places.shape[0]):
        places[i] = np.uint16(first) + np.uint16(hues[i]) if places[i] < 2 else places[i]


@kernel
def colour_clips(
    frame: Frame, scene: SceneArrays, style: Style, tables: Tables, palette: Palette, grey: Grey, room: ColouringRoom,
    rgb: Array,
) -> None:  # fmt: skip
    """Write every clip in colour; rgb: flat uint8, three bytes a pixel."""
    instance, shape_instance = grey.instance, grey.shape_instance
    textures, words, places = room.textures, room.words, room.places
    size, width, num_surfaces = frame.height * frame.width, frame.width, palette.tiles.shape[1]
    for b in range(scene.clip_ids.shape[0]):
        clip_id = np.int64(scene.clip_ids[b])
        tiles, cells, tints = palette.tiles[b], palette.cells[b], address_of(palette.tints[b])
        is_textured = False
        for k in range(num_surfaces):
            textures.bits[k] = 0
            textures.per_cell[k] = ((1 << 32) + cells[k] - 1) // cells[k]
            is_textured |= tiles[k] != 0
        for t in range(scene.y.shape[2]):
            first = (b * scene.y.shape[2] + t) * size
            address = NoiseAddress(t * style.frame_stride, clip_id & 0xFFFFFFFF, clip_id >> 32)
            seen = slice(first, first + size)
            find_tints(instance[seen], shape_instance[seen], scene.label.shape[1], places)
            if is_textured:
                place_textures(scene, b, t, textures)
                for y in range(frame.height):
                    find_row_bits(tiles, cells, y, textures)
                    add_texture(textures, places[y * width : (y + 1) * width])
            if style.noise_kind != NO_NOISE:
                fill_random(words, 0, (size + 15) // 16, PURPOSE_HUE, address, style)
                add_hues(room.bytes, 2 * num_surfaces, places)
            for column in range(0, size, LANES):
                at = min(column, size - LANES)
                shade_pixels(
                    address_of(rgb) + 3 * (first + at), address_of(grey.noiseless) + first + at,
                    address_of(places) + 2 * at, tints,
                )  # fmt: skip
            if style.sensor_reach:
                add_sensor_noise(
                    rgb, 3 * first, 3 * size, words, style, tables, address, PURPOSE_COLOUR_SENSOR
                )
