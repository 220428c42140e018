"""What a notebook shows is one piece of HTML that loads nothing, with a picture that is the clip."""

from __future__ import annotations

import base64
import html.parser
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segmnist import ClipSource, SceneSpec, preset, sample

SPEC = preset("standard", height=40, width=56, num_frames=5)
SOURCE = ClipSource(SPEC, seed=6, truth=("semantic", "instance"))
SHOWN: dict[str, Any] = {
    "clip": SOURCE[4],
    "clips": SOURCE[2:7],
    "scene": sample(SPEC, [4, 9]),
    "spec": SPEC,
    "source": SOURCE,
    "long clip": ClipSource(preset("clean", num_frames=90))[0],
    "no digits": ClipSource(preset("noise", num_digits_range=(0, 0)))[1],
    "ending source": ClipSource("clean", length=2),
    "no clips": SOURCE.batch([]),
    "no scenes": sample(SPEC, []),
}


class Balanced(html.parser.HTMLParser):
    """Raises where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        if tag != "img":
            self.open.append(tag)
        for name, value in attributes:
            assert name not in ("href", "onload"), tag
            assert name != "src" or value.startswith("data:image/png;base64,")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def picture(text: str) -> Any:
    (data,) = re.findall(r"base64,([A-Za-z0-9+/=]+)", text)
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_html_that_loads_nothing(name: str) -> None:
    text = SHOWN[name]._repr_html_()
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert "script" not in text
    assert len(text) < 3_000_000


def test_a_clip_plays_beside_its_masks() -> None:
    film, clip = picture(SOURCE[4]._repr_html_()), SOURCE[4]
    assert film.n_frames == 5
    for t in range(5):
        film.seek(t)
        frame = np.asarray(film.convert("RGB"))[::3, ::3]
        assert frame.shape == (40, 3 * 56, 3)
        np.testing.assert_array_equal(frame[:, :56, 0], clip.video[t])
        coloured = (frame[:, 112:] != frame[:, 112:, :1]).any(axis=2)
        np.testing.assert_array_equal(coloured, clip.instance[t] > 0)


def test_the_spec_is_a_table_of_all_its_fields() -> None:
    text = SPEC._repr_html_()
    assert all(f">{name}<" in text for name in SPEC.to_dict())
    assert re.findall("<b>([^<]+)</b>", text) == ["40", "56", "5"]
    assert "<b>" not in SceneSpec()._repr_html_()


def test_long_clips_are_cut() -> None:
    assert picture(SHOWN["long clip"]._repr_html_()).n_frames <= 60


def test_the_tour_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="notebooks are run by nbclient")
    nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient")
    tour = Path(__file__).parents[2] / "examples" / "tour.ipynb"
    notebook = nbformat.read(tour, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any("text/html" in out.get("data", {}) for out in shown)
