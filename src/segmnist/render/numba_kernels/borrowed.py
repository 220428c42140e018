"""Arrays without their owner, so that Numba counts no references to them.

Numba counts every array that it takes out of a tuple or hands to a function, an atomic operation each, which adds up where it
happens for every digit of every frame. Only what the caller of a kernel owns may be borrowed: it outlives the call.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils
from numba.extending import intrinsic

from segmnist.compiled import subroutine
from segmnist.render.numba_kernels.layout import Outputs, SceneArrays, Tables


@intrinsic
def borrow(typing_context: Any, array: Any) -> Any:
    """Return the same array without its owner."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        same = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=values[0])
        same.meminfo = cgutils.get_null_value(same.meminfo.type)
        same.parent = cgutils.get_null_value(same.parent.type)
        return same._getvalue()

    return array(array), generate


@subroutine
def borrow_scene(scene: SceneArrays) -> SceneArrays:
    """Return the arrays of a scene without their owners."""
    return SceneArrays(
        borrow(scene.clip_ids), borrow(scene.num_digits), borrow(scene.glyph), borrow(scene.label),
        borrow(scene.y), borrow(scene.x), borrow(scene.angle), borrow(scene.scale), borrow(scene.brightness),
        borrow(scene.depth), borrow(scene.num_shapes), borrow(scene.shape_kind), borrow(scene.shape_height),
        borrow(scene.shape_width), borrow(scene.shape_apex), borrow(scene.shape_level), borrow(scene.shape_y),
        borrow(scene.shape_x), borrow(scene.images), borrow(scene.sine),
    )  # fmt: skip


@subroutine
def borrow_tables(tables: Tables) -> Tables:
    """Return the tables of noise without their owners."""
    return Tables(borrow(tables.noise), borrow(tables.sensor_thresholds), borrow(tables.sensor_guide))


@subroutine
def borrow_outputs(out: Outputs) -> Outputs:
    """Return what is drawn into without its owners."""
    return Outputs(
        borrow(out.video), borrow(out.semantic), borrow(out.instance), borrow(out.amodal), borrow(out.beneath),
        borrow(out.shape_instance), borrow(out.background_layer), borrow(out.background_shape), borrow(out.digit_layers),
        borrow(out.noiseless), borrow(out.ink_bits),
    )  # fmt: skip
