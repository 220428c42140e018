"""The one table of query parameters: what each means and may be, as JSON Schema."""

from __future__ import annotations

from typing import Any

from segmnist.classes import MOST_CLASSES
from segmnist.explore.fields import Field, fields
from segmnist.explore.prediction import SAID
from segmnist.explore.view import LAYERS
from segmnist.explore.wall import MAX_AMONG, MAX_CONDITION, MAX_COUNT, MAX_MODELS, SORTS
from segmnist.oracle import OBSERVERS
from segmnist.scene.presets import PRESETS
from segmnist.scene.randomness import SPLITS

Schema = dict[str, Any]


def _number(kind: str, low: float | None, high: float | None) -> Schema:
    bounds = {"minimum": low, "maximum": high}
    return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}


def _list(items: Schema, low: int, high: int, **more: Any) -> Schema:
    return {"type": "array", "items": items, "minItems": low, "maxItems": high, **more}


def _field_schema(field: Field) -> Schema:
    number = _number("integer" if "integer" in field.kind else "number", field.low, field.high)
    match field.kind:
        case "switch":
            return {"type": "boolean"}
        case "choice":
            return {"enum": list(field.choices)}
        case "words":
            return _list({"enum": list(field.choices)}, 1, len(field.choices), uniqueItems=True)
        case "pairs":
            return _list({"type": "string", "pattern": "^[0-9]{1,3}-[0-9]{1,3}$"}, 0, MOST_CLASSES // 2)
        case "integers":
            return _list(number, 0, MOST_CLASSES, uniqueItems=True)
        case "integer_range" | "number_range":
            return _list(number, 2, 2)
        case _:
            return number


PAGE_WORDS = {
    "show": "Overlays, as 'semantic,boxes'.",
    "mix": "Strength of the overlays in percent.",
    "frame": "The frame on show; -1 is the last.",
    "fps": "Frames a second.",
    "zoom": "Screen pixels a pixel of the clip.",
    "beside": "What is drawn beside the video: semantic, instance or nothing.",
}
"""How the page shows a clip: its address may hold these, and so may its JSON twin's, in which they change nothing."""

PARAMETERS: dict[str, tuple[Schema, str]] = {
    "preset": ({"enum": list(PRESETS)}, "The preset whose fields are the defaults."),
    "split": ({"enum": list(SPLITS)}, "Whose glyphs and whose random stream."),
    "seed": (_number("integer", 0, 2**64 - 1), "Seed of the source."),
    "stored": ({"type": "boolean"}, "Show the stored data set that the explorer was started with."),
    "clip": (_number("integer", 0, 2**63 - 1), "Id of the clip."),
    "without": (_list(_number("integer", 1, 64), 0, 64), "Instances to leave out of the clip."),
    "layers": (_list({"enum": list(LAYERS)}, 0, len(LAYERS), uniqueItems=True), "Arrays to add to the clip."),
    "observer": ({"enum": list(OBSERVERS)}, "What the posterior has seen: all frames, those so far, or one."),
    "where": (
        {"type": "string", "maxLength": MAX_CONDITION},
        "Only clips of the data set in which some digit in some frame fits, like `label = 6 and visibility < 0.3`.",
    ),
    "start": (_number("integer", 0, 2**63 - 1 - MAX_AMONG), "First clip, or first row of the data set."),
    "among": (_number("integer", 1, MAX_AMONG), "How many clips to examine."),
    "count": (_number("integer", 1, MAX_COUNT), "How many clips to show at most."),
    "sort": ({"enum": list(SORTS)}, "What to sort by; `low` and `high` bound it."),
    "descending": ({"type": "boolean"}, "Largest first."),
    "low": ({"type": "number"}, "Least value of what is sorted by."),
    "high": ({"type": "number"}, "Largest value of what is sorted by."),
    "frames": (_number("integer", 1, 30), "Frames of each small picture."),
    "errors": ({"type": "boolean"}, "Send small pictures of the model's errors, too."),
    "part": ({"type": "string", "maxLength": 60}, "The part of the suite whose predictions are on show."),
    "model": (_number("integer", 0, MAX_MODELS - 1), "Which of the models, in the order of --predictions."),
    "said": (
        {"type": "string", "pattern": f"^({'|'.join(SAID)}|[0-9]{{1,3}})$"},
        "What of a prediction is sent beside its classes: entropy, or the probability of the truth or of a class.",
    ),
    "cell": (
        {"type": "string", "maxLength": 7},
        "Cell of the confusion to sort by, as 3-5: digits 3 that were called 5; of ten digits, 10 is the background.",
    ),
    "bucket": (
        {"type": "string", "maxLength": 40},
        "Bar of a breakdown to sort by, as visibility-0-1: its first bucket, called background.",
    ),
    "instances": ({"type": "boolean"}, "Send small pictures of the instances, too."),
    "rgb": ({"type": "boolean"}, "Send small pictures of the video in colour, too."),
    **{
        name: ({"type": "string", "maxLength": 40}, f"{about} Of the page alone.")
        for name, about in PAGE_WORDS.items()
    },
    **{
        f.name: (_field_schema(f), f"Field of the spec: {f.about} ({f.unit or 'no unit'}).")
        for f in fields().values()
    },
}

SPEC = ("preset", "split", "seed", "stored", "part", *fields())
CLIP_ONLY = ("clip", "without")
CLIP = (*SPEC, *CLIP_ONLY)
WALL_ONLY = ("where", "start", "among", "count", "sort", "descending", "low", "high", "frames",
    "model", "cell", "bucket")  # fmt: skip
WALL = (*SPEC, *WALL_ONLY)
PAGE = (*PAGE_WORDS, "observer", "said")


def describe(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return these parameters as OpenAPI describes them; lists are written `1,3`."""
    return [
        {
            "name": name, "in": "query", "required": False, "description": PARAMETERS[name][1],
            "schema": PARAMETERS[name][0], "style": "form", "explode": False,
        }
        for name in names
    ]  # fmt: skip
