"""ClipSource: an endless sequence of clips, each a function of its id alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from segmnist.classes import Classes
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, MissingDependency, whole_number
from segmnist.html_hooks import html_of
from segmnist.render.arrays import Truth, check_truths
from segmnist.render.clips import Clip, Clips
from segmnist.render.engine import check_possible, render
from segmnist.scene.presets import PresetName, preset
from segmnist.scene.randomness import Split, check_address, check_clip_ids
from segmnist.scene.sample import check_fits, sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec


class ClipSource:
    """Clips on demand: `source[17]` is a `Clip`, `source[4:8]` and `source.batch([17, 3])` are `Clips`.

    Clip i depends on (spec, seed, split, i) only. With a `length` the source is a sequence; without one it never ends.
    device: where to draw, "cuda" or a torch.device; arrays are then torch tensors there, with the same bytes. compiled: through
    `torch.compile`, which takes about a minute for each spec and batch size. Raises `BadArgument` for an unknown
    preset, split, truth or device, for a truth that is not drawn on devices, and for a frame smaller than a digit.

    >>> source = ClipSource("clean", split="test", seed=7, length=100)
    >>> source[17].video.shape
    (30, 64, 64)
    >>> len(source)
    100
    >>> np.array_equal(source.batch([3, 17]).video[1], source[17].video)
    True
    """

    def __init__(
        self,
        spec: SceneSpec | PresetName = "standard",
        *,
        split: Split = "train",
        seed: int = 0,
        truth: Truth | Iterable[Truth] = ("semantic",),
        length: int | None = None,
        bank: DigitBank | None = None,
        num_threads: int = 1,
        device: Any = None,
        compiled: bool = False,
    ) -> None:
        self.spec = preset(spec) if isinstance(spec, str) else spec
        check_address(seed, split)
        if length is not None:
            length = whole_number("length", length, 1, (1 << 63) - 1, "None is a source without end")
        self.split, self.seed, self.length = split, seed, length
        self.truth = check_truths(truth)
        check_possible(self.spec, self.truth)
        self.bank = DigitBank.mnist() if bank is None else bank
        self.num_threads = num_threads
        check_fits(self.spec, self.bank)
        self.device, self.compiled = device, compiled
        if device is not None:
            self._check_device(device)
        elif compiled:
            raise BadArgument(
                "compiled", True, "False without a device", "name one, for instance device='cpu'"
            )

    def _check_device(self, device: Any) -> None:
        try:
            from segmnist.render.tensors.renderer import check_device, check_tensor_truths
        except ImportError:
            raise MissingDependency("ClipSource(device=...)", "torch") from None
        self.device = check_device(device)
        check_tensor_truths(self.truth)
        if self.num_threads != 1:
            fix = "torch.set_num_threads is for the CPU's"
            raise BadArgument("num_threads", self.num_threads, "1 with a device", fix)

    @property
    def classes(self) -> Classes:
        """The names of the digits' classes; a pixel's class is one of them or the background's."""
        return self.bank.classes

    def scene(self, clip_ids: ArrayLike) -> Scene:
        """Return the scenes of these clips; nothing is drawn."""
        if self.length is not None:
            clip_ids = check_clip_ids(clip_ids)
            if len(clip_ids) and int(clip_ids.max()) >= self.length:
                raise BadArgument("clip_ids", int(clip_ids.max()), f"0..{self.length - 1}")
        return sample(self.spec, clip_ids, split=self.split, seed=self.seed, bank=self.bank)

    def batch(self, clip_ids: ArrayLike) -> Clips:
        """Return these clips, in this order, drawn as one batch."""
        scene = self.scene(clip_ids)
        if self.device is None:
            return render(scene, self.truth, num_threads=self.num_threads)
        from segmnist.render.tensors.renderer import render_tensors

        return render_tensors(scene, self.truth, device=self.device, compiled=self.compiled)

    def batches(self, batch_size: int, start: int = 0) -> Iterator[Clips]:
        """Iterate over batches of clips from id `start` on; the last one may be short if the source has a length."""
        if batch_size < 1:
            raise BadArgument("batch_size", batch_size, "1 or more")
        stop = self.length
        for first in itertools.count(start, batch_size):
            if stop is not None and first >= stop:
                return
            last = first + batch_size if stop is None else min(first + batch_size, stop)
            yield self.batch(np.arange(first, last))

    @overload
    def __getitem__(self, index: int) -> Clip: ...
    @overload
    def __getitem__(self, index: slice) -> Clips: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self.batch(np.arange(*self._bounds(index), dtype=np.int64))
        clip_id = index + self.length if index < 0 and self.length is not None else index
        if clip_id < 0 or (self.length is not None and clip_id >= self.length):
            raise IndexError(f"clip {index} of a source with {self.length or 'endless'} clips")
        return self.batch([clip_id])[0]

    def _bounds(self, index: slice) -> tuple[int, int, int]:
        if self.length is not None:
            return index.indices(self.length)
        start, stop, step = index.start or 0, index.stop, 1 if index.step is None else index.step
        if stop is None or min(start, stop) < 0 or stop > 2**63 - 1 or step < 1:
            raise BadArgument(
                "slice", index, "start:stop:step, all positive, below 2^63", "this source has no end"
            )
        return start, stop, step

    def __iter__(self) -> Iterator[Clip]:
        return (self[i] for i in (itertools.count() if self.length is None else range(self.length)))

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("this ClipSource has no end; give it a length=... to make it a sequence")
        return self.length

    def __repr__(self) -> str:
        length = "" if self.length is None else f", length={self.length}"
        spec, device = self.spec, "" if self.device is None else f", device={str(self.device)!r}"
        return (
            f"<ClipSource {spec.num_frames} frames of {spec.height}x{spec.width}, "
            f"split={self.split!r}, seed={self.seed}{length}{device}>"
        )

    def _repr_html_(self) -> str:
        return html_of(self)
