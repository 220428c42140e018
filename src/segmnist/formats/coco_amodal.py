"""COCO instances per frame in two files: visible masks, and amodal masks with the hidden parts.

Each JSON is a plain COCO file, so pycocotools scores either. The amodal file also has digits that are entirely
hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segmnist.formats.card import CATEGORY_OF_CLASS, categories, coco_head, json_bytes, sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.pictures import clips_of, png_grey
from segmnist.formats.rle import box_xywh, check_pycocotools, encode

TRUTHS = ("instance", "amodal", "depth")
KINDS = ("modal", "amodal")


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without pycocotools."""
    check_pycocotools()


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: PNG frames, then the two JSONs."""
    split = layout.recipe["split"]
    images: list[dict[str, Any]] = []
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, frame in enumerate(clip["video"]):
            file_name = f"{name}/{index:05d}.png"
            yield f"{split}/{file_name}", png_grey(frame)
            H, W = frame.shape
            number = len(images) + 1
            images.append({"id": number, "file_name": file_name, "height": H, "width": W, "license": 1})
            for digit in range(len(clip["labels"])):
                for kind, annotation in _annotations(clip, index, digit).items():
                    found[kind].append({"id": len(found[kind]) + 1, "image_id": number, **annotation})
    for kind in KINDS:
        content = {"images": images, "annotations": found[kind], "categories": categories()}
        yield f"annotations/instances_{split}_{kind}.json", json_bytes({**coco_head(layout), **content})


def _annotations(clip: dict[str, Array], index: int, digit: int) -> dict[str, dict[str, Any]]:
    """Return the annotation of a digit in a frame, or none for an empty mask."""
    modal, amodal = clip["instance"][index] == digit + 1, clip["amodal"][digit, index]
    facts = {
        "category_id": int(clip["labels"][digit]) + CATEGORY_OF_CLASS,
        "instance_id": digit + 1,
        "depth_order": int(clip["depth_order"][digit, index]),
        "iscrowd": 0,
    }
    annotations = {}
    if modal.any():
        annotations["modal"] = {**facts, **_shape(modal)}
    if amodal.any():
        visibility = int(modal.sum()) / int(amodal.sum())
        seen = {"visible_segmentation": encode(modal), "visibility": round(visibility, 6)}
        annotations["amodal"] = {**facts, **_shape(amodal), **seen}
    return annotations


def _shape(mask: Array) -> dict[str, Any]:
    return {"segmentation": encode(mask), "bbox": box_xywh(mask), "area": int(mask.sum())}
