"""Clips that break writers: by hand, so that each is sure to have what it is named for. H != W != T."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from segmnist.formats import ArrayLayout, Layout, folder_format
from segmnist.formats.card import sequence_name
from segmnist.formats.layout import Clip
from segmnist.formats.pictures import clips_of
from segmnist.render.arrays import ARRAYS

T, H, W, N = 4, 20, 26, 3

# Of each digit and frame: top, left, height, width of its whole extent; None where it is not in the frame.
Place = tuple[int, int, int, int] | None
STILL: Place = (2, 3, 6, 5)
NEARER: Place = (4, 5, 9, 9)
INSIDE: Place = (6, 7, 3, 4)
AWAY: Place = (12, 17, 5, 7)

CLIPS: dict[str, list[list[Place]]] = {
    "ordinary": [[STILL, (3, 4, 6, 5), (4, 5, 6, 5), (5, 6, 6, 5)], [AWAY] * T, [NEARER] * T],
    "empty_frames": [[STILL, None, None, STILL], [None, None, AWAY, AWAY]],
    "all_empty_but_one": [[None, None, AWAY, None]],
    "hidden_always": [[INSIDE] * T, [NEARER] * T],
    "late": [[None, None, AWAY, AWAY], [STILL] * T, [None, NEARER, NEARER, NEARER]],
    "never": [[None] * T, [STILL] * T],
    "no_digits": [],
}
"""Back to front: where two digits overlap, the later is seen."""

CLIP_IDS = {name: 10**index + index for index, name in enumerate(CLIPS)}


def layout_of(
    num_clips: int, clips_per_shard: int, split: str = "test", clip_ids: Iterable[int] = (), **changes: Any
) -> Layout:
    shapes = {name: tuple({**SIZES, **changes}[axis] for axis in ARRAYS[name].axes) for name in NAMES}
    arrays = {"clip_id": ArrayLayout((), (), "int64", -1, "id")}
    for name, shape in shapes.items():
        kind = ARRAYS[name]
        arrays[name] = ArrayLayout(kind.axes, shape, kind.dtype, kind.padding, kind.about)
    recipe = {"split": split, "seed": 5, "spec": {}, "generator_version": 1, "clip_ids": list(clip_ids)}
    return Layout(arrays, num_clips, clips_per_shard, recipe, "0123456789abcdef" * 4)


SIZES = {"time": T, "y": H, "x": W, "digit": N, "xyxy": 4, "dxdy": 2}
NAMES = (
    "video", "labels", "num_digits", "semantic", "instance", "amodal", "depth_order", "boxes_xyxy",
    "visible_area", "min_visibility", "flow_forward", "flow_forward_valid",
)  # fmt: skip


def arrays_of(names: list[str]) -> dict[str, np.ndarray]:
    """The clips of these names as one shard."""
    clips = [clip(name) for name in names]
    return {array: np.stack([clip[array] for clip in clips]) for array in clips[0]}


def clip(name: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(CLIP_IDS[name])
    digits = CLIPS[name]
    labels = np.full(N, 255, np.uint8)
    labels[: len(digits)] = random.permutation(10)[: len(digits)]
    amodal, instance = np.zeros((N, T, H, W), bool), np.zeros((T, H, W), np.uint8)
    for index, places in enumerate(digits):
        for t, place in enumerate(places):
            if place:
                top, left, height, width = place
                amodal[index, t, top : top + height, left : left + width] = True
        # A corner is cut off, so that no mask is its box.
        amodal[index, :, 6, 5:8] = False
        instance[amodal[index]] = index + 1
    semantic = np.append(np.uint8(10), labels)[instance].astype(np.uint8)
    seen = np.stack([instance == index + 1 for index in range(N)])
    return {
        "clip_id": np.int64(CLIP_IDS[name]),
        "video": random.integers(0, 256, (T, H, W), np.uint8),
        "labels": labels,
        "num_digits": np.int32(len(digits)),
        "semantic": semantic,
        "instance": instance,
        "amodal": amodal,
        "depth_order": np.where(labels == 255, 255, np.arange(N))[:, None].repeat(T, 1).astype(np.uint8),
        "boxes_xyxy": np.where(labels[:, None, None] == 255, -1, random.random((N, T, 4))).astype(np.float32),
        "visible_area": seen.sum(axis=(2, 3)).astype(np.int32),
        "min_visibility": np.float32(random.random()),
        "flow_forward": random.standard_normal((T, H, W, 2)).astype(np.float32),
        "flow_forward_valid": random.random((T, H, W)) < 0.5,
    }


def trimmed(name: str) -> dict[str, np.ndarray]:
    """The clip with as many digit rows as it has digits."""
    arrays = clip(name)
    count = int(arrays["num_digits"])
    digit_rows = {array for array in arrays if array in ARRAYS and ARRAYS[array].axes[:1] == ("digit",)}
    return {array: value[:count] if array in digit_rows else value for array, value in arrays.items()}


def folder_files(
    format_: str, names: list[str], split: str = "test", clips_per_shard: int = 100
) -> Iterator[tuple[str, bytes]]:
    """The files of these clips in a folder format."""
    layout = layout_of(len(names), clips_per_shard, split, [CLIP_IDS[name] for name in names])
    module = folder_format(format_)

    def clips() -> Iterator[Clip]:
        for shard in range(layout.num_shards):
            yield from clips_of(arrays_of([names[row] for row in layout.rows(shard)]))

    for clip in clips():
        name = sequence_name(layout, int(clip["clip_id"]))
        yield from zip(module.clip_paths(layout, name), module.clip_files(layout, clip), strict=True)
    for path, pieces in module.root_files(layout, clips):
        yield path, b"".join(pieces)


def data_sets() -> Iterator[tuple[str, list[str]]]:
    """Every clip alone, and all together."""
    yield from ((name, [name]) for name in CLIPS)
    yield "all", list(CLIPS)
