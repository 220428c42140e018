"""DAVIS 2017: frames and palette PNG masks by sequence, and lists of sequences.

davis2017-evaluation takes the greatest id in the first frame as the number of objects. So digits that are visible
in the first frame get the lowest ids; objects.json maps ids to digits. A clip whose first frame shows no digit
cannot be scored and is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from segmnist.errors import BadArgument
from segmnist.formats.card import json_bytes, sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.pictures import clips_of, jpeg, png_grey, png_palette
from segmnist.palette import INSTANCE_COLOURS

TRUTHS = ("instance",)
MAX_OBJECTS = 20
"""The evaluation refuses clips with more objects."""


def check(layout: Layout) -> None:
    """Raise `BadArgument` for clips with more digits than DAVIS allows."""
    most = layout.arrays["labels"].shape[0]
    if most > MAX_OBJECTS:
        raise BadArgument("num_digits_range", most, f"{MAX_OBJECTS} digits at most", "davis allows no more")


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: frames as JPEG and as lossless PNG, masks, lists."""
    split = layout.recipe["split"]
    objects: dict[str, Any] = {}
    listed: list[str] = []
    unlisted: list[str] = []
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        order = first_seen_first(clip["instance"], len(clip["labels"]))
        objects[name] = [_object(place, int(digit), clip) for place, digit in enumerate(order[1:], 1)]
        (listed if clip["instance"][0].any() else unlisted).append(name)
        yield from _frames(name, clip, np.argsort(order).astype(np.uint8))
    yield f"ImageSets/2017/{split}.txt", _lines(listed)
    yield f"ImageSets/2017/{split}_no_digit_in_first_frame.txt", _lines(unlisted)
    yield f"{split}_objects.json", json_bytes(objects)


def first_seen_first(instance: Array, num_digits: int) -> Array:
    """Return the old id of each new id, `(num_digits + 1,)`: 0, the digits of the first frame, the others."""
    ids = np.arange(1, num_digits + 1)
    at_first = np.isin(ids, instance[0])
    return np.concatenate([[0], ids[at_first], ids[~at_first]])


def _frames(name: str, clip: dict[str, Array], new_ids: Array) -> Iterator[tuple[str, bytes]]:
    for index, (frame, instance) in enumerate(zip(clip["video"], clip["instance"])):
        mask = png_palette(new_ids[instance], INSTANCE_COLOURS)
        yield f"JPEGImages/480p/{name}/{index:05d}.jpg", jpeg(frame)
        yield f"PNGImages/480p/{name}/{index:05d}.png", png_grey(frame)
        yield f"Annotations/480p/{name}/{index:05d}.png", mask
        yield f"Annotations_unsupervised/480p/{name}/{index:05d}.png", mask


def _object(place: int, digit: int, clip: dict[str, Array]) -> dict[str, int]:
    return {"object": place, "instance": digit, "class": int(clip["labels"][digit - 1])}


def _lines(names: list[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()
