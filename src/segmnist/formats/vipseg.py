"""VIPSeg: panoptic videos, with frames nested in the JSON; a digit keeps its segment id through the video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import coco_head, json_bytes, panoptic_categories, sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.panoptic import segment_ids, segments
from segmnist.formats.pictures import clips_of, png_grey, png_rgb

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: frames, segment PNGs, the list of videos, the JSON."""
    split = layout.recipe["split"]
    videos: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, (frame, instance) in enumerate(zip(clip["video"], clip["instance"])):
            yield f"imgs/{name}/{index:05d}.png", png_grey(frame)
            yield f"panomasksRGB/{name}/{index:05d}.png", png_rgb(segment_ids(instance))
        videos.append({"video_id": name, "images": _images(clip)})
        annotations.append({"video_id": name, "annotations": _annotations(clip)})
    yield f"{split}.txt", "".join(f"{video['video_id']}\n" for video in videos).encode()
    content = {"videos": videos, "annotations": annotations, "categories": panoptic_categories()}
    yield f"panoptic_gt_VIPSeg_{split}.json", json_bytes({**coco_head(layout), **content})


def _images(clip: dict[str, Array]) -> list[dict[str, Any]]:
    T, H, W = clip["video"].shape
    return [
        {"id": f"{index:05d}", "file_name": f"{index:05d}.png", "height": H, "width": W} for index in range(T)
    ]


def _annotations(clip: dict[str, Array]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": f"{index:05d}",
            "file_name": f"{index:05d}.png",
            "segments_info": segments(instance, clip["labels"]),
        }
        for index, instance in enumerate(clip["instance"])
    ]
