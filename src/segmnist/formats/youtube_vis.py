"""YouTube-VIS: videos as frames, and one JSON of tracks with a run-length mask per frame.

Ids begin at 1, since readers drop an id 0 without a word. Run lengths are lists of numbers, as in YouTube-VIS itself:
TrackEval reads nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import CATEGORY_OF_CLASS, categories, coco_head, json_pieces, sequence_name
from segmnist.formats.layout import Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of, png
from segmnist.formats.rle import box_xywh, run_lengths

TRUTHS = ("instance",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames."""
    split = layout.recipe["split"]
    return (f"{split}/JPEGImages/{name}/{index:05d}.png" for index in range(layout.num_frames))


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: its frames."""
    return map(png, frames_of(clip))


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the path of the JSON."""
    return (f"{layout.recipe['split']}/instances.json",)


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the one file of all clips, the JSON."""
    content = {
        "videos": _videos(layout),
        "annotations": _tracks(layout, clips),
        "categories": categories(layout.classes),
    }
    yield root_paths(layout)[0], json_pieces({**coco_head(layout), **content})


def _videos(layout: Layout) -> Iterator[dict[str, Any]]:
    T, H, W = layout.arrays["video"].shape
    for row, clip_id in enumerate(layout.clip_ids(range(layout.num_clips))):
        name = sequence_name(layout, clip_id)
        yield {
            "id": row + 1,
            "clip_id": clip_id,
            "file_names": [f"{name}/{index:05d}.png" for index in range(T)],
            "length": T,
            "height": H,
            "width": W,
            "license": 1,
        }


def _tracks(layout: Layout, clips: Clips) -> Iterator[dict[str, Any]]:
    for row, clip in enumerate(clips()):
        for digit in range(len(clip["labels"])):
            track = _track(clip, digit)
            # A digit that is never visible is no track.
            if any(track["areas"]):
                yield {"id": row * layout.max_digits + digit + 1, "video_id": row + 1, **track}


def _track(clip: Clip, digit: int) -> dict[str, Any]:
    T, H, W = clip["instance"].shape
    masks = [mask if mask.any() else None for mask in clip["instance"] == digit + 1]
    return {
        "category_id": int(clip["labels"][digit]) + CATEGORY_OF_CLASS,
        "instance_id": digit + 1,
        "iscrowd": 0,
        "height": H,
        "width": W,
        "length": T,
        "segmentations": [None if mask is None else run_lengths(mask) for mask in masks],
        "bboxes": [None if mask is None else box_xywh(mask) for mask in masks],
        "areas": [None if mask is None else int(mask.sum()) for mask in masks],
    }
