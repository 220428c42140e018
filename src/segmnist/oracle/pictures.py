"""Pictures: what one digit alone draws in one frame, for many poses, as sparse rows of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

Integers = NDArray[np.int64]

CHUNK = 4096
"""Poses drawn at a time: 32 MB of pixels at 64x64."""
POSE = ("y", "x", "angle", "scale", "brightness")
"""What a picture depends on beside the glyph, as a Scene names it."""
BYTES_AN_INK = 16
"""Of an ink pixel: its place, its level, and its likelihood ratio once a video is seen."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """U pictures as sparse rows.

    Row u has the entries start[u]..start[u+1] of `pixel` (row-major in the frame) and `level`.
    """

    start: Integers
    pixel: NDArray[np.int32]
    level: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.start) - 1

    def own(self, row: int) -> slice:
        """Return the entries of one picture."""
        return slice(int(self.start[row]), int(self.start[row + 1]))

    def entries(self, rows: Integers) -> tuple[Integers, Integers]:
        """Return for each ink pixel of these rows the position in `rows` and its entry."""
        counts = self.start[rows + 1] - self.start[rows]
        owner = np.repeat(np.arange(len(rows)), counts)
        ahead = np.cumsum(counts) - counts
        return owner, np.arange(len(owner)) - ahead[owner] + self.start[rows][owner]


def draw_pictures(
    spec: SceneSpec, bank: DigitBank, glyph: Integers, pose: dict[str, Integers], max_bytes: int
) -> tuple[tuple[Pictures, ...], NDArray[np.int32]]:
    """Return each frame's different pictures, and `(N,T)` which of them a hypothesis shows.

    The renderer draws them. Raises `BadArgument` where they take more than `max_bytes`.
    """
    pictures = []
    picture_of = np.empty((len(glyph), spec.num_frames), np.int32)
    taken = 0
    for t in range(spec.num_frames):
        poses = np.stack([glyph, *(pose[name][:, t] for name in POSE)], axis=1)
        different, inverse = np.unique(poses, axis=0, return_inverse=True)
        picture_of[:, t] = inverse.reshape(-1)
        drawn = _draw(spec, bank, different)
        pictures.append(drawn)
        taken += len(drawn.pixel) * BYTES_AN_INK
        if taken * spec.num_frames // (t + 1) > max_bytes:
            needed = taken * spec.num_frames // (t + 1)
            fix = f"the pictures of {len(glyph):,} hypotheses need about {needed:,} bytes; coarsen a *_step"
            raise BadArgument("max_bytes", max_bytes, f"{needed:,} or more", fix)
    return tuple(pictures), picture_of


def single_digit_scene(
    spec: SceneSpec, bank: DigitBank, glyph: Integers, pose: dict[str, Integers], background_level: int = 0
) -> Scene:
    """Return a scene of one-digit clips, without shapes or noise: poses `(B,T)` in a Scene's units."""
    count, num_frames = pose["y"].shape
    plain = spec.replace(
        num_frames=num_frames, num_digits_range=(1, 1), num_shapes_range=(0, 0), num_backgrounds=0,
        noise_density=0.0, sensor_sigma=0.0, background_level=background_level, glyphs_per_class=0,
    )  # fmt: skip
    scene = sample(plain, np.arange(count), bank=bank)
    placed = {name: values[:, None].astype(np.int32) for name, values in pose.items()}
    labels = bank.labels[glyph][:, None]
    return scene.replace(glyph=glyph[:, None].astype(np.int32), label=labels, **placed)


def _draw(spec: SceneSpec, bank: DigitBank, poses: Integers) -> Pictures:
    counts, pixels, levels = [], [], []
    for first in range(0, len(poses), CHUNK):
        glyph, *columns = poses[first : first + CHUNK].T
        pose = {name: column[:, None] for name, column in zip(POSE, columns)}
        clips = render(single_digit_scene(spec, bank, glyph, pose), ("instance",))
        ink = clips.instance.reshape(len(glyph), -1) > 0
        counts.append(ink.sum(1))
        pixels.append(np.nonzero(ink)[1].astype(np.int32))
        levels.append(clips.video.reshape(len(glyph), -1)[ink])
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return Pictures(start, np.concatenate(pixels), np.concatenate(levels))
