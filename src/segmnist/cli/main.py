"""The `segmnist` command: registers the functions that are its subcommands and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

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
from segmnist.cli.preview import preview
from segmnist.cli.report import report
from segmnist.cli.specs import presets, show
from segmnist.cli.suites import suites
from segmnist.cli.sweep import sweep
from segmnist.cli.train import train
from segmnist.cli.verify import recipe, verify
from segmnist.errors import BadArgument, MissingDependency, SegmnistError, one_line
from segmnist.version import GENERATOR_VERSION, __version__

COMMANDS: dict[Callable[..., None], str] = {
    presets: "segmnist presets",
    show: "segmnist show crowded > crowded.toml",
    preview: "segmnist preview sample.png --preset standard --clips 3 --seed 0",
    explore: "segmnist explore --preset crowded",
    generate: "segmnist generate data --preset standard --split test --clips 1000 --seed 0",
    verify: "segmnist verify data --repair",
    recipe: "segmnist recipe data > recipe.toml; segmnist generate copy --recipe recipe.toml",
    find: 'segmnist find data "label = 6 and visibility < 0.3" --limit 20 --save hard.toml',
    report: "segmnist report data",
    export: "segmnist export standard davis --format davis --split val --clips 20",
    suites: "segmnist suites tiny-v1 --verify",
    evaluate: "segmnist evaluate predictions/ --suite standard-v1 --json result.json --html result.html",
    compare: "segmnist compare unet.json transformer.json --curve noise.svg",
    sweep: "segmnist sweep runs/unet/best.pt --preset standard --knob noise_density --values 0,0.5,1 --curve noise.svg",
    train: "segmnist train unet --suite tiny-v1 --steps 500 --out runs/unet",
    oracle: "segmnist oracle posteriors.zarr --recipe data/test.zarr/recipe.json --observer causal",
}
"""Every subcommand, in the order of `segmnist --help`, with the example that its own help shows."""

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
        epilog=f"Example: {COMMANDS[generate]}",
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    line.callback()(_segmnist)
    for command, example in COMMANDS.items():
        line.command(epilog=f"Example: {example}")(command)
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
