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


def test_the_page_is_what_the_results_say(script: Any) -> None:
    assert script.main(check=True) == 0, "run python scripts/benchmark_page.py"


def test_a_page_that_says_otherwise_fails_the_check_and_is_written_anew(script: Any) -> None:
    script.PAGE.write_text(script.PAGE.read_text().replace("Not run", "Superb"))
    assert script.main(check=True) == 1
    assert script.main(check=False) == 0
    assert script.main(check=True) == 0


def test_a_result_of_an_older_schema_fails_the_check(script: Any) -> None:
    file = sorted(script.RESULTS.glob("*.json"))[0]
    file.write_text(file.read_text().replace("segmnist-result/2", "segmnist-result/1"))
    with pytest.raises(CorruptData, match="segmnist-result/1"):
        script.main(check=True)


def test_a_submitted_model_and_a_suite_without_a_table_so_far_appear(script: Any) -> None:
    [file] = script.RESULTS.glob("standard-v1-all-background-0.json")
    result = msgspec.json.decode(file.read_bytes())
    result["model"] = "somebody's net"
    (script.RESULTS / "submitted.json").write_bytes(msgspec.json.encode(result))
    origin = suite("origin-v1")
    result |= {"suite": origin.name, "suite_sha256": suite_sha256(origin)}
    (script.RESULTS / "another.json").write_bytes(msgspec.json.encode(result))
    assert script.main(check=True) == 1
    assert script.main(check=False) == 0
    tables = script.PAGE.read_text().split("### ")
    [standard], [other] = ([t for t in tables if t.startswith(name)] for name in ("standard-v1", "origin-v1"))
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


def test_parts_scored_one_by_one_are_named_and_each_has_its_exact_posterior(script: Any) -> None:
    [file] = script.RESULTS.glob("standard-v1-all-background-0.json")
    result = msgspec.json.decode(file.read_bytes())
    exact = suite("exact-v2")
    result |= {"suite": exact.name, "suite_sha256": suite_sha256(exact)}
    gained = {"weak": {"faint": 1.0, "small": 9.0}, "strong": {"faint": 5.0, "small": 4.0}}
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
    [table] = [t for t in script.PAGE.read_text().split("### ") if t.startswith("exact-v2")]
    rows = [line.split(" | ")[:3] for line in table.splitlines() if line.startswith("| ")][1:]
    judge = "exact posterior beside them"
    # Part by part in the suite's order, each ranked for itself; a part that nobody was scored on is there, too.
    assert [[part.removeprefix("| "), model, seed] for part, model, seed in rows] == [
        ["small", "weak", "0"], ["small", "strong", "0"], ["small", judge, "-"],
        ["faint", "strong", "0"], ["faint", "weak", "0"], ["faint", judge, "-"],
        *([part.name, "not run", "-"] for part in exact.parts[2:]),
    ]  # fmt: skip


def test_a_result_of_the_val_split_is_refused_and_not_left_out(script: Any) -> None:
    [file] = script.RESULTS.glob("tiny-v1-all-background-0.json")
    result = msgspec.json.decode(file.read_bytes())
    parts = [part | {"num_clips": 50} for part in result["parts"]]
    file.write_bytes(msgspec.json.encode(result | {"split": "val", "parts": parts}))
    with pytest.raises(CorruptData, match="expected 'test'"):
        script.main(check=True)


def test_every_model_has_a_row_or_is_named_as_not_run_on_every_part(script: Any) -> None:
    tables = [t for t in script.PAGE.read_text().split("### ") if t.startswith(script.MAIN_SUITES)]
    assert len(tables) == len(script.MAIN_SUITES)
    for table in tables:
        name = table.partition(",")[0]
        parts = [part.name for part in suite(name).parts]
        seen: set[tuple[str, str]] = set()
        for line in table.splitlines():
            cells = line.removeprefix("| ").split(" | ")
            if line.startswith("| "):
                seen.add((cells[0], cells[1]) if len(parts) > 1 else (parts[0], cells[0]))
            found = re.fullmatch("Not run(?: on (.*))?: (.*)\\.", line)
            for part in (found[1] or ", ".join(parts)).split(", ") if found else ():
                for model in found[2].split(", "):
                    assert (part, model) not in seen
                    seen.add((part, model))
        assert seen >= {
            (part.name, model)
            for part in suite(name).parts
            for model in (*MODELS, *script.references_of(part))
        }


def test_no_torch_is_needed() -> None:
    code = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_models_are_ranked_by_information_gained(script: Any) -> None:
    result = msgspec.json.decode((script.RESULTS / "tiny-v1-all-background-0.json").read_bytes())
    for seed, gained in enumerate((3.0, -7.0, 410.5), start=1):
        for part in result["parts"]:
            part["scores"]["information_gained"]["value"] = gained
        file = script.RESULTS / f"tiny-v1-all-background-{seed}.json"
        file.write_bytes(msgspec.json.encode(result | {"seed": seed}))
    assert script.main(check=False) == 0
    table = script.PAGE.read_text().partition("### tiny-v1, test")[2].partition("\n- ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    shown = [float(row[4].split()[0]) for row in rows]
    assert {3.0, -7.0, 410.5} <= set(shown)
    assert shown == sorted(shown, reverse=True)
