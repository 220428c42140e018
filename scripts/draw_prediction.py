"""Draw docs/images/prediction.svg: a clip of `moving-mnist` cut in two, and what two references predict.

Run: python scripts/draw_prediction.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from segmnist.preview import CLASS_COLOURS, Row, Strip, sheet_layout
from segmnist.suites import suite
from segmnist.suites.references import REFERENCES
from themed_sheet import themed_sheet

TARGET = Path(__file__).parents[1] / "docs" / "images" / "prediction.svg"
GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
CLIP = 5


def main() -> None:
    """Draw the picture into the named file, or into the documentation."""
    part = suite("prediction-v1").part("moving-mnist")
    clip = part.source("train", ("semantic",))[CLIP]
    given = clip.video[: part.given]
    titles = {
        "copy-last-frame": "predicted by the last frame",
        "constant-velocity": "predicted by the optical flow before it",
    }
    strips = [
        Strip("given: frames 1 to 10", (Row(given, GREYS),)),
        Strip("asked for: frames 11 to 20", (Row(clip.video[part.given :], GREYS),)),
        Strip(
            "asked for by a forecast: their label maps", (Row(clip.semantic[part.given :], CLASS_COLOURS),)
        ),
    ]
    for name, title in titles.items():
        frames = np.asarray(REFERENCES[name][0](part)(given[None])["video"][0])
        levels = frames if frames.dtype == np.uint8 else np.rint(255 * frames).astype(np.uint8)
        strips.append(Strip(title, (Row(levels, GREYS),)))
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_bytes(themed_sheet(strips, sheet_layout(strips, num_columns=10, scale=1)))
    print(target)


if __name__ == "__main__":
    main()
