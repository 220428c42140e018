"""render: puts the kernels to work on a Scene, over threads when asked."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.clips import Clips
from segmnist.render.noise import is_plain_bytes, noise_table, sensor_thresholds
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.randomness import SPLITS, key_of
from segmnist.scene.scene import Scene
from segmnist.truth.catalog import ARRAYS, arrays_of, check_truths

Array = NDArray[Any]

COMPILE_NOTICE = "segmnist: compiling its kernels, once on this machine (some seconds) ..."
_compiled = threading.Event()


def render(
    scene: Scene,
    truth: str | Iterable[str] = ("semantic",),
    *,
    num_threads: int = 1,
    out: dict[str, Array] | None = None,
) -> Clips:
    """Draw a scene: its video `(B,T,H,W)` uint8, its labels, and the truths asked for.

    The bytes do not depend on num_threads nor on which truths are asked for. `out` may hold arrays of the right shape to draw
    into, by name. Raises `BadArgument` for an unknown truth.
    """
    truths = check_truths(truth)
    if not isinstance(num_threads, int) or num_threads < 1:
        raise BadArgument("num_threads", num_threads, "1 or more")
    arrays = {name: _array_for(scene, name, out) for name in ("video", *arrays_of(truths))}
    _draw(scene, arrays, num_threads)
    return Clips(scene, {**arrays, "labels": scene.label, "num_digits": scene.num_digits})


def shape_of(scene: Scene, name: str) -> tuple[int, ...]:
    """Return the shape of one array of a batch."""
    spec = scene.spec
    sizes = {"time": spec.num_frames, "y": spec.height, "x": spec.width, "digit": spec.max_digits}
    return (len(scene), *(sizes[axis] for axis in ARRAYS[name].axes))


def _array_for(scene: Scene, name: str, out: dict[str, Array] | None) -> Array:
    shape, dtype = shape_of(scene, name), np.dtype(ARRAYS[name].dtype)
    if out is None or name not in out:
        return np.empty(shape, dtype)
    given = out[name]
    if given.shape != shape or given.dtype != dtype or not given.flags.c_contiguous:
        found = f"{given.dtype} {given.shape}"
        raise BadArgument(f"out[{name!r}]", found, f"a C-contiguous {dtype} array of shape {shape}")
    return given


def _draw(scene: Scene, arrays: dict[str, Array], num_threads: int) -> None:
    from segmnist.render import kernels

    nothing = np.empty((0, 0, 0, 0), np.uint8)
    named = scene.arrays()
    scene_arrays = kernels.SceneArrays(
        **{name: named[name] for name in kernels.SceneArrays._fields if name in named},
        images=scene.bank.images,
        sine=sine_table(),
    )
    outputs = kernels.Outputs(*(arrays.get(name, nothing) for name in kernels.Outputs._fields))
    arguments = (scene_arrays, _style(scene), _tables(scene), outputs)
    count = len(scene)
    if not _compiled.is_set():
        _draw_first_time(arguments)
    if num_threads == 1 or count < 2:
        kernels.draw_clips(0, count, *arguments)
        return
    # Four pieces a thread even out clips of unequal cost.
    edges = np.linspace(0, count, min(count, 4 * num_threads) + 1).astype(int)
    with ThreadPoolExecutor(num_threads) as pool:
        pieces = [pool.submit(kernels.draw_clips, a, b, *arguments) for a, b in zip(edges, edges[1:])]
        for piece in pieces:
            piece.result()


def _draw_first_time(arguments: tuple[Any, ...]) -> None:
    """Load or compile the kernel on no clips at all, and say so if that takes more than a moment."""
    from segmnist.render import kernels

    notice = threading.Timer(1.0, lambda: print(COMPILE_NOTICE, file=sys.stderr, flush=True))
    notice.daemon = True
    notice.start()
    try:
        kernels.draw_clips(0, 0, *arguments)
    finally:
        notice.cancel()
    _compiled.set()


def _style(scene: Scene) -> Any:
    from segmnist.render import kernels

    spec = scene.spec
    key0, key1 = key_of(scene.seed)
    if is_plain_bytes(spec):
        noise_kind = kernels.BYTE_NOISE
    else:
        noise_kind = kernels.TABLE_NOISE if spec.noise_density > 0 else kernels.NO_NOISE
    # A row is drawn in blocks of 16 pixels, so up to 18 may lie beyond the ink, each a step of 1/scale in the glyph.
    smallest = int(scene.scale[scene.scale > 0].min(initial=ONE))
    pad = 18 * ONE // smallest + 3
    return kernels.Style(
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


def _tables(scene: Scene) -> Any:
    from segmnist.render import kernels

    thresholds, guide = sensor_thresholds(scene.spec.sensor_sigma or 1.0)
    return kernels.Tables(noise_table(scene.spec), thresholds, guide)
