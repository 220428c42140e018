"""Draw docs/images/letters.svg: clips of a bank of letters with their classes, and the names of these.

Run: python scripts/draw_letters.py
"""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segmnist import ClipSource, DigitBank, preset
from segmnist.preview import clip_strips, sheet_layout
from themed_sheet import themed_sheet

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "letters.svg"


def letters() -> DigitBank:
    """Return the bank of docs/own-digits.md: capital letters in four sizes, a little turned."""
    names = string.ascii_uppercase
    images = [
        _letter(name, size, turn) for name in names for size in (22, 24, 26, 28) for turn in range(-12, 13, 3)
    ]
    return DigitBank.from_arrays(
        np.stack(images), np.arange(26).repeat(36), name="letters", class_names=names
    )


def _letter(name: str, size: int, turn: int) -> np.ndarray:
    image = Image.new("L", (28, 28))
    ImageDraw.Draw(image).text((14, 14), name, fill=255, font=ImageFont.load_default(size), anchor="mm")
    return np.asarray(image.rotate(turn, Image.Resampling.BILINEAR))


def main() -> None:
    """Draw the picture."""
    spec = preset(
        "standard", num_digits_range=(4, 5), height=56, width=72, num_frames=8, brightness_range=(0.8, 1)
    )
    source = ClipSource(spec, bank=letters(), split="test")
    clips = list(source[:3])
    strips = clip_strips(
        [clip.video for clip in clips], [clip.semantic for clip in clips],
        [clip.labels for clip in clips], classes=source.classes,
    )  # fmt: skip
    PICTURE.write_bytes(themed_sheet(strips, sheet_layout(strips, scale=2)))


if __name__ == "__main__":
    main()
