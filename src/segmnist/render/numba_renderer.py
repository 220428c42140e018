"""The compiled renderer: draws, measures and traces the arrays of a Scene with the kernels of `numba_kernels`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segmnist.render.arrays import BY_RENDERER, KINDS, Maker
from segmnist.render.memory import new_arrays
from segmnist.render.noise import is_plain_bytes, noise_table, sensor_thresholds
from segmnist.render.numba_kernels.layout import (
    BYTE_NOISE,
    NO_NOISE,
    TABLE_NOISE,
    Frame,
    Outputs,
    SceneArrays,
    Style,
    Tables,
)
from segmnist.scene.colours import colours_of, packed_tints
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.randomness import SPLITS, key_of
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

if TYPE_CHECKING:
    from segmnist.render.numba_kernels.colour import Palette

Array = NDArray[Any]


def draw(scene: Scene, names: Iterable[str], out: Mapping[str, Array]) -> None:
    """Write the arrays of these names that a renderer makes into `out`, which holds them and all that they need.

    This is the interface of every renderer: `names` may hold others, too, which are left alone. Safe to call from several
    threads.
    """
    _run(scene, _makers_of(tuple(names)), out)


@lru_cache(maxsize=256)
def _makers_of(names: tuple[str, ...]) -> frozenset[Maker]:
    """Return which of the renderer's makers make some of these arrays."""
    return frozenset(KINDS[name].made for name in names) & frozenset(BY_RENDERER)


def _run(scene: Scene, makers: frozenset[Maker], out: Mapping[str, Array]) -> None:
    """Run the kernels of some makers. Kernels are imported here, as Numba takes a second to import."""
    frame, scene_arrays, style = _frame(scene), _scene_arrays(scene), _style(scene)
    if "drawn" in makers:
        from segmnist.render.numba_kernels.clips import draw_clips, drawing_room

        outputs = _outputs(out)
        room = drawing_room(frame, scene_arrays, style, outputs.video)
        draw_clips(frame, scene_arrays, style, _tables(scene), room, outputs)
    if "measured" in makers:
        from segmnist.render.numba_kernels.measures import Measures, measure_clips, measuring_room

        measures, ink_bits = Measures(**_all_of(Measures._fields, scene, out)), out["ink_bits"].reshape(-1)
        measure_clips(frame, scene_arrays, style, ink_bits, measuring_room(frame, scene_arrays), measures)
    if "traced" in makers:
        from segmnist.render.numba_kernels.flow import Flow, trace_clips, tracing_room

        flow = Flow(**{name: _flat(array) for name, array in _all_of(Flow._fields, scene, out).items()})
        surfaces = _flat(out["instance"]), _flat(out["shape_instance"])
        is_still, traces = scene.spec.noise_density == 0, tracing_room(frame, scene_arrays)
        trace_clips(frame, scene_arrays, style, is_still, *surfaces, traces, flow)
    if "occluded" in makers:
        from segmnist.render.numba_kernels.digits import new_clip_digits
        from segmnist.render.numba_kernels.occlusion import Traced, find_hidden

        for name, step in (("flow_forward", 1), ("flow_backward", -1)):
            if f"{name}_occluded" in out:
                valid, hidden = (out[f"{name}_{what}"].view(np.uint8) for what in ("valid", "occluded"))
                traced = Traced(out["instance"], out[name], valid)
                find_hidden(frame, scene_arrays, style, step, traced, new_clip_digits(scene_arrays), hidden)
    if "coloured" in makers:
        from segmnist.render.numba_kernels.colour import Grey, colour_clips, colouring_room

        grey, palette = Grey(**{name: _flat(out[name]) for name in Grey._fields}), _palette(scene)
        colours = colouring_room(frame, palette)
        colour_clips(frame, scene_arrays, style, _tables(scene), palette, grey, colours, _flat(out["rgb"]))


def _palette(scene: Scene) -> Palette:
    """Return the colours of a scene as the kernel takes them."""
    from segmnist.render.numba_kernels.colour import Palette

    colours = colours_of(scene.spec, scene.clip_ids, split=scene.split, seed=scene.seed)
    return Palette(packed_tints(colours), colours.tiles.view(np.int64), colours.cells)


def _all_of(names: Iterable[str], scene: Scene, out: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays that one kernel writes together: those of `out`, and scratch for the others."""
    missing = [name for name in names if name not in out]
    scratch = new_arrays(scene.spec, len(scene), missing)
    return {name: scratch[name] if name in scratch else out[name] for name in names}


def _flat(array: Array) -> Array:
    """Return an array as kernels take it: flat, and bool as uint8."""
    flat = array.reshape(-1)
    return flat.view(np.uint8) if flat.dtype == bool else flat


def _outputs(out: Mapping[str, Array]) -> Outputs:
    """Return the arrays as the drawing kernel takes them: flat, zero-sized where not asked for."""
    return Outputs(*[_flat(out[name]) if name in out else nothing for name, nothing in _NOTHING.items()])


_NOTHING = {name: np.empty(0, np.int64 if name == "ink_bits" else np.uint8) for name in Outputs._fields}
"""What stands for an array that was not asked for."""


def _frame(scene: Scene) -> Frame:
    return Frame(scene.spec.height, scene.spec.width, -(-scene.spec.width // 64))


def _scene_arrays(scene: Scene) -> SceneArrays:
    return SceneArrays._make((*_arrays_of(scene), scene.bank.images, sine_table()))


_arrays_of = attrgetter(*SceneArrays._fields[:-2])
"""The arrays of a Scene in the order of `SceneArrays`, whose last two fields are the bank's images and the sine table."""


def _style(scene: Scene) -> Style:
    # A row is drawn in blocks of 16 pixels, so up to 18 may lie beyond the ink, each a step of 1/scale in the glyph.
    smallest = int(scene.scale.min(initial=ONE, where=scene.scale > 0))
    pad = 18 * ONE // smallest + 3
    return _style_of(scene.spec, scene.seed, scene.split, scene.bank.classes.background, pad)


@lru_cache(maxsize=64)
def _style_of(spec: SceneSpec, seed: int, split: str, background_class: int, pad: int) -> Style:
    """Return how to draw clips of a spec, with `pad` pixels around the glyphs."""
    key0, key1 = key_of(seed)
    if is_plain_bytes(spec):
        noise_kind = BYTE_NOISE
    else:
        noise_kind = TABLE_NOISE if spec.noise_density > 0 else NO_NOISE
    return Style(
        frame_stride=spec.frame_stride,
        split=SPLITS[split],
        key0=key0,
        key1=key1,
        ink_threshold=spec.ink_threshold,
        ink_offset=spec.ink_offset,
        flat_ink=int(bool(spec.grey_levels)),
        brighter_is_seen=int(spec.blend == "max"),
        cut_corners=int(spec.cut_corners),
        pad=pad,
        noise_kind=noise_kind,
        background_level=spec.background_level,
        background_class=background_class,
        sensor_reach=len(sensor_thresholds(spec.sensor_sigma)[0]) // 2 if spec.sensor_sigma else 0,
    )


def _tables(scene: Scene) -> Tables:
    thresholds, guide = sensor_thresholds(scene.spec.sensor_sigma or 1.0)
    return Tables(noise_table(scene.spec), thresholds, guide)
