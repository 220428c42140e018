"""The code in the docs is meant for copying: each block runs, prints what the page shows, and each command line is one."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import typer.main

from segmnist.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = "<!-- not run: "
"""Stands in the line before a block that cannot run here, with the reason."""

FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```\n", re.M | re.S)


class Block(NamedTuple):
    """A fenced block: its language, its text, and what a block of `text` right below it shows; None without one."""

    language: str
    text: str
    shown: str | None


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks that run, in order."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    blocks = []
    for fence, below in zip(found, [*found[1:], None]):
        before = text[: fence.start()].rstrip("\n").rpartition("\n")[2]
        is_answered = below and below["language"] == "text" and not text[fence.end() : below.start()].strip()
        if not before.startswith(NOT_RUN):
            blocks.append(
                Block(fence["language"], fence["text"], below["text"] if below and is_answered else None)
            )
    return blocks


def python_of(page: Path) -> list[Block]:
    """Return the blocks of Python."""
    return [block for block in blocks_of(page) if block.language == "python"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_has_no_prompts(page: Path) -> None:
    assert ">>> " not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [page for page in PAGES if python_of(page)], ids=lambda page: page.name)
def test_copied_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after another, as a reader would type them into one session."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").symlink_to(ROOT / "results")
    names: dict[str, Any] = {"__name__": "docs"}
    for block in python_of(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.text, page.name, "exec"), names)
        if block.shown is not None:
            assert printed.getvalue() == block.shown


def commands_of(page: Path) -> list[str]:
    """Return the command lines of segmnist in blocks without a language and in indented ones."""
    text = page.read_text(encoding="utf-8")
    fenced = [
        line for block in FENCE.finditer(text) if not block["language"] for line in block["text"].splitlines()
    ]
    indented = re.findall(r"^ {4,8}(segmnist .*)$", FENCE.sub("", text), re.M)
    return [line for line in [*fenced, *indented] if re.match(r"segmnist [a-z]", line)]


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.name)
def test_command_lines_are_understood(page: Path) -> None:
    """Every command, argument and option exists; nothing is run."""
    group: Any = typer.main.get_command(app)
    for line in commands_of(page):
        words = shlex.split(line, comments=True)[1:]
        if ">" in words:
            words = words[: words.index(">")]
        command, rest = group, words
        while hasattr(command, "commands"):
            assert rest, line
            assert rest[0] in command.commands, line
            command, rest = command.commands[rest[0]], rest[1:]
        try:
            command.make_context(words[0], list(rest))
        except click.ClickException as error:
            pytest.fail(f"{line}: {error.format_message()}")
