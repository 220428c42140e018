"""`segmnist explore`: what the options show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the explorer needs segmnist[explore]")

from typer.testing import CliRunner

from segmnist import explore
from segmnist.cli.main import app


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What would be served: the exhibit and where the page starts, or the message."""

    def run(*arguments: str) -> Any:
        served: list[Any] = []
        monkeypatch.setattr(explore, "serve", lambda exhibit, **how: served.append((exhibit, how["start"])))
        result = CliRunner().invoke(app, ["explore", *arguments])
        return served[0] if served else result

    return run


def test_predictions_of_a_suite(shown: Callable[..., Any], tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.full((50, 8, 32, 32), 10, np.uint8))
    file = str(tmp_path / "one.npy")
    exhibit, start = shown(
        "--predictions", file, "--predictions", file, "--suite", "tiny-v1", "--split", "val"
    )
    assert start == "/clip?part=all&clip=0"
    (part,) = exhibit.parts
    assert (part.split, len(part.clip_ids), part.model_names) == ("val", 50, ["one", "one (2)"])


def test_predictions_of_a_spec(shown: Callable[..., Any], tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.full((6, 4, 32, 32), 10, np.uint8))
    small = [text for name in ("height=32", "width=32", "num_frames=4") for text in ("--set", name)]
    exhibit, _ = shown("--predictions", str(tmp_path / "mine.npy"), *small, "--clips", "6")
    (part,) = exhibit.parts
    assert (part.spec.height, part.split, len(part.clip_ids)) == (32, "test", 6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--suite", "tiny-v1"), "--predictions"),
        (("--predictions", "x", "--suite", "tiny-v1", "--preset", "clean"), "--preset"),
        (("--predictions", "x", "--suite", "tiny-v9"), "tiny-v1"),
        (("--predictions", "absent.npy", "--suite", "tiny-v1"), "absent.npy"),
        (("--predictions", "x", "--seed", "3"), "--seed"),
    ],
)
def test_bad_use(shown: Callable[..., Any], arguments: tuple[str, ...], named: str) -> None:
    result = shown(*arguments)
    assert result.exit_code != 0
    assert named in str(result.exception) + result.output
