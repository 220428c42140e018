"""The class of the 2020 package, for scripts that were written for it; a seed now fixes the videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from segmnist.errors import BadArgument
from segmnist.formats import origin_h5, origin_npy
from segmnist.formats.origin import NAMES, origin_arrays
from segmnist.scene.presets import preset
from segmnist.source import ClipSource
from segmnist.whole_file import replacing

UInt8 = NDArray[np.uint8]
WRITERS = {"npy": origin_npy, "h5": origin_h5}


class Dataset:
    """Generates videos in memory with the distribution of the 2020 code, saves them in its layout, shows some.

    After `generate`, `images` and `masks` are `(N,T,1,H,W)` uint8 and `labels` is `(N,T,max_ndigits)` uint8;
    the background in `masks` and the padding in `labels` are `ignore_label`. For more videos than fit into
    memory: `segmnist generate OUT --preset origin --format origin-npy`.

    >>> dataset = Dataset().generate("test", frame_size=(64, 80), num_videos=2, num_frames=5, seed=7)
    >>> dataset.images.shape, dataset.labels.shape
    ((2, 5, 1, 64, 80), (2, 5, 3))
    """

    def __init__(self) -> None:
        self.split = "train"
        self.ignore_label = 255
        self.images: UInt8 = np.empty((0, 0, 1, 0, 0), np.uint8)
        self.masks: UInt8 = np.empty((0, 0, 1, 0, 0), np.uint8)
        self.labels: UInt8 = np.empty((0, 0, 0), np.uint8)

    def generate(
        self,
        split: str = "train",
        frame_size: int | tuple[int, int] = (64, 64),
        num_videos: int = 10,
        num_frames: int = 30,
        min_ndigits: int = 2,
        max_ndigits: int = 3,
        ignore_label: int = 255,
        seed: int = 0,
    ) -> Dataset:
        """Draw the videos and return this object. frame_size: (height, width), or one number for both.

        Raises `BadArgument` for values outside their ranges, and for an ignore_label that is a digit.
        """
        height, width = (frame_size, frame_size) if isinstance(frame_size, int) else frame_size
        if not 10 <= ignore_label <= 255:
            raise BadArgument("ignore_label", ignore_label, "10..255", "0..9 are the digits")
        if num_videos < 1:
            raise BadArgument("num_videos", num_videos, "1 or more")
        digits = (min_ndigits, max_ndigits)
        spec = preset("origin", height=height, width=width, num_frames=num_frames, num_digits_range=digits)
        clips = ClipSource(spec, split=split, seed=seed).batch(range(num_videos))
        arrays = origin_arrays(clips.arrays, ignore_label)
        self.split, self.ignore_label = split, ignore_label
        self.images, self.masks, self.labels = (arrays[name] for name in NAMES)
        return self

    def save(self, path: str | Path, filetype: str = "npy") -> None:
        """Write `{split}_images.npy`, `_masks` and `_labels`, or `{split}.h5`, into the folder `path`.

        Files of these names are replaced, each only when it is whole. Raises `BadArgument` before `generate`
        and for another filetype, `MissingDependency` for h5 without h5py.
        """
        if filetype not in WRITERS:
            raise BadArgument("filetype", filetype, " or ".join(WRITERS))
        self._check_generated()
        writer, folder = WRITERS[filetype], Path(path)
        arrays = {"images": self.images, "masks": self.masks, "labels": self.labels}
        targets = [folder / name for name in writer.file_names(self.split)]
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(*targets) as temporaries:
            writer.write_arrays(temporaries, {name: array.shape for name, array in arrays.items()}, [arrays])

    def display_samples(self, n: int = 3) -> Image:
        """Return a picture of the first n videos above their masks; `.show()` opens it, and notebooks show it."""
        from segmnist.views.preview.figure import contact_sheet

        self._check_generated()
        if not 1 <= n <= len(self.images):
            raise BadArgument("n", n, f"1..{len(self.images)}")
        videos = list(self.images[:n, :, 0])
        semantics = [np.where(mask == self.ignore_label, np.uint8(10), mask) for mask in self.masks[:n, :, 0]]
        labels = [row[row != self.ignore_label] for row in self.labels[:n, 0]]
        return contact_sheet(videos, semantics, labels)

    def _check_generated(self) -> None:
        if not len(self.images):
            raise BadArgument("videos", 0, "1 or more", "call generate() first")
