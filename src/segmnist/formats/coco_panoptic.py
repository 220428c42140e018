"""COCO panoptic: each frame is an image, with its segments in a PNG and in one JSON.

The frames are JPEGs below `images/`: detectron2 puts `.jpg` in place of the `.png` of the segments, and datumaro looks
into that folder alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import coco_head, coco_images, json_pieces, panoptic_categories, sequence_name
from segmnist.formats.layout import Clip, Clips, Layout, Pieces
from segmnist.formats.panoptic import frames_and_segments, segments

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames and segments."""
    split = layout.recipe["split"]
    for index in range(layout.num_frames):
        yield f"images/{split}/{name}_{index:05d}.jpg"
        yield f"annotations/panoptic_{split}/{name}_{index:05d}.png"


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: of each frame the JPEG and the PNG of segments."""
    return frames_and_segments(clip)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the path of the JSON."""
    return (f"annotations/panoptic_{layout.recipe['split']}.json",)


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the one file of all clips, the JSON."""
    content = {
        "images": coco_images(layout, "{clip}_{frame:05d}.jpg"),
        "annotations": _annotations(layout, clips),
        "categories": panoptic_categories(layout.classes),
    }
    yield root_paths(layout)[0], json_pieces({**coco_head(layout), **content})


def _annotations(layout: Layout, clips: Clips) -> Iterator[dict[str, Any]]:
    for row, clip in enumerate(clips()):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, instance in enumerate(clip["instance"]):
            yield {
                "image_id": row * layout.num_frames + index + 1,
                "file_name": f"{name}_{index:05d}.png",
                "segments_info": segments(instance, clip["labels"], layout.classes),
            }
