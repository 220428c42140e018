"""render: puts the kernels to work on a Scene, over threads when asked, and derives the truths."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.arrays import ARRAYS, AXIS_SIZES, ArrayKind, arrays_of, check_truths
from segmnist.render.clips import Clips
from segmnist.render.derived import (
    CAMOUFLAGE_LEVELS,
    depth_order,
    difficulty,
    pose,
    shape_arrays,
    truncation,
    visibility,
)
from segmnist.render.noise import is_plain_bytes, noise_table, sensor_thresholds
from segmnist.render.numba_kernels.layout import (
    BYTE_NOISE,
    NO_NOISE,
    TABLE_NOISE,
    Outputs,
    SceneArrays,
    Style,
    Tables,
)
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.randomness import SPLITS, key_of
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]

COMPILE_NOTICE = "segmnist: compiling its kernels, once on this machine (some seconds) ..."

MEASURED = ("visible_area", "amodal_area", "whole_area", "boxes_xyxy", "amodal_boxes_xyxy", "occluders")
TRACED = ("flow_forward", "flow_backward", "flow_forward_valid", "flow_backward_valid")
DIFFICULTY = ("min_visibility", "mean_visibility", "camouflaged_share", "num_twins")

CAMOUFLAGE = ("camouflage_dprime", "camouflage_eps", "instance_dprime", "track_dprime", "order_dprime")

NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(MEASURED, ("ink_bits",)),
    **dict.fromkeys(TRACED, ("instance", "shape_instance")),
    "visibility": ("visible_area", "amodal_area"),
    "truncation": ("amodal_area", "whole_area"),
    **dict.fromkeys(CAMOUFLAGE, ("noiseless", "beneath", "instance", "digit_layers", "amodal")),
    **dict.fromkeys(DIFFICULTY, ("visible_area", "amodal_area", "instance", "noiseless", "beneath")),
}
"""Arrays that others are made from. What nobody asked for is scratch, a few clips at a time."""

KINDS = {
    **ARRAYS,
    "ink_bits": ArrayKind(("digit", "time", "y", "word"), "int64", 0, "`amodal`, a bit a pixel"),
}
"""The arrays of the catalog, and what only kernels hand to one another."""

CACHE_LINE = 64

SCRATCH_BYTES = 4 << 20
"""Scratch for one piece of a batch: it stays in a core's cache, and a batch of any size needs no more."""


UNCHECKED_BYTES = 16 << 20
"""Whether so little memory is free is not asked: to ask takes as long as to draw a clip."""


def render(
    scene: Scene,
    truth: str | Iterable[str] = ("semantic",),
    *,
    num_threads: int = 1,
    out: dict[str, Array] | None = None,
) -> Clips:
    """Draw a scene: its video `(B,T,H,W)` uint8, its labels, and the truths asked for.

    The bytes do not depend on num_threads nor on which truths are asked for. `out` may hold arrays of the right shape to draw
    into, by name. Raises `BadArgument` for an unknown truth, or a batch that does not fit into the free memory.
    """
    truths = check_truths(truth)
    check_possible(scene.spec, truths)
    if not isinstance(num_threads, int) or num_threads < 1:
        raise BadArgument("num_threads", num_threads, "1 or more")
    names = ("video", *arrays_of(truths))
    given = {name: _checked_out(scene, names, name, array) for name, array in (out or {}).items()}
    missing = [name for name in names if name not in given]
    pieces = _pieces(scene, names, num_threads)
    longest = max((piece.stop - piece.start for piece in pieces), default=0)
    scratch = bytes_of(scene.spec, longest * min(num_threads, len(pieces)), _scratch_names(names))
    check_memory(scene.spec, len(scene), missing, scratch)
    new = _new_arrays(scene.spec, len(scene), missing)
    arrays = {name: given[name] if name in given else new[name] for name in names}
    _load_kernels(scene, names)
    if num_threads == 1 or len(pieces) < 2:
        for piece in pieces:
            _render_piece(scene, arrays, piece)
    else:
        with ThreadPoolExecutor(num_threads) as pool:
            list(pool.map(lambda piece: _render_piece(scene, arrays, piece), pieces))
    return Clips(scene, {**arrays, "labels": scene.label, "num_digits": scene.num_digits})


def check_possible(spec: SceneSpec, truths: Iterable[str]) -> None:
    """Raise `BadArgument` for a truth that has no meaning for a spec."""
    if "camouflage" in truths and spec.sensor_sigma == 0:
        fix = "without sensor noise nothing is hidden; set sensor_sigma"
        raise BadArgument("truth", "camouflage", "a truth of a spec with sensor_sigma > 0", fix)


def shape_of(spec: SceneSpec, num_clips: int, name: str) -> tuple[int, ...]:
    """Return the shape of one array of a batch."""
    sizes = {
        "time": spec.num_frames, "y": spec.height, "x": spec.width,
        "digit": spec.max_digits, "occluder": spec.max_digits, "shape": spec.max_shapes,
        "word": -(-spec.width // 64),
    }  # fmt: skip
    return (num_clips, *({**sizes, **AXIS_SIZES}[axis] for axis in KINDS[name].axes))


def bytes_of(spec: SceneSpec, num_clips: int, names: Iterable[str]) -> int:
    """Return the memory that these arrays of a batch take."""
    shapes = ((shape_of(spec, num_clips, name), KINDS[name].dtype) for name in names)
    return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in shapes)


def check_memory(spec: SceneSpec, num_clips: int, names: Iterable[str], scratch: int = 0) -> None:
    """Raise `BadArgument` if these arrays of a batch, and scratch, would not fit into the memory that is free now."""
    arrays = bytes_of(spec, num_clips, names)
    needed = arrays + scratch
    if needed <= UNCHECKED_BYTES:
        return
    free = psutil.virtual_memory().available
    if needed > free:
        fitting = (free - scratch) * num_clips // max(arrays, 1)
        raise BadArgument(
            "batch",
            f"{num_clips} clips = {needed:,} bytes",
            f"{free:,} bytes, the memory that is free",
            f"ask for {fitting} clips at a time" if fitting > 0 else "ask for fewer truths or frames",
        )


def _new_arrays(spec: SceneSpec, num_clips: int, names: Iterable[str]) -> dict[str, Array]:
    """Return arrays of a batch, not filled, all cut from one block of memory.

    One block, as freshly mapped pages cost more than drawing on them (32 clips: 7.7 ms in two blocks, 3.4 ms in one): of a
    single block that comes and goes with each batch, the C library keeps the pages; and NumPy asks for huge pages from 4 MB on.
    """
    shapes = {name: shape_of(spec, num_clips, name) for name in names}
    dtypes = {name: np.dtype(KINDS[name].dtype) for name in shapes}
    sizes = {name: math.prod(shape) * dtypes[name].itemsize for name, shape in shapes.items()}
    block = np.empty(sum(-(-size // CACHE_LINE) * CACHE_LINE for size in sizes.values()), np.uint8)
    arrays, start = {}, 0
    for name, size in sizes.items():
        arrays[name] = block[start : start + size].view(dtypes[name]).reshape(shapes[name])
        start += -(-size // CACHE_LINE) * CACHE_LINE
    return arrays


def _checked_out(scene: Scene, names: tuple[str, ...], name: str, given: Any) -> Array:
    """Return the array that the caller gave; raise `BadArgument` if it cannot be drawn into."""
    if name not in names:
        raise BadArgument("out", name, ", ".join(names), "name the truth that brings it, or leave it out")
    shape, dtype = shape_of(scene.spec, len(scene), name), np.dtype(KINDS[name].dtype)

    def refusal(what: str) -> BadArgument:
        return BadArgument(f"out[{name!r}]", what, f"a writeable C-contiguous {dtype} array of shape {shape}")

    if not isinstance(given, np.ndarray):
        raise refusal(type(given).__name__)
    fits = given.shape == shape and given.dtype == dtype
    if not (fits and given.flags.c_contiguous and given.flags.writeable):
        raise refusal(f"{'' if given.flags.writeable else 'read-only '}{given.dtype} {given.shape}")
    return given


def _with_needs(names: Iterable[str]) -> list[str]:
    """Return the names and all that they are made from."""
    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = todo.pop()
        found[name] = None
        todo += NEEDS.get(name, ())
    return list(found)


def _scratch_names(names: Iterable[str]) -> set[str]:
    """Return what the arrays asked for are made from, and nobody asked for."""
    return set(_with_needs(names)) - set(names)


def _pieces(scene: Scene, names: tuple[str, ...], num_threads: int) -> list[slice]:
    """Return the runs of clips to draw at once: all of them, unless scratch or threads call for less."""
    count = len(scene)
    # Four pieces a thread even out clips of unequal cost.
    size = count if num_threads == 1 else -(-count // (4 * num_threads))
    scratch = bytes_of(scene.spec, 1, _scratch_names(names))
    if scratch:
        size = min(size, max(1, SCRATCH_BYTES // scratch))
    return [slice(first, min(first + size, count)) for first in range(0, count, max(size, 1))]


def _render_piece(scene: Scene, arrays: dict[str, Array], piece: slice) -> None:
    """Draw, measure, trace and derive the arrays of some clips."""
    whole = piece == slice(0, len(scene))
    part = scene if whole else scene.select(piece)
    views = arrays if whole else {name: array[piece] for name, array in arrays.items()}
    scratch = _new_arrays(part.spec, len(part), [name for name in _with_needs(views) if name not in views])
    views = {**scratch, **views}
    _run_kernels(part, views)
    for name, value in _derived(part, views).items():
        views[name][...] = value


def _derived(scene: Scene, views: dict[str, Array]) -> dict[str, Array]:
    """Return the arrays asked for that NumPy makes from the others."""
    found: dict[str, Array] = {}
    if "visibility" in views:
        found["visibility"] = visibility(views["visible_area"], views["amodal_area"])
    if "truncation" in views:
        found["truncation"] = truncation(views["amodal_area"], views["whole_area"])
    if "depth_order" in views:
        found["depth_order"] = depth_order(scene)
    if "pose" in views:
        found["pose"] = pose(scene)
    if "shape_pose" in views:
        found.update(shape_arrays(scene))
    if "num_twins" in views:
        from segmnist.render.numba_kernels.measures import count_camouflaged

        counts = np.zeros((len(scene), 2), np.int64)
        frames = (views[name].reshape(len(scene), -1) for name in ("instance", "noiseless", "beneath"))
        count_camouflaged(*frames, CAMOUFLAGE_LEVELS, counts)
        found.update(difficulty(scene, views["visible_area"], views["amodal_area"], counts))
    if "camouflage_dprime" in views:
        found.update(_camouflage(scene, views))
    return found


def _camouflage(scene: Scene, views: dict[str, Array]) -> dict[str, Array]:
    from segmnist.render.camouflage import camouflage

    noiseless, beneath, instance, layers, amodal = (views[name] for name in NEEDS["camouflage_dprime"])
    sigma = scene.spec.sensor_sigma
    clips = [
        camouflage(noiseless[b], beneath[b], instance[b], layers[b], amodal[b], sigma)
        for b in range(len(scene))
    ]
    if not clips:
        return {}
    return {name: np.stack([clip[name] for clip in clips]) for name in CAMOUFLAGE}


def _run_kernels(scene: Scene, views: dict[str, Array]) -> None:
    from segmnist.render.numba_kernels.clips import draw_clips

    spec, scene_arrays, style = scene.spec, _scene_arrays(scene), _style(scene)
    outputs = Outputs(*_flat_outputs(views))
    draw_clips(spec.num_frames, spec.height, spec.width, scene_arrays, style, _tables(scene), outputs)
    flat = {name: view.reshape(-1).view(np.uint8) for name, view in views.items() if view.itemsize == 1}
    if any(name in views for name in MEASURED):
        from segmnist.render.numba_kernels.measures import Measures, measure_clips

        # The kernel measures all in one walk; what was not asked for is small.
        scratch = _new_arrays(spec, len(scene), [name for name in MEASURED if name not in views])
        measures = Measures(*({**scratch, **views}[name] for name in MEASURED))
        ink_bits = views["ink_bits"].reshape(-1)
        measure_clips(spec.num_frames, spec.height, spec.width, scene_arrays, style, ink_bits, measures)
    if any(name in views for name in TRACED):
        from segmnist.render.numba_kernels.flow import Flow, trace_clips

        flow = Flow(*(flat[name] if name in flat else views[name].reshape(-1) for name in TRACED))
        still = spec.noise_density == 0
        surfaces = flat["instance"], flat["shape_instance"]
        trace_clips(spec.num_frames, spec.height, spec.width, scene_arrays, style, still, *surfaces, flow)


def _flat_outputs(views: dict[str, Array]) -> list[Array]:
    """Return the arrays as the drawing kernel takes them: flat, zero-sized where not asked for."""
    nothing = np.empty(0, np.uint8)
    flat = {name: view.reshape(-1) for name, view in views.items() if name in Outputs._fields}
    dtypes = {name: np.int64 if name == "ink_bits" else np.uint8 for name in Outputs._fields}
    return [flat.get(name, nothing).view(dtype) for name, dtype in dtypes.items()]


_loaded: set[bool] = set()


def _load_kernels(scene: Scene, names: Iterable[str]) -> None:
    """Load or compile the kernels on no clips at all, and say so if that takes more than a moment."""
    truths_too = any(name in (*MEASURED, *TRACED) for name in _with_needs(names))
    if truths_too in _loaded:
        return
    notice = threading.Timer(1.0, lambda: print(COMPILE_NOTICE, file=sys.stderr, flush=True))
    notice.daemon = True
    notice.start()
    try:
        none = scene.select(slice(0, 0))
        wanted = _with_needs(["video", *(MEASURED + TRACED if truths_too else ())])
        _run_kernels(none, _new_arrays(none.spec, 0, wanted))
    finally:
        notice.cancel()
    _loaded.add(truths_too)


def _scene_arrays(scene: Scene) -> SceneArrays:
    named = scene.arrays()
    arrays = {name: named[name] for name in SceneArrays._fields if name in named}
    return SceneArrays(**arrays, images=scene.bank.images, sine=sine_table())


def _style(scene: Scene) -> Style:
    spec = scene.spec
    key0, key1 = key_of(scene.seed)
    if is_plain_bytes(spec):
        noise_kind = BYTE_NOISE
    else:
        noise_kind = TABLE_NOISE if spec.noise_density > 0 else NO_NOISE
    # A row is drawn in blocks of 16 pixels, so up to 18 may lie beyond the ink, each a step of 1/scale in the glyph.
    smallest = int(scene.scale[scene.scale > 0].min(initial=ONE))
    pad = 18 * ONE // smallest + 3
    return Style(
        frame_stride=spec.frame_stride,
        split=SPLITS[scene.split],
        key0=key0,
        key1=key1,
        ink_threshold=spec.ink_threshold,
        ink_offset=spec.ink_offset,
        flat_ink=int(bool(spec.grey_levels)),
        cut_corners=int(spec.cut_corners),
        pad=pad,
        noise_kind=noise_kind,
        background_level=spec.background_level,
        sensor_reach=len(sensor_thresholds(spec.sensor_sigma)[0]) // 2 if spec.sensor_sigma else 0,
    )


def _tables(scene: Scene) -> Tables:
    thresholds, guide = sensor_thresholds(scene.spec.sensor_sigma or 1.0)
    return Tables(noise_table(scene.spec), thresholds, guide)
