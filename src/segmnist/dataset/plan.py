"""Plan: a recipe joined with its digits, which draws any shard, alone and in any order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from segmnist.classes import DIGITS
from segmnist.dataset.recipe import MAX_CLIPS_PER_SHARD, Recipe
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.formats import (
    FOLDER,
    SHARDED,
    WHOLE,
    Array,
    ArrayLayout,
    Layout,
    folder_format,
    index_tables,
    sharded_format,
    whole_format,
)
from segmnist.formats.card import common_files, sequence_name
from segmnist.formats.layout import Clip, NamedFiles, Pieces
from segmnist.formats.pictures import clips_of
from segmnist.render.arrays import ALWAYS, Truth, arrays_of, check_truths, kind_of
from segmnist.render.memory import shape_of
from segmnist.render.noise import noise_bits
from segmnist.scene.randomness import Split, check_split
from segmnist.scene.sample import check_fits
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource

SHARD_BYTES = 32 << 20
"""Uncompressed bytes that a shard has at most, unless a single clip has more: small enough to redo after a
crash, large enough that a million clips make some thousand files. 128 clips of `standard`."""

NOISY_BITS = 4
"""Bits of noise in a pixel, of 8, from which on compressing a video takes long and saves little.

Measured with `benchmarks/write.py`: a video of `standard` (8 bits) takes twice as long to compress as to draw,
and shrinks to 0.65.
"""

CLIP_ID = ArrayLayout((), (), "int64", -1, "id of the clip: with the recipe it says everything")

MEASURED_CLIPS = 4
"""Clips that are drawn to estimate the size of all."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A recipe, its digits, and the layout of its arrays. Small whatever the number of clips."""

    recipe: Recipe
    bank: DigitBank
    layout: Layout

    def draw(self, shard: int, num_threads: int = 1) -> dict[str, Array]:
        """Return the arrays of one shard, drawn in one go: `clip_id`, the rest, and those of its index."""
        rows = self.layout.rows(shard)
        return self.draw_rows(rows.start, rows.stop, num_threads)

    def draw_rows(self, start: int, stop: int, num_threads: int = 1) -> dict[str, Array]:
        """Return the arrays of rows start..stop-1 of the data set, and those that their index needs."""
        recipe = self.recipe
        ids = recipe.ids(start, stop)
        truths = (*recipe.truths, *(index_tables.TRUTHS if recipe.index else ()))
        source = ClipSource(
            recipe.spec,
            split=check_split(recipe.split),
            seed=recipe.seed,
            truth=check_truths(truths),
            bank=self.bank,
            num_threads=num_threads,
        )
        return {"clip_id": ids, **source.batch(ids).arrays}

    def files(self, shard: int) -> NamedFiles:
        """Yield the files of one shard by path, each made when it is asked for: the same bytes on every machine."""
        return self._files(self.layout, shard, self.draw(shard))

    def _files(self, layout: Layout, shard: int, drawn: dict[str, Array]) -> NamedFiles:
        if self.recipe.format in FOLDER:
            yield from self._clip_files(drawn)
            return
        stored = {name: drawn[name] for name in layout.arrays}
        yield from sharded_format(self.recipe.format).shard_files(layout, shard, stored)
        if self.recipe.index:
            first_row = layout.rows(shard).start
            yield from index_tables.index_files(prefix_for(self.recipe), shard, first_row, drawn).items()

    def _clip_files(self, drawn: dict[str, Array]) -> NamedFiles:
        """Iterate over the files of each clip in a folder format."""
        module = folder_format(self.recipe.format)
        for clip in clips_of(drawn):
            name = sequence_name(self.layout, int(clip["clip_id"]))
            paths = module.clip_paths(self.layout, name)
            yield from zip(paths, module.clip_files(self.layout, clip), strict=True)

    def root_files(self) -> dict[str, bytes]:
        """Return the files that belong to no shard, as far as no clip need be drawn for them."""
        if self.recipe.format in FOLDER:
            return common_files(self.layout.classes)
        return sharded_format(self.recipe.format).root_files(self.layout)

    def summary_files(self) -> Iterator[tuple[str, Pieces]]:
        """Iterate over the files of no shard that are made of all clips, in pieces, each to be used up in turn."""
        if self.recipe.format in FOLDER:
            yield from folder_format(self.recipe.format).root_files(self.layout, self._clips)

    def _clips(self) -> Iterator[Clip]:
        return (clip for shard in range(self.num_shards) for clip in clips_of(self.draw(shard)))

    @property
    def num_shards(self) -> int:
        """Shards in the whole data set."""
        return self.layout.num_shards

    def estimate_bytes(self) -> int:
        """Return about how many bytes the data set will have, from its first clips.

        Whole formats are taken as not compressed.
        """
        if self.recipe.format in WHOLE:
            return self.recipe.num_clips * self.layout.clip_bytes
        few = min(MEASURED_CLIPS, self.recipe.num_clips)
        layout = dataclasses.replace(self.layout, num_clips=few, clips_per_shard=few)
        files = self._files(layout, 0, self.draw_rows(0, few))
        return sum(len(data) for _, data in files) * self.recipe.num_clips // few


def recipe_for(
    spec: SceneSpec,
    *,
    num_clips: int,
    split: Split = "train",
    seed: int = 0,
    first_clip: int = 0,
    clip_ids: Iterable[int] = (),
    truth: Truth | Iterable[Truth] = ("semantic",),
    format: str = "zarr",  # noqa: A002
    clips_per_shard: int | None = None,
    index: bool = True,
    compress_video: bool | None = None,
    bank: DigitBank | None = None,
) -> Recipe:
    """Return the recipe of a data set; a shard holds as many clips as fit into 32 MiB unless told otherwise.

    compress_video: unless told otherwise, videos are compressed where noise has less than `NOISY_BITS` bits a pixel.
    Raises `BadArgument` for any value outside its range, and for a frame smaller than a digit.
    """
    bank = DigitBank.mnist() if bank is None else bank
    truths = (truth,) if isinstance(truth, str) else tuple(truth)
    recipe = Recipe(
        spec=spec,
        split=split,
        seed=seed,
        first_clip=first_clip,
        num_clips=num_clips,
        clip_ids=tuple(clip_ids),
        truths=truths,
        format=format,
        clips_per_shard=clips_per_shard or 1,
        index=index,
        compress_video=noise_bits(spec) < NOISY_BITS if compress_video is None else compress_video,
        bank_sha256=bank.sha256,
        class_names=bank.classes.names,
    )
    if clips_per_shard is not None:
        return dataclasses.replace(recipe, clips_per_shard=clips_per_shard)
    fitting = max(1, min(SHARD_BYTES // plan_for(recipe, bank).layout.clip_bytes, MAX_CLIPS_PER_SHARD))
    return dataclasses.replace(recipe, clips_per_shard=1 << (fitting.bit_length() - 1))


def plan_for(recipe: Recipe, bank: DigitBank | None = None) -> Plan:
    """Return the plan of a recipe. Raises `BadArgument` for another bank than the one it names."""
    if recipe.format in WHOLE:
        _check_whole_fits(recipe)
    bank = _checked_bank(recipe, bank)
    check_fits(recipe.spec, bank)
    layout = layout_for(recipe)
    _check_memory(layout)
    if recipe.format in FOLDER:
        folder_format(recipe.format).check(layout)
    return Plan(recipe, bank, layout)


def shard_bytes(plan: Plan) -> int:
    """Return the memory that the arrays of a shard take."""
    return _shard_bytes(plan.layout)


def layout_for(recipe: Recipe) -> Layout:
    """Return the layout of a recipe's arrays, for which its digits are not needed."""
    arrays = {"clip_id": CLIP_ID}
    for name in (*ALWAYS, *arrays_of(recipe.truths)):
        kind, shape = kind_of(name, recipe.classes), shape_of(recipe.spec, 1, name)[1:]
        arrays[name] = ArrayLayout(kind.axes, shape, kind.dtype, kind.padding, kind.about)
    return Layout(arrays, recipe.num_clips, recipe.clips_per_shard, recipe.to_dict(), recipe.plan_id)


def shard_paths(recipe: Recipe, layout: Layout, shard: int) -> set[str]:
    """Return the paths of one shard's files, its index among them, without drawing anything."""
    if recipe.format in FOLDER:
        module, ids = folder_format(recipe.format), layout.clip_ids(layout.rows(shard))
        names = (sequence_name(layout, clip_id) for clip_id in ids)
        return {path for name in names for path in module.clip_paths(layout, name)}
    paths = set(sharded_format(recipe.format).shard_paths(layout, shard))
    if recipe.index:
        prefix = prefix_for(recipe)
        paths |= {index_tables.index_path(prefix, table, shard) for table in index_tables.TABLES}
    return paths


def root_paths(recipe: Recipe, layout: Layout) -> set[str]:
    """Return the paths of the files of no shard, without drawing anything."""
    name = recipe.format
    if name in FOLDER:
        return {*common_files(layout.classes), *folder_format(name).root_paths(layout)}
    if name in WHOLE:
        return set(whole_format(name).file_names(recipe.split))
    return set(sharded_format(name).root_files(layout))


def prefix_for(recipe: Recipe) -> str:
    """Return what the paths of a recipe's bookkeeping files begin with, inside its root."""
    name = recipe.format
    if name in FOLDER:
        return export_prefix(recipe.split, name)
    module = whole_format(name) if name in WHOLE else sharded_format(name)
    return module.BOOKS.format(split=recipe.split)


def export_prefix(split: str, format_: str) -> str:
    """Return what the names of an export's recipe, manifest and folder of receipts begin with."""
    return f"{split}.{format_}."


def root_for(recipe: Recipe) -> str:
    """Return the folder inside OUT that a recipe's data set lies in; empty for OUT itself."""
    if recipe.format not in SHARDED:
        return ""
    return sharded_format(recipe.format).ROOT.format(split=recipe.split)


def shares_root(recipe: Recipe) -> bool:
    """Return whether the data sets of all splits lie in the same folder, which is theirs alone."""
    return recipe.format in SHARDED and "{split}" not in sharded_format(recipe.format).ROOT


def _checked_bank(recipe: Recipe, bank: DigitBank | None) -> DigitBank:
    bank = DigitBank.mnist() if bank is None else bank
    if bank.sha256 != recipe.bank_sha256:
        wanted = f"the digit bank with sha256 {recipe.bank_sha256[:12]}..., which the recipe names"
        raise BadArgument("bank", f"{bank.name} {bank.sha256[:12]}...", wanted, "give its file with --bank")
    if bank.classes != recipe.classes:
        raise BadArgument("class_names", recipe.class_names, f"those of the digits, {bank.classes.names}")
    return bank


def _check_whole_fits(recipe: Recipe) -> None:
    """Raise `BadArgument` for truths or classes that a whole format has no room for."""
    if recipe.classes != DIGITS:
        names = f"{len(recipe.class_names)} classes of other digits"
        raise BadArgument(
            "format", recipe.format, f"any but {', '.join(WHOLE)}, for {names}", "zarr has room"
        )
    allowed = whole_format(recipe.format).TRUTHS
    for truth in recipe.truths:
        if truth not in allowed:
            fix = f"{recipe.format} has room for no other; zarr has"
            raise BadArgument("truth", truth, ", ".join(allowed), fix)


def _check_memory(layout: Layout) -> None:
    room = psutil.virtual_memory().total // 4
    if (needed := _shard_bytes(layout)) > room:
        fix = "draw smaller or shorter clips, fewer truths, or fewer clips a shard"
        asked = f"{layout.clips_per_shard} clips = {needed:,} bytes"
        raise BadArgument("clips_per_shard", asked, f"shards of {room:,} bytes at most", fix)


def _shard_bytes(layout: Layout) -> int:
    return layout.clip_bytes * min(layout.clips_per_shard, layout.num_clips)
