"""COCO panoptic: each frame is an image, with its segments in a PNG and in one JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import coco_head, json_bytes, panoptic_categories, sequence_name
from segmnist.formats.layout import Arrays, Layout
from segmnist.formats.panoptic import segment_ids, segments
from segmnist.formats.pictures import clips_of, png_grey, png_rgb

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: frames, segment PNGs, then the JSON."""
    split = layout.recipe["split"]
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, (frame, instance) in enumerate(zip(clip["video"], clip["instance"])):
            file_name, number = f"{name}_{index:05d}.png", len(images) + 1
            yield f"{split}/{file_name}", png_grey(frame)
            yield f"annotations/panoptic_{split}/{file_name}", png_rgb(segment_ids(instance))
            H, W = frame.shape
            images.append({"id": number, "file_name": file_name, "height": H, "width": W, "license": 1})
            info = segments(instance, clip["labels"])
            annotations.append({"image_id": number, "file_name": file_name, "segments_info": info})
    content = {"images": images, "annotations": annotations, "categories": panoptic_categories()}
    yield f"annotations/panoptic_{split}.json", json_bytes({**coco_head(layout), **content})
