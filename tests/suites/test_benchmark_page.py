"""The benchmark page is what the result files say, and its check refuses files that are out of date."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from segmnist.baselines.catalog import MODELS
from segmnist.errors import CorruptData
from segmnist.suites import suite
from segmnist.suites.checksums import suite_sha256

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "benchmark_page.py"


@pytest.fixture
def script(tmp_path: Any) -> Any:
    """The script, at work on a copy of the page and the results."""
    spec = importlib.util.spec_from_file_location("benchmark_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(ROOT / "results", tmp_path / "results")
    module.PAGE = Path(shutil.copy(ROOT / "docs" / "benchmark.md", tmp_path))
    module.RESULTS = tmp_path / "results"
    return module


def table_of(script: Any, title: str) -> str:
    """Return what stands in the place of a suite or a part, or under its title among the other suites."""
    tables = {place[2]: str(place[0]) for place in script.PLACE.finditer(script.PAGE.read_text())}
    return tables.get(title) or next(t for t in tables[script.OTHERS].split("### ") if t.startswith(title))


def rows_of(script: Any, title: str) -> list[list[str]]:
    """Return the cells of the rows of a table, without its head."""
    lines = [line for line in table_of(script, title).splitlines() if line.startswith("| ")]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[2:]]


def test_the_page_is_what_the_results_say(script: Any) -> None:
    assert script.main(check=True) == 0, "run python scripts/benchmark_page.py"


def test_a_page_that_says_otherwise_fails_the_check_and_is_written_anew(script: Any, capsys: Any) -> None:
    script.PAGE.write_text(script.PAGE.read_text().replace("Not run", "Superb"))
    assert script.main(check=True) == 1
    assert "run it without --check" in capsys.readouterr().out
    assert script.main(check=False) == 0
    assert script.main(check=True) == 0


def test_a_result_of_an_older_schema_fails_the_check(script: Any) -> None:
    file = sorted(script.RESULTS.glob("*.json"))[0]
    file.write_text(file.read_text().replace("segmnist-result/2", "segmnist-result/1"))
    with pytest.raises(CorruptData, match="segmnist-result/1"):
        script.main(check=True)


def test_a_place_that_no_suite_is_named_after_fails_the_check(script: Any) -> None:
    script.PAGE.write_text(script.PAGE.read_text().replace("results of tiny-v1", "results of tiny-v9"))
    with pytest.raises(CorruptData, match="tiny-v9"):
        script.main(check=False)


def test_a_submitted_model_and_a_suite_without_a_table_so_far_appear(script: Any) -> None:
    [file] = script.RESULTS.glob("standard-v1-unet-0-20min.json")
    result = msgspec.json.decode(file.read_bytes())
    result["model"] = "somebody's net"
    (script.RESULTS / "submitted.json").write_bytes(msgspec.json.encode(result))
    origin = suite("origin-v1")
    result |= {"suite": origin.name, "suite_sha256": suite_sha256(origin)}
    (script.RESULTS / "another.json").write_bytes(msgspec.json.encode(result))
    assert script.main(check=True) == 1
    assert script.main(check=False) == 0
    standard, other = (table_of(script, name) for name in ("standard-v1", "origin-v1"))
    assert "| somebody's net | 0 |" in standard
    assert "| somebody's net | 0 |" in other
    assert "Not run" not in other


def test_a_model_under_corruption_has_one_row_with_its_means(script: Any) -> None:
    [file] = script.RESULTS.glob("corrupted-v1-unet-0.json")
    result = msgspec.json.decode(file.read_bytes())
    result["model"] = "steady"
    for part in result["parts"]:
        part["scores"]["miou"]["value"] = 0.5 if part["name"] == "clean" else 0.25
    (script.RESULTS / "corrupted-v1-steady-0.json").write_bytes(msgspec.json.encode(result))
    assert script.main(check=False) == 0
    [row] = re.findall(r"^\| steady \|.*", script.PAGE.read_text(), re.M)
    assert row.count("| 0.250 ") == 13  # mPC, and twelve corruptions
    assert row.count("| 0.500 ") == 2  # clean, and the share of it that is left


def test_parts_scored_one_by_one_have_a_table_each_with_the_exact_posterior(script: Any) -> None:
    [file] = script.RESULTS.glob("standard-v1-unet-0-20min.json")
    result = msgspec.json.decode(file.read_bytes())
    exact = suite("exact-v2")
    result |= {"suite": exact.name, "suite_sha256": suite_sha256(exact)}
    gained = {
        "weak": {"faint": 1.0, "small": 9.0, "twins": 1.0},
        "strong": {"faint": 5.0, "small": 4.0, "twins": 5.0},
        "exact-posterior": {"twins": 6.0},
    }
    for model, of_part in gained.items():
        for name, value in of_part.items():
            scores = {"oracle_nll": {"value": 0.125}, "information_gained": {"value": value}}
            scored = {"scores": result["parts"][0]["scores"] | scores}
            part = result["parts"][0] | {"name": name, "num_clips": 300} | scored
            alone = result | {"parts": [part], "model": model}
            (script.RESULTS / f"exact-{name}-{model}.json").write_bytes(msgspec.json.encode(alone))
    for file in script.RESULTS.glob("exact-v2-*"):
        file.unlink()
    script.main(check=False)
    models = {
        part.name: [row[0] for row in rows_of(script, f"exact-v2, {part.name}")] for part in exact.parts
    }
    # Each part is ranked for itself, and has the exact posterior once; one that nobody was scored on is there, too.
    assert models == {part.name: [] for part in exact.parts} | {
        "small": ["weak", "strong", "exact-posterior"],
        "faint": ["strong", "weak", "exact-posterior"],
        "twins": ["exact-posterior", "strong", "weak"],
    }


def test_a_result_of_the_val_split_is_refused_and_not_left_out(script: Any) -> None:
    [file] = script.RESULTS.glob("tiny-v1-unet-0.json")
    result = msgspec.json.decode(file.read_bytes())
    parts = [part | {"num_clips": 50} for part in result["parts"]]
    file.write_bytes(msgspec.json.encode(result | {"split": "val", "parts": parts}))
    with pytest.raises(CorruptData, match="expected 'test'"):
        script.main(check=True)


def test_a_result_that_does_not_say_how_it_was_made_is_refused(script: Any) -> None:
    submit(script, {0: 1.0}, notes="")
    with pytest.raises(CorruptData, match=r"no notes; .*--notes"):
        script.main(check=True)


def test_a_result_without_a_commit_names_none(script: Any) -> None:
    submit(script, {0: 1.0}, commit=None, notes="Its code is here.")
    assert script.main(check=False) == 0
    assert re.search(
        r"^- somebody's net, seed 0: Its code is here\. 4 CPU", table_of(script, "tiny-v1"), re.M
    )


def test_two_results_of_one_seed_are_refused(script: Any) -> None:
    shutil.copy(script.RESULTS / "tiny-v1-unet-0.json", script.RESULTS / "tiny-v1-unet-again.json")
    with pytest.raises(CorruptData, match="unet on tiny-v1, all: seeds 0, 0"):
        script.main(check=True)


def test_every_model_has_a_row_or_is_named_as_not_run_on_every_part(script: Any) -> None:
    for name in script.MAIN_SUITES:
        parts = suite(name).parts
        for part in parts:
            title = name if len(parts) == 1 else f"{name}, {part.name}"
            missing = re.findall("^Not run: (.*)\\.$", table_of(script, title), re.M)
            not_run = missing[0].split(", ") if missing else []
            run = [row[0] for row in rows_of(script, title)]
            assert not set(run) & set(not_run)
            assert {*run, *not_run} >= {*MODELS, *script.references_of(part)} - {"all-background"}


def test_no_torch_is_needed() -> None:
    code = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def submit(script: Any, of_seed: dict[int, float], model: str = "somebody's net", **changes: Any) -> None:
    """Add results of a model that gained so much with each seed."""
    result = msgspec.json.decode((script.RESULTS / "tiny-v1-unet-0.json").read_bytes())
    result |= {"hardware": "4 CPU cores (skylake, x86_64), Linux", "minutes": 2.0}
    for seed, gained in of_seed.items():
        for part in result["parts"]:
            part["scores"]["information_gained"] = {"value": gained, "low": gained - 2, "high": gained + 1}
        changed = result | {"model": model, "seed": seed} | changes
        name = "-".join(map(str, ("tiny-v1", model, seed, *changes.values())))
        (script.RESULTS / f"{name}.json").write_bytes(msgspec.json.encode(changed))


def test_models_are_ranked_by_information_gained(script: Any) -> None:
    for model, gained in {"a": 3.0, "b": -7.0, "c": 410.5}.items():
        submit(script, {1: gained}, model)
    assert script.main(check=False) == 0
    shown = [float(row[5].split()[0]) for row in rows_of(script, "tiny-v1")]
    assert {3.0, -7.0, 410.5} <= set(shown)
    assert shown == sorted(shown, reverse=True)


def test_seeds_of_a_model_are_one_row_with_their_mean_and_range(script: Any) -> None:
    submit(script, {1: 300.0, 0: 100.0, 2: 350.0})
    submit(script, {0: 50.0}, minutes=40.0)
    submit(script, {0: 60.0}, hardware="a GPU; 16 CPU cores (znver5, x86_64), Linux")
    submit(script, {0: 70.0}, hardware="another machine")
    assert script.main(check=False) == 0
    rows = [row[1:] for row in rows_of(script, "tiny-v1") if row[0] == "somebody's net"]
    assert [(row[0], row[4], row[5]) for row in rows] == [
        ("0, 1, 2", "250.0 [248.0, 251.0]", "100.0 .. 350.0"),
        ("0", "70.00 [68.00, 71.00]", "-"),
        ("0", "60.00 [58.00, 61.00]", "-"),
        ("0", "50.00 [48.00, 51.00]", "-"),
    ]
    assert [(row[1], row[2]) for row in rows] == [
        ("2", "skylake"), ("2", "another machine"), ("2", "a GPU"), ("40", "skylake")
    ]  # fmt: skip
    notes = re.findall(r"^- somebody's net, seed (\d): ", table_of(script, "tiny-v1"), re.M)
    assert notes == ["0", "1", "2", "0", "0", "0"]
