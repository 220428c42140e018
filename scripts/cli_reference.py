"""Write docs/cli.md: the help of `segmnist` and of each command, as Markdown. A test compares the two.

Run: python scripts/cli_reference.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from segmnist.cli.main import COMMANDS, app
from segmnist.whole_file import replace_file

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """\
# Command line

Made by `python scripts/cli_reference.py` from the command itself; a test compares the two.
Exit codes: 0 done, 1 a job failed, 2 bad use, 130 interrupted. Every failure is one line on stderr.

## For scripts

The answer is on stdout; progress, remarks and errors are on stderr. `--json` makes the answer one JSON document. `--quiet`
leaves the answer and errors alone; the variable `SEGMNIST_QUIET=1` does so for all commands. Exit codes are the same with
either.

```
segmnist verify data --json --quiet
segmnist find data "label = 6" --json
```

Every command is a function, too, which returns what `--json` prints, as objects and arrays:

"""

COMPLETION = """
## Completion

After Tab, the shell completes commands, options, presets, suites and their parts, formats, truths, fields after `--set`,
splits and models. Once, in the shell that you use (bash, zsh or fish):

```
segmnist --install-completion
```

It adds a line to `~/.bashrc` or `~/.zshrc`, or a file below `~/.config/fish/completions`; open a new shell to use it. Bash
needs version 4.4 or later, which macOS does not bring. To keep the script elsewhere, `segmnist --show-completion` prints it.
"""


def reference() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    sections = [_section(name, group.commands[name]) for name in sorted(group.commands)]
    return HEAD + _functions() + COMPLETION + "".join(sections)


def _functions() -> str:
    rows = [
        f"| `{function.__name__}` | {', '.join(f'[`{name}`](api.md)' for name in command.python)} |"
        for function, command in COMMANDS.items()
    ]
    return "\n".join(["| command | in Python |", "|---|---|", *rows, ""])


def _section(name: str, command: Any, parents: str = "segmnist") -> str:
    called = f"{parents} {name}"
    if hasattr(command, "commands"):
        inner = "".join(_section(sub, command.commands[sub], called) for sub in sorted(command.commands))
        return f"\n## {called}\n\n{_line(command.help)}\n{inner}"
    level = "##" if parents == "segmnist" else "###"
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    names = "".join(f" {_called(p)}" if p.required else f" [{_called(p)}]" for p in arguments)
    rows = [f"| `{_called(p)}` | {_line(p.help)} | |" for p in arguments]
    rows += [f"| {_names(p)} | {_line(p.help)} | {_default(p)} |" for p in options]
    table = (
        "\n".join(["| argument or option | what it is | default |", "|---|---|---|", *rows]) + "\n"
        if rows
        else ""
    )
    example = f"\n```\n{command.epilog.removeprefix('Example: ')}\n```\n" if command.epilog else ""
    usage = f"`{called}{names}{' [OPTIONS]' if options else ''}`"
    return f"\n{level} {called}\n\n{usage}\n\n{_line(command.help)}\n\n{table}{example}"


def _called(argument: Any) -> str:
    return str(argument.name).upper()


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    value = option.default
    return "" if value is None or value in ((), [], "") or callable(value) else f"`{value}`"


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    replace_file(PAGE, reference().encode())
