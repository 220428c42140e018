"""YouTube-VIS: videos as frames, and one JSON of tracks with a run-length mask per frame.

Ids begin at 1, since readers drop an id 0 without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import CATEGORY_OF_CLASS, categories, coco_head, json_bytes, sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.pictures import clips_of, png_grey
from segmnist.formats.rle import box_xywh, check_pycocotools, encode

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without pycocotools."""
    check_pycocotools()


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: PNG frames, then the JSON."""
    split = layout.recipe["split"]
    videos: list[dict[str, Any]] = []
    tracks: list[dict[str, Any]] = []
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, frame in enumerate(clip["video"]):
            yield f"{split}/JPEGImages/{name}/{index:05d}.png", png_grey(frame)
        videos.append(_video(name, clip, len(videos) + 1))
        for digit in range(len(clip["labels"])):
            track = _track(clip, digit)
            # A digit that is never visible is no track.
            if any(track["areas"]):
                tracks.append({**track, "id": len(tracks) + 1, "video_id": len(videos)})
    content = {**coco_head(layout), "videos": videos, "annotations": tracks, "categories": categories()}
    yield f"{split}/instances.json", json_bytes(content)


def _video(name: str, clip: dict[str, Array], number: int) -> dict[str, Any]:
    T, H, W = clip["video"].shape
    names = [f"{name}/{index:05d}.png" for index in range(T)]
    return {
        "id": number,
        "clip_id": int(clip["clip_id"]),
        "file_names": names,
        "length": T,
        "height": H,
        "width": W,
        "license": 1,
    }


def _track(clip: dict[str, Array], digit: int) -> dict[str, Any]:
    T, H, W = clip["instance"].shape
    masks = [mask if mask.any() else None for mask in clip["instance"] == digit + 1]
    return {
        "category_id": int(clip["labels"][digit]) + CATEGORY_OF_CLASS,
        "instance_id": digit + 1,
        "iscrowd": 0,
        "height": H,
        "width": W,
        "length": T,
        "segmentations": [None if mask is None else encode(mask) for mask in masks],
        "bboxes": [None if mask is None else box_xywh(mask) for mask in masks],
        "areas": [None if mask is None else int(mask.sum()) for mask in masks],
    }
