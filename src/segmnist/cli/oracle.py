"""`segmnist oracle`: exact posteriors beside a data set, or the table of the best scores to expect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.completion import one_of, suite_names
from segmnist.cli.options import (
    AddressOption,
    BankOption,
    ExecutorOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    WorkersOption,
    refuse_beside,
    spec_from,
)
from segmnist.cli.output import Answer
from segmnist.errors import BadArgument
from segmnist.urls import is_url, url_of

if TYPE_CHECKING:
    from rich.table import Table

    from segmnist.executors import Where
    from segmnist.oracle.ceiling import Ceiling
    from segmnist.oracle.store import PosteriorPlan
    from segmnist.source import ClipSource


CLIPS = ("preset", "spec", "set_", "clips", "first", "seed")
"""Options that say which clips."""
TABLE_WIDTH = 150
"""Characters of a line of the table of ceilings."""
NOTES = """\
Expected scores, (standard error, clustered by video); a finite test set may be luckier. accuracy, NLL: nothing does better.
foreground: digit pixels that the most probable class gets right; highest: that the likeliest digit named everywhere does,
which no answer exceeds. coin: share of the entropy that is the label of twins. mIoU: a rule reaches the left, no rule exceeds
the right.
"""


def oracle(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Argument(help="The Zarr folder to write the posteriors into.")] = None,
    ceiling: Annotated[
        str | None,
        typer.Option(
            "--ceiling",
            help="Instead, print the best expected scores on this suite, such as exact-v1.",
            autocompletion=suite_names,
        ),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="The recipe of a data set, instead of the options below.")
    ] = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    set_: SetOption = None,
    split: SplitOption = "test",
    clips: Annotated[int, typer.Option("--clips", "-n", help="The number of clips.")] = 10,
    first: Annotated[int, typer.Option("--first", help="The id of the first clip.")] = 0,
    seed: SeedOption = 0,
    observer: Annotated[
        str,
        typer.Option(
            "--observer",
            help="offline, causal, frame or forecast.",
            autocompletion=one_of("offline", "causal", "frame", "forecast"),
        ),
    ] = "offline",
    horizon: Annotated[
        int, typer.Option("--horizon", help="Frames from the last one seen to the one forecast.")
    ] = 0,
    dtype: Annotated[
        str,
        typer.Option("--dtype", help="How to store probabilities: float32, or float16 (error up to 2.4e-4)."),
    ] = "float32",
    delta: Annotated[float, typer.Option("--delta", help="The posterior mass that may be neglected.")] = 1e-3,
    videos: Annotated[int, typer.Option("--videos", help="Clips per row of the --ceiling table.")] = 24,
    device: Annotated[
        str | None, typer.Option("--device", help="A torch device such as cuda. Default: NumPy on the CPU.")
    ] = None,
    workers: WorkersOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    bank: BankOption = None,
) -> Answer:
    """Compute exact posteriors of clips (presets of the exact family). Run the same command again to resume."""
    from segmnist.executors import Where
    from segmnist.oracle.store import PosteriorPlan

    where = Where(executor, workers, address)
    if (out is None) == (ceiling is None):
        raise BadArgument("OUT", out and str(out), "either a folder to write into or --ceiling SUITE")
    if ceiling is not None:
        refuse_beside(ctx, "--ceiling", "recipe", *CLIPS, "bank", "observer", "horizon", "dtype")
        return _ceilings(ceiling, split, videos, (delta, device), where)
    assert out is not None
    if is_url(out):
        raise BadArgument("OUT", url_of(out), "a local folder", "copy it to the store afterwards")
    if recipe is not None:
        refuse_beside(ctx, "--recipe", *CLIPS, "split")
    source, ids = _clips(recipe, (preset, spec, set_), bank, split, seed, range(first, first + clips))
    return _write(out, source, PosteriorPlan(ids, observer, dtype, horizon), (delta, device), where)


def _clips(
    recipe_file: str | None,
    named: tuple[str | None, Path | None, list[str] | None],
    bank: Path | None,
    split: str,
    seed: int,
    asked: range,
) -> tuple[ClipSource, tuple[int, ...]]:
    """Return the source and the ids of the clips that a recipe, or else the options, ask for."""
    from segmnist.dataset import Recipe
    from segmnist.digits.bank import DigitBank
    from segmnist.scene.randomness import check_split
    from segmnist.source import ClipSource

    digits = DigitBank.from_path(bank) if bank else DigitBank.mnist()
    if recipe_file is not None:
        recipe = Recipe.from_file(recipe_file)
        if recipe.bank_sha256 != digits.sha256:
            raise BadArgument(
                "--bank", str(bank or "MNIST"), f"the recipe's digits, {recipe.bank_sha256[:12]}"
            )
        source = ClipSource(recipe.spec, split=check_split(recipe.split), seed=recipe.seed, bank=digits)
        return source, tuple(recipe.ids(0, recipe.num_clips).tolist())
    if not 0 <= asked.start < asked.stop <= 2**63:
        wrong = f"{asked.stop - asked.start} from --first {asked.start} on"
        raise BadArgument("--clips", wrong, "1 or more, from --first 0 or more on, all ids below 2^63")
    spec = spec_from(named[0] or (None if named[1] else "exact"), named[1], named[2])
    return ClipSource(spec, split=check_split(split), seed=seed, bank=digits), tuple(asked)


def _write(
    out: Path, source: ClipSource, plan: PosteriorPlan, how: tuple[float, str | None], where: Where
) -> Answer:
    from segmnist.cli.progress import progress
    from segmnist.oracle import Oracle, write_posteriors

    oracle = Oracle.of(source, delta=how[0], device=how[1])
    with progress("oracle") as show:
        write_posteriors(out, oracle, source, plan, show, where=where)
    line = f"{out}: posteriors of {len(plan.clip_ids)} clips, {plan.observer} observer"
    return Answer({"place": out, "observer": plan.observer, "clip_ids": plan.clip_ids}, (line,))


def _ceilings(name: str, split: str, videos: int, how: tuple[float, str | None], where: Where) -> Answer:
    from rich.table import Table

    from segmnist.cli.progress import counting
    from segmnist.oracle import OBSERVERS, Oracle
    from segmnist.oracle.ceiling import ceilings
    from segmnist.suites.catalog import suite

    if videos < 1:
        raise BadArgument("--videos", videos, "1 or more")
    columns = (
        "part", "observer", "videos", "accuracy", "foreground", "highest", "NLL, nats", "coin", "mIoU bracket", "delta",
    )  # fmt: skip
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    parts, found = suite(name).parts, []
    with counting(f"ceilings of {name}", len(parts) * len(OBSERVERS) * videos) as advance:
        for part in parts:
            source = part.source(split)
            seer = Oracle.of(source, delta=how[0], device=how[1])
            for row in ceilings(seer, source, videos, lambda observer, done: advance(1), where=where):
                table.add_row(part.name, *_cells(row))
                found.append({"part": part.name, "ceiling": row})
    return Answer(found, (_whole_lines(table), NOTES))


def _whole_lines(table: Table) -> str:
    """Return a table as text: cut to the window's width, it would lose its figures."""
    from rich.console import Console

    console = Console(width=TABLE_WIDTH)
    with console.capture() as written:
        console.print(table, no_wrap=True)
    return written.get()


def _cells(row: Ceiling) -> list[str]:
    def with_error(pair: tuple[float, float]) -> str:
        return f"{pair[0]:.4f} ({pair[1]:.4f})"

    bracket = "too few videos"
    if row.miou_low is not None and row.miou_high is not None:
        bracket = f"{row.miou_low:.4f} .. {row.miou_high:.4f}"
    accuracies = (row.accuracy, row.foreground_accuracy, row.highest_foreground_accuracy, row.nll)
    scores = [with_error(pair) for pair in accuracies]
    coin = f"{row.coin_share[0]:.1%}"
    return [row.observer, str(row.num_videos), *scores, coin, bracket, f"{row.delta:.0e}"]
