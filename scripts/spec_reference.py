"""Write docs/fields.md and docs/presets.md, and draw the pictures of the presets. A test compares them with the code.

Run: python scripts/spec_reference.py
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from field_pictures import EFFECTS, WITHOUT, WORDS
from segmnist import PRESETS, ClipSource, SceneSpec
from segmnist.palette import CLASS_COLOURS
from segmnist.scene.spec import about_of, limits_of, sections
from segmnist.whole_file import replace_file

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "images" / "presets"

FIELDS_HEAD = """\
# Spec fields

Made by `python scripts/spec_reference.py` from `SceneSpec`; a test compares the two. Every number of a field must lie in its
range. A `*_range` is a pair (low, high), both ends included, and each clip, digit or shape draws its own value from it.
Angles are counter-clockwise as seen. The last column names the [presets](presets.md) that have another value than the
default. [A spec of your own](own-spec.md) shows how to change fields.

The pictures show clip 3 of the train split, seed 0, with little else in the scene; `python scripts/field_pictures.py` draws
them.
"""

PRESETS_HEAD = """\
# Presets

Made by `python scripts/spec_reference.py` from the presets; a test compares the two. A preset is a [spec](own-spec.md) with a
name: `preset("crowded")` in Python, `--preset crowded` on the command line. Each picture shows three frames of clip 3 of the
train split, seed 0, above their classes; that of `colour` shows `rgb`.
"""

NUM_FRAMES = 3
SIDE = 128
"""Pixels that a frame takes in a picture, before the gap."""
GAP = 4
GREY_STEP = 8
"""Grey levels that look alike in a picture: PNG stores the noise in fewer bits."""


def fields_page() -> str:
    """Return the page of all fields, a table a section."""
    fields = {field.name: field for field in dataclasses.fields(SceneSpec)}
    tables = []
    for title, names in sections().items():
        rows = [
            f"| `{name}` | {about_of(name)} | {_permitted(name)} | {_unit(name)} | "
            f"`{_literal(fields[name].default)}` | {_changed_by(name)} |"
            for name in names
        ]
        head = ["| field | what it is | range | unit | default | changed by |", "|---|---|---|---|---|---|"]
        tables.append("\n".join([f"\n## {title}\n", *head, *rows, "", *_effects(names), ""]))
    return FIELDS_HEAD + "".join(tables)


def _effects(names: list[str]) -> list[str]:
    """Return a table of the pictures of these fields, and a sentence on each that has none."""
    shown = [
        f"| `{name}` = {', '.join(f'`{_literal(value)}`' for value in EFFECTS[name].values)}<br>{WORDS[EFFECTS[name].shown]} | "
        f"![{name}: {', '.join(_literal(value) for value in EFFECTS[name].values)}](images/fields/{name}.webp) |"
        for name in names
        if name in EFFECTS
    ]
    head = ["| values from left to right | what they do |", "|---|---|"] if shown else []
    absent = [f"No picture of `{name}`: {WITHOUT[name]}." for name in names if name in WITHOUT]
    return [*head, *shown, *([""] if shown and absent else []), *"  \n".join(absent).splitlines()]


def presets_page() -> str:
    """Return the page of all presets: what each is, its picture, and the fields that make it."""
    return PRESETS_HEAD + "".join(_preset(name) for name in PRESETS)


def picture(name: str) -> NDArray[np.uint8]:
    """Return a preset's picture, RGB: frames of a clip side by side above their classes."""
    source = ClipSource(PRESETS[name](), split="train", seed=0, truth=("semantic", "rgb"))
    clip = source[3]
    times = np.arange(NUM_FRAMES) * source.spec.num_frames // NUM_FRAMES
    seen = clip.rgb if name == "colour" else np.repeat(clip.video[..., None], 3, axis=-1)
    video = np.minimum(seen[times] // GREY_STEP * GREY_STEP + GREY_STEP // 2, 255)
    classes = CLASS_COLOURS[clip.semantic[times]]
    return np.concatenate(
        [_row(video), np.full((GAP, _row(video).shape[1], 3), 255, np.uint8), _row(classes)]
    )


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a PNG, with a palette if it has 256 colours at most."""
    colours, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) > 256:
        image = Image.fromarray(pixels)
    else:
        image = Image.fromarray(places.reshape(pixels.shape[:2]).astype(np.uint8), "P")
        image.putpalette(colours.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _row(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames `(F,H,W,3)` side by side, each `SIDE` pixels high and wide, with gaps between them."""
    height, width = frames.shape[1:3]
    at = np.arange(SIDE)
    scaled = frames[:, at * height // SIDE][:, :, at * width // SIDE]
    padded = np.pad(scaled, ((0, 0), (0, 0), (0, GAP), (0, 0)), constant_values=255)
    return np.concatenate(list(padded), axis=1)[:, :-GAP]


def _preset(name: str) -> str:
    spec = PRESETS[name]()
    changed = [f"    {field}={_literal(getattr(spec, field))}," for field in spec.to_canonical()]
    code = "\n".join(["spec = SceneSpec(", *changed, ")"]) if changed else "spec = SceneSpec()"
    about = " ".join((PRESETS[name].__doc__ or "").split())
    alt = f"Three frames of {name}, and their classes"
    head = f"\n## {name}\n\n{about}\n\n![{alt}](images/presets/{name}.png)\n"
    return f"{head}\n```python\nfrom segmnist import SceneSpec\n\n{code}\n```\n"


def _literal(value: object) -> str:
    return repr(value).replace("'", '"')


def _permitted(name: str) -> str:
    limits = limits_of(name)
    if limits is not None:
        return f"{limits.low:g}..{limits.high:g}"
    words = _words(get_type_hints(SceneSpec)[name])
    return ", ".join(f"`{word}`" for word in words) if words else "pairs of classes"


def _words(kind: Any) -> list[Any]:
    """Return the words of a choice, in a tuple too, or both values of a switch."""
    if kind is bool:
        return [False, True]
    found = get_args(kind)
    return [word for each in found for word in _words(each)] if get_origin(kind) is tuple else _strings(found)


def _strings(found: tuple[Any, ...]) -> list[Any]:
    return [word for word in found if isinstance(word, str)]


def _unit(name: str) -> str:
    limits = limits_of(name)
    return limits.unit if limits is not None else ""


def _changed_by(name: str) -> str:
    default = next(field.default for field in dataclasses.fields(SceneSpec) if field.name == name)
    return ", ".join(each for each, make in PRESETS.items() if getattr(make(), name) != default)


def main() -> None:
    """Write both pages and all pictures."""
    replace_file(DOCS / "fields.md", fields_page().encode())
    replace_file(DOCS / "presets.md", presets_page().encode())
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in PRESETS:
        replace_file(PICTURES / f"{name}.png", png_of(picture(name)))


if __name__ == "__main__":
    main()
