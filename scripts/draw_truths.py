"""Draw docs/images/truths.svg: one clip of `standard` with shapes and digits, and every truth that is a picture.

Run: python scripts/draw_truths.py [FILE]
"""

from __future__ import annotations

import colorsys
import sys
from pathlib import Path

import numpy as np

from segmnist import Clip, ClipSource, preset
from segmnist.preview import CLASS_COLOURS, INSTANCE_COLOURS, Row, Strip, sheet_layout
from themed_sheet import themed_sheet

TARGET = Path(__file__).parents[1] / "docs" / "images" / "truths.svg"
GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
TRUTHS = ("semantic", "instance", "amodal", "boxes", "flow", "shapes", "layers", "beneath", "noiseless")
SECTORS, REACHES = 31, 8
NOT_VALID = 255


def flow_colours() -> np.ndarray:
    """Return a colour for each code of `flow_codes`: hue is direction, brightness is speed; not valid is white."""
    colours = np.zeros((256, 3), np.uint8)
    for code in range(SECTORS * REACHES):
        hue, reach = code // REACHES / SECTORS, ((code % REACHES) / (REACHES - 1)) ** 0.5
        colours[code] = [round(255 * part) for part in colorsys.hsv_to_rgb(hue, 1.0, reach)]
    colours[NOT_VALID] = 255
    return colours


def flow_codes(flow: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return direction and speed of `(T,H,W,2)` flow as one byte per pixel; 7 px/frame and more are brightest."""
    angle = np.arctan2(-flow[..., 1], flow[..., 0]) / (2 * np.pi) % 1
    speed = np.hypot(flow[..., 0], flow[..., 1])
    codes = (angle * SECTORS).astype(int) % SECTORS * REACHES + np.minimum(
        np.ceil(speed), REACHES - 1
    ).astype(int)
    return np.where(valid, codes, NOT_VALID).astype(np.uint8)


def outlined(clip: Clip, n: int) -> np.ndarray:
    """Return 2 where digit n is visible, 1 where it is hidden, and the outlines of its boxes: 3 modal, 4 amodal."""
    codes = clip.amodal[n] + (clip.instance == n + 1).astype(np.uint8)
    for value, boxes in ((4, clip.amodal_boxes_xyxy[n]), (3, clip.boxes_xyxy[n])):
        for frame, (x0, y0, x1, y1) in zip(codes, boxes.astype(int)):
            if x0 >= 0:
                frame[y0:y1, [x0, x1 - 1]] = value
                frame[[y0, y1 - 1], x0:x1] = value
    return codes


def strips(clip: Clip) -> list[Strip]:
    """Return a titled row for each truth."""
    n = int(np.argmin(clip.depth_order[:, 0]))
    shades = np.zeros((256, 3), np.uint8)
    shades[1:5] = [[190] * 3, CLASS_COLOURS[clip.labels[n]], [0, 158, 115], [86, 180, 233]]
    wheel = flow_colours()
    forward, backward = (
        flow_codes(clip[f"flow_{way}"], clip[f"flow_{way}_valid"]) for way in ("forward", "backward")
    )
    rows = [
        ("video", clip.video, GREYS),
        ("semantic: the class seen", clip.semantic, CLASS_COLOURS),
        ("instance: the digit seen", clip.instance, INSTANCE_COLOURS),
        (
            f"amodal: all of the {clip.labels[n]}, hidden parts grey; boxes of what is seen (green) and of all (blue)",
            outlined(clip, n),
            shades,
        ),
        ("shape_instance: the shape seen", clip.shape_instance, INSTANCE_COLOURS),
        ("flow_forward: hue is direction, brightness is speed, white is not valid", forward, wheel),
        ("flow_backward", backward, wheel),
        ("background_layer: noise and shapes", clip.background_layer, GREYS),
        (f"digit_layers: the {clip.labels[n]} alone", clip.digit_layers[n], GREYS),
        ("beneath: what the nearest digit hides", clip.beneath, GREYS),
        ("noiseless: the video before sensor noise", clip.noiseless, GREYS),
    ]
    return [Strip(title, (Row(pixels, colours),)) for title, pixels, colours in rows]


def main() -> None:
    """Draw the picture into the named file, or into the documentation."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    spec = preset("standard", sensor_sigma=12.0, width=80)
    clip = ClipSource(spec, split="test", truth=(*TRUTHS, "depth"))[38]
    pictures = strips(clip)
    target.write_bytes(themed_sheet(pictures, sheet_layout(pictures, num_columns=8, scale=2)))
    print(target)


if __name__ == "__main__":
    main()
