"""Show what a mask looks like behind its occluder.

    python examples/behind_the_occluder.py [--clips 64] [--out behind_the_occluder.png]

Finds the digit that another one hides most, draws its clip with and without the occluder, and shows the visible
mask beside the whole one.

The same clips give the same picture on every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from segmnist import Clips, ClipSource
from segmnist import counterfactual as cf
from segmnist.preview import CLASS_COLOURS, Row, Strip, draw_sheet, sheet_layout

TRUTHS = ("instance", "amodal", "areas", "occluders")
FRAMES_SHOWN = 8
GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
HIDDEN, SEEN = 1, 2


def most_hidden(clips: Clips) -> tuple[int, int, int, int]:
    """Return clip, digit, occluder and first frame of the run of frames in which most of a digit is hidden."""
    shares = clips.occluders / np.maximum(clips.amodal_area, 1)[:, :, None]
    sums = np.lib.stride_tricks.sliding_window_view(shares, FRAMES_SHOWN, axis=-1).sum(axis=-1)
    b, n, k, first = np.unravel_index(np.argmax(sums), sums.shape)
    return int(b), int(n), int(k), int(first)


def figure(clips: Clips, b: int, n: int, k: int, frames: slice) -> list[Strip]:
    """Return the rows of the picture: the clip, the clip without digit k, and the masks of digit n in both."""
    scene = clips.scene.select([b])
    actual, edited = cf.draw_pair(scene, cf.without_digits(scene, k), TRUTHS)
    hider, label = actual.labels[0, [k, n]]
    colours = np.zeros((256, 3), np.uint8)
    colours[HIDDEN], colours[SEEN] = 190, CLASS_COLOURS[label]

    def video(title: str, drawn: Clips) -> Strip:
        return Strip(title, (Row(drawn.video[0, frames], GREYS),))

    def mask(title: str, drawn: Clips) -> Strip:
        whole, seen = drawn.amodal[0, n, frames], drawn.instance[0, frames] == n + 1
        share = seen.sum() / whole.sum()
        return Strip(f"{title}: {share:.0%} is seen", (Row(whole + seen.astype(np.uint8), colours),))

    return [
        video(f"clip {scene.clip_ids[0]}, frames {frames.start} to {frames.stop - 1}", actual),
        video(f"the same without the {hider}", edited),
        mask(f"the {label} behind the {hider}, hidden parts grey", actual),
        mask(f"the {label} without the {hider}", edited),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Draw the picture and print what it shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=64, help="clips of the `crowded` preset to choose from")
    parser.add_argument("--out", type=Path, default=Path("behind_the_occluder.png"))
    options = parser.parse_args(arguments)
    if options.clips < 1:
        parser.error("--clips must be 1 or more")
    clips = ClipSource("crowded", split="test", truth=TRUTHS).batch(range(options.clips))
    b, n, k, first = most_hidden(clips)
    strips = figure(clips, b, n, k, slice(first, first + FRAMES_SHOWN))
    draw_sheet(strips, sheet_layout(strips, num_columns=FRAMES_SHOWN)).save(options.out)
    print(f"{options.out}: the {clips.labels[b, n]} of clip {b} behind its {clips.labels[b, k]}")


if __name__ == "__main__":
    main()
