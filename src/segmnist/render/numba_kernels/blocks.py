"""Rows of pixels, 16 or 64 at a time: the vector instructions that the drawing and measuring loops stand on.

LLVM unrolls a short loop of constant length into scalar code with a branch a pixel before its vectoriser sees it, so these
few are written as vector code, which LLVM turns into whatever the processor has (shading: 7.5 ns a block as a loop, 1.5 so).

Pixels are given by their address, an int64: a function for one digit or one row of a frame then takes whole numbers alone.
An array as an argument is seven words and, unless the compiler can see its owner, an atomic operation to count a reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model

from segmnist.compiled import subroutine

_BYTE, _SHORT, _WORD = ir.IntType(8), ir.IntType(16), ir.IntType(32)
_LONG = ir.IntType(64)


class InkType(types.Type):  # type: ignore[misc]
    """The ink of 16 pixels in a row, in a register: a byte each, 0 where there is none."""


ink_type = InkType(name="Ink")


@register_model(InkType)
class _InkModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, ink: Any) -> None:
        super().__init__(manager, ink, ir.VectorType(_BYTE, 16))


def _lanes(lane: Any, count: int) -> Any:
    return ir.VectorType(lane, count)


def _constant(lane: Any, count: int, value: int) -> Any:
    return ir.Constant(_lanes(lane, count), [value] * count)


def _splat(builder: Any, scalar: Any, count: int) -> Any:
    vector = _lanes(scalar.type, count)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), _constant(_WORD, count, 0))


def _load(builder: Any, address: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _store(builder: Any, address: Any, value: Any) -> None:
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


def _blend(builder: Any, mask: Any, new: Any, old: Any) -> Any:
    """Return the lanes of `new` where the mask is set and of `old` elsewhere, to be stored whole.

    Where there is AVX-512, LLVM would make one masked store of a blend and a store, which takes some processors (Zen 4) many
    times as long; what an empty line of assembly may have changed it cannot merge.
    """
    blended = builder.select(mask, new, old)
    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    if "+avx512bw" not in features:
        return blended
    kind = ir.FunctionType(blended.type, [blended.type])
    return builder.call(ir.InlineAsm(kind, "", "=x,0"), [blended])


def _flags(builder: Any, bits: Any, count: int) -> Any:
    """Return the low bits of an int64 as lanes of one bit."""
    low = bits if count == 64 else builder.trunc(bits, ir.IntType(count))
    return builder.bitcast(low, _lanes(ir.IntType(1), count))


def _signature(result: Any, arguments: tuple[Any, ...], generate: Callable[..., Any]) -> Any:
    """Return what an intrinsic returns: its signature, and the code for its arguments (None: nothing comes back)."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        made = generate(builder, *values)
        return context.get_dummy_value() if made is None else made

    return result(*arguments), code


@intrinsic
def address_of(typing_context: Any, array: Any) -> Any:
    """Return the address of a contiguous array's first element."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=values[0]).data
        return builder.ptrtoint(data, _LONG)

    return types.int64(array), generate


@intrinsic
def int64_at(typing_context: Any, address: Any) -> Any:
    """Return the int64 at an address."""
    return _signature(types.int64, (types.int64,), lambda builder, place: _load(builder, place, _LONG))


@intrinsic
def uint8_at(typing_context: Any, address: Any) -> Any:
    """Return the byte at an address."""
    return _signature(types.uint8, (types.int64,), lambda builder, place: _load(builder, place, _BYTE))


@intrinsic
def uint16_at(typing_context: Any, address: Any) -> Any:
    """Return the two bytes at an address as one number."""
    return _signature(types.uint16, (types.int64,), lambda builder, place: _load(builder, place, _SHORT))


@intrinsic
def put_int64(typing_context: Any, address: Any, value: Any) -> Any:
    """Store an int64 at an address."""
    return _signature(types.void, (types.int64, types.int64), _store)


@intrinsic
def put_floats(typing_context: Any, address: Any, first: Any, second: Any) -> Any:
    """Store two float32 at an address."""

    def generate(builder: Any, place: Any, one: Any, other: Any) -> None:
        _store(builder, place, one)
        _store(builder, builder.add(place, ir.Constant(_LONG, 4)), other)

    return _signature(types.void, (types.int64, types.float32, types.float32), generate)


@intrinsic
def fill_line(typing_context: Any, address: Any, byte: Any) -> Any:
    """Set 64 bytes."""

    def generate(builder: Any, place: Any, value: Any) -> None:
        _store(builder, place, _splat(builder, value, 64))

    return _signature(types.void, (types.int64, types.uint8), generate)


@intrinsic
def copy_line(typing_context: Any, address: Any, source: Any) -> Any:
    """Copy 64 bytes from another address."""

    def generate(builder: Any, place: Any, other: Any) -> None:
        _store(builder, place, _load(builder, other, _lanes(_BYTE, 64)))

    return _signature(types.void, (types.int64, types.int64), generate)


def _fill_bits(count: int) -> Any:
    def generate(builder: Any, place: Any, bits: Any, value: Any) -> None:
        asked = _flags(builder, bits, count)
        old = _load(builder, place, _lanes(_BYTE, count))
        _store(builder, place, _blend(builder, asked, _splat(builder, value, count), old))

    return _signature(types.void, (types.int64, types.int64, types.uint8), generate)


@intrinsic
def fill_bits_16(typing_context: Any, address: Any, bits: Any, byte: Any) -> Any:
    """Set those of 16 bytes whose bit is set."""
    return _fill_bits(16)


@intrinsic
def fill_bits_64(typing_context: Any, address: Any, bits: Any, byte: Any) -> Any:
    """Set those of 64 bytes whose bit is set."""
    return _fill_bits(64)


def _put_bits(count: int) -> Any:
    def generate(builder: Any, place: Any, bits: Any) -> None:
        asked = _flags(builder, bits, count)
        _store(builder, place, builder.zext(asked, _lanes(_BYTE, count)))

    return _signature(types.void, (types.int64, types.int64), generate)


@intrinsic
def put_bits_16(typing_context: Any, address: Any, bits: Any) -> Any:
    """Store 16 bits as 16 bytes, 0 or 1."""
    return _put_bits(16)


@intrinsic
def put_bits_64(typing_context: Any, address: Any, bits: Any) -> Any:
    """Store 64 bits as 64 bytes, 0 or 1."""
    return _put_bits(64)


def _match_bits(count: int) -> Any:
    def generate(builder: Any, place: Any, value: Any) -> Any:
        pixels = _load(builder, place, _lanes(_BYTE, count))
        equal = builder.icmp_unsigned("==", pixels, _splat(builder, value, count))
        bits = builder.bitcast(equal, ir.IntType(count))
        return bits if count == 64 else builder.zext(bits, _LONG)

    return _signature(types.int64, (types.int64, types.uint8), generate)


@intrinsic
def match_bits_16(typing_context: Any, address: Any, byte: Any) -> Any:
    """Return 16 bits as int64: bit k says whether the byte at address + k is the one asked for."""
    return _match_bits(16)


@intrinsic
def match_bits_64(typing_context: Any, address: Any, byte: Any) -> Any:
    """Return 64 bits as int64: bit k says whether the byte at address + k is the one asked for."""
    return _match_bits(64)


@intrinsic
def sample_ink(typing_context: Any, pixels: Any, v: Any, u: Any, b: Any, a: Any, log2_stride: Any) -> Any:
    """Return the ink at rows (v + k b) >> 16 and columns (u + k a) >> 16 for k = 0..15 of a glyph with 2^log2_stride columns.

    All places at once in a vector, then 16 loads: 0.35 a frame, against 0.65 for stepping from pixel to pixel.
    """

    def generate(
        builder: Any, first: Any, row: Any, column: Any, row_step: Any, column_step: Any, shift: Any
    ) -> Any:
        steps, half = ir.Constant(_lanes(_WORD, 16), list(range(16))), _constant(_WORD, 16, 16)
        rows, columns = (
            builder.lshr(
                builder.add(_splat(builder, start, 16), builder.mul(steps, _splat(builder, step, 16))), half
            )
            for start, step in ((row, row_step), (column, column_step))
        )
        places = builder.add(builder.shl(rows, _splat(builder, shift, 16)), columns)
        base = builder.inttoptr(first, _BYTE.as_pointer())
        ink = ir.Constant(_lanes(_BYTE, 16), ir.Undefined)
        # Out of the vector two places at a time: half the instructions that move between the two kinds of registers.
        pairs = builder.bitcast(places, _lanes(_LONG, 8))
        for k in range(16):
            pair = builder.extract_element(pairs, ir.Constant(_WORD, k // 2))
            half_pair = (
                builder.lshr(pair, ir.Constant(_LONG, 32))
                if k % 2
                else builder.and_(pair, ir.Constant(_LONG, 0xFFFFFFFF))
            )
            ink = builder.insert_element(
                ink, builder.load(builder.gep(base, [half_pair])), ir.Constant(_WORD, k)
            )
        return ink

    int32 = types.int32
    return _signature(ink_type, (types.int64, int32, int32, int32, int32, int32), generate)


@intrinsic
def keep_lanes(typing_context: Any, ink: Any, first: Any, stop: Any) -> Any:
    """Return the ink of pixels first..stop-1 of the 16, and none elsewhere."""

    def generate(builder: Any, value: Any, begin: Any, end: Any) -> Any:
        lane = ir.Constant(_lanes(_WORD, 16), list(range(16)))
        inside = builder.and_(
            builder.icmp_signed(">=", lane, _splat(builder, begin, 16)),
            builder.icmp_signed("<", lane, _splat(builder, end, 16)),
        )
        return builder.select(inside, value, _constant(_BYTE, 16, 0))

    return _signature(ink_type, (ink_type, types.int32, types.int32), generate)


@intrinsic
def shade_ink(typing_context: Any, ink: Any, brightness: Any) -> Any:
    """Return min(ink * brightness >> 16, 255); brightness Q16, 0 or more."""

    def generate(builder: Any, value: Any, factor: Any) -> Any:
        # ink * factor >> 16 in halves of 16 bits: ink * whole + (ink * rest >> 16). Of factors, 255 is as much as any more.
        most = ir.Constant(_WORD, 255 << 16)
        factor = builder.select(builder.icmp_signed("<", factor, most), factor, most)
        whole = _splat(builder, builder.trunc(builder.lshr(factor, ir.Constant(_WORD, 16)), _SHORT), 16)
        rest = _splat(builder, builder.trunc(factor, _SHORT), 16)
        wide, words = builder.zext(value, _lanes(_SHORT, 16)), _lanes(_WORD, 16)
        product = builder.mul(builder.zext(wide, words), builder.zext(rest, words))
        part = builder.trunc(builder.lshr(product, _constant(_WORD, 16, 16)), _lanes(_SHORT, 16))
        level, full = builder.add(builder.mul(wide, whole), part), _constant(_SHORT, 16, 255)
        level = builder.select(builder.icmp_unsigned("<", level, full), level, full)
        return builder.trunc(level, _lanes(_BYTE, 16))

    return _signature(ink_type, (ink_type, types.int32), generate)


def _paint(builder: Any, place: Any, ink: Any, new: Any) -> None:
    """Store `new` where there is ink."""
    old = _load(builder, place, _lanes(_BYTE, 16))
    mask = builder.icmp_unsigned("!=", ink, _constant(_BYTE, 16, 0))
    _store(builder, place, _blend(builder, mask, new, old))


@intrinsic
def paint_levels(typing_context: Any, address: Any, ink: Any, levels: Any) -> Any:
    """Set those of 16 bytes that have ink to their levels."""
    return _signature(types.void, (types.int64, ink_type, ink_type), _paint)


@intrinsic
def paint_byte(typing_context: Any, address: Any, ink: Any, byte: Any) -> Any:
    """Set those of 16 bytes that have ink to one byte."""

    def generate(builder: Any, place: Any, value: Any, new: Any) -> None:
        _paint(builder, place, value, _splat(builder, new, 16))

    return _signature(types.void, (types.int64, ink_type, types.uint8), generate)


@intrinsic
def paint_copy(typing_context: Any, address: Any, ink: Any, source: Any) -> Any:
    """Set those of 16 bytes that have ink to those at another address."""

    def generate(builder: Any, place: Any, value: Any, other: Any) -> None:
        _paint(builder, place, value, _load(builder, other, _lanes(_BYTE, 16)))

    return _signature(types.void, (types.int64, ink_type, types.int64), generate)


@intrinsic
def brightest_ink(typing_context: Any, ink: Any, levels: Any, address: Any) -> Any:
    """Return the ink of those of 16 pixels whose level is at least the byte at an address, and none elsewhere."""

    def generate(builder: Any, value: Any, level: Any, place: Any) -> Any:
        seen = builder.icmp_unsigned(">=", level, _load(builder, place, _lanes(_BYTE, 16)))
        return builder.select(seen, value, _constant(_BYTE, 16, 0))

    return _signature(ink_type, (ink_type, ink_type, types.int64), generate)


@intrinsic
def paint_second(typing_context: Any, address: Any, ink: Any, levels: Any, counts: Any) -> Any:
    """Set those of 16 bytes that have ink to their levels, if the count of digits at `counts` is 0 or 1, else raise them."""

    def generate(builder: Any, place: Any, value: Any, level: Any, counted: Any) -> None:
        kind, zero = _lanes(_BYTE, 16), _constant(_BYTE, 16, 0)
        is_level = builder.icmp_unsigned(">", _load(builder, counted, kind), _constant(_BYTE, 16, 1))
        old = builder.select(is_level, _load(builder, place, kind), zero)
        _paint(builder, place, value, builder.select(builder.icmp_unsigned(">", old, level), old, level))

    return _signature(types.void, (types.int64, ink_type, ink_type, types.int64), generate)


@intrinsic
def count_ink(typing_context: Any, address: Any, ink: Any) -> Any:
    """Add one to those of 16 bytes that have ink."""

    def generate(builder: Any, place: Any, value: Any) -> None:
        mask = builder.icmp_unsigned("!=", value, _constant(_BYTE, 16, 0))
        more = builder.zext(mask, _lanes(_BYTE, 16))
        _store(builder, place, builder.add(_load(builder, place, _lanes(_BYTE, 16)), more))

    return _signature(types.void, (types.int64, ink_type), generate)


@intrinsic
def shade_pixels(typing_context: Any, rgb: Any, levels: Any, places: Any, tints: Any) -> Any:
    """Store 16 pixels as red, green and blue: level * tint >> 8.

    levels: address of 16 bytes; places: of 16 uint16, rows of `tints`: 64 bits each, its parts in 16 bits each.
    """

    def generate(builder: Any, target: Any, grey: Any, rows: Any, table: Any) -> None:
        wide = _lanes(_SHORT, 64)
        row = builder.zext(_load(builder, rows, _lanes(_SHORT, 16)), _lanes(_LONG, 16))
        places = builder.shl(row, _constant(_LONG, 16, 3))
        tint = ir.Constant(_lanes(_LONG, 16), ir.Undefined)
        for k in range(16):
            lane = ir.Constant(_WORD, k)
            place = builder.add(table, builder.extract_element(places, lane))
            tint = builder.insert_element(tint, _load(builder, place, _LONG), lane)
        level = builder.zext(_load(builder, grey, _lanes(_BYTE, 16)), _lanes(_SHORT, 16))
        four_times = ir.Constant(_lanes(_WORD, 64), [k // 4 for k in range(64)])
        level = builder.shuffle_vector(level, ir.Constant(level.type, ir.Undefined), four_times)
        shaded = builder.lshr(builder.mul(builder.bitcast(tint, wide), level), _constant(_SHORT, 64, 8))
        shaded = builder.trunc(shaded, _lanes(_BYTE, 64))
        parts = ir.Constant(_lanes(_WORD, 48), [4 * (k // 3) + k % 3 for k in range(48)])
        _store(builder, target, builder.shuffle_vector(shaded, ir.Constant(shaded.type, ir.Undefined), parts))

    return _signature(types.void, (types.int64, types.int64, types.int64, types.int64), generate)


@intrinsic
def ink_bits(typing_context: Any, ink: Any) -> Any:
    """Return 16 bits as int64: bit k says whether pixel k has ink."""

    def generate(builder: Any, value: Any) -> Any:
        mask = builder.icmp_unsigned("!=", value, _constant(_BYTE, 16, 0))
        return builder.zext(builder.bitcast(mask, _SHORT), _LONG)

    return _signature(types.int64, (ink_type,), generate)


@intrinsic
def count_bits(typing_context: Any, bits: Any) -> Any:
    """Return how many bits of an int64 are set."""
    return _signature(types.int64, (types.int64,), lambda builder, value: builder.ctpop(value))


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """Return the place of the lowest bit that is set in an int64 which is not 0."""
    never_zero = ir.Constant(ir.IntType(1), 1)
    return _signature(types.int64, (types.int64,), lambda builder, value: builder.cttz(value, never_zero))


@intrinsic
def highest_bit(typing_context: Any, bits: Any) -> Any:
    """Return the place of the highest bit that is set in an int64 which is not 0."""

    def generate(builder: Any, value: Any) -> Any:
        leading = builder.ctlz(value, ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(_LONG, 63), leading)

    return _signature(types.int64, (types.int64,), generate)


@subroutine
def fill_frame(frame: int, size: int, byte: int) -> None:
    """Set the bytes of a frame, 256 or more of them, if it was asked for."""
    if frame:
        for at in range(0, size - 63, 64):
            fill_line(frame + at, byte)
        fill_line(frame + size - 64, byte)


@subroutine
def copy_frame(frame: int, source: int, size: int) -> None:
    """Copy the bytes of a frame, 64 or more of them, from another address, if it was asked for."""
    if frame:
        for at in range(0, size - 63, 64):
            copy_line(frame + at, source + at)
        copy_line(frame + size - 64, source + size - 64)


@subroutine
def window(row: int, start: int) -> int:
    """Return bits start..start+63 of a row of bits between two words of zeros; `row` is the address of the first of them.

    start: from -64 to the end of the row.
    """
    place, shift = row + (((start + 64) >> 6) << 3), np.uint64(start & 63)
    low, high = np.uint64(int64_at(place)), np.uint64(int64_at(place + 8))
    return np.int64((low >> shift) | ((high << np.uint64(1)) << (np.uint64(63) - shift)))
