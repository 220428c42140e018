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

from segmnist import ClipSource, DigitBank, SceneSpec, preset, sample
from segmnist.dataset import generate, open_dataset
from segmnist.dataset.plan import recipe_for
from segmnist.palette import CLASS_COLOURS, INSTANCE_COLOURS
from segmnist.scene.presets import PRESETS
from segmnist.views.notebook import GAP, MAX_FRAMES, SPAN

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
    "bank": DigitBank.mnist(),
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
            assert name != "src" or value.startswith("data:image/webp;base64,")

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


def test_a_clip_plays_beside_its_masks_in_flat_colours() -> None:
    text, clip = SOURCE[4]._repr_html_(), SOURCE[4]
    assert "left to right: video, semantic, instance" in text
    film = picture(text)
    assert film.n_frames == 5
    for t in range(5):
        film.seek(t)
        frame = np.asarray(film.convert("RGBA"))
        assert frame.shape == (40, 3 * 56 + 2 * GAP, 4)
        video, classes, instances = (frame[:, k * (56 + GAP) :][:, :56] for k in range(3))
        np.testing.assert_array_equal(video[..., 0], clip.video[t])
        np.testing.assert_array_equal(classes[..., :3], CLASS_COLOURS[clip.semantic[t]])
        np.testing.assert_array_equal(instances[..., :3], INSTANCE_COLOURS[clip.instance[t]])
        assert (frame[:, 56 : 56 + GAP, 3] == 0).all(), "what lies between panels is the page"


BYTES_OF_THE_FIRST_VIEWS = {
    "standard": 587_304, "origin": 493_620, "clean": 113_524, "noise": 809_236, "shapes": 207_364, "crowded": 730_056,
    "camouflage": 513_712, "ambigram": 593_560, "passing": 550_848, "come-and-go": 783_676, "long": 1_196_241,
    "large": 7_314_506, "colour": 609_452, "exact": 71_803, "moving-mnist": 86_360,
}  # fmt: skip
"""Of clip 0 with its classes and instances, when every frame was shown at three times its size."""


@pytest.mark.parametrize("name", PRESETS)
def test_a_view_takes_a_tenth_of_the_bytes_of_the_first_ones(name: str) -> None:
    """A notebook keeps every picture. Of short clips fewer frames can be left out; 500 bytes are for WebP's versions."""
    view = ClipSource(name, truth=("semantic", "instance"))[0]._repr_html_()
    share = {"exact": 6, "moving-mnist": 7}.get(name, 10)
    assert len(view) <= BYTES_OF_THE_FIRST_VIEWS[name] / share + 500


def test_a_data_set_on_disk_shows_its_first_clips(tmp_path: Path) -> None:
    recipe = recipe_for(SPEC, num_clips=5, truth=("semantic", "instance"), index=False)
    generate(recipe, tmp_path, num_workers=1)
    dataset = open_dataset(tmp_path)
    text = dataset._repr_html_()
    parser = Balanced()
    parser.feed(text)
    assert "StoredDataset of 5 clips" in text
    film = picture(text)
    cell = 3 * (56 + GAP)
    assert film.size == (2 * cell - GAP, 2 * (40 + GAP) - GAP)
    first = np.asarray(film.convert("RGB"))
    np.testing.assert_array_equal(first[:40, cell : cell + 56, 0], dataset[1]["video"][0])


def test_a_bank_shows_digits_of_each_class() -> None:
    bank = DigitBank.mnist()
    page = np.asarray(picture(bank._repr_html_()).convert("RGB"))
    assert page.shape[0] == 10 * 28
    np.testing.assert_array_equal(page[28:56, :28, 0], bank.images[np.flatnonzero(bank.labels == 1)[0]])


def test_the_spec_is_a_table_of_all_its_fields() -> None:
    text = SPEC._repr_html_()
    assert all(f">{name}<" in text for name in SPEC.to_dict())
    assert re.findall("<b>([^<]+)</b>", text) == ["40", "56", "5"]
    assert "<b>" not in SceneSpec()._repr_html_()


@pytest.mark.parametrize(
    ("num_frames", "said"),
    [
        (9, "9 frames of 32×40;"),
        (30, "of which 10 are shown;"),
        (90, "of which 10 of the first 30 are shown;"),
    ],
)
def test_frames_of_longer_clips_are_left_out_at_the_same_pace(num_frames: int, said: str) -> None:
    clip = ClipSource(preset("clean", num_frames=num_frames, height=32, width=40))[0]
    text = clip._repr_html_()
    assert said in text
    film = picture(text)
    assert film.n_frames == min(num_frames, MAX_FRAMES)
    durations = []
    for place in range(film.n_frames):
        film.seek(place)
        film.load()
        durations.append(film.info["duration"])
    assert sum(durations) == 100 * min(num_frames, SPAN), "as long as the frames that they stand for"
    last = np.asarray(film.convert("RGBA"))[:, :40, 0]
    np.testing.assert_array_equal(last, clip.video[min(num_frames, SPAN) - 1])


def test_the_tour_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="notebooks are run by nbclient")
    nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient")
    tour = Path(__file__).parents[2] / "examples" / "tour.ipynb"
    notebook = nbformat.read(tour, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert any("text/html" in out.get("data", {}) for out in shown)
