"""The example runs as its first lines say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "behind_the_occluder.py"


def test_it_draws_its_picture(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), "--clips", "5", "--out", "picture.png"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "picture.png: the " in done.stdout
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.width > 8 * 64
        assert len(picture.getcolors(1 << 20)) > 100
