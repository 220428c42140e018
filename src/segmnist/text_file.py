"""Text that users wrote with any editor or shell."""

from __future__ import annotations

import codecs

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 if it starts with its mark, as PowerShell's `>` writes it.

    Raises `UnicodeDecodeError` for anything else.

    >>> decoded("split = 'test'".encode("utf-16"))
    "split = 'test'"
    """
    encodings = (encoding for mark, encoding in _MARKS.items() if data.startswith(mark))
    return data.decode(next(encodings, "utf-8"))
