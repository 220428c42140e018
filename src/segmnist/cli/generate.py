"""`segmnist generate`: a data set on disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from segmnist.cli.exit_codes import INTERRUPTED
from segmnist.cli.interruption import last_words
from segmnist.cli.options import (
    AddressOption,
    BankOption,
    ExecutorOption,
    FormatOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    TruthOption,
    WorkersOption,
    refuse_beside,
    spec_from,
)
from segmnist.cli.output import Answer, say_memory
from segmnist.cli.stored import stored
from segmnist.errors import BadArgument, SegmnistError


def generate(
    ctx: typer.Context,
    out: Annotated[
        str,
        typer.Argument(
            help="Where to write: a folder (created if needed) or a URL such as s3://bucket/folder."
        ),
    ],
    preset: PresetOption = None,
    spec: SpecOption = None,
    set_: SetOption = None,
    split: SplitOption = "train",
    clips: Annotated[int | None, typer.Option("--clips", "-n", help="The number of clips.")] = None,
    first: Annotated[int, typer.Option("--first", help="The id of the first clip.")] = 0,
    seed: SeedOption = 0,
    truth: TruthOption = None,
    format_: FormatOption = "zarr",
    recipe_file: Annotated[
        str | None,
        typer.Option(
            "--recipe", help="A recipe (TOML or JSON) instead of all options that say what to draw."
        ),
    ] = None,
    index: Annotated[
        bool,
        typer.Option(
            "--index/--no-index", help="Also write the tables that `segmnist find` searches; takes longer."
        ),
    ] = True,
    compress_video: Annotated[
        bool | None,
        typer.Option(
            "--compress-video/--no-compress-video",
            help="Compress the video in zarr. Default: unless it is noisy, where this takes long and saves a third.",
        ),
    ] = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    shard_range: Annotated[
        str,
        typer.Option(
            "--shard-range",
            metavar="I/N",
            help="Write only part I of N of the shards (0 <= I < N), for batch jobs.",
        ),
    ] = "0/1",
    bank: BankOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Allow more than 100 GB.")] = False,
) -> Answer:
    """Write a data set. Run the same command again to resume it."""
    from segmnist.cli.progress import reporting
    from segmnist.dataset import Recipe, recipe_for
    from segmnist.dataset import generate as write
    from segmnist.dataset.generate import LIMIT_BYTES, begun_recipe
    from segmnist.dataset.plan import plan_for, shard_bytes
    from segmnist.digits.bank import DigitBank
    from segmnist.render.arrays import check_truths
    from segmnist.scene.randomness import check_split

    digits = DigitBank.from_path(bank) if bank else DigitBank.mnist()
    if recipe_file is not None:
        refuse_beside(
            ctx, "--recipe",
            "preset", "spec", "set_", "split", "clips", "first", "seed", "truth", "format_", "index",
            "compress_video",
        )  # fmt: skip
        recipe = Recipe.from_file(recipe_file)
    else:
        recipe = recipe_for(
            spec_from(preset, spec, set_), num_clips=_counted(clips), first_clip=first, split=check_split(split), seed=seed,
            truth=check_truths(("semantic", *(truth or ()))), format=format_, index=index,
            compress_video=compress_video, bank=digits,
        )  # fmt: skip
        if compress_video is None:
            recipe = begun_recipe(recipe, out)
    say_memory("generate: each process holds a shard", shard_bytes(plan_for(recipe, digits)))
    with _resumable(out), reporting("generate") as report:
        place = write(
            recipe, out, bank=digits, num_workers=workers, executor=executor, address=address,
            shard_range=_range(shard_range), limit_bytes=None if yes else LIMIT_BYTES, report=report,
        )  # fmt: skip
    line = f"{place}: {recipe.num_clips} clips {recipe.content_id[:12]}, plan {recipe.plan_id[:12]}"
    return Answer(stored(place, recipe), (line,))


def _counted(clips: int | None) -> int:
    if clips is None or clips < 1:
        raise BadArgument("--clips", clips, "1 or more", "for example --clips 1000")
    return clips


@contextmanager
def _resumable(out: object) -> Iterator[None]:
    """Say, when the user stops the command or the disk is full, that finished shards are kept."""
    stopped = "stopped; finished shards are kept, and the same command resumes"
    try:
        with last_words(stopped):
            yield
    except KeyboardInterrupt:
        typer.echo(f"segmnist: {stopped}", err=True)
        raise SystemExit(INTERRUPTED) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        kept = "finished shards are kept; make room and run the same command again"
        raise SegmnistError(f"{out}: {error.strerror}: {kept}") from None


def _range(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal()):
        raise BadArgument("--shard-range", text, "I/N with 0 <= I < N", "for example 0/8 .. 7/8")
    return int(part), int(parts)
