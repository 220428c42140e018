"""The benchmark page is what the result files say, and its check refuses files that are out of date."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from segmnist.errors import CorruptData

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path: Any) -> Any:
    """The script, at work on a copy of the page and the results."""
    spec = importlib.util.spec_from_file_location("benchmark_page", ROOT / "scripts" / "benchmark_page.py")
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
    script.PAGE.write_text(script.PAGE.read_text().replace("not run", "superb"))
    assert script.main(check=True) == 1
    assert script.main(check=False) == 0
    assert script.main(check=True) == 0


def test_a_result_of_an_older_schema_fails_the_check(script: Any) -> None:
    file = sorted(script.RESULTS.glob("*.json"))[0]
    file.write_text(file.read_text().replace("segmnist-result/2", "segmnist-result/1"))
    with pytest.raises(CorruptData, match="segmnist-result/1"):
        script.main(check=True)


def test_models_are_ranked_by_information_gained(script: Any) -> None:
    table = script.PAGE.read_text().partition("### tiny-v1, test")[2].partition("\n- ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    gained = [float(row[2].split()[0]) for row in rows if row[2] not in ("not run", "-")]
    assert len(gained) > 2
    assert gained == sorted(gained, reverse=True)
