"""COCO instances per frame in two files: visible masks, and amodal masks with the hidden parts.

Each JSON is a plain COCO file, so pycocotools scores either. The amodal file also has digits that are entirely
hidden; `visible_mask` and `occlude_rate` are named as in COCO amodal (COCOA, Zhu et al. 2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import CATEGORY_OF_CLASS, categories, coco_head, coco_images, json_pieces
from segmnist.formats.layout import Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of, png
from segmnist.formats.rle import box_xywh, check_pycocotools, encode

TRUTHS = ("instance", "amodal", "depth")
KINDS = ("modal", "amodal")


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without pycocotools."""
    check_pycocotools()


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames."""
    return (f"images/{layout.recipe['split']}/{name}/{index:05d}.png" for index in range(layout.num_frames))


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: its frames."""
    return map(png, frames_of(clip))


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the paths of the two JSONs."""
    return tuple(f"annotations/instances_{layout.recipe['split']}_{kind}.json" for kind in KINDS)


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the two JSONs."""
    for kind, path in zip(KINDS, root_paths(layout)):
        content = {
            "images": coco_images(layout, "{clip}/{frame:05d}.png"),
            "annotations": _annotations(layout, clips, kind),
            "categories": categories(layout.classes),
        }
        yield path, json_pieces({**coco_head(layout), **content})


def _annotations(layout: Layout, clips: Clips, kind: str) -> Iterator[dict[str, Any]]:
    for row, clip in enumerate(clips()):
        for index in range(layout.num_frames):
            image = row * layout.num_frames + index
            for digit in range(len(clip["labels"])):
                if annotation := _annotation(clip, index, digit, kind):
                    number = image * layout.max_digits + digit + 1
                    yield {"id": number, "image_id": image + 1, **annotation}


def _annotation(clip: Clip, index: int, digit: int, kind: str) -> dict[str, Any] | None:
    """Return the annotation of a digit in a frame, or None for an empty mask."""
    modal, amodal = clip["instance"][index] == digit + 1, clip["amodal"][digit, index]
    mask = modal if kind == "modal" else amodal
    if not mask.any():
        return None
    area = int(mask.sum())
    facts = {
        "category_id": int(clip["labels"][digit]) + CATEGORY_OF_CLASS,
        "instance_id": digit + 1,
        "depth_order": int(clip["depth_order"][digit, index]),
        "iscrowd": 0,
        "segmentation": encode(mask),
        "bbox": box_xywh(mask),
        "area": area,
    }
    if kind == "modal":
        return facts
    return {**facts, "visible_mask": encode(modal), "occlude_rate": round(1 - int(modal.sum()) / area, 6)}
