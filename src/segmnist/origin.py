"""The class of the 2020 package, for scripts that were written for it; a seed now fixes the videos."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from segmnist.errors import BadArgument
from segmnist.formats import origin_h5, origin_npy
from segmnist.formats.origin import NAMES, origin_arrays
from segmnist.scene.presets import preset
from segmnist.scene.randomness import check_split
from segmnist.source import ClipSource
from segmnist.whole_file import replacing

UInt8 = NDArray[np.uint8]
WRITERS = {"npy": origin_npy, "h5": origin_h5}


class Dataset:
    """Generates videos in memory with the distribution of the 2020 code, saves them in its layout, shows some.

    `generate` keeps what it returns: `cur_dataset`, `cur_dataset_masks` and `cur_dataset_labels`, with
    `cur_ignore_label` and `cur_split`. For more videos than fit into memory: `segmnist generate OUT --preset
    origin --format origin-npy`.

    >>> dataset = Dataset()
    >>> data, masks, labels = dataset.generate("test", frame_size=(64, 80), num_videos=3, num_frames=5, seed=7)
    >>> data.shape, masks.shape, labels.shape
    ((3, 5, 1, 64, 80), (3, 5, 1, 64, 80), (3, 5, 2))
    """

    def __init__(self) -> None:
        self.cur_dataset: UInt8 | None = None
        self.cur_dataset_masks: UInt8 | None = None
        self.cur_dataset_labels: UInt8 | None = None
        self.cur_ignore_label: int | None = None
        self.cur_split: str | None = None

    def generate(
        self,
        split: str = "train",
        frame_size: int | tuple[int, int] = (64, 64),
        num_videos: int = 100,
        num_frames: int = 30,
        min_ndigits: int = 2,
        max_ndigits: int = 2,
        ignore_label: int = 255,
        seed: int | None = None,
    ) -> tuple[UInt8, UInt8, UInt8]:
        """Return videos and masks `(N,T,1,H,W)`, and labels `(N,T,max_ndigits)`, all uint8.

        split: train, val or test, in upper or lower case. frame_size: (height, width), or one number for both.
        The background in the masks and the padding in the labels are ignore_label. Without a seed, one is drawn
        from NumPy's global state, so that two calls differ and `np.random.seed` repeats them. Raises
        `BadArgument`, a ValueError, for values outside their ranges, and for an ignore_label that is a digit.
        """
        height, width = (frame_size, frame_size) if isinstance(frame_size, int) else frame_size
        if not 10 <= ignore_label <= 255:
            raise BadArgument("ignore_label", ignore_label, "10..255", "0..9 are the digits")
        if num_videos < 1:
            raise BadArgument("num_videos", num_videos, "1 or more")
        digits = (min_ndigits, max_ndigits)
        spec = preset("origin", height=height, width=width, num_frames=num_frames, num_digits_range=digits)
        cased = check_split(split.lower())
        if seed is None:
            seed = int(np.random.randint(1 << 31))  # noqa: NPY002 - scripts of 2020 call np.random.seed
        clips = ClipSource(spec, split=cased, seed=seed).batch(range(num_videos))
        images, masks, labels = (origin_arrays(clips.arrays, ignore_label)[name] for name in NAMES)
        self.cur_dataset, self.cur_dataset_masks, self.cur_dataset_labels = images, masks, labels
        self.cur_ignore_label, self.cur_split = ignore_label, cased
        return images, masks, labels

    def save(self, path: str | Path, filetype: str = "npy") -> None:
        """Write `{split}_images.npy`, `_masks` and `_labels`, or `{split}.h5`.

        path: what stands before these names, such as `"out/"` or `"out/run1_"`; a `Path` is the folder. The folder
        is made if there is none. Files of these names are replaced, each only when it is whole. Raises
        `BadArgument` before `generate` and for another filetype, `MissingDependency` for h5 without h5py.
        """
        if filetype not in WRITERS:
            raise BadArgument("filetype", filetype, " or ".join(WRITERS))
        arrays, split, _ = self._generated()
        prefix = path if isinstance(path, str) else os.path.join(path, "")
        targets = [Path(prefix + name) for name in WRITERS[filetype].file_names(split)]
        targets[0].parent.mkdir(parents=True, exist_ok=True)
        with replacing(*targets) as temporaries:
            shapes = {name: array.shape for name, array in arrays.items()}
            WRITERS[filetype].write_arrays(temporaries, shapes, [arrays])

    def display_samples(self, n: int = 3) -> Image:
        """Return a picture of n random videos above their masks; `.show()` opens it, and notebooks show it.

        NumPy's global state says which. Raises `BadArgument` before `generate` and for more videos than there are.
        """
        from segmnist.views.preview.figure import contact_sheet

        arrays, _, ignore_label = self._generated()
        num_videos = len(arrays["images"])
        if not 1 <= n <= num_videos:
            raise BadArgument("n", n, f"1..{num_videos}")
        chosen = np.random.permutation(num_videos)[:n]  # noqa: NPY002 - as in `generate`
        videos, masks = arrays["images"][chosen, :, 0], arrays["masks"][chosen, :, 0]
        semantics = [np.where(mask == ignore_label, np.uint8(10), mask) for mask in masks]
        labels = [row[row != ignore_label] for row in arrays["labels"][chosen, 0]]
        return contact_sheet(list(videos), semantics, labels)

    def _generated(self) -> tuple[dict[str, UInt8], str, int]:
        """Return the arrays by name, the split and the ignore label; raise `BadArgument` before `generate`."""
        images, masks, labels = self.cur_dataset, self.cur_dataset_masks, self.cur_dataset_labels
        split, ignore_label = self.cur_split, self.cur_ignore_label
        if images is None or masks is None or labels is None or split is None or ignore_label is None:
            raise BadArgument("videos", 0, "1 or more", "call generate() first")
        return dict(zip(NAMES, (images, masks, labels))), split, ignore_label
