"""Draw docs/images/concepts.gif: one clip with its classes and its instances, animated.

Run: python scripts/draw_concepts.py
"""

from __future__ import annotations

from pathlib import Path

from segmnist import ClipSource
from segmnist.preview import save_preview

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "concepts.gif"


def main() -> None:
    """Draw the picture."""
    clip = ClipSource("standard", split="train", seed=0, truth=("semantic", "instance"))[3]
    save_preview(
        PICTURE, [clip.video], [clip["semantic"]], [clip.labels], instances=[clip["instance"]], scale=3,
        titles=["Video, classes, instances"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
