"""The files that describe an exported data set: classes, colours, licences, origin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from segmnist.classes import BACKGROUND_NAME, DIGITS, Classes
from segmnist.formats.layout import Layout
from segmnist.palette import class_colours

CATEGORY_OF_CLASS = 1
"""Category id minus class. Ids begin at 1, since several readers take 0 for "no category" without a word."""

LICENCE = "CC BY-SA 3.0"
LICENCE_URL = "https://creativecommons.org/licenses/by-sa/3.0/"

TITLE = (
    "Videos of moving handwritten digits over moving shapes and noise, drawn by segmnist, with masks that are"
)
"""The first line of what is said about every data set."""

ABOUT = f"""\
{TITLE}
exact.

Licences. The digits are those of MNIST by Yann LeCun and Corinna Cortes, widely given as CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/); the pictures here are made from them and are passed on
under the same licence. If this data set was drawn from digits of another bank, those have their own.
LICENSE-MNIST.txt has more. segmnist itself is Apache-2.0.

Classes. 0 to {{last}} are {{digits}}, {{background}} is the background. classes.json has their names, their colours, and their
category ids in formats of the COCO family, which are the class plus one.

Origin. The recipe (spec, seed, split, clip ids, generator version) beside the data gives every byte again:
`segmnist generate OUT --recipe recipe.json`.
"""


def about(classes: Classes) -> str:
    """Return what the card of a data set says."""
    digits = "the digits" if classes == DIGITS else "the classes of its own digits"
    return ABOUT.format(last=classes.background - 1, digits=digits, background=classes.background)


def licence_text() -> str:
    """Return the licence of the MNIST digits, as the package carries it."""
    return (resources.files("segmnist.digits") / "LICENSE-MNIST.txt").read_text(encoding="utf-8")


def class_table(classes: Classes) -> dict[str, Any]:
    """Return names, RGB colours and COCO category ids of all classes, by class."""
    return {
        "classes": [
            {"class": index, "name": name, "colour": colour, "category_id": index + CATEGORY_OF_CLASS}
            for index, (name, colour) in enumerate(zip(classes.all_names, class_colours(classes).tolist()))
        ]
    }


def categories(classes: Classes) -> list[dict[str, Any]]:
    """Return the K classes of digits as COCO categories, ids 1 to K."""
    return [
        {
            "id": index + CATEGORY_OF_CLASS,
            "name": name,
            "supercategory": "digit" if classes == DIGITS else "object",
            "color": colour,
        }
        for index, (name, colour) in enumerate(zip(classes.names, class_colours(classes).tolist()))
    ]


def panoptic_categories(classes: Classes) -> list[dict[str, Any]]:
    """Return the digits as things and the background as stuff, id K + 1, as COCO panoptic categories."""
    stuff = {
        "id": classes.background + CATEGORY_OF_CLASS,
        "name": BACKGROUND_NAME,
        "supercategory": BACKGROUND_NAME,
        "color": class_colours(classes)[classes.background].tolist(),
        "isthing": 0,
    }
    return [*({**category, "isthing": 1} for category in categories(classes)), stuff]


def coco_head(layout: Layout) -> dict[str, Any]:
    """Return the `info` and `licenses` of a file of the COCO family; `info` holds the recipe."""
    return {
        "info": {
            "description": TITLE,
            "version": "1",
            "segmnist_recipe": dict(layout.recipe),
        },
        "licenses": [{"id": 1, "name": LICENCE, "url": LICENCE_URL}],
    }


def coco_images(layout: Layout, frame_name: str) -> Iterator[dict[str, Any]]:
    """Iterate over the `images` of a COCO file, one a frame; frame_name: of their files, with `{clip}` and `{frame}`."""
    T, H, W = layout.arrays["video"].shape
    for row, clip_id in enumerate(layout.clip_ids(range(layout.num_clips))):
        for index in range(T):
            file_name = frame_name.format(clip=sequence_name(layout, clip_id), frame=index)
            yield {"id": row * T + index + 1, "file_name": file_name, "height": H, "width": W, "license": 1}


def common_files(classes: Classes) -> dict[str, bytes]:
    """Return the files that every format writes beside the data: README.md, the MNIST licence, the classes."""
    return {
        "README.md": f"# Moving digits\n\n{about(classes)}".encode(),
        "LICENSE-MNIST.txt": licence_text().encode(),
        "classes.json": json_bytes(class_table(classes)),
    }


def json_pieces(values: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield what `json_bytes` returns piece by piece: a value may be an iterator, whose items are never held together.

    >>> b"".join(json_pieces({"b": iter([1, 2]), "a": "x"}))
    b'{"a":"x","b":[1,2]}\\n'
    """
    for number, (name, value) in enumerate(sorted(values.items())):
        yield (b"{" if number == 0 else b",") + _json(name) + b":"
        if not isinstance(value, Iterator):
            yield _json(value)
            continue
        yield b"["
        for place, item in enumerate(value):
            yield b"," * (place > 0) + _json(item)
        yield b"]"
    yield b"}\n"


def json_bytes(value: Any) -> bytes:
    """Return JSON on one line, keys sorted, ASCII."""
    return _json(value) + b"\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sequence_name(layout: Layout, clip_id: int) -> str:
    """Return the name of a clip's folder: without dots, and different in each split, so splits can share a place."""
    return f"{layout.recipe['split']}_{clip_id:010d}"


def is_sequence_name(name: str) -> bool:
    """Return whether a folder has the name of a clip's, in which there is nothing but its frames."""
    return re.fullmatch(r"[a-z]+_\d{10,}", name) is not None
