"""The random words of one clip's corruption, by their address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmnist.scene.randomness import PURPOSE_CORRUPTION, words


@dataclass(frozen=True)
class Draws:
    """Random words that depend on (seed, split, clip id) and the frame alone, not on the corruption or its severity.

    So all severities of a corruption draw the same numbers, and the stronger one adds to what the weaker one did.
    """

    seed: int
    split: str
    clip_id: int

    def of_frame(self, frame: int, shape: tuple[int, ...]) -> NDArray[np.uint32]:
        """Return a random word for each pixel of a frame, `shape` uint32."""
        number = int(np.prod(shape))
        drawn = words(self.seed, self.split, self.clip_id, PURPOSE_CORRUPTION, frame, number)
        return drawn.reshape(shape)

    def of_frames(self, num_frames: int) -> NDArray[np.uint32]:
        """Return a random word for each frame, `(T,)` uint32."""
        return self.of_frame(0, (num_frames,))

    def below(self, limit: int, number: int) -> list[int]:
        """Return `number` whole numbers in 0..limit-1, for the clip as a whole."""
        return [int(word) * limit >> 32 for word in self.of_frame(0, (number,))]
