"""MMSegmentation: frames as images, classes as palette PNGs, and the METAINFO of `BaseSegDataset`."""

from __future__ import annotations

from collections.abc import Iterator

from segmnist.formats.card import json_bytes, sequence_name
from segmnist.formats.layout import Arrays, Layout
from segmnist.formats.pictures import clips_of, png_grey, png_palette
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES

TRUTHS = ("semantic",)


def check(layout: Layout) -> None:
    """Accept all clips."""


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: frames, masks, metainfo."""
    split = layout.recipe["split"]
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for index, (frame, semantic) in enumerate(zip(clip["video"], clip["semantic"])):
            yield f"img_dir/{split}/{name}_{index:05d}.png", png_grey(frame)
            yield f"ann_dir/{split}/{name}_{index:05d}.png", png_palette(semantic, CLASS_COLOURS)
    yield f"{split}_metainfo.json", json_bytes(metainfo())


def metainfo() -> dict[str, object]:
    """Return METAINFO and the arguments that `BaseSegDataset` needs to read this layout."""
    palette = CLASS_COLOURS[: len(CLASS_NAMES)].tolist()
    return {
        "METAINFO": {"classes": list(CLASS_NAMES), "palette": palette},
        "img_suffix": ".png",
        "seg_map_suffix": ".png",
        "reduce_zero_label": False,
        "ignore_index": 255,
    }
