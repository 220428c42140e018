"""The explorer's scripts pass the linter and the type checker that package.json names."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "segmnist" / "explore" / "static"


@pytest.mark.parametrize("check", ["lint", "types"])
def test_scripts_pass(check: str) -> None:
    npm = shutil.which("npm")
    if npm is None or not (ROOT / "node_modules" / ".bin").is_dir():
        pytest.skip("needs Node.js, and `npm ci` in the project's folder")
    done = subprocess.run([npm, "run", "--silent", check], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_element_that_scripts_work_with_is_on_the_page() -> None:
    asked = re.findall(r'find\("([\w-]+)"', (STATIC / "ui.js").read_text(encoding="utf-8"))
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert len(asked) > 40
    assert [element for element in asked if f'id="{element}"' not in page] == []
