"""open_dataset: clips of a stored data set by row.

Each file is compared with its SHA-256 in the manifest when it is first touched.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.classes import Classes
from segmnist.dataset.commit import MANIFEST, MEND
from segmnist.dataset.locate import Found, locate_one
from segmnist.dataset.manifest import FileSum, Manifest, sum_of
from segmnist.dataset.plan import layout_for
from segmnist.dataset.progress import size_text
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Unreadable
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import FOLDER, SHARDED, WHOLE, Array, ArrayLayout, sharded_format, whole_format
from segmnist.formats.catalog import ShardedFormat, WholeFormat
from segmnist.formats.layout import FileBytes
from segmnist.html_hooks import html_of

MAX_OPEN = 64
"""Files that are kept open."""


class StoredDataset:
    """A finished data set as a sequence: `dataset[3]` and `dataset.batch(rows)` give arrays by name.

    Rows count from 0; `clip_ids(rows)` tells the ids. Pickles as its place, for worker processes. Raises
    `CorruptData` as soon as a file is touched that is not what the manifest says.
    """

    def __init__(self, found: Found, *, check: bool = True) -> None:
        self._found, self._check = found, check
        self.manifest: Manifest = found.books.manifest()
        if not self.manifest.layout.has_arrays_of(layout_for(self.recipe)):
            raise CorruptData(f"{found.books.at(MANIFEST)}: its arrays are not those of its recipe; {MEND}")
        if found.format in SHARDED and len(self.manifest.receipts) != self.manifest.layout.num_shards:
            raise CorruptData(f"{found.books.at(MANIFEST)}: its shards are not those of its recipe; {MEND}")
        self._format = _format(self.recipe.format)
        self._files: OrderedDict[str, FileBytes] = OrderedDict()
        self._checked: set[str] = set()

    @property
    def recipe(self) -> Recipe:
        """What the data set was made from."""
        return self.manifest.recipe

    @property
    def classes(self) -> Classes:
        """The names of the digits' classes; a pixel's class is one of them or the background's."""
        return self.recipe.classes

    @property
    def arrays(self) -> dict[str, ArrayLayout]:
        """Axes, shape, dtype and meaning of every array, by name."""
        return dict(self.manifest.layout.arrays)

    def __len__(self) -> int:
        return self.recipe.num_clips

    def __getitem__(self, row: int) -> dict[str, Array]:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of a data set with {len(self)} clips")
        return {name: array[0] for name, array in self.batch([row % len(self)]).items()}

    def __iter__(self) -> Iterator[dict[str, Array]]:
        return (self[row] for row in range(len(self)))

    def _repr_html_(self) -> str:
        return html_of(self)

    def clip_ids(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return the ids of the clips in these rows."""
        wanted = np.asarray(rows, np.int64)
        if self.recipe.clip_ids:
            return np.array(self.recipe.clip_ids, np.int64)[wanted]
        return wanted + self.recipe.first_clip

    def batch(self, rows: ArrayLike, names: Iterable[str] | None = None) -> dict[str, Array]:
        """Return arrays of these rows, in this order, with the clip axis first: all arrays, or those named.

        Raises `BadArgument` for a row or a name that is not there, and for more rows than fit into memory.
        """
        wanted = self._checked_rows(rows)
        layout = self.manifest.layout
        chosen = list(layout.arrays) if names is None else self._checked_names(names)
        self._check_memory(len(wanted), chosen)
        shapes = {name: (len(wanted), *layout.arrays[name].shape) for name in chosen}
        out: dict[str, Array] = {n: np.empty(shape, layout.arrays[n].dtype) for n, shape in shapes.items()}
        shards = wanted // layout.clips_per_shard
        for shard in np.unique(shards).tolist():
            places = np.flatnonzero(shards == shard)
            inside = (wanted[places] - shard * layout.clips_per_shard).tolist()
            part = self._format.read_rows(layout, shard, chosen, inside, self._fetcher(shard))
            for name in chosen:
                out[name][places] = part[name]
        return out

    def _checked_rows(self, rows: ArrayLike) -> NDArray[np.int64]:
        wanted = np.asarray(rows)
        if wanted.size == 0:
            return np.zeros(0, np.int64)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise BadArgument("rows", rows, "whole numbers, one dimension")
        if wanted.min() < 0 or wanted.max() >= len(self):
            raise BadArgument("rows", (int(wanted.min()), int(wanted.max())), f"0..{len(self) - 1}")
        return wanted.astype(np.int64)

    def _check_memory(self, num_clips: int, names: Sequence[str]) -> None:
        import psutil

        needed = num_clips * sum(self.arrays[name].clip_bytes for name in names)
        if needed > (room := psutil.virtual_memory().total):
            fix = "read fewer rows or arrays at a time"
            raise BadArgument("rows", f"{num_clips} rows", f"what fits into {size_text(room)} of memory", fix)

    def _checked_names(self, names: Iterable[str]) -> Sequence[str]:
        chosen = list(names)
        for name in chosen:
            if name not in self.arrays:
                raise BadArgument("names", name, ", ".join(self.arrays))
        return chosen

    def _fetcher(self, shard: int) -> Any:
        files = self.manifest.receipts[shard].files if self.manifest.receipts else dict(self.manifest.files)
        return lambda path: self._fetch(path, files)

    def _fetch(self, path: str, files: dict[str, FileSum]) -> FileBytes:
        if path not in self._files:
            self._files[path] = self._opened(path, files)
            if len(self._files) > MAX_OPEN:
                self._files.popitem(last=False)
        self._files.move_to_end(path)
        return self._files[path]

    def _opened(self, path: str, files: dict[str, FileSum]) -> FileBytes:
        if path not in files:
            raise CorruptData(f"{path}: not in the manifest")
        store = self._found.store
        try:
            file = store.open(path)
            if self._check and path not in self._checked:
                if sum_of(file) != files[path]:
                    raise Unreadable(f"{path}: damaged")
                self._checked.add(path)
            return file
        except (FileNotFoundError, Unreadable) as error:
            reason = f"{path}: missing" if isinstance(error, FileNotFoundError) else error
            raise CorruptData(f"{store.url}/{reason}; segmnist verify --repair mends it") from None

    def __getstate__(self) -> dict[str, Any]:
        # An open file belongs to its process.
        return {**self.__dict__, "_files": OrderedDict(), "_format": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._format = _format(self.recipe.format)

    def __repr__(self) -> str:
        recipe = self.recipe
        return (
            f"<StoredDataset {self._found.store.url}: {len(self)} clips, split={recipe.split!r}, "
            f"{', '.join(self.arrays)}>"
        )


def _format(name: str) -> ShardedFormat | WholeFormat:
    return whole_format(name) if name in WHOLE else sharded_format(name)


def open_dataset(place: str | Path, split: str | None = None, *, check: bool = True) -> StoredDataset:
    """Open the finished data set in a place, or that of one split where there are more.

    check: compare each file with its SHA-256 when it is first touched. Raises `BadArgument` where there is no
    finished data set or more than one, `CorruptData` where the manifest is damaged.
    """
    found = locate_one(place, split)
    if found.format in FOLDER:
        fix = "other tools read it; export it as zarr from `segmnist recipe`"
        raise BadArgument("format", found.format, ", ".join([*SHARDED, *WHOLE]), fix)
    if not found.books.is_complete():
        unfinished = f"{found.store.url}, which has no {found.books.path(MANIFEST)}"
        raise BadArgument("DATASET", unfinished, "a finished data set", "run generate again to finish it")
    return StoredDataset(found, check=check)
