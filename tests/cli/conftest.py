"""The command as a user runs it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from segmnist.cli import main

SMALL = ["--set", "num_frames=3", "--set", "height=32", "--set", "width=40"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the exit code, stdout and stderr of a command."""

    def run_command(*arguments: Any) -> Any:
        monkeypatch.setattr(sys, "argv", ["segmnist", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run_command
