"""MMSegmentation: frames as images, classes as palette PNGs, and the METAINFO of `BaseSegDataset`."""

from __future__ import annotations

from collections.abc import Iterator

from segmnist.classes import Classes
from segmnist.formats.card import json_bytes
from segmnist.formats.layout import Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of, png, png_palette
from segmnist.palette import class_colours

TRUTHS = ("semantic",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames and masks."""
    split = layout.recipe["split"]
    for index in range(layout.num_frames):
        yield from (f"{folder}/{split}/{name}_{index:05d}.png" for folder in ("img_dir", "ann_dir"))


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: frames and masks."""
    colours = class_colours(layout.classes)
    for frame, semantic in zip(frames_of(clip), clip["semantic"]):
        yield png(frame)
        yield png_palette(semantic, colours)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the path of the metainfo."""
    return (f"{layout.recipe['split']}_metainfo.json",)


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the one file of all clips, the metainfo."""
    yield root_paths(layout)[0], [json_bytes(metainfo(layout.classes))]


def metainfo(classes: Classes) -> dict[str, object]:
    """Return METAINFO and the arguments that `BaseSegDataset` needs to read this layout."""
    palette = class_colours(classes)[: classes.num_classes].tolist()
    return {
        "METAINFO": {"classes": list(classes.all_names), "palette": palette},
        "img_suffix": ".png",
        "seg_map_suffix": ".png",
        "reduce_zero_label": False,
        "ignore_index": 255,
    }
