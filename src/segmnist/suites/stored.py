"""Stored predictions: a folder of one file a clip, or one .npy, .npz or Zarr for all clips of a part."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmnist.classes import DIGITS, Classes
from segmnist.errors import BadArgument, CorruptData
from segmnist.evaluate.predictions import BadPrediction, Prediction, check_prediction
from segmnist.numpy_files import npy_header, npz_arrays
from segmnist.suites.catalog import Part, Suite
from segmnist.whole_file import is_of_a_desktop

Arrays = Mapping[str, Any]
"""Of `probabilities`, `semantic`, `instance`, `samples`, `video` those that there are; `prediction` is one of the first two."""

Load = Callable[[int], tuple[Path, Arrays]]
"""Clip id -> the file that it is in, and what is predicted of it."""

_KEYS = ("probabilities", "semantic")
_NAMES = (*_KEYS, "instance", "samples", "video")

MOST_SAMPLES = 256
"""Joint samples of a clip that may be stored; the first 16 are scored."""

BYTES_A_PIXEL = {"semantic": 8, "instance": 8, "samples": MOST_SAMPLES, "video": 8}
"""Bytes that a pixel of a prediction has at most, by name: a number of 8 bytes, or a sample of one."""

HEADERS = 1 << 16
"""Bytes that an archive may have beside its arrays."""


EXPECTED_NAMES = "expected names that end in a clip's number, as clip_0000000042.npy does"
"""Of the files in a folder of predictions."""


class Size(NamedTuple):
    """The number of pixels that are predicted, and that of the classes of each."""

    pixels: int
    num_classes: int

    def clips(self, number: int) -> Size:
        """Return the size of this many clips."""
        return self._replace(pixels=number * self.pixels)

    def most_bytes(self, name: str) -> int:
        """Return the bytes that an array of this name has at most; one of another name may be probabilities."""
        return self.pixels * BYTES_A_PIXEL.get(name, 8 * self.num_classes)

    @property
    def most_bytes_of_all(self) -> int:
        """The bytes that all arrays together have at most."""
        return self.most_bytes("probabilities") + sum(map(self.most_bytes, BYTES_A_PIXEL)) + HEADERS


class StoredPredictions:
    """The predictions of one part of a suite, which are of the clips 0..n-1 of `shape` (T, H, W), with n one of `numbers`.

    Raises `BadPrediction`, which names the place and the clip, for missing or extra clips and for unreadable
    files.
    """

    def __init__(
        self, path: Path, numbers: range, shape: tuple[int, int, int], classes: Classes = DIGITS
    ) -> None:
        self._load = _open(path, numbers, Size(math.prod(shape), classes.num_classes))
        self._classes = classes

    def __call__(self, clip_id: int, shape: tuple[int, int, int]) -> Prediction:
        """Return the checked prediction of a clip of shape (T, H, W)."""
        place, arrays = self._load(clip_id)
        return checked(f"{place}, clip {clip_id}", arrays, shape, self._classes)


def checked(name: str, arrays: Arrays, shape: tuple[int, int, int], classes: Classes) -> Prediction:
    """Return the checked prediction that these arrays of one clip make. Raises `BadPrediction`."""
    rest = dict(arrays)
    main = next((rest.pop(key) for key in ("prediction", *_KEYS) if key in rest), None)
    return check_prediction(name, main, shape, num_classes=classes.num_classes, **rest)


def path_of_part(path: Path, suite: Suite, part: Part) -> Path:
    """Return where a part's predictions lie.

    At `path` itself, or in a suite of several parts at PATH/PART, PATH/PART.npy, .npz or .zarr.
    """
    if len(suite.parts) == 1:
        return path
    for place in (path / part.name, *(path / f"{part.name}{end}" for end in (".npy", ".npz", ".zarr"))):
        if place.exists():
            return place
    raise BadPrediction(
        f"{path}: nothing for part {part.name}; expected {path / part.name} or {part.name}.npy"
    )


def _open(path: Path, numbers: range, size: Size) -> Load:
    """Return what reads the predictions of clips of this size."""
    if path.is_dir():
        if any((path / name).exists() for name in ("zarr.json", ".zarray", ".zgroup")):
            return _zarr(path, numbers, size)
        return _folder(path, numbers, size)
    if not path.is_file():
        raise BadArgument("PREDICTIONS", str(path), "a file or folder that is there")
    most = size.clips(numbers[-1])
    if path.suffix == ".npy":
        return _rows(path, {"prediction": _npy(path, most, "r")}, numbers)
    if path.suffix == ".npz":
        return _rows(path, named_arrays(str(path), _npz(path, most)), numbers)
    raise BadPrediction(f"{path}: expected a folder, a .npy, a .npz or a Zarr array")


def _npy(path: Path, size: Size, mmap_mode: Any = None) -> Any:
    """Return the array in a file, of clips of this size in all, or fewer."""
    try:
        with path.open("rb") as file:
            header = npy_header(file, str(path))
        _check_size(path, "prediction", header.shape, header.dtype, size)
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, OSError, CorruptData) as error:
        raise _unreadable(path, error) from None


def _npz(path: Path, size: Size) -> dict[str, Any]:
    """Return the arrays in an archive, of clips of this size in all, or fewer."""
    try:
        with path.open("rb") as file:
            return npz_arrays(
                file, str(path), size.most_bytes_of_all,
                check=lambda name, header: _check_size(path, name, header.shape, header.dtype, size),
            )  # fmt: skip
    except (OSError, CorruptData) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> BadPrediction:
    if isinstance(error, BadPrediction):
        return error
    return BadPrediction(f"{path}: not readable as NumPy: {str(error).removeprefix(f'{path}: ')}")


def _check_size(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], size: Size) -> None:
    """Raise `BadPrediction` for an array that is larger than any prediction of this size."""
    if math.prod(shape) * dtype.itemsize > size.most_bytes(name):
        raise BadPrediction(f"{path}: {dtype} {shape} is more than a prediction of all clips can have")


def named_arrays(where: str, arrays: Mapping[str, Any]) -> Arrays:
    """Return the named arrays that a prediction is made of.

    An array that is alone may have any name. Raises `BadPrediction`, which names the place, for other names,
    so that nothing is ignored in silence.
    """
    if len(arrays) == 1 and not arrays.keys() & set(_NAMES):
        return {"prediction": next(iter(arrays.values()))}
    has_main = arrays.keys() & set(_KEYS) or arrays.keys() == {"video"}
    if not has_main or arrays.keys() - set(_NAMES):
        raise BadPrediction(
            f"{where}: has {', '.join(arrays) or 'nothing'}; expected {' or '.join(_KEYS)}, and perhaps "
            "instance, samples and video, or video alone"
        )
    return arrays


def _rows(path: Path, arrays: Arrays, numbers: range) -> Load:
    for array in arrays.values():
        rows = array.shape[0] if array.ndim else 0
        if rows not in numbers:
            least, most = numbers[0], numbers[-1]
            missing = f"clip {rows} is missing" if rows < least else f"clip {most} is extra"
            expected = f"{least}" if least == most else f"{least}..{most}"
            raise BadPrediction(f"{path}: {rows} clips, expected {expected}; {missing}")
    return lambda clip_id: (path, row_of(arrays, clip_id))


def row_of(arrays: Arrays, row: int) -> Arrays:
    """Return one clip's arrays out of those of many clips."""
    return {name: np.asarray(array[row]) for name, array in arrays.items()}


def _zarr(path: Path, numbers: range, size: Size) -> Load:
    import zarr

    with _readable_zarr(path):
        node = zarr.open(path, mode="r")
        arrays = node.arrays() if isinstance(node, zarr.Group) else [("predictions", node)]
        named = named_arrays(str(path), dict(arrays))
        for name, array in named.items():
            for shape in (array.shape, array.chunks):
                _check_size(path, name, shape, array.dtype, size.clips(numbers[-1]))
        load = _rows(path, named, numbers)

    def load_chunk(clip_id: int) -> tuple[Path, Arrays]:
        with _readable_zarr(path, f", clip {clip_id}"):
            return load(clip_id)

    return load_chunk


@contextmanager
def _readable_zarr(path: Path, where: str = "") -> Iterator[None]:
    try:
        yield
    except BadPrediction:
        raise
    except Exception as error:  # Zarr and its codecs raise many kinds, and all mean the same
        reason = str(error).partition("\n")[0][:100]
        raise BadPrediction(f"{path}{where}: not readable as Zarr: {reason}") from None


def _folder(path: Path, numbers: range, size: Size) -> Load:
    """Return the reader of files whose names end in the clip's number, as clip_0000000042.npy does."""
    there = sorted(file for file in path.iterdir() if not is_of_a_desktop(file.name))
    for file in there:
        if file.suffix == ".pt":
            raise BadPrediction(
                f"{path}: expected a folder of predictions; to score a checkpoint, name {file}"
            )
    files: dict[int, Path] = {}
    for file in there:
        number = re.search(r"(\d+)$", file.stem)
        if file.suffix not in (".npy", ".npz") or number is None:
            raise BadPrediction(f"{file}: {EXPECTED_NAMES}")
        clip_id = int(number[1])
        if clip_id in files:
            raise BadPrediction(f"{file}: clip {clip_id} is in {files[clip_id].name}, too")
        files[clip_id] = file
    if not files:
        raise BadPrediction(f"{path}: it is empty; {EXPECTED_NAMES}")
    _check_ids(path, set(files), numbers)
    return lambda clip_id: (files[clip_id], _read_file(files[clip_id], size))


def _read_file(file: Path, size: Size) -> Arrays:
    if file.suffix == ".npy":
        return {"prediction": _npy(file, size)}
    return named_arrays(str(file), _npz(file, size))


def _check_ids(path: Path, found: set[int], numbers: range) -> None:
    missing, extra = set(range(numbers[0])) - found, found - set(range(numbers[-1]))
    for kind, ids in (("missing", missing), ("extra", extra)):
        if ids:
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            raise BadPrediction(f"{path}: clip {min(ids)}{more} {kind}; expected clips 0..{numbers[0] - 1}")
