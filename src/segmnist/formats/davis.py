"""DAVIS 2017: frames and palette PNG masks by sequence, and lists of sequences.

davis2017-evaluation takes the greatest id in the first frame as the number of objects. So digits that are visible
in the first frame get the lowest ids; objects.json maps ids to digits. `Annotations`, for the semi-supervised task,
holds these digits alone: the evaluation stops at a greater id. `Annotations_unsupervised` holds all. A clip whose
first frame shows no digit cannot be scored and is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from segmnist.errors import BadArgument
from segmnist.formats.card import json_pieces, sequence_name
from segmnist.formats.layout import Array, Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of, jpeg, png, png_palette
from segmnist.palette import INSTANCE_COLOURS

TRUTHS = ("instance",)
MAX_OBJECTS = 20
"""The evaluation refuses clips with more objects."""

SUBSETS = {"train": "train", "val": "val", "test": "test-dev"}
"""The subset that the evaluation knows, by split."""

FRAMES, LOSSLESS = "JPEGImages/480p", "PNGImages/480p"
MASKS, ALL_MASKS = "Annotations/480p", "Annotations_unsupervised/480p"


def check(layout: Layout) -> None:
    """Raise `BadArgument` for clips with more digits than DAVIS allows."""
    if layout.max_digits > MAX_OBJECTS:
        raise BadArgument(
            "num_digits_range", layout.max_digits, f"{MAX_OBJECTS} digits at most", "davis allows no more"
        )


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames and masks."""
    for index in range(layout.num_frames):
        yield f"{FRAMES}/{name}/{index:05d}.jpg"
        yield from (f"{folder}/{name}/{index:05d}.png" for folder in (LOSSLESS, MASKS, ALL_MASKS))


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: of each frame the JPEG, the lossless PNG, the masks of either task."""
    order = first_seen_first(clip["instance"], len(clip["labels"]))
    ids = np.argsort(order).astype(np.uint8)[clip["instance"]]
    at_first = np.where(ids <= ids[0].max(), ids, np.uint8(0))
    for index, frame in enumerate(frames_of(clip)):
        yield jpeg(frame)
        yield png(frame)
        yield png_palette(at_first[index], INSTANCE_COLOURS)
        yield png_palette(ids[index], INSTANCE_COLOURS)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the paths of the table of objects and of the lists of sequences."""
    return (f"{layout.recipe['split']}_objects.json", *_lists(layout), _list_of_others(layout))


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the table of objects and the lists, which name what the table has found."""
    listed: list[str] = []
    others: list[str] = []

    def sequences() -> Iterator[dict[str, Any]]:
        for clip in clips():
            name = sequence_name(layout, int(clip["clip_id"]))
            (listed if clip["instance"][0].any() else others).append(name)
            yield {"name": name, "objects": _objects(clip)}

    table, *_ = root_paths(layout)
    yield table, json_pieces({"sequences": sequences()})
    for path in _lists(layout):
        yield path, (f"{name}\n".encode() for name in listed)
    yield _list_of_others(layout), (f"{name}\n".encode() for name in others)


def first_seen_first(instance: Array, num_digits: int) -> Array:
    """Return the old id of each new id, `(num_digits + 1,)`: 0, the digits of the first frame, the others."""
    ids = np.arange(1, num_digits + 1)
    at_first = np.isin(ids, instance[0])
    return np.concatenate([[0], ids[at_first], ids[~at_first]])


def _objects(clip: Clip) -> list[dict[str, int]]:
    order = first_seen_first(clip["instance"], len(clip["labels"]))
    return [
        {"object": place, "instance": digit, "class": int(clip["labels"][digit - 1])}
        for place, digit in enumerate(order.tolist())
        if place
    ]


def _lists(layout: Layout) -> list[str]:
    """Return the paths of the list of sequences: the unsupervised task looks for that of test-dev below 2019."""
    split = layout.recipe["split"]
    years = ("2017", "2019") if split == "test" else ("2017",)
    return [f"ImageSets/{year}/{SUBSETS[split]}.txt" for year in years]


def _list_of_others(layout: Layout) -> str:
    return f"ImageSets/2017/{SUBSETS[layout.recipe['split']]}_no_digit_in_first_frame.txt"
