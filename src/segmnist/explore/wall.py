"""The wall: up to 100 clips at once as small moving pictures, sorted and filtered by how hard they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.explore.clip import DIFFICULTY
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.scoreboard import PREDICTED_SORTS
from segmnist.explore.view import MAX_CLIP, View, check_cost, real, view_from, whole, word
from segmnist.explore.wanted import check_wanted
from segmnist.render.arrays import Truth, arrays_of
from segmnist.render.engine import render
from segmnist.scene.sample import check_fits, sample
from segmnist.views.preview.figure import frames_shown

MAX_COUNT = 100
MAX_AMONG = 500
MAX_PIXELS = 64 << 20
"""Pixels that one wall may draw, over all its clips: about a second's work."""
BATCH_BYTES = 32 << 20
THUMBNAIL_SIDE = 64
MAX_CONDITION = 400
MAX_MODELS = 16
COMPARISON = re.compile(r"\s*([a-z_][a-z0-9_]{0,40})\s*(<=|>=|<|>|=|!=)\s*(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)\s*")
Pictures = dict[str, NDArray[np.uint8]]
SORTS = ("id", *DIFFICULTY, *PREDICTED_SORTS)


class WallClip(msgspec.Struct, frozen=True):
    """A clip on the wall."""

    clip: str
    labels: list[int]
    difficulty: dict[str, float]
    value: float | None = None


class WallFacts(msgspec.Struct, frozen=True):
    """The clips in the order asked for; `examined` of them were drawn to find these, and `stopped` says why no more."""

    clips: list[WallClip]
    start: str
    examined: int
    asked: int
    stopped: Literal["", "size", "end"]
    matching: int
    height: int
    width: int


@dataclass(frozen=True)
class WallView:
    """Which clips to examine, and which of them to show in which order."""

    view: View
    start: int
    among: int
    count: int
    sort: str
    descending: bool
    low: float
    high: float
    frames: int
    where: str
    instances: bool = False
    rgb: bool = False
    errors: bool = False
    model: int = 0
    cell: str = ""
    bucket: str = ""

    @property
    def is_scored(self) -> bool:
        """Whether the clips are sorted by what was counted of predictions."""
        return self.sort in PREDICTED_SORTS


def wall_view_from(query: Mapping[str, str], exhibit: Exhibit) -> WallView:
    """Return what an address asks for. Raises `BadArgument` for what is unknown or out of range."""
    view = view_from(query, exhibit)
    sort = word(query, "sort", SORTS, "id")
    return WallView(
        view=view,
        start=whole("start", query.get("start", "0"), 0, MAX_CLIP - MAX_AMONG),
        among=whole("among", query.get("among", "100"), 1, MAX_AMONG),
        count=whole("count", query.get("count", "100"), 1, MAX_COUNT),
        sort=sort,
        descending=word(query, "descending", ("true", "false"), "false") == "true",
        low=real("low", query.get("low", "-1e300")),
        high=real("high", query.get("high", "1e300")),
        frames=whole("frames", query.get("frames", "10"), 1, 30),
        where=condition_of(query.get("where", "")),
        errors=word(query, "errors", ("true", "false"), "false") == "true",
        model=whole("model", query.get("model", "0"), 0, MAX_MODELS - 1),
        cell=query.get("cell", ""),
        bucket=query.get("bucket", ""),
        instances=word(query, "instances", ("true", "false"), "false") == "true",
        rgb=word(query, "rgb", ("true", "false"), "false") == "true",
    )


def condition_of(text: str) -> str:
    """Return an SQL condition made of comparisons of columns with numbers, joined by `and`; nothing else passes.

    Comparisons alone cost one walk over the index; SQL at large could run for ever.

    >>> condition_of("label=6 and visibility < 0.3")
    '"label" = 6 AND "visibility" < 0.3'
    """
    if not text:
        return ""
    terms = [COMPARISON.fullmatch(part) for part in text[:MAX_CONDITION].split(" and ")]
    if len(text) > MAX_CONDITION or not all(terms):
        raise BadArgument("where", text[:60], "comparisons like label = 6 and visibility < 0.3")
    return " AND ".join(f'"{term[1]}" {term[2]} {term[3]}' for term in terms if term)


def draw_wall(wall: WallView, exhibit: Exhibit) -> tuple[WallFacts, Pictures]:
    """Return the facts and the thumbnails `(n,F,h,w)` uint8: F frames spread over each clip, every k-th pixel.

    `pictures` are of the video; where they are asked for, `instance` of the instances, `rgb` `(n,F,h,w,3)` of the video in
    colour, and `error` of a model's errors.

    Where the clips are large fewer are examined; the facts say how many. Raises `BadArgument` as a clip would.
    """
    spec = wall.view.spec
    check_fits(spec, exhibit.bank)
    truths: tuple[Truth, ...] = ("difficulty", "instance", "amodal", "noiseless", "beneath")
    clip_bytes = check_cost(spec, ("video", *arrays_of((*truths, "rgb") if wall.rgb else truths)))
    pixels = spec.num_frames * spec.height * spec.width
    if wall.is_scored:
        return _draw_scored(wall, exhibit, max(MAX_PIXELS // pixels, 1))
    found = _ids(wall, exhibit)
    ids = found[: max(MAX_PIXELS // pixels, 1)]
    stopped: Literal["", "size", "end"] = ""
    if len(ids) < wall.among:
        stopped = "size" if len(ids) < len(found) else "end"
    size = max(BATCH_BYTES // clip_bytes, 1)
    parts = [_draw(wall, exhibit, ids[first : first + size]) for first in range(0, len(ids), size)]
    if not parts:
        nothing = WallFacts([], str(wall.start), 0, wall.among, stopped, 0, 1, 1)
        return nothing, {"pictures": np.zeros((0, 1, 1, 1), np.uint8)}
    clips = [clip for some, _ in parts for clip in some]
    pictures = {name: np.concatenate([some[name] for _, some in parts]) for name in parts[0][1]}
    order = _order(clips, wall)
    chosen = order[: wall.count]
    facts = WallFacts(
        [clips[i] for i in chosen],
        str(wall.start),
        len(ids),
        wall.among,
        stopped,
        len(order),
        *pictures["pictures"].shape[2:],
    )
    return facts, {name: array[chosen] for name, array in pictures.items()}


def _draw_scored(wall: WallView, exhibit: Exhibit, most: int) -> tuple[WallFacts, Pictures]:
    """Return the wall of clips in the order of what was counted of them; only those on show are drawn."""
    board = exhibit.part(wall.view.part).scores
    values = board.values(wall.sort, wall.model, wall.cell, wall.bucket)
    within = {clip_id: value for clip_id, value in values.items() if wall.low <= value <= wall.high}
    order = sorted(within, key=within.__getitem__, reverse=wall.descending)
    shown = order[wall.start : wall.start + min(wall.count, most)]
    scored = board.facts().scored
    if not shown:
        nothing = WallFacts([], str(wall.start), scored, len(board.clip_ids), "", len(order), 1, 1)
        return nothing, {"pictures": np.zeros((0, 1, 1, 1), np.uint8)}
    parts = [_draw(wall, exhibit, np.array(shown[i : i + 8], np.int64)) for i in range(0, len(shown), 8)]
    pictures = {name: np.concatenate([some[name] for _, some in parts]) for name in parts[0][1]}
    clips = [
        msgspec.structs.replace(clip, value=round(within[int(clip.clip)], 5))
        for some, _ in parts
        for clip in some
    ]
    size = pictures["pictures"].shape[2:]
    return WallFacts(clips, str(wall.start), scored, len(board.clip_ids), "", len(order), *size), pictures


def _ids(wall: WallView, exhibit: Exhibit) -> NDArray[np.int64]:
    if wall.where:
        return _found_ids(wall, exhibit)
    if wall.view.part:
        return exhibit.part(wall.view.part).clip_ids[wall.start : wall.start + wall.among]
    if not wall.view.stored:
        return np.arange(wall.start, wall.start + wall.among, dtype=np.int64)
    ids = exhibit.ids(wall.start, wall.among)
    if not len(ids):
        raise BadArgument("start", wall.start, f"0..{exhibit.num_clips - 1}, rows of the data set")
    return ids


def _found_ids(wall: WallView, exhibit: Exhibit) -> NDArray[np.int64]:
    from segmnist.dataset.find import find

    if not wall.view.stored:
        raise BadArgument(
            "where", wall.where, "nothing: clips that are drawn have no index", "explore a data set"
        )
    split = exhibit.recipe.split
    ids = find(exhibit.place, wall.where, limit=wall.start + wall.among, split=split)[wall.start :]
    shown = set(exhibit.ids(0, exhibit.num_clips).tolist())
    return np.array([clip_id for clip_id in ids if clip_id in shown], np.int64)


def _draw(wall: WallView, exhibit: Exhibit, ids: NDArray[np.int64]) -> tuple[list[WallClip], Pictures]:
    view = wall.view
    scene = sample(view.spec, ids, split=view.split, seed=view.seed, bank=exhibit.bank)
    check_wanted()
    truths: list[Truth] = ["difficulty"]
    if wall.instances:
        truths.append("instance")
    if wall.rgb:
        truths.append("rgb")
    if wall.errors:
        truths.append("semantic")
    clips = render(scene, truths)
    found = [
        WallClip(
            str(clip_id),
            clips.labels[row][: clips["num_digits"][row]].tolist(),
            {name: round(float(clips[name][row]), 4) for name in DIFFICULTY},
        )
        for row, clip_id in enumerate(ids)
    ]
    frames = list(frames_shown(view.spec.num_frames, wall.frames))
    step = -(-max(view.spec.height, view.spec.width) // THUMBNAIL_SIDE)
    arrays = {"pictures": clips.video} | {name: clips[name] for name in ("instance", "rgb") if name in truths}
    if wall.errors:
        part = exhibit.part(view.part)
        arrays["error"] = np.stack([part.errors(clip, part.prediction(wall.model, clip)) for clip in clips])
    return found, {name: array[:, frames, ::step, ::step] for name, array in arrays.items()}


def _order(clips: Sequence[WallClip], wall: WallView) -> list[int]:
    """Return the places of the clips within low..high, sorted; ties by id."""

    def value(place: int) -> float:
        return 0.0 if wall.sort == "id" else clips[place].difficulty[wall.sort]

    places = [p for p in range(len(clips)) if wall.sort == "id" or wall.low <= value(p) <= wall.high]
    if wall.sort == "id":
        return places[::-1] if wall.descending else places
    return sorted(places, key=value, reverse=wall.descending)


def sort_words() -> dict[str, Any]:
    """Return what can be sorted by, each with a sentence."""
    from segmnist.render.arrays import ARRAYS

    return {"id": "the clip's id", **{name: ARRAYS[name].about for name in DIFFICULTY}}
