"""How far a long job says it is: lines where there is no terminal, a bar where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from segmnist.cli.progress import counting, reporting
from segmnist.dataset.progress import Progress as Stored


@pytest.mark.parametrize(
    ("title", "total", "steps", "lines"),
    [
        pytest.param(
            "tiny-v1 test",
            200,
            ((4.0, 20), (12.0, 40), (13.0, 40), (16.0, 100)),
            ["60/200 clips, 5.0 clips/s, 28 s left", "200/200 clips, 12 clips/s"],
            id="now and then, and at the end",
        ),
        pytest.param(
            "slow, then fast",
            1000,
            ((1000.0, 100), (1050.0, 200), (1070.0, 100), (1100.0, 600)),
            [
                "100/1000 clips, 0.1 clips/s, 2.5 h left",
                "300/1000 clips, 0.3 clips/s, 41 min left",
                "400/1000 clips, 4.3 clips/s, 2 min left",
                "1000/1000 clips, 0.9 clips/s",
            ],
            id="what is left, by the last minute's speed",
        ),
    ],
)
def test_without_a_terminal_progress_comes_in_lines(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    title: str,
    total: int,
    steps: Any,
    lines: list[str],
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with counting(title, total) as advance:
        for now, clips in steps:  # noqa: B007
            advance(clips)
    assert capsys.readouterr().err.splitlines() == [f"{title}: {line}" for line in lines]


def test_a_resumed_job_starts_where_it_stands_and_its_speed_is_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1,000 clips 900 were there: 20 more in 10 s leave 80, for 40 s; with those before they would leave one."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with reporting("generate") as report:
        for now, clips, size in ((0.5, 900, 0), (10.5, 920, 2_000_000), (50.5, 1000, 10_000_000)):  # noqa: B007
            report(Stored(clips, size, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "generate: 920/1000 clips, 2.0 clips/s, 2 MB, 40 s left",
        "generate: 1000/1000 clips, 2.0 clips/s, 10 MB",
    ]


def test_a_title_in_brackets_is_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with counting("[/bold] test", 2) as advance:
        advance(2)
    assert "[/bold] test" in capsys.readouterr().err
