"""Draw docs/images/corruptions.svg: a frame of one clip under every corruption, clean and at severities 1 to 5.

Run: python scripts/draw_corruptions.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from segmnist import ClipSource, preset
from segmnist.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from segmnist.preview import Row, Strip, sheet_layout
from themed_sheet import themed_sheet

TARGET = Path(__file__).parents[1] / "docs" / "images" / "corruptions.svg"
GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
CLIP, FRAME = 1, 20
"""A clip and a frame of it that gets lost from severity 3 on."""


def main() -> None:
    """Draw the picture into the named file, or into the documentation."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    video = ClipSource(preset("standard", noise_density=0.1), split="test", truth=())[CLIP].video
    strips = []
    for name in CORRUPTIONS:
        shown = [
            corrupt(video, name, severity, split="test", clip_id=CLIP)[FRAME] for severity in (0, *SEVERITIES)
        ]
        levels = f"{', '.join(map(str, CORRUPTIONS[name].levels))} {CORRUPTIONS[name].unit}"
        title = f"{name}: clean, then severity 1 to 5 ({levels})"
        strips.append(Strip(title, (Row(np.stack(shown), GREYS),)))
    layout = sheet_layout(strips, num_columns=len(shown), scale=2)
    # Without the colours of the digits at the bottom, as all is grey.
    target.write_bytes(themed_sheet(strips, layout, legend=False))
    print(target)


if __name__ == "__main__":
    main()
