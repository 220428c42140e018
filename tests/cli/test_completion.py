"""What the shell offers after Tab, through the protocol of typer's completion scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from segmnist import PRESETS
from segmnist.baselines.catalog import MODELS
from segmnist.cli.completion import _parts_by_suite
from segmnist.formats import FOLDER, SHARDED, WHOLE
from segmnist.render.arrays import TRUTHS
from segmnist.scene.spec import choices_of, field_names
from segmnist.suites import SUITES, suite

COMMAND = "import sys; sys.argv[0] = 'segmnist'; from segmnist.cli import main; main()"


def offered(line: str, shell: str = "fish") -> list[str]:
    """Return the completions of the last word of a command line; a space at its end begins a new word."""
    asked = {
        "_SEGMNIST_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", COMMAND], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return [item.partition("\t")[0] for item in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("segmnist generate d --preset ", PRESETS),
        ("segmnist show ", PRESETS),
        ("segmnist export ", PRESETS),
        ("segmnist suites ", SUITES),
        ("segmnist evaluate p --suite ", SUITES),
        ("segmnist train unet --suite ", SUITES),
        ("segmnist oracle --ceiling ", SUITES),
        ("segmnist evaluate p --suite noise-v1 --part ", [part.name for part in suite("noise-v1").parts]),
        ("segmnist generate d --format ", [*SHARDED, *WHOLE, *FOLDER]),
        ("segmnist export d o --format ", [*SHARDED, *WHOLE, *FOLDER]),
        ("segmnist generate d --truth ", TRUTHS),
        ("segmnist preview p.png --set ", [f"{name}=" for name in field_names()]),
        ("segmnist preview p.png --set digit_motion=", [f"digit_motion={word}" for word in choices_of("digit_motion")]),
        ("segmnist train ", MODELS),
        ("segmnist evaluate p --oracle ", ["offline", "causal", "frame", "prefix"]),
        ("segmnist oracle o --observer ", ["offline", "causal", "frame", "forecast"]),
        ("segmnist generate d --split ", ["train", "val", "test"]),
        ("segmnist evaluate p --split ", ["test", "val"]),
    ],
)  # fmt: skip
def test_names_are_offered(line: str, names: Any) -> None:
    assert offered(line) == list(names)


def test_words_go_on_from_what_was_typed_in_every_shell() -> None:
    assert offered("segmnist preview p.png --set num_f") == ["num_frames="]
    assert offered("segmnist generate d --preset cl", "bash") == ["clean"]
    assert "clean" in "".join(offered("segmnist generate d --preset cl", "zsh"))
    assert "num_digits_range" in offered("segmnist sweep m --knob num")
    assert "twins" not in offered("segmnist sweep m --knob ")
    assert offered("segmnist evaluate p --part sigma-2") == ["sigma-20"]


def test_the_suites_are_those_that_are_read_from_their_checksums() -> None:
    assert _parts_by_suite() == {name: [part.name for part in suite(name).parts] for name in SUITES}


def test_a_completion_imports_little() -> None:
    """Else it would take longer than one cares to wait: numba alone takes two seconds."""
    heavy = {
        "numba",
        "torch",
        "zarr",
        "pyarrow",
        "rich.progress",
        "segmnist.source",
        "segmnist.oracle",
        "segmnist.suites",
    }
    code = f"import atexit, sys\natexit.register(lambda: print({heavy} & {{*sys.modules}}, file=sys.stderr))\n{COMMAND}"
    for line in (
        "segmnist generate d --preset ",
        "segmnist evaluate p --suite ",
        "segmnist preview p --set ",
    ):
        asked = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | asked | {"_SEGMNIST_COMPLETE": "complete_fish"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout
        assert done.stderr == "set()\n", line
