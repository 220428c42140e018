"""render: from the truths asked for to arrays. A renderer draws, NumPy derives; chunk by chunk, over threads when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.arrays import KINDS, arrays_of, check_truths, with_needs
from segmnist.render.camouflage import CAMOUFLAGE, LEAST_SIGMA
from segmnist.render.clips import Clips
from segmnist.render.corrupted import corrupt_videos
from segmnist.render.derived import DERIVED
from segmnist.render.memory import bytes_of, check_memory, kernel_bytes, new_arrays, shape_of
from segmnist.render.numba_renderer import draw
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]

SCRATCH_BYTES = 4 << 20
"""Scratch for one piece of a batch: it stays in a core's cache, and a batch of any size needs no more."""


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
    if not isinstance(num_threads, int) or num_threads < 1:
        raise BadArgument("num_threads", num_threads, "1 or more")
    names, pieces, scratch = _plan(scene.spec, truths, len(scene), num_threads)
    given = {name: _checked_out(scene, names, name, array) for name, array in (out or {}).items()}
    missing = [name for name in names if name not in given]
    check_memory(scene.spec, len(scene), missing, scratch)
    new = new_arrays(scene.spec, len(scene), missing)
    arrays = {name: given[name] if name in given else new[name] for name in names}
    if num_threads == 1 or len(pieces) < 2:
        for piece in pieces:
            _render_piece(scene, arrays, piece)
    else:
        with ThreadPoolExecutor(num_threads) as pool:
            list(pool.map(lambda piece: _render_piece(scene, arrays, piece), pieces))
    return Clips(scene, {**arrays, "labels": scene.label, "num_digits": scene.num_digits})


class _Plan(NamedTuple):
    names: tuple[str, ...]
    """The arrays to return."""
    pieces: tuple[slice, ...]
    """The runs of clips to draw at once."""
    scratch: int
    """The memory that drawing takes beside the arrays, in bytes."""


@lru_cache(maxsize=256)
def _plan(spec: SceneSpec, truths: tuple[str, ...], count: int, num_threads: int) -> _Plan:
    """Return what drawing `count` clips takes. Kept, as making it takes a tenth of the time that drawing one clip does.

    Raises `BadArgument` for a truth that has no meaning for the spec.
    """
    check_possible(spec, truths)
    names = ("video", *arrays_of(truths))
    pieces = _pieces(spec, count, names, num_threads)
    longest = max((piece.stop - piece.start for piece in pieces), default=0)
    at_once = min(num_threads, len(pieces))
    scratch = bytes_of(spec, longest * at_once, _scratch_names(names))
    return _Plan(names, pieces, scratch + at_once * kernel_bytes(spec, names))


def warm_up(scene: Scene, truth: str | Iterable[str]) -> None:
    """Load or compile the kernels that `render` needs for these truths; draw nothing."""
    none = scene.select(slice(0, 0))
    _render_piece(none, new_arrays(none.spec, 0, ("video", *arrays_of(check_truths(truth)))), slice(0, 0))


def check_possible(spec: SceneSpec, truths: Iterable[str]) -> None:
    """Raise `BadArgument` for a truth that has no meaning for a spec."""
    if "camouflage" in truths and spec.sensor_sigma < LEAST_SIGMA:
        fix = "without sensor noise nothing is hidden; set sensor_sigma"
        raise BadArgument("truth", "camouflage", f"a truth of a spec with sensor_sigma >= {LEAST_SIGMA}", fix)


def derive(scene: Scene, names: Iterable[str], arrays: Mapping[str, Array]) -> None:
    """Write those arrays that NumPy makes from others; `names` in the order of their needs, `arrays` holds all."""
    makers = {"derived": DERIVED, "camouflage": CAMOUFLAGE}
    for name in names:
        functions = makers.get(KINDS[name].made)
        if functions is not None:
            arrays[name][...] = functions[name](scene, arrays)


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


def _scratch_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the arrays asked for are made from and nobody asked for."""
    return tuple(name for name in with_needs(names) if name not in names)


def _pieces(spec: SceneSpec, count: int, names: tuple[str, ...], num_threads: int) -> tuple[slice, ...]:
    """Return the runs of clips to draw at once: all of them, unless scratch or threads call for less."""
    # Four pieces a thread even out clips of unequal cost.
    size = count if num_threads == 1 else -(-count // (4 * num_threads))
    scratch = bytes_of(spec, 1, _scratch_names(names))
    if scratch:
        size = min(size, max(1, SCRATCH_BYTES // scratch))
    return tuple(slice(first, min(first + size, count)) for first in range(0, count, max(size, 1)))


def _render_piece(scene: Scene, arrays: dict[str, Array], piece: slice) -> None:
    """Draw and derive the arrays of some clips."""
    whole = piece == slice(0, len(scene))
    part = scene if whole else scene.select(piece)
    views = arrays if whole else {name: array[piece] for name, array in arrays.items()}
    names = with_needs(views)
    if missing := [name for name in names if name not in views]:
        views = {**new_arrays(part.spec, len(part), missing), **views}
    draw(part, names, views)
    derive(part, names, views)
    corrupt_videos(views, part.spec, part.split, part.seed, part.clip_ids.tolist())
