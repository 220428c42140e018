"""The examples of loaders and formats run as their first lines say."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(tmp_path: Path, name: str, *arguments: str, needs: str = "segmnist") -> str:
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed; the extra `judges` brings it")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_unet_learns(tmp_path: Path) -> None:
    output = run(tmp_path, "train_unet.py", "21", needs="torch")
    first, _, last = (float(loss) for loss in re.findall(r"loss ([\d.]+)", output))
    assert last < 0.6 * first
    assert "next clip 84" in output


def test_xarray_opens_the_data_set(tmp_path: Path) -> None:
    output = run(tmp_path, "open_xarray.py", str(tmp_path), needs="xarray")
    assert re.search(r"mean visibility of the 1\d\d digits: 0\.\d+", output)


def test_datasets_opens_the_data_set(tmp_path: Path) -> None:
    output = run(tmp_path, "open_huggingface.py", str(tmp_path), needs="datasets")
    assert "the masks of clip 0 are the same: True" in output


def test_the_davis_folder_is_shown(tmp_path: Path) -> None:
    assert "davis.gif: 2 sequences" in run(tmp_path, "davis_folder.py", "--clips", "2")
    with Image.open(tmp_path / "davis.gif") as picture:
        assert (picture.size, getattr(picture, "n_frames", 1)) == ((2 * 3 * 64, 3 * 64), 30)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own_convlstm.py", "own_image_model.py"])
def test_an_own_model_is_trained_scored_compared_and_looked_at(tmp_path: Path, name: str) -> None:
    output = run(tmp_path, name, "12", "3", needs="torch")
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+)", output)]
    assert losses[-1] < 0.6 * losses[0]
    assert re.search(r"information_gained: ours -?\d.*, the table's unet -?\d", output)
    assert "<img" in (tmp_path / "failures.html").read_text(encoding="utf-8")
