"""Export clips as a DAVIS 2017 folder, read it as DAVIS tools do, and draw the masks over the frames.

    python examples/davis_folder.py [--clips 4] [--out davis.gif]

The folder opens in every viewer and annotator that knows DAVIS; here Pillow shows it, with the colours of the
masks' own palette.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import segmnist
from segmnist.dataset import recipe_for
from segmnist.dataset.export import export

SCALE = 3


def overlay(root: Path, sequence: str, frame: Path) -> Image.Image:
    """Return the frame with its objects in the palette's colours, half transparent."""
    picture = Image.open(frame).convert("RGB")
    mask = Image.open(root / "Annotations/480p" / sequence / f"{frame.stem}.png")
    objects = Image.fromarray((np.asarray(mask) > 0).astype(np.uint8) * 160)
    picture.paste(mask.convert("RGB"), mask=objects)
    return picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.NEAREST)


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Return the pictures in a row."""
    sheet = Image.new("RGB", (sum(picture.width for picture in pictures), pictures[0].height))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index * picture.width, 0))
    return sheet


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--clips", type=int, default=4)
parser.add_argument("--out", type=Path, default=Path("davis.gif"))
options = parser.parse_args()

recipe = recipe_for(segmnist.preset("standard"), num_clips=options.clips, split="val")
root = Path(export(recipe, tempfile.mkdtemp(), "davis"))
sequences = (root / "ImageSets/2017/val.txt").read_text().split()
columns = [
    [overlay(root, name, frame) for frame in sorted((root / "JPEGImages/480p" / name).iterdir())]
    for name in sequences
]
first, *others = [beside(list(pictures)) for pictures in zip(*columns)]
first.save(options.out, save_all=True, append_images=others, duration=100, loop=0)
print(f"{options.out}: {len(sequences)} sequences of {root}")
