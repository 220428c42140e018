"""The command's frame: its subcommands, its version, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer

from segmnist.errors import BadArgument, MissingDependency, SegmnistError
from segmnist.version import GENERATOR_VERSION, __version__

# Some releases of typer stand on click, others carry it inside: its class is found by a public one's parent.
UsageError: Any = typer.BadParameter.__base__

INTERRUPTED = 130
"""The exit code of a command that the user stopped, as shells have it."""

app = typer.Typer(
    name="segmnist",
    help="Videos of moving MNIST digits with per-pixel ground truth.",
    epilog="Example: segmnist generate data --preset standard --split test --clips 1000 --seed 0",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"segmnist {__version__} (generator {GENERATOR_VERSION})")
        raise typer.Exit


@app.callback()
def _frame(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def load_commands() -> None:
    """Import every module of commands: each adds its own to `app`."""
    # Here, not at the top, since they import this module.
    from segmnist.cli import (  # noqa: F401
        evaluate,
        explore,
        export,
        find,
        generate,
        oracle,
        preview,
        report,
        specs,
        suites,
        train,
        verify,
    )


def main() -> None:
    """Run the command: exit code 2 for bad use, 1 for a failed job, 130 when interrupted; one line on stderr for each."""
    load_commands()
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except UsageError as error:
        _fail(f"{error.format_message().rstrip('.')}; see {error.ctx.command_path} --help", 2)
    except (BadArgument, MissingDependency) as error:
        _fail(error, 2)
    except SegmnistError as error:
        _fail(error, 1)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away, as `head` does.
        sys.stderr.close()
        raise SystemExit(0) from None
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), 1)
    # Some releases of typer say nothing of an interruption and return its exit code.
    if code == INTERRUPTED:
        _fail("interrupted", INTERRUPTED)
    raise SystemExit(code)


def _fail(reason: object, code: int) -> NoReturn:
    typer.echo(f"segmnist: {reason}", err=True)
    raise SystemExit(code)
