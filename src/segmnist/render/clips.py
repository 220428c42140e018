"""Clips and Clip: the arrays drawn from a scene, for a batch and for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import Classes
from segmnist.html_hooks import html_of
from segmnist.render.arrays import ARRAYS, TRUTHS
from segmnist.scene.scene import Scene

Array = NDArray[Any]


class _Arrays:
    """Arrays by name, as attributes too."""

    arrays: dict[str, Array]

    def __getitem__(self, key: Any) -> Any:
        if key not in self.arrays:
            raise KeyError(_why_absent(key, self.arrays))
        return self.arrays[key]

    def __getattr__(self, name: str) -> Array:
        arrays: dict[str, Array] = self.__dict__.get("arrays", {})
        if name in arrays:
            return arrays[name]
        raise AttributeError(_why_absent(name, arrays))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.arrays})

    @property
    def video(self) -> NDArray[np.uint8]:
        """Grey levels, `(B,T,H,W)` or `(T,H,W)` uint8."""
        return self.arrays["video"]

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Classes of the digits, `(B,N)` uint8 padded with 255, or `(n,)`."""
        return self.arrays["labels"]


def _on_host(arrays: dict[str, Any]) -> dict[str, Array]:
    """Return arrays as they are, and tensors as arrays."""
    return {name: a.cpu().numpy() if hasattr(a, "cpu") else a for name, a in arrays.items()}


def _why_absent(name: str, arrays: dict[str, Array]) -> str:
    truths = [truth for truth, brought in TRUTHS.items() if name in brought]
    if truths:
        return f"{name} was not drawn; ask for it with truth=({truths[0]!r}, ...)"
    if name in TRUTHS:
        return f"{name!r} is a truth, not an array; it brings {', '.join(TRUTHS[name])}"
    return f"no array {name!r}; there are {', '.join(arrays)}"


@dataclass(frozen=True, eq=False, repr=False)
class Clip(_Arrays):
    """One clip: arrays without the clip axis, with as many digit rows as the clip has digits.

    `clip["video"]` and `clip.video` are the same array; `clip.scene` says how it came about. Of a source with a device, the
    arrays are torch tensors.
    """

    clip_id: int
    scene: Scene
    arrays: dict[str, Array]

    @property
    def classes(self) -> Classes:
        """The names of the digits' classes."""
        return self.scene.bank.classes

    def numpy(self) -> Self:
        """Return the same with NumPy arrays, which tensors on a device are copied to."""
        return replace(self, arrays=_on_host(self.arrays))

    def __repr__(self) -> str:
        T, H, W = self.video.shape
        digits = ", ".join(map(str, self.labels.tolist()))
        return f"<Clip {self.clip_id}: {T} frames of {H}x{W}, digits [{digits}]>"

    def _repr_html_(self) -> str:
        return html_of(self)


@dataclass(frozen=True, eq=False, repr=False)
class Clips(_Arrays):
    """A batch of clips: arrays with a leading clip axis, digit rows padded to the spec's maximum.

    `clips["video"]` and `clips.video` are the same array; `clips[3]` is a `Clip`; iterating gives every `Clip`. Of a source
    with a device, the arrays are torch tensors.
    """

    scene: Scene
    arrays: dict[str, Array]

    def numpy(self) -> Self:
        """Return the same with NumPy arrays, which tensors on a device are copied to."""
        return replace(self, arrays=_on_host(self.arrays))

    def __len__(self) -> int:
        return len(self.scene)

    def __iter__(self) -> Iterator[Clip]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, str):
            return super().__getitem__(key)
        row = range(len(self))[key]
        count = int(self.scene.num_digits[row])
        arrays = {
            name: array[row][:count] if ARRAYS[name].axes[:1] == ("digit",) else array[row]
            for name, array in self.arrays.items()
        }
        scene = self.scene if len(self) == 1 else self.scene.select(slice(row, row + 1))
        return Clip(int(scene.clip_ids[0]), scene, arrays)

    def __repr__(self) -> str:
        B, T, H, W = self.video.shape
        return f"<Clips: {B} clips, {T} frames of {H}x{W}; {', '.join(self.arrays)}>"

    def _repr_html_(self) -> str:
        return html_of(self)
