"""Draw docs/images/fields/NAME.webp: what each field of a spec does to a clip. A test compares them with the code.

Run: python scripts/field_pictures.py
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segmnist import ClipSource, SceneSpec
from segmnist.scene.spec import choices_of, field_names
from segmnist.whole_file import replace_file

PICTURES = Path(__file__).parents[1] / "docs" / "images" / "fields"

Shown = Literal["frame", "times", "trail", "clips", "heap", "colour"]
"""The first frame of a clip; three of its frames; all its frames on top of one another; the first frames of three clips, or of
24 clips on top of one another; the first frame in colour."""

WORDS: dict[Shown, str] = {
    "frame": "the first frame",
    "times": "the first, the middle and the last frame",
    "trail": "all frames on top of one another",
    "clips": "the first frames of three clips",
    "heap": "the first frames of 24 clips on top of one another",
    "colour": "the first frame in colour, `rgb`",
}


class Effect(NamedTuple):
    """How a field is shown: its values from low to high, all else being equal, and what is seen at each."""

    values: tuple[Any, ...]
    shown: Shown
    others: dict[str, Any]
    """Other fields that make it visible."""
    clip: int = 3


BARE: dict[str, Any] = {"num_shapes_range": (0, 0), "noise_density": 0.0}
ONE: dict[str, Any] = {
    **BARE,
    "num_digits_range": (1, 1),
    "brightness_range": (1.0, 1.0),
    "angle_range": (0.0, 0.0),
}
STILL: dict[str, Any] = {**ONE, "speed_range": (0.0, 0.0), "rotation_rate_range": (0.0, 0.0)}
MOVING: dict[str, Any] = {
    **ONE,
    "rotation_rate_range": (0.0, 0.0),
    "speed_range": (3.0, 3.0),
    "scale_range": (0.5, 0.5),
    "num_frames": 24,
}
SHAPES: dict[str, Any] = {"noise_density": 0.0, "num_digits_range": (0, 0), "num_shapes_range": (6, 6)}
CORRUPTED: dict[str, Any] = {"noise_density": 0.0}

PULSING: dict[str, Any] = {**STILL, "num_frames": 9, "pulse_period_range": (10, 10)}
OVERLAPPING: dict[str, Any] = {
    **STILL, "num_digits_range": (2, 2), "brightness_range": (0.4, 1.0), "height": 32, "width": 32,
}  # fmt: skip
MOVING_SHAPES: dict[str, Any] = {
    **SHAPES, "num_frames": 6, "shape_size_range": (6, 10), "shape_level_range": (200, 255),
}  # fmt: skip

LARGE_SHAPES: dict[str, Any] = {
    **SHAPES, "shape_size_range": (24, 40), "shape_level_range": (150, 255), "texture_size_range": (6, 6),
}  # fmt: skip

EFFECTS: dict[str, Effect] = {
    "height": Effect((32, 64, 96), "frame", {}),
    "width": Effect((32, 64, 96), "frame", {}),
    "num_frames": Effect((5, 15, 30), "trail", MOVING | {"speed_range": (2.0, 2.0)}),
    "frame_stride": Effect((1, 3, 6), "trail", MOVING | {"num_frames": 6, "speed_range": (2.0, 2.0)}),
    "num_digits_range": Effect(((0, 0), (2, 3), (8, 8)), "frame", BARE),
    "classes": Effect(((1,), (6, 9), ()), "clips", STILL),
    "speed_range": Effect(((0.0, 0.0), (1.0, 5.0), (8.0, 8.0)), "trail", MOVING | {"num_frames": 8}),
    "acceleration_range": Effect(((-0.2, -0.2), (0.0, 0.0), (0.5, 0.5)), "trail", MOVING | {"num_frames": 12}),
    "wall_margin": Effect((0.0, 6.0, 12.0), "trail", MOVING | {"num_frames": 60}),
    "angle_range": Effect(((-20.0, 20.0), (0.0, 359.99), (180.0, 180.0)), "clips", STILL | {"classes": (4,)}),
    "rotation_rate_range": Effect(((0.0, 0.0), (5.0, 5.0), (45.0, 45.0)), "times", STILL | {"num_frames": 5}),
    "scale_range": Effect(((0.5, 0.5), (1.0, 1.0), (2.0, 2.0)), "frame", STILL),
    "scale_change_range": Effect(((0.5, 0.5), (1.0, 1.0), (2.0, 2.0)), "times", STILL),
    "pulse_range": Effect(((0.0, 0.0), (0.25, 0.25), (0.75, 0.75)), "times", PULSING),
    "pulse_period_range": Effect(((4, 4), (15, 30), (60, 60)), "times", STILL | {"num_frames": 9, "pulse_range": (0.5, 0.5)}),
    "brightness_range": Effect(((0.25, 0.25), (0.25, 1.0), (2.0, 2.0)), "times", STILL),
    "entry_frame_range": Effect(((-5, -5), (0, 0), (15, 15)), "times", STILL | {"num_frames": 21}),
    "lifespan_range": Effect(((5, 5), (15, 15), (65536, 65536)), "times", STILL | {"num_frames": 21}),
    "fade_frames": Effect((0, 10, 20), "times", STILL | {"num_frames": 21, "entry_frame_range": (-6, -6)}),
    "ink_threshold": Effect((1, 64, 250), "frame", STILL),
    "ink_offset": Effect((0, 64, 200), "frame", STILL),
    "num_depth_swaps_range": Effect(((0, 0), (1, 1), (4, 4)), "times", OVERLAPPING),
    "blend": Effect(choices_of("blend"), "frame", BARE | {"num_digits_range": (6, 6)}),
    "digit_motion": Effect(choices_of("digit_motion"), "trail", MOVING | {"turn_odds": 0.1, "num_frames": 36}),
    "turn_odds": Effect((0.0, 0.1, 1.0), "trail", MOVING | {"digit_motion": "markov"}),
    "cut_corners": Effect((False, True), "frame", STILL | {"angle_range": (45.0, 45.0), "scale_range": (1.5, 1.5)}),
    "num_shapes_range": Effect(((0, 0), (6, 12), (40, 40)), "frame", {"noise_density": 0.0}),
    "shape_kinds": Effect(tuple((kind,) for kind in choices_of("shape_kinds")), "frame", SHAPES),
    "shape_size_range": Effect(((4, 8), (6, 36), (40, 60)), "frame", SHAPES),
    "shape_speed_range": Effect(((0.0, 0.0), (0.5, 2.5), (6.0, 6.0)), "trail", MOVING_SHAPES),
    "shape_level_range": Effect(((0, 64), (0, 255), (192, 255)), "frame", SHAPES),
    "shape_motion": Effect(choices_of("shape_motion"), "times", SHAPES),
    "grey_levels": Effect(((), (40, 140, 255), (100, 110, 120)), "frame", {"num_shapes_range": (6, 6), "noise_density": 0.0}),
    "noise_density": Effect((0.0, 0.5, 1.0), "frame", {}),
    "noise_level_range": Effect(((0, 64), (0, 255), (192, 255)), "frame", {}),
    "noise_distribution": Effect(choices_of("noise_distribution"), "frame", {}),
    "background_level": Effect((0, 100, 200), "frame", {"noise_density": 0.0}),
    "sensor_sigma": Effect((0.0, 20.0, 80.0), "frame", BARE),
    "corruption": Effect(choices_of("corruption"), "frame", CORRUPTED | {"corruption_severity": 4}),
    "corruption_severity": Effect((0, 1, 3, 5), "frame", CORRUPTED | {"corruption": "gaussian_noise"}),
    "hue_range": Effect(((0.0, 60.0), (0.0, 359.99), (180.0, 240.0)), "colour", {"noise_density": 0.0}),
    "saturation_range": Effect(((0.0, 0.0), (0.5, 1.0), (1.0, 1.0)), "colour", {"noise_density": 0.0}),
    "texture_kinds": Effect(tuple((kind,) for kind in choices_of("texture_kinds")), "colour", LARGE_SHAPES),
    "texture_size_range": Effect(((1, 1), (2, 6), (12, 12)), "colour", LARGE_SHAPES | {"texture_kinds": ("checker",)}),
    "glyphs_per_class": Effect((1, 3, 0), "clips", STILL | {"classes": (4,)}),
    "position_step": Effect((0.0, 9.0, 18.0), "heap", STILL | {"scale_range": (0.25, 0.25), "classes": (0,)}),
    "direction_step": Effect((0.0, 45.0, 90.0), "trail", MOVING | {"num_digits_range": (6, 6), "num_frames": 6}),
    "angle_step": Effect((0.0, 45.0, 90.0), "clips", STILL | {"classes": (4,), "angle_range": (0.0, 359.99)}),
    "scale_step": Effect((0.0, 0.5, 1.0), "clips", STILL | {"scale_range": (0.5, 1.5)}),
    "num_backgrounds": Effect((0, 1, 2), "clips", SHAPES | {"num_digits_range": (1, 1)}),
}  # fmt: skip
"""What is drawn of each field; the middle value is the default where it shows best."""

WITHOUT = {
    "twins": "labels change, and no pixel: see [ambiguity](ambiguity.md)",
    "twin_odds": "labels change, and no pixel: see [ambiguity](ambiguity.md)",
    "speed_step": "the speeds between are left out; see `speed_range`",
    "rotation_rate_step": "the rates between are left out; see `rotation_rate_range`",
    "brightness_step": "the levels between are left out; see `brightness_range`",
    "pools": "the look is the same; which digits test clips have differs",
}
"""Fields without a picture, and why."""

SIDE = 64
"""Pixels that a frame takes, unless the field changes the size of frames."""
GAP = 6
CELLS = 9
"""Frames side by side before a new row begins."""


def picture(name: str) -> NDArray[np.uint8]:
    """Return a field's picture, RGBA: for each value one cell or more, with clear gaps between values."""
    effect = EFFECTS[name]
    blocks = [_cells(SceneSpec(**{**effect.others, name: value}), effect) for value in effect.values]
    a_row = max(CELLS // (blocks[0].shape[1] // blocks[0].shape[0] or 1), 1)
    rows = [_beside(blocks[first : first + a_row]) for first in range(0, len(blocks), a_row)]
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, GAP), (0, width - row.shape[1]), (0, 0))) for row in rows])[:-GAP]


def webp_of(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a lossless WebP."""
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "WEBP", lossless=True, quality=100, method=6, exact=True)
    return file.getvalue()


def _cells(spec: SceneSpec, effect: Effect) -> NDArray[np.uint8]:
    """Return the frames that show a spec, side by side, RGBA."""
    source = ClipSource(
        spec, split="train", seed=0, truth=("rgb",) if effect.shown == "colour" else ("semantic",)
    )
    if effect.shown in ("clips", "heap"):
        count = 3 if effect.shown == "clips" else 24
        frames = source[effect.clip : effect.clip + count].video[:, 0]
    else:
        frames = source[effect.clip].video
    if effect.shown in ("trail", "heap"):
        frames = frames.max(axis=0, keepdims=True)
    elif effect.shown == "colour":
        frames = source[effect.clip].rgb[:1]
    elif effect.shown == "frame":
        frames = frames[:1]
    elif effect.shown == "times":
        frames = frames[[0, len(frames) // 2, -1]]
    seen = np.concatenate(list(frames), axis=1)
    rgb = seen if seen.ndim == 3 else np.repeat(seen[..., None], 3, axis=-1)
    return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), 255, np.uint8)], axis=-1)


def _beside(blocks: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return blocks beside one another, from the top, with clear gaps."""
    height = max(block.shape[0] for block in blocks)
    padded = [np.pad(block, ((0, height - block.shape[0]), (0, GAP), (0, 0))) for block in blocks]
    return np.concatenate(padded, axis=1)[:, :-GAP]


def main() -> None:
    """Draw all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in EFFECTS:
        replace_file(PICTURES / f"{name}.webp", webp_of(picture(name)))
    print(sorted(set(field_names()) - EFFECTS.keys() - WITHOUT.keys()), "have no picture")


if __name__ == "__main__":
    main()
