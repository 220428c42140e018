"""The `segmnist` command: registers the functions that are its subcommands and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, NoReturn

import typer

from segmnist.cli.compare import compare
from segmnist.cli.evaluate import evaluate
from segmnist.cli.exit_codes import BAD_USE, FAILED, INTERRUPTED
from segmnist.cli.explore import explore
from segmnist.cli.export import export
from segmnist.cli.find import find
from segmnist.cli.generate import generate
from segmnist.cli.interruption import take_signals
from segmnist.cli.oracle import oracle
from segmnist.cli.output import Answer
from segmnist.cli.output import command as with_output
from segmnist.cli.preview import preview
from segmnist.cli.report import report
from segmnist.cli.specs import presets, show
from segmnist.cli.suites import suites
from segmnist.cli.sweep import sweep
from segmnist.cli.train import train
from segmnist.cli.verify import recipe, verify
from segmnist.errors import BadArgument, MissingDependency, SegmnistError, one_line
from segmnist.version import GENERATOR_VERSION, __version__


class Command(NamedTuple):
    """A subcommand: the example that its help shows, and what does the same in Python."""

    example: str
    python: tuple[str, ...]


COMMANDS: dict[Callable[..., Answer | None], Command] = {
    presets: Command("segmnist presets", ("segmnist.PRESETS",)),
    show: Command("segmnist show crowded > crowded.toml", ("segmnist.preset",)),
    preview: Command(
        "segmnist preview sample.png --preset standard --clips 3 --seed 0", ("segmnist.preview.save_preview",)
    ),
    explore: Command("segmnist explore --preset crowded", ("segmnist.explore.serve",)),
    generate: Command(
        "segmnist generate data --preset standard --split test --clips 1000 --seed 0",
        ("segmnist.dataset.recipe_for", "segmnist.dataset.generate"),
    ),
    verify: Command(
        "segmnist verify data --repair",
        ("segmnist.dataset.verify", "segmnist.dataset.repair", "segmnist.dataset.clean"),
    ),
    recipe: Command(
        "segmnist recipe data > recipe.toml; segmnist generate copy --recipe recipe.toml",
        ("segmnist.dataset.recipe_of",),
    ),
    find: Command(
        'segmnist find data "label = 6 and visibility < 0.3" --limit 20 --save hard.toml',
        ("segmnist.dataset.find", "segmnist.dataset.selection"),
    ),
    report: Command("segmnist report data", ("segmnist.report.survey", "segmnist.report.report_page")),
    export: Command(
        "segmnist export standard davis --format davis --split val --clips 20", ("segmnist.dataset.export",)
    ),
    suites: Command(
        "segmnist suites tiny-v1 --verify",
        ("segmnist.suites.SUITES", "segmnist.suites.suite", "segmnist.suites.verify"),
    ),
    evaluate: Command(
        "segmnist evaluate predictions/ --suite standard-v1 --out result.json --html result.html",
        ("segmnist.scoring.evaluate",),
    ),
    compare: Command(
        "segmnist compare unet.json transformer.json --curve noise.svg",
        ("segmnist.evaluate.reports.compare.compare",),
    ),
    sweep: Command(
        "segmnist sweep runs/unet/best.pt --preset standard --knob noise_density --values 0,0.5,1 --curve noise.svg",
        ("segmnist.scoring.sweep",),
    ),
    train: Command(
        "segmnist train unet --suite tiny-v1 --steps 500 --out runs/unet", ("segmnist.baselines.train.train",)
    ),
    oracle: Command(
        "segmnist oracle posteriors.zarr --recipe data/test.zarr/recipe.json --observer causal",
        ("segmnist.oracle.write_posteriors", "segmnist.oracle.ceilings"),
    ),
}
"""Every subcommand, in the order of `segmnist --help`."""

MOST_CHARACTERS = 2000
"""Of a message: it may quote what the user gave, whatever its length."""

# Some releases of typer depend on click, others include it. Either way, this is the class of all usage errors.
UsageError: Any = typer.BadParameter.__base__


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"segmnist {__version__} (generator {GENERATOR_VERSION})")
        raise typer.Exit


def _segmnist(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _command_line() -> typer.Typer:
    line = typer.Typer(
        name="segmnist",
        help="Videos of moving MNIST digits with per-pixel ground truth.",
        epilog=f"Example: {COMMANDS[generate].example}",
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    line.callback()(_segmnist)
    for command, (example, _) in COMMANDS.items():
        line.command(epilog=f"Example: {example}")(with_output(command))
    return line


app = _command_line()


def main() -> None:
    """Run the command and exit, with one line on stderr for every failure; see `exit_codes`."""
    take_signals()
    try:
        code = app([_at_home(text) for text in sys.argv[1:]] or ["--help"], standalone_mode=False)
    except UsageError as error:
        _fail(f"{error.format_message().rstrip('.')}; see {error.ctx.command_path} --help", BAD_USE)
    except (BadArgument, MissingDependency) as error:
        _fail(error, BAD_USE)
    except SegmnistError as error:
        _fail(error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away, as `head` does.
        sys.stderr.close()
        raise SystemExit(0) from None
    except MemoryError as error:
        _fail(f"out of memory; try fewer or smaller clips at a time: {error}".rstrip(": "), FAILED)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), FAILED)
    # Some releases of typer say nothing of an interruption and return its exit code.
    if code == INTERRUPTED:
        _fail("interrupted", INTERRUPTED)
    raise SystemExit(code)


def _at_home(argument: str) -> str:
    """Return an argument with `~` as the home folder, also in `--out=~/x`, where few shells replace it."""
    name, equals, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    return f"{name}{equals}{os.path.expanduser(value)}" if value.startswith("~/") else argument


def _fail(reason: object, code: int) -> NoReturn:
    line = one_line(reason)
    if len(line) > MOST_CHARACTERS:
        line = f"{line[: MOST_CHARACTERS // 2]} ... {line[-MOST_CHARACTERS // 2 :]}"
    typer.echo(f"segmnist: {line}", err=True)
    raise SystemExit(code)
