"""render_tensors: from the truths asked for to tensors on a device, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.render.arrays import ARRAYS, KINDS, TRUTHS, Truth, arrays_of, check_truths
from segmnist.render.clips import Clips
from segmnist.render.corrupted import corrupt_videos, is_corrupted
from segmnist.render.derived import DERIVED
from segmnist.render.memory import bytes_of, check_memory, shape_of
from segmnist.render.tensors.colour import Palette, colour, palette_of
from segmnist.render.tensors.inputs import (
    SceneTensors,
    Style,
    Tables,
    scene_tensors,
    style_of,
    style_of_spec,
    tables_of,
)
from segmnist.render.tensors.program import paint, prepared
from segmnist.render.tensors.sampling import sample_tensors
from segmnist.scene.sample import sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

DRAWN = (
    "video", "noiseless", "semantic", "instance", "amodal", "shape_instance", "background_layer", "digit_layers",
    "visible_area", "amodal_area", "whole_area", "boxes_xyxy", "amodal_boxes_xyxy",
)  # fmt: skip
"""The arrays that the program writes."""
_COLOURED = "rgb"
"""The array that is made from three of those once they are written."""
_SHARES = {"visibility": ("visible_area", "amodal_area"), "truncation": ("amodal_area", "whole_area")}
"""The arrays that are quotients of areas."""
_SAMPLED = {"labels": "label", "num_digits": "num_digits"}
"""The arrays that the Scene holds, and their names there."""
_FROM_SCENE = tuple(name for name, kind in KINDS.items() if kind.made == "derived" and not kind.needs)
"""The arrays that follow from the Scene alone; NumPy makes them."""

TENSOR_TRUTHS: tuple[Truth, ...] = check_truths(
    truth for truth, names in TRUTHS.items() if set(names) <= {*DRAWN, _COLOURED, *_SHARES, *_FROM_SCENE}
)
"""The truths that this renderer draws."""

SCRATCH_BYTES = 16 << 20
"""Scratch for one chunk on a CPU: with less, starting operations takes most of the time."""
DEVICE_SCRATCH_BYTES = 1 << 30
"""Scratch for one chunk elsewhere: enough frames for all of a device's cores."""
BYTES_A_PIXEL = 64
"""Scratch for one pixel of one frame, counted generously."""


def check_device(device: str | torch.device) -> torch.device:
    """Return the device, "cuda" as the current one of its kind; raise `BadArgument` for one that cannot be drawn on.

    It is unknown, absent, or without 64-bit integers.
    """
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = None
    if found is None or not _works(found):
        raise BadArgument("device", device, ", ".join(_devices()), "this PyTorch finds no other device here")
    return torch.empty(0, device=found).device


@cache
def _works(device: torch.device) -> bool:
    """Return whether a device is there and knows 64-bit integers; asked once, as the answer waits for the device."""
    try:
        return int(torch.full((1,), 1 << 40, device=device)) == 1 << 40
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):
        return False


def _devices() -> list[str]:
    """Return the names of the devices that torch finds."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


def check_tensor_truths(truths: Iterable[str]) -> None:
    """Raise `BadArgument` for a truth that this renderer does not draw."""
    for truth in truths:
        if truth not in TENSOR_TRUTHS:
            fix = "leave out device, and NumPy arrays have every truth"
            raise BadArgument("truth", truth, f"{', '.join(TENSOR_TRUTHS)} on a device", fix)


def render_tensors(
    scene: Scene,
    truth: str | Iterable[str] = ("semantic",),
    *,
    device: str | torch.device,
    compiled: bool = False,
) -> Clips:
    """Draw a scene on a device: what `render` returns, as tensors there.

    compiled: through `torch.compile`, which takes a minute for each spec and batch size. The bytes are those of `render`.
    Raises `BadArgument` for a device that is not there, a truth outside `TENSOR_TRUTHS`, or a batch that does not fit.
    """
    truths, place = check_truths(truth), check_device(device)
    check_tensor_truths(truths)
    names = ("video", *arrays_of(truths))
    shown = tables_of(scene.spec, scene.seed, scene.split, place)
    palette = _palette(names, scene.spec, scene.clip_ids, scene.split, scene.seed, place)
    drawn = _draw(scene.spec, scene_tensors(scene, place), shown, style_of(scene), palette, names, compiled)
    _corrupt(drawn, scene.spec, scene.split, scene.seed, scene.clip_ids)
    made = drawn | _from_scene(scene, names, place)
    return Clips(scene, {name: made[name] for name in (*names, *_SAMPLED)})


def sample_and_draw(
    spec: SceneSpec,
    clip_ids: Tensor,
    truths: Iterable[Truth],
    *,
    split: str,
    seed: int,
    bank: DigitBank,
    compiled: bool = False,
) -> dict[str, Tensor]:
    """Return the arrays of clips by id: what `render_tensors` draws of `sample`, sampled on the device, too.

    clip_ids: `(B,)` int64, on the device to draw on. No number comes from the CPU, but for colours and for arrays that follow
    from the scene alone, such as poses. The other arguments are those of `sample` and `render_tensors`, and are not checked
    again. Raises `BadArgument` for a batch that does not fit.
    """
    device, names = clip_ids.device, ("video", *arrays_of(truths))
    tensors = sample_tensors(spec, clip_ids, split=split, seed=seed, bank=bank)
    shown, style = tables_of(spec, seed, split, device), style_of_spec(spec, bank)
    palette = _palette(names, spec, clip_ids, split, seed, device)
    made = _draw(spec, tensors, shown, style, palette, names, compiled)
    _corrupt(made, spec, split, seed, clip_ids)
    if any(name in _FROM_SCENE for name in names):
        scene = sample(spec, clip_ids.cpu().numpy(), split=split, seed=seed, bank=bank)
        made |= _from_scene(scene, names, device)
    return {name: made[name] for name in (*names, *_SAMPLED)}


def _draw(
    spec: SceneSpec,
    tensors: SceneTensors,
    shown: Tables,
    style: Style,
    palette: Palette | None,
    names: Iterable[str],
    compiled: bool,
) -> dict[str, Any]:
    """Return the arrays of these names that follow from pixels, and those that the scene holds, chunk by chunk."""
    device, num_clips = tensors.label.device, len(tensors.label)
    out = _new_tensors(spec, num_clips, _drawn_for(names), device)
    draw = _compiled() if compiled else paint
    for clips, frames in _chunks(num_clips, spec.num_frames, _frames_a_chunk(style, out, device)):
        views = {name: _part(name, tensor, clips, frames) for name, tensor in out.items()}
        part, tables = tensors.part(clips, frames), shown.part(frames)
        draw(prepared(part, tables, style), tables, style, views)
        if palette is not None:
            colour(part, palette.part(clips), tables, style, views)
    sampled = {name: getattr(tensors, source).to(_dtype(name)) for name, source in _SAMPLED.items()}
    return {**out, **_shares(out), **sampled}


def _corrupt(drawn: Mapping[str, Tensor], spec: SceneSpec, split: str, seed: int, clip_ids: Any) -> None:
    """Corrupt videos in place if the spec asks for it; they go to the processor and back, as NumPy does it."""
    if is_corrupted(spec):
        videos = {name: drawn[name].cpu().numpy() for name in ("video", _COLOURED) if name in drawn}
        corrupt_videos(videos, spec, split, seed, clip_ids.tolist())
        for name, video in videos.items():
            drawn[name].copy_(torch.from_numpy(video))


def _palette(
    names: Iterable[str], spec: SceneSpec, clip_ids: Any, split: str, seed: int, device: torch.device
) -> Palette | None:
    """Return the colours of these clips if one of these arrays has any."""
    if _COLOURED not in names:
        return None
    ids = clip_ids.cpu().numpy() if isinstance(clip_ids, Tensor) else clip_ids
    return palette_of(spec, ids, split=split, seed=seed, device=device)


def _drawn_for(names: Iterable[str]) -> tuple[str, ...]:
    """Return the arrays that must be written for these."""
    needs = {**_SHARES, _COLOURED: (*KINDS[_COLOURED].needs, _COLOURED)}
    needed = {need for name in names for need in needs.get(name, (name,))}
    return tuple(name for name in (*DRAWN, _COLOURED) if name in needed)


def _dtype(name: str) -> torch.dtype:
    found: torch.dtype = getattr(torch, ARRAYS[name].dtype)
    return found


def _new_tensors(
    spec: SceneSpec, num_clips: int, names: Iterable[str], device: torch.device
) -> dict[str, Tensor]:
    """Return tensors of a batch, not filled; raise `BadArgument` if they do not fit."""
    names = tuple(names)
    if device.type == "cpu":
        check_memory(spec, num_clips, names, max(SCRATCH_BYTES, BYTES_A_PIXEL * spec.height * spec.width))
    shapes = {name: shape_of(spec, num_clips, name) for name in names}
    try:
        return {name: torch.empty(shapes[name], dtype=_dtype(name), device=device) for name in names}
    except torch.OutOfMemoryError:
        needed = bytes_of(spec, num_clips, names)
        value = f"{num_clips} clips = {needed:,} bytes"
        raise BadArgument(
            "batch", value, f"what is free on {device}", "ask for fewer clips at a time"
        ) from None


def _chunks(B: int, T: int, num_frames: int) -> Iterator[tuple[slice, slice]]:
    """Return clips and frames to draw at once: whole clips, or runs of frames of one clip if a clip is too long."""
    clips, frames = max(num_frames // T, 1), min(num_frames, T)
    for clip in range(0, B, clips):
        for frame in range(0, T, frames):
            yield slice(clip, min(clip + clips, B)), slice(frame, min(frame + frames, T))


def _frames_a_chunk(style: Style, out: Mapping[str, Tensor], device: torch.device) -> int:
    """Return how many frames may be drawn at once."""
    pixels = style.height * style.width
    if "whole_area" in out:
        pixels = max(pixels, (2 * style.reach + 1) ** 2)
    if _COLOURED in out:
        pixels *= 4
    scratch = SCRATCH_BYTES if device.type == "cpu" else DEVICE_SCRATCH_BYTES
    return max(scratch // (BYTES_A_PIXEL * pixels), 1)


def _part(name: str, tensor: Tensor, clips: slice, frames: slice) -> Tensor:
    """Return a view of some frames of some clips."""
    index = [frames if axis == "time" else slice(None) for axis in ARRAYS[name].axes]
    return tensor[(clips, *index)]


def _shares(areas: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return visibility and truncation, as far as their areas are there."""
    shares = {}
    if "visible_area" in areas and "amodal_area" in areas:
        shares["visibility"] = areas["visible_area"] / areas["amodal_area"].clamp(min=1)
    if "whole_area" in areas and "amodal_area" in areas:
        outside = areas["whole_area"] - areas["amodal_area"]
        shares["truncation"] = outside / areas["whole_area"].clamp(min=1)
    return shares


def _from_scene(scene: Scene, names: Iterable[str], device: torch.device) -> dict[str, Tensor]:
    """Return those of these arrays that follow from the scene alone."""
    made = {
        name: DERIVED[name](scene, {}).astype(ARRAYS[name].dtype) for name in names if name in _FROM_SCENE
    }
    return {name: torch.tensor(array, device=device) for name, array in made.items()}


@cache
def _compiled() -> Callable[..., None]:
    return torch.compile(paint, dynamic=False)
