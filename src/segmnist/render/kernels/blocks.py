"""16 pixels at a time: the vector instructions that the drawing loops stand on.

LLVM unrolls a short loop of constant length into scalar code with a branch a pixel before its vectoriser sees it, so these
few are written as vector code, which LLVM turns into whatever the processor has (shading: 7.5 ns a block as a loop, 1.5 so).
A line of ink holds 0 where there is none.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTES = ir.VectorType(ir.IntType(8), 16)
_WORDS = ir.VectorType(ir.IntType(32), 16)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Return the address of array[index] as that of 16 bytes."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [index]), _BYTES.as_pointer())


def _load(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    return builder.load(_pointer(context, builder, array_type, array, index), align=1)


def _store(context: Any, builder: Any, array_type: Any, array: Any, index: Any, value: Any) -> None:
    builder.store(value, _pointer(context, builder, array_type, array, index), align=1)


def _splat(builder: Any, scalar: Any, vector: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), 16), [0] * 16)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _zeros(vector: Any) -> Any:
    return ir.Constant(vector, [0] * 16)


@intrinsic
def fill_block(typing_context: Any, frame: Any, place: Any, byte: Any) -> Any:
    """frame[place : place + 16] = byte; frame uint8, place uint64, byte uint8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, value = arguments
        _store(context, builder, signature.args[0], array, index, _splat(builder, value, _BYTES))
        return context.get_dummy_value()

    return types.void(frame, types.uint64, types.uint8), generate


@intrinsic
def label_block(typing_context: Any, frame: Any, place: Any, line: Any, at: Any, byte: Any) -> Any:
    """frame[place : place + 16] = byte where line[at : at + 16] has ink."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, ink_array, ink_index, value = arguments
        ink = _load(context, builder, signature.args[2], ink_array, ink_index)
        old = _load(context, builder, signature.args[0], array, index)
        has_ink = builder.icmp_unsigned("!=", ink, _zeros(_BYTES))
        new = builder.select(has_ink, _splat(builder, value, _BYTES), old)
        _store(context, builder, signature.args[0], array, index, new)
        return context.get_dummy_value()

    return types.void(frame, types.uint64, line, types.uint64, types.uint8), generate


@intrinsic
def shade_block(typing_context: Any, frame: Any, place: Any, line: Any, at: Any, brightness: Any) -> Any:
    """frame[place : place + 16] = min(ink * brightness >> 16, 255) where line[at : at + 16] has ink; brightness Q16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, ink_array, ink_index, factor = arguments
        ink = _load(context, builder, signature.args[2], ink_array, ink_index)
        old = _load(context, builder, signature.args[0], array, index)
        product = builder.mul(builder.zext(ink, _WORDS), _splat(builder, factor, _WORDS))
        level = builder.lshr(product, ir.Constant(_WORDS, [16] * 16))
        full = ir.Constant(_WORDS, [255] * 16)
        level = builder.select(builder.icmp_unsigned("<", level, full), level, full)
        has_ink = builder.icmp_unsigned("!=", ink, _zeros(_BYTES))
        new = builder.select(has_ink, builder.trunc(level, _BYTES), old)
        _store(context, builder, signature.args[0], array, index, new)
        return context.get_dummy_value()

    return types.void(frame, types.uint64, line, types.uint64, types.uint32), generate


@intrinsic
def keep_block(typing_context: Any, frame: Any, place: Any, source: Any, line: Any, at: Any) -> Any:
    """frame[place : place + 16] = source[place : place + 16] where line[at : at + 16] has ink."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, source_array, ink_array, ink_index = arguments
        ink = _load(context, builder, signature.args[3], ink_array, ink_index)
        old = _load(context, builder, signature.args[0], array, index)
        kept = _load(context, builder, signature.args[2], source_array, index)
        has_ink = builder.icmp_unsigned("!=", ink, _zeros(_BYTES))
        _store(context, builder, signature.args[0], array, index, builder.select(has_ink, kept, old))
        return context.get_dummy_value()

    return types.void(frame, types.uint64, source, line, types.uint64), generate
