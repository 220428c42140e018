"""The one table of routes: each address, what it takes, what it returns. The app and the OpenAPI document are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from segmnist.explore.about import About, about
from segmnist.explore.clip import ClipFacts, Digit, digits_of, draw, entropy_of, travelling_arrays
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.film import MEDIA, film_of
from segmnist.explore.parameters import CLIP, CLIP_ONLY, PAGE, WALL, WALL_ONLY, describe
from segmnist.explore.prediction import predicted
from segmnist.explore.replies import JSON, Failure, reply_json
from segmnist.explore.scoreboard import BoardFacts
from segmnist.explore.snippets import python_of, toml_of
from segmnist.explore.view import view_from, whole
from segmnist.explore.wall import MAX_MODELS, WallFacts, draw_wall, wall_view_from
from segmnist.explore.wire import pack
from segmnist.version import __version__

Query = Mapping[str, str]
Answer = Callable[[Query, Exhibit], Response]
BINARY = "application/vnd.segmnist"


class ClipTwin(msgspec.Struct, frozen=True):
    """The clip's page as JSON: its facts, its digits with their tracks, and its spec."""

    facts: ClipFacts
    digits: list[Digit]
    spec: dict[str, Any]


@dataclass(frozen=True)
class Route:
    """An address: how it is answered, the parameters it takes, the media type and type of its reply."""

    path: str
    answer: Answer
    summary: str
    parameters: tuple[str, ...] = ()
    media: str = JSON
    reply: Any = None
    slow: bool = False


def _about(query: Query, exhibit: Exhibit) -> Response:
    return reply_json(about(exhibit))


def _clip_json(query: Query, exhibit: Exhibit) -> Response:
    drawn = draw(view_from(query, exhibit), exhibit)
    return reply_json(ClipTwin(drawn.facts, digits_of(drawn), drawn.view.spec.to_dict()))


def _clip_binary(query: Query, exhibit: Exhibit) -> Response:
    drawn = draw(view_from(query, exhibit), exhibit)
    return _binary(pack(drawn.facts, travelling_arrays(drawn)))


def _entropy(query: Query, exhibit: Exhibit) -> Response:
    drawn = draw(view_from(query, exhibit), exhibit)
    return _binary(pack(drawn.facts, {"entropy": entropy_of(drawn, exhibit)}))


def _prediction(query: Query, exhibit: Exhibit) -> Response:
    drawn = draw(view_from(query, exhibit), exhibit)
    model = whole("model", query.get("model", "0"), 0, MAX_MODELS - 1)
    return _binary(pack(*predicted(drawn, model, query.get("said", "classes"), exhibit)))


def _scores(query: Query, exhibit: Exhibit) -> Response:
    return reply_json(exhibit.part(query.get("part", "")).scores.facts())


def _binary(data: bytes) -> Response:
    return Response(data, media_type=BINARY, headers={"cache-control": "no-cache"})


def _python(query: Query, exhibit: Exhibit) -> Response:
    return Response(python_of(view_from(query, exhibit), exhibit), media_type="text/x-python")


def _toml(query: Query, exhibit: Exhibit) -> Response:
    return Response(toml_of(view_from(query, exhibit)), media_type="application/toml")


def _film(kind: str) -> Answer:
    def answer(query: Query, exhibit: Exhibit) -> Response:
        view = view_from(query, exhibit)
        data = film_of(draw(view, exhibit), kind)
        name = f"segmnist-{view.preset}-{view.split}-{view.seed}-{view.clip}.{kind}"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=MEDIA[kind], headers=headers)

    return answer


def _wall_json(query: Query, exhibit: Exhibit) -> Response:
    return reply_json(draw_wall(wall_view_from(query, exhibit), exhibit)[0])


def _wall_binary(query: Query, exhibit: Exhibit) -> Response:
    facts, pictures = draw_wall(wall_view_from(query, exhibit), exhibit)
    return _binary(pack(facts, pictures))


ROUTES = (
    Route("/about.json", _about, "Presets, fields with their ranges, colours, the data set", reply=About),
    Route(
        "/clip.json",
        _clip_json,
        "A clip's facts, digits, tracks and spec",
        (*CLIP, *PAGE, *WALL_ONLY),
        reply=ClipTwin,
    ),
    Route("/clip.bin", _clip_binary, "A clip's facts and pixels", (*CLIP, "layers"), BINARY),
    Route(
        "/entropy.bin",
        _entropy,
        "Entropy of each pixel's class under the exact posterior",
        (*CLIP, "observer"),
        BINARY,
        slow=True,
    ),
    Route(
        "/prediction.bin",
        _prediction,
        "What a model says of a clip, its errors and scores",
        (*CLIP, "model", "said"),
        BINARY,
    ),
    Route(
        "/scores.json",
        _scores,
        "What was counted of predictions so far",
        ("stored", "part"),
        reply=BoardFacts,
    ),
    Route("/clip.py", _python, "Python that draws the clip", (*CLIP, "layers"), "text/x-python"),
    Route("/clip.toml", _toml, "The clip's spec as TOML", CLIP, "application/toml"),
    Route(
        "/clip.png", _film("png"), "The clip as a contact sheet", (*CLIP, "layers"), MEDIA["png"], slow=True
    ),
    Route("/clip.gif", _film("gif"), "The clip as a GIF", (*CLIP, "layers"), MEDIA["gif"], slow=True),
    Route("/clip.mp4", _film("mp4"), "The clip as an MP4", (*CLIP, "layers"), MEDIA["mp4"], slow=True),
    Route(
        "/wall.json",
        _wall_json,
        "Clips by difficulty",
        (*WALL, *PAGE, *CLIP_ONLY),
        reply=WallFacts,
        slow=True,
    ),
    Route(
        "/wall.bin",
        _wall_binary,
        "Clips by difficulty, with small pictures",
        (*WALL, "instances", "rgb", "errors"),
        BINARY,
        slow=True,
    ),
)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the routes."""
    types = [route.reply for route in ROUTES if route.reply] + [Failure]
    references, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(types, references, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {"title": "segmnist explorer", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": {route.path: {"get": _operation(route, schemas)} for route in ROUTES},
        "components": {"schemas": components},
    }


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    ok = {"schema": schemas[route.reply]} if route.reply else {}
    failed = {JSON: {"schema": schemas[Failure]}}
    replies: dict[str, Any] = {"200": {"description": route.summary, "content": {route.media: ok}}}
    if route.parameters:
        replies["422"] = {"description": "A parameter is not permitted", "content": failed}
        replies["409"] = {"description": "The stored data set is damaged", "content": failed}
    replies["400"] = {"description": "An unknown parameter", "content": failed}
    return {"summary": route.summary, "parameters": describe(route.parameters), "responses": replies}
