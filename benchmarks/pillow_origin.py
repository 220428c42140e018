"""The `origin` preset as a typical user would write it with NumPy and Pillow: one clip, frame and digit at a time.

The benchmark compares with it. The same distribution as the `origin` preset: 64x64, 30 frames, 2-3 turning digits that
bounce, a canvas of 10-25 shapes seen through a drifting window, noise where no shape lies; video and semantic masks.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

SIDE, GLYPH, FRAMES = 64, 28, 30
ROOM = SIDE // 3
CANVAS = SIDE + ROOM
EMPTY = 255
"""The canvas where no shape lies."""


class Digit:
    """A glyph that moves, turns and changes its brightness."""

    def __init__(self, random: np.random.Generator, image: np.ndarray, label: int) -> None:
        self.image = Image.fromarray(np.where(image > 0, image - 1, 0).astype(np.uint8))
        self.label = label
        speed, direction = random.integers(2, 7), random.uniform(-math.pi, math.pi)
        self.velocity = [speed * math.sin(direction), speed * math.cos(direction)]
        self.place = [random.uniform(0, SIDE - GLYPH), random.uniform(0, SIDE - GLYPH)]
        self.angle, self.turn = random.integers(0, 360), random.integers(0, 10)
        first, last = random.uniform(0.1, 1.5, 2)
        self.brightness = np.linspace(first, last, FRAMES, endpoint=False)

    def draw(self, frame: Image.Image, mask: Image.Image, t: int) -> None:
        turned = np.asarray(self.image.rotate(int(self.angle + self.turn * t), Image.Resampling.NEAREST))
        scaled = np.clip(turned * self.brightness[t], 0, 255)
        ink = Image.fromarray((scaled > 0).astype(np.uint8) * 255)
        corner = (int(self.place[1]), int(self.place[0]))
        frame.paste(Image.fromarray(scaled.astype(np.uint8)), corner, ink)
        mask.paste(self.label, (*corner, corner[0] + GLYPH, corner[1] + GLYPH), ink)

    def move(self) -> None:
        for axis in (0, 1):
            if not -2 <= self.place[axis] + self.velocity[axis] <= SIDE - GLYPH + 2:
                self.velocity[axis] = -self.velocity[axis]
            self.place[axis] += self.velocity[axis]


def canvas_of_shapes(random: np.random.Generator) -> np.ndarray:
    canvas = Image.new("L", (CANVAS, CANVAS), EMPTY)
    pen = ImageDraw.Draw(canvas)
    for _ in range(random.integers(10, 26)):
        level = int(random.integers(0, 255))
        y, x = random.integers(2, CANVAS - 2, 2).tolist()
        kind = random.integers(0, 3)
        if kind == 0:
            height, width = random.integers(2, CANVAS - y + 1), random.integers(2, CANVAS - x + 1)
            pen.rectangle((x, y, x + int(width) - 1, y + int(height) - 1), fill=level)
        elif kind == 1:
            radius = int(random.integers(1, max(2, min(x, y, CANVAS - x, CANVAS - y))))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=level)
        else:
            side = int(random.integers(2, max(3, min(y, CANVAS - x))))
            pen.polygon([(x, y), (x + side, y), (x + side / 2, y - 0.866 * side)], fill=level)
    return np.asarray(canvas)


def render_clip(
    random: np.random.Generator, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return video and semantic masks, `(30,64,64)` uint8."""
    chosen = random.integers(0, len(images), random.integers(2, 4))
    digits = [Digit(random, images[i], int(labels[i])) for i in chosen]
    canvas = canvas_of_shapes(random)
    offset, step = random.integers(0, 10, 2), random.integers(0, 3, 2)
    video, semantic = [], []
    for t in range(FRAMES):
        y, x = offset
        pixels = canvas[y : y + SIDE, x : x + SIDE]
        noise = random.normal(127, 127, (SIDE, SIDE)).astype(np.int64).astype(np.uint8)
        frame = Image.fromarray(np.where(pixels == EMPTY, noise, pixels))
        mask = Image.new("L", (SIDE, SIDE), 10)
        for digit in digits:
            digit.draw(frame, mask, t)
            digit.move()
        offset = np.where(offset + 2 < ROOM, offset + step, offset)
        video.append(np.asarray(frame))
        semantic.append(np.asarray(mask))
    return np.stack(video), np.stack(semantic)
