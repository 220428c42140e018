"""Text that users wrote with any editor or shell, or that somebody made to be a trap."""

from __future__ import annotations

import codecs
import errno
import tomllib
from pathlib import Path
from typing import Any

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

MOST_DOTS = 30
"""Dots in a line of TOML: the time for a key of many parts grows with the square of their number."""


def read_text(path: Path, most_bytes: int) -> str:
    """Return the text of a file. Raises `OSError`, also where it has more bytes, and `UnicodeDecodeError`."""
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"more than {most_bytes >> 20} MiB", str(path))
    return decoded(data)


def parsed_toml(text: str) -> dict[str, Any]:
    """Return the values of TOML. Raises `TOMLDecodeError` for anything else, too deep or too long numbers, too.

    >>> parsed_toml("num_frames = 5")
    {'num_frames': 5}
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS and not line.lstrip().startswith("#"):
            raise tomllib.TOMLDecodeError(f"line {number} has more than {MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("nested too deep") from None
    except ValueError:  # Python's limit for the digits of a whole number
        raise tomllib.TOMLDecodeError("a number has too many digits") from None


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 if it starts with its mark, as PowerShell's `>` writes it.

    Raises `UnicodeDecodeError` for anything else.

    >>> decoded("split = 'test'".encode("utf-16"))
    "split = 'test'"
    """
    encodings = (encoding for mark, encoding in _MARKS.items() if data.startswith(mark))
    return data.decode(next(encodings, "utf-8"))
