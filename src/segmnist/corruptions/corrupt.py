"""corrupt: a video, the name of a corruption and a severity -> the corrupted video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.bars import occluding_bars
from segmnist.corruptions.blur import gaussian_blur, motion_blur
from segmnist.corruptions.draws import Draws
from segmnist.corruptions.light import brightness, contrast
from segmnist.corruptions.loss import frame_drop, frame_freeze
from segmnist.corruptions.noise import gaussian_noise, impulse_noise, shot_noise
from segmnist.corruptions.resolution import jpeg_compression, pixelate
from segmnist.errors import BadArgument, did_you_mean, whole_number
from segmnist.scene.randomness import check_address, check_clip_ids

SEVERITIES = range(1, 6)
"""From the weakest to the strongest; 0 changes nothing."""

CLEAN = "clean"
"""The name of clips without corruption, where others are named `contrast-3`."""

MOST_FRAMES = 1 << 16
"""The frame has 16 bits of the random address."""

Apply = Callable[[NDArray[np.uint8], int, Draws], NDArray[np.uint8]]


class Corruption(NamedTuple):
    """A corruption: its function of (video, level, draws), the level at each severity 1..5, and what a level is."""

    apply: Apply
    levels: tuple[int, int, int, int, int]
    unit: str


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption(gaussian_noise, (20, 31, 46, 66, 97), "sigma, grey levels"),
    "shot_noise": Corruption(shot_noise, (60, 25, 12, 5, 3), "photons of a white pixel"),
    "impulse_noise": Corruption(impulse_noise, (3, 6, 9, 17, 27), "% of pixels"),
    "gaussian_blur": Corruption(gaussian_blur, (1, 2, 4, 8, 16), "radius of the kernel, px"),
    "motion_blur": Corruption(motion_blur, (3, 5, 7, 9, 13), "length of the line, px"),
    "brightness": Corruption(brightness, (25, 51, 77, 102, 128), "grey levels added"),
    "contrast": Corruption(contrast, (60, 40, 30, 20, 10), "% of the contrast left"),
    "pixelate": Corruption(pixelate, (2, 3, 4, 6, 8), "side of a block, px"),
    "jpeg_compression": Corruption(jpeg_compression, (25, 18, 15, 10, 7), "quality"),
    "frame_drop": Corruption(frame_drop, (10, 20, 30, 40, 50), "% of frames"),
    "frame_freeze": Corruption(frame_freeze, (10, 20, 30, 40, 50), "% of frames"),
    "occluding_bars": Corruption(occluding_bars, (2, 4, 6, 8, 10), "px of every 16"),
}
"""Every corruption by its name. Levels of noise, brightness and quality are those of ImageNet-C (Hendrycks and Dietterich,
"Benchmarking neural network robustness to common corruptions and perturbations", ICLR 2019), the others fit frames of 64 px.
"""


def corrupt(
    video: Any, name: str, severity: int, *, seed: int = 0, split: str = "train", clip_id: int = 0
) -> NDArray[np.uint8]:
    """Return a corrupted copy of a clip's video; its labels stay as they are.

    video: `(T, H, W)` uint8. name: a key of `CORRUPTIONS`. severity: 0 for none, up to 5. What is random depends on seed,
    split and clip_id alone, so any batch and any machine gives the same bytes. Raises `BadArgument` for another name,
    severity, address, dtype or number of axes.

    >>> from segmnist import ClipSource
    >>> clip = ClipSource("clean", split="test")[3]
    >>> foggy = corrupt(clip.video, "contrast", 5, split="test", clip_id=3)
    >>> foggy.shape, int(np.ptp(clip.video)), int(np.ptp(foggy))
    ((30, 64, 64), 218, 21)
    """
    frames = np.asarray(video)
    if frames.ndim != 3 or frames.dtype != np.uint8:
        raise BadArgument("video", f"{frames.dtype} {frames.shape}", "uint8 of shape (frames, height, width)")
    if len(frames) > MOST_FRAMES:
        raise BadArgument("video", f"{len(frames)} frames", f"{MOST_FRAMES} frames at most")
    if name not in CORRUPTIONS:
        raise BadArgument("corruption", name, ", ".join(CORRUPTIONS), did_you_mean(str(name), CORRUPTIONS))
    strength = whole_number("severity", severity, 0, SEVERITIES[-1], "0 changes nothing, 5 the most")
    check_address(seed, split)
    (checked,) = check_clip_ids(clip_id).tolist()
    if strength == 0 or frames.size == 0:
        return frames.copy()
    chosen = CORRUPTIONS[name]
    return chosen.apply(frames, chosen.levels[strength - 1], Draws(int(seed), split, checked))
