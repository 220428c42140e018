"""Replies: JSON of msgspec's types, and failures that name the argument and what is permitted."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from segmnist.errors import BadArgument, CorruptData, SegmnistError

JSON = "application/json"
STATUS = {BadArgument: 422, CorruptData: 409}


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there is no answer, in one line; and which parameter to mend."""

    error: str
    argument: str = ""
    permitted: str = ""
    fix: str = ""


def reply_json(value: Any) -> Response:
    """Return a value as JSON."""
    return Response(msgspec.json.encode(value), media_type=JSON, headers={"cache-control": "no-cache"})


def failure(status: int, message: str, argument: str = "", permitted: str = "", fix: str = "") -> Response:
    """Return a failure as JSON."""
    body = msgspec.json.encode(Failure(message, argument, permitted, fix))
    return Response(body, status, media_type=JSON, headers={"cache-control": "no-store"})


def failure_of(error: SegmnistError) -> Response:
    """Return the failure that an error stands for: 422 a bad parameter, 409 damaged data, 422 a library that is absent."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
    if isinstance(error, BadArgument):
        return failure(status, str(error), error.argument, error.permitted, error.fix)
    return failure(status, str(error))
