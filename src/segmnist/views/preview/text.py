"""Text on a page: the font, how wide a line is, and how a long line is broken."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache

from PIL import ImageFont, features

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=32)
def load_font(size: int) -> Font:
    """Pillow's own scalable font at `size` pixels, or its bitmap font where FreeType is missing."""
    # Asked for no size, Pillow falls back to the bitmap font by itself; asked for one, it fails.
    return ImageFont.load_default(size) if features.check("freetype2") else ImageFont.load_default()


def printable(text: str, font: Font) -> str:
    """`text` on one line, with what a bitmap font cannot draw replaced."""
    text = " ".join(text.split())
    if isinstance(font, ImageFont.FreeTypeFont):
        return text
    return text.replace("…", "...").encode("latin-1", "replace").decode("latin-1")


def text_width(text: str, font: Font) -> int:
    """Width of a line in pixels, rounded up."""
    return math.ceil(font.getlength(printable(text, font)))


def broken_lines(text: str, font: Font, width: int, max_lines: int = 2) -> tuple[str, ...]:
    """`text` in lines of at most `width` pixels, broken between words; ends in "…" if not all of it fits."""
    words = text.split()
    lines: list[str] = []
    while words and len(lines) < max_lines - 1:
        count = _words_that_fit(words, font, width)
        lines.append(_elided(" ".join(words[:count]), font, width))
        words = words[count:]
    if words:
        lines.append(_elided(" ".join(words), font, width))
    return tuple(lines)


def _words_that_fit(words: list[str], font: Font, width: int) -> int:
    # By bisection: the width of 254 digits, measured for each of their prefixes, took half a second.
    counts = range(2, len(words) + 1)
    return 1 + bisect_right(counts, width, key=lambda count: text_width(" ".join(words[:count]), font))


def _elided(line: str, font: Font, width: int) -> str:
    if text_width(line, font) <= width:
        return line
    count = bisect_right(range(1, len(line)), width, key=lambda count: text_width(_cut(line, count), font))
    return _cut(line, count)


def _cut(line: str, count: int) -> str:
    return line[:count].rstrip(" ,") + "…"
