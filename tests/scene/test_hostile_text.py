"""Text that is made to be a trap: numbers, depth, length and files without end give one line, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segmnist import BadArgument, CorruptData, SceneSpec
from segmnist.dataset import Recipe
from segmnist.errors import MOST_SHOWN
from segmnist.scene.spec import MOST_BYTES

DIGITS = "9" * 5000
DEEP = 100_000
HOSTILE = {
    "5,000 digits": f"num_frames = {DIGITS}",
    "5,000 digits in a list": f"speed_range = [0, {DIGITS}]",
    "hexadecimal digits": f"num_frames = 0x{'f' * 100_000}",
    "4,000 digits": f"num_frames = {'9' * 4000}",
    "an exponent": "wall_margin = 1e999999999",
    "a long float": f"wall_margin = 1.{DIGITS}{DIGITS}e5000",
    "deep lists": f"classes = {'[' * DEEP}{']' * DEEP}",
    "deep tables": f"classes = {'{a=' * DEEP}1{'}' * DEEP}",
    "a deep key": f"{'a.' * DEEP}a = 1",
    "a deep table header": f"[{'a.' * DEEP}a]",
    "a long key": f"{'a' * MOST_BYTES} = 1",
    "a long value": f'digit_motion = "{"a" * MOST_BYTES}"',
    "a long line that is no TOML": "\x00" * MOST_BYTES,
    "escapes": r'digit_motion = "\u001b[2J\n"',
}
"""TOML of specs, by what is wrong with it."""


def check_is_a_line(error: Exception) -> None:
    assert len(str(error)) < 3 * MOST_SHOWN


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_toml_is_refused_as_a_spec_and_as_a_recipe(name: str, tmp_path: Path) -> None:
    for source in (HOSTILE[name], tmp_path / "spec.toml"):
        (tmp_path / "spec.toml").write_text(HOSTILE[name], encoding="utf-8")
        with pytest.raises(BadArgument) as refused:
            SceneSpec.from_toml(source)
        check_is_a_line(refused.value)
    for text in (HOSTILE[name], f"[spec]\n{HOSTILE[name]}"):
        with pytest.raises(BadArgument) as refused:
            Recipe.from_toml(text)
        check_is_a_line(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"seed": {DIGITS}}}',
        f'{{"seed": {"[" * DEEP}{"]" * DEEP}}}',
        f'{{"{"a" * 10**6}": 1}}',
        f'{{"split": "{"a" * 10**6}"}}',
        f'{{"spec": "{"a" * 10**6}"}}',
        f'{{"clip_ids": {list(range(1_000_001))}}}',
    ],
    ids=["digits", "depth", "key", "value", "spec", "clips"],
)
def test_hostile_json_is_refused_as_a_recipe(text: str) -> None:
    with pytest.raises(BadArgument) as refused:
        Recipe.from_json(text)
    check_is_a_line(refused.value)
    with pytest.raises(CorruptData) as corrupt:
        Recipe.from_stored(text.encode())
    check_is_a_line(corrupt.value)


def test_the_longest_recipe_can_be_read_again(tmp_path: Path) -> None:
    ids = range(2**63 - 1_000_000, 2**63)
    recipe = Recipe(spec=SceneSpec(), clip_ids=tuple(ids), bank_sha256="0" * 64)
    recipe.to_toml(tmp_path / "recipe.toml")
    (tmp_path / "recipe.json").write_bytes(recipe.to_stored())
    assert Recipe.from_file(tmp_path / "recipe.json") == recipe
    assert Recipe.from_stored((tmp_path / "recipe.json").read_bytes()) == recipe
    assert (tmp_path / "recipe.toml").stat().st_size < 24 << 20


BIG = """
import resource, sys
from segmnist import BadArgument, SceneSpec
from segmnist.dataset import Recipe
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for read in (SceneSpec.from_toml, Recipe.from_file):
    try:
        read(__import__("pathlib").Path(sys.argv[1]))
    except BadArgument as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("kind", ["100 MB", "without end"])
def test_a_file_of_100_mb_or_without_end_is_not_read_whole(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero")
    if kind == "100 MB":
        path = tmp_path / "big.toml"
        path.write_bytes(b"num_frames = 5 # \n" * (100_000_000 // 18))
    command = [sys.executable, "-c", BIG, str(path)]
    lines = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120
    ).stdout.splitlines()
    assert "more than 1 MiB" in lines[0]
    assert "more than 24 MiB" in lines[1]
    # KiB: what is read of a recipe, and as much again.
    assert int(lines[2]) < 3 * (24 << 10)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (f"num_frames={DIGITS}", "num_frames="),
        (f"speed_range=[0,{DIGITS}]", "speed_range="),
        (f"classes={'[' * 20_000}", "classes="),
        (f"classes={'[' * 20_000}{']' * 20_000}", "classes="),
        (f"digit_motion={'a' * 60_000}", "digit_motion="),
        (f"{'a' * 60_000}=1", "field="),
        (f"num_frames={'a.' * 30_000}a", "--set="),
    ],
    ids=["digits", "digits in a list", "open lists", "deep lists", "value", "name", "dots"],
)
def test_hostile_changes_on_the_command_line(change: str, named: str) -> None:
    """In a process of its own: no deeper a stack than a user's."""
    command = [sys.executable, "-m", "segmnist", "show", "standard", "--set", change]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"segmnist: {named}")
    assert len(done.stderr) < 3 * MOST_SHOWN


def test_a_word_of_100_kb_is_not_echoed_whole() -> None:
    for arguments in (["show", "a" * 100_000], ["show", "--" + "a" * 100_000], ["verify", "a" * 100_000]):
        done = subprocess.run(
            [sys.executable, "-m", "segmnist", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1
        assert len(done.stderr) < 2100, arguments[0]


def test_numbers_without_end_in_a_stored_recipe() -> None:
    values = json.dumps({"seed": 10**18}).replace("1000000000000000000", DIGITS)
    with pytest.raises(CorruptData, match="not a recipe"):
        Recipe.from_stored(values.encode())
