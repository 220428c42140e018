"""Stored predictions: a folder of one file a clip, or one .npy, .npz or Zarr array for all clips of a
part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.predictions import BadPrediction, Prediction, check_prediction
from segmnist.suites.catalog import Part, Suite

Load = Callable[[int], tuple[NDArray[Any], NDArray[Any] | None]]
"""Clip id -> classes or probabilities, and ids if there are any."""

_KEYS = ("probabilities", "semantic")


class StoredPredictions:
    """The predictions of one part of a suite. Opened, it holds exactly the clips 0..n-1, no more and no
    fewer.

    Raises `BadPrediction`, which names the place and the clip, for missing or extra clips and for unreadable
    files.
    """

    def __init__(self, path: Path, num_clips: int) -> None:
        self.path = path
        self._load = _open(path, num_clips)

    def __call__(self, clip_id: int, shape: tuple[int, int, int]) -> Prediction:
        """Return the checked prediction of a clip of shape (T, H, W)."""
        prediction, instance = self._load(clip_id)
        return check_prediction(f"{self.path}, clip {clip_id}", prediction, shape, instance)


def path_of_part(path: Path, suite: Suite, part: Part) -> Path:
    """Return where a part's predictions lie: at `path` itself, or in a suite of parts at PATH/PART or
    PATH/PART.npy etc.
    """
    if len(suite.parts) == 1:
        return path
    for place in (path / part.name, *(path / f"{part.name}{end}" for end in (".npy", ".npz", ".zarr"))):
        if place.exists():
            return place
    raise BadPrediction(
        f"{path}: nothing for part {part.name}; expected {path / part.name} or {part.name}.npy"
    )


def _open(path: Path, num_clips: int) -> Load:
    if path.is_dir():
        if any((path / name).exists() for name in ("zarr.json", ".zarray", ".zgroup")):
            return _zarr(path, num_clips)
        return _folder(path, num_clips)
    if not path.is_file():
        raise BadArgument("PREDICTIONS", str(path), "a file or folder that is there")
    if path.suffix == ".npy":
        return _rows(path, _load_array(path, "r"), None, num_clips)
    if path.suffix == ".npz":
        with _load_array(path, None) as arrays:
            return _rows(path, *_pick(path, dict(arrays)), num_clips)
    raise BadPrediction(f"{path}: expected a folder, a .npy, a .npz or a Zarr array")


def _load_array(path: Path, mmap_mode: Any) -> Any:
    try:
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadPrediction(f"{path}: not readable as NumPy: {error}") from None


def _pick(path: Path, arrays: dict[str, Any]) -> tuple[Any, Any]:
    """Return classes or probabilities, and ids, from named arrays; one array alone may have any name."""
    named = [arrays[key] for key in _KEYS if key in arrays] or list(arrays.values())
    if not named or (len(arrays) > 1 and not set(arrays) & set(_KEYS)):
        raise BadPrediction(f"{path}: has {', '.join(arrays) or 'nothing'}; expected {' or '.join(_KEYS)}")
    return named[0], arrays.get("instance")


def _rows(path: Path, predictions: Any, instances: Any, num_clips: int) -> Load:
    for array in (predictions, instances):
        if array is not None and (array.ndim < 1 or array.shape[0] != num_clips):
            rows = array.shape[0] if array.ndim else 0
            missing = f"clip {rows} is missing" if rows < num_clips else f"clip {num_clips} is extra"
            raise BadPrediction(f"{path}: {rows} clips, expected {num_clips}; {missing}")
    return lambda i: (np.asarray(predictions[i]), None if instances is None else np.asarray(instances[i]))


def _zarr(path: Path, num_clips: int) -> Load:
    import zarr

    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Group):
        return _rows(path, *_pick(path, dict(node.arrays())), num_clips)
    return _rows(path, node, None, num_clips)


def _folder(path: Path, num_clips: int) -> Load:
    """Return the reader of files whose names end in the clip's number, as clip_0000000042.npy does."""
    files: dict[int, Path] = {}
    for file in sorted(path.iterdir()):
        number = re.search(r"(\d+)$", file.stem)
        if file.suffix not in (".npy", ".npz") or number is None:
            raise BadPrediction(
                f"{file}: expected names that end in a clip's number, as clip_0000000042.npy does"
            )
        clip_id = int(number[1])
        if clip_id in files:
            raise BadPrediction(f"{file}: clip {clip_id} is in {files[clip_id].name}, too")
        files[clip_id] = file
    _check_ids(path, set(files), num_clips)
    return lambda clip_id: _read_file(files[clip_id])


def _read_file(file: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    if file.suffix == ".npy":
        return _load_array(file, None), None
    with _load_array(file, None) as arrays:
        return _pick(file, dict(arrays))


def _check_ids(path: Path, found: set[int], num_clips: int) -> None:
    wanted = set(range(num_clips))
    for kind, ids in (("missing", wanted - found), ("extra", found - wanted)):
        if ids:
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            raise BadPrediction(f"{path}: clip {min(ids)}{more} {kind}; expected clips 0..{num_clips - 1}")
