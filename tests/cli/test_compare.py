"""`segmnist evaluate --clips` for a quick look, and `segmnist compare`, as a user runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from segmnist.errors import CorruptData
from segmnist.evaluate.reports.results import SCHEMA, Result, load_result, save_result
from segmnist.suites import evaluate, suite
from segmnist.suites.checksums import suite_sha256
from segmnist.suites.results import load_suite_result

SHAPE = (8, 32, 32)
NAMES = {"background": 10, "eights": 8}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Predictions of the first five val clips of tiny-v1, of all, and of too few."""
    folder = tmp_path_factory.mktemp("predictions")
    np.save(folder / "five.npy", np.full((5, *SHAPE), 10, np.uint8))
    np.save(folder / "all.npy", np.full((50, *SHAPE), 10, np.uint8))
    np.save(folder / "few.npy", np.full((4, *SHAPE), 10, np.uint8))
    return folder


QUICK = ("--suite", "tiny-v1", "--split", "val", "--clips", 5)


@pytest.fixture(scope="module")
def scored() -> Any:
    """The results of models that name one class everywhere, on the first five val clips of tiny-v1."""

    def result_of(name: Any, number: Any) -> Any:
        model = lambda video: np.full(video.shape, number, np.uint8)  # noqa: E731
        parts = evaluate(model, "tiny-v1", split="val", first=5)
        sha256 = suite_sha256(suite("tiny-v1"))
        return Result(SCHEMA, "tiny-v1", sha256, "val", name, parts, "0", 1, partial=True)

    return [result_of(name, number) for name, number in NAMES.items()]


@pytest.fixture
def results(scored: Any, tmp_path: Any) -> Any:
    places = [tmp_path / f"{name}.json" for name in NAMES]
    for result, place in zip(scored, places, strict=True):
        save_result(result, place)
    return places


def test_a_quick_look_is_marked_and_refused_where_whole_results_count(
    run: Any, stored: Any, tmp_path: Any
) -> None:
    place = tmp_path / "r.json"
    code, _, err = run("evaluate", stored / "five.npy", *QUICK, "--out", place)
    assert code == 0, err
    assert "partial: the first clips only, 5 of 50" in err
    result = load_result(place)
    assert result.partial
    assert result.parts[0].num_clips == 5
    part = suite("tiny-v1").parts[0]
    assert result.parts[0].content_id == part.first(5).content_id("val") != part.content_id("val")
    with pytest.raises(CorruptData, match="first clips only"):
        load_suite_result(place)


def test_a_quick_look_takes_stored_predictions_of_those_clips_or_of_all(
    run: Any, stored: Any, tmp_path: Any
) -> None:
    place = tmp_path / "r.json"
    assert run("evaluate", stored / "all.npy", *QUICK, "--out", place, "--html", tmp_path / "r.html")[0] == 0
    assert load_result(place).parts[0].num_clips == 5
    assert "the first 5 clips" in (tmp_path / "r.html").read_text()
    code, _, err = run("evaluate", stored / "few.npy", *QUICK)
    assert code == 1
    assert "4 clips, expected 5..50; clip 4 is missing" in err


def test_as_many_clips_as_the_suite_has_are_no_quick_look(run: Any, stored: Any, tmp_path: Any) -> None:
    place = tmp_path / "r.json"
    assert run("evaluate", stored / "all.npy", *QUICK[:-1], 999, "--out", place)[0] == 0
    assert load_suite_result(place).parts[0].num_clips == 50


def test_whole_blocks_of_a_quick_look_are_still_checked(monkeypatch: Any) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("segmnist.suites.run.check_block", lambda *arguments: seen.append(arguments[3]))
    for first, blocks in ((99, []), (101, [0])):
        seen.clear()
        evaluate(lambda video: np.full(video.shape, 10, np.uint8), "tiny-v1", batch_size=50, first=first)
        assert seen == blocks


def test_compare_prints_and_writes_a_table(run: Any, results: Any, tmp_path: Any) -> None:
    code, out, err = run("compare", *results)
    assert code == 0, err
    assert "minus" in out
    assert "Partial" in out
    code, out, err = run("compare", *results, "--format", "markdown")
    assert code == 0, err
    assert "minus background" in out
    assert "Partial" in out
    [row] = [line for line in out.splitlines() if line.startswith("| eights")]
    assert row.count("[") == 2, "the score and its difference have intervals"
    code, out, _ = run(
        "compare", *results, "--format", "latex", "--out", tmp_path / "t.tex", "--score", "pixel_accuracy"
    )
    assert (code, out) == (0, "")
    assert r"\toprule" in (tmp_path / "t.tex").read_text()


def test_results_of_one_model_are_told_apart_by_seed_or_by_file(
    run: Any, results: Any, tmp_path: Any
) -> None:
    result = load_result(results[0])
    for seed in (1, 2):
        save_result(msgspec.structs.replace(result, seed=seed), tmp_path / f"{seed}.json")
    code, out, _ = run("compare", tmp_path / "1.json", tmp_path / "2.json")
    assert code == 0
    assert "background (seed 2)" in out
    code, out, _ = run("compare", results[0], tmp_path / "1.json", tmp_path / "2.json", results[1])
    assert code == 0
    assert "(seed None)" not in out
    save_result(msgspec.structs.replace(result, seed=1), tmp_path / "again.json")
    code, out, _ = run("compare", tmp_path / "1.json", tmp_path / "again.json")
    assert code == 0
    assert "background (1.json)" in out
    assert "background (again.json)" in out
    (tmp_path / "later").mkdir()
    save_result(result, tmp_path / "later/1.json")
    save_result(result, tmp_path / "1.json")
    code, out, _ = run("compare", tmp_path / "1.json", tmp_path / "later/1.json")
    assert code == 0
    assert "background (later/1.json)" in out


def test_compare_draws_the_curve_of_a_sweep(run: Any, results: Any, tmp_path: Any) -> None:
    swept = []
    for place in results:
        result = load_result(place)
        parts = [msgspec.structs.replace(result.parts[0], name=f"density-{level}") for level in (0, 0.5, 1)]
        swept.append(tmp_path / f"sweep-{place.name}")
        save_result(msgspec.structs.replace(result, parts=parts), swept[-1])
    for name, start in (("c.svg", b"<svg"), ("c.png", b"\x89PNG")):
        code, _, err = run("compare", *swept, "--curve", tmp_path / name)
        assert code == 0, err
        assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "two or more"),
        (("gone.json",), "gone.json: No such file"),
        (("text.json",), "text.json: not a result file"),
        (("background.json",), "one is named twice"),
        (("eights.json", "--score", "miu"), "such as miou"),
        (("eights.json", "--format", "word"), "markdown, latex, csv, html"),
        (("eights.json", "--curve", "c.pdf"), ".svg or .png"),
        (("eights.json", "--curve", "c.svg"), "results of a sweep"),
        (("eights.json", "--out", "no/such/t.md"), "create the folder first"),
    ],
)
def test_bad_input_is_one_line(
    run: Any, results: Any, tmp_path: Path, monkeypatch: Any, arguments: Any, said: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text("no result")
    code, out, err = run("compare", "background.json", *arguments)
    assert code == 2
    assert out == ""
    assert said in err.splitlines()[-1]
    assert not Path("c.svg").exists()
