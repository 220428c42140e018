"""VIPSeg: panoptic videos, with frames nested in the JSON; a digit keeps its segment id through the video.

The frames are JPEGs, as loaders look for `imgs/<video>/*.jpg`; the JSON names the PNGs of segments, as the
evaluation opens those by it. The background comes first in each `segments_info`: the STQ script numbers segments in
the order in which it meets them, and takes number 0 of a thing for a crowd, which it does not score.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import coco_head, json_pieces, panoptic_categories, sequence_name
from segmnist.formats.layout import Clip, Clips, Layout, Pieces
from segmnist.formats.panoptic import frames_and_segments, segments

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames and segments."""
    for index in range(layout.num_frames):
        yield f"imgs/{name}/{index:05d}.jpg"
        yield f"panomasksRGB/{name}/{index:05d}.png"


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: of each frame the JPEG and the PNG of segments."""
    return frames_and_segments(clip)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the paths of the JSON and of the list of videos."""
    split = layout.recipe["split"]
    return f"panoptic_gt_VIPSeg_{split}.json", f"{split}.txt"


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the JSON and the list of videos."""
    content = {
        "videos": ({"video_id": name, "images": _images(layout)} for name in _names(layout)),
        "annotations": (_annotations(layout, clip) for clip in clips()),
        "categories": panoptic_categories(layout.classes),
    }
    json_path, list_path = root_paths(layout)
    yield json_path, json_pieces({**coco_head(layout), **content})
    yield list_path, (f"{name}\n".encode() for name in _names(layout))


def _names(layout: Layout) -> Iterator[str]:
    ids = layout.clip_ids(range(layout.num_clips))
    return (sequence_name(layout, clip_id) for clip_id in ids)


def _images(layout: Layout) -> list[dict[str, Any]]:
    T, H, W = layout.arrays["video"].shape
    return [
        {"id": f"{index:05d}", "file_name": f"{index:05d}.png", "height": H, "width": W} for index in range(T)
    ]


def _annotations(layout: Layout, clip: Clip) -> dict[str, Any]:
    frames = [
        {
            "image_id": f"{index:05d}",
            "file_name": f"{index:05d}.png",
            "segments_info": segments(instance, clip["labels"], layout.classes),
        }
        for index, instance in enumerate(clip["instance"])
    ]
    return {"video_id": sequence_name(layout, int(clip["clip_id"])), "annotations": frames}
