"""`--dataset` of `segmnist train` and `evaluate`: a data set on disk in place of a suite."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.conftest import SMALL

from segmnist import SceneSpec
from segmnist.dataset import generate, open_dataset, recipe_for
from segmnist.errors import BadArgument, CorruptData
from segmnist.scoring import evaluate
from segmnist.suites import suite_of_dataset

MODEL = "import numpy as np\n\ndef background(video):\n    return np.full(video.shape, 10, np.uint8)\n"
COUNTS = {"train": 5, "val": 3, "test": 4}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a place with three splits; its clips do not begin with 0, so that rows and ids differ."""
    place = tmp_path_factory.mktemp("written") / "data"
    spec = SceneSpec(num_frames=3, height=32, width=40)
    for split, count in COUNTS.items():
        recipe = recipe_for(spec, num_clips=count, first_clip=100, split=split, seed=7, index=False)
        generate(recipe, place, num_workers=1)
    return place


@pytest.fixture
def data(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, with a model beside it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a_stored_model.py").write_text(MODEL)
    return Path(shutil.copytree(written, tmp_path / "data"))


def test_the_stored_clips_are_scored(run: Any, data: Path) -> None:
    out = data.parent / "r.json"
    code, shown, err = run("evaluate", "a_stored_model:background", "--dataset", data, "--out", out)
    assert code == 0, err
    assert "mIoU" in shown
    result = json.loads(out.read_text())
    [part] = result["parts"]
    stored = open_dataset(data, "test")
    truth = stored.batch(range(4))["semantic"]
    assert part["num_clips"] == 4
    assert part["content_id"] == stored.recipe.content_id
    assert np.sum(part["confusion"], axis=1).tolist() == np.bincount(truth.ravel(), minlength=11).tolist()
    assert not result["partial"]
    assert set(part["worst"]) <= {100, 101, 102, 103}


def test_predictions_are_numbered_by_rows(data: Path, tmp_path: Path) -> None:
    truth = open_dataset(data, "val").batch(range(3))["semantic"]
    np.save(tmp_path / "right.npy", truth)
    result = evaluate(tmp_path / "right.npy", data, split="val", out=tmp_path / "right.json")
    assert result.parts[0].scores["miou"].value == 1
    partial = evaluate(tmp_path / "right.npy", data, split="val", num_clips=2)
    assert partial.partial
    assert partial.parts[0].num_clips == 2
    assert partial.parts[0].content_id != result.parts[0].content_id


def test_a_page_shows_its_worst_clips(run: Any, data: Path) -> None:
    page = data.parent / "r.html"
    assert run("evaluate", "a_stored_model:background", "--dataset", data, "--html", page)[0] == 0
    assert re.search(r"[Cc]lip 10[0-3]", page.read_text())


@pytest.mark.parametrize("num_clips", [None, 2])
def test_its_worst_clips_are_links_that_the_named_command_opens(
    run: Any, data: Path, monkeypatch: pytest.MonkeyPatch, num_clips: int | None
) -> None:
    """The command beside the links is run as it stands, and each link is asked of what it serves."""
    pytest.importorskip("starlette", reason="the explorer needs segmnist[explore]")
    from starlette.testclient import TestClient

    from segmnist import explore

    maps = open_dataset(data, "test").batch(range(num_clips or 4))["semantic"]
    np.save(data.parent / "mine.npy", np.full_like(maps, 10))
    page, limit = data.parent / "r.html", ["--clips", num_clips] if num_clips else []
    assert run("evaluate", data.parent / "mine.npy", "--dataset", data, "--html", page, *limit)[0] == 0
    text = html.unescape(page.read_text())
    links = re.findall(r'href="http://127.0.0.1:8008(/clip[^"]*)"', text)
    assert len(links) == (num_clips or 4)
    command = re.search(r"<code>segmnist (.*?)</code>", text)
    assert command is not None
    served: list[Any] = []
    monkeypatch.setattr(explore, "serve", lambda exhibit, **how: served.append((exhibit, how["start"])))
    code, _, err = run(*shlex.split(command[1]))
    assert code == 0, err
    [(exhibit, start)] = served
    with TestClient(explore.create_app(exhibit), base_url="http://127.0.0.1:8008") as client:
        for link in [*links, start]:
            for reply in ("clip.json", "prediction.bin"):
                answer = client.get(link.replace("clip", reply, 1))
                assert answer.status_code == 200, answer.text
        wall = client.get("/wall.json?stored=true").json()
        assert len(wall["clips"]) == (num_clips or 4)
        beyond = client.get("/clip.json?stored=true&clip=103")
        assert beyond.status_code == (422 if num_clips else 200)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--split", "train"], "val, test"),
        (["--suite", "tiny-v1"], "either --suite or --dataset"),
        (["--preset", "clean"], "either --dataset or --preset"),
        (["--part", "small"], "part='small'"),
    ],
)
def test_what_cannot_be_is_one_line(run: Any, data: Path, arguments: Any, said: str) -> None:
    code, out, err = run("evaluate", "a_stored_model:background", "--dataset", data, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err


def test_a_split_that_is_not_there_is_one_line(run: Any, data: Path) -> None:
    shutil.rmtree(data / "test.zarr")
    code, _, err = run("evaluate", "a_stored_model:background", "--dataset", data)
    assert (code, err.count("\n")) == (2, 1)
    assert "split 'test'" in err
    code, _, err = run("evaluate", "a_stored_model:background", "--dataset", data / "nowhere")
    assert (code, err.count("\n")) == (2, 1)


def test_other_digits_and_other_videos_are_refused(run: Any, data: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.savez(tmp_path / "bank.npz", images=images, labels=np.arange(40) % 10)
    place, options = tmp_path / "other", ("--split", "test", "--clips", 2, "--bank", tmp_path / "bank.npz")
    assert run("generate", place, *SMALL, *options)[0] == 0
    assert run("generate", place, *SMALL, *options, "--split", "train")[0] == 0
    with pytest.raises(BadArgument, match="MNIST"):
        suite_of_dataset(place, "test")
    part = suite_of_dataset(data, "test").parts[0]
    source: Any = part.source("test")
    assert [clip.clip_id for clip in source[1:3]] == [101, 102]
    assert source[-1].clip_id == 103
    source._dataset.batch = lambda rows, names: {"video": np.zeros((len(rows), 3, 32, 40), np.uint8)}
    with pytest.raises(CorruptData, match="clip 100"):
        source.batch([100])
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    run_folder, trained = tmp_path / "run", ("train", "all-background", "--validations", 0, "--steps", 1)
    code, _, err = run(*trained, "--dataset", place, "--out", run_folder, "--frames", 1, "--threads", 1)
    assert (code, err.count("\n")) == (2, 1)
    assert "name its own with --bank" in err
    assert not run_folder.exists()


def test_a_model_is_trained_on_the_stored_clips_and_scored_without_transfer(run: Any, data: Path) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    out = data.parent / "run"
    options = ("--width", 8, "--device", "cpu", "--batch", 2, "--frames", 2, "--threads", 1)
    code, _, err = run("train", "all-background", "--dataset", data, "--steps", 3, "--out", out, *options)
    assert code == 0, err
    assert "validation NLL" in err
    scored = ("--dataset", data, "--device", "cpu")
    assert run("evaluate", out / "checkpoint.pt", *scored)[0] == 0
    code, _, err = run("evaluate", out / "checkpoint.pt", "--suite", "tiny-v1", "--device", "cpu")
    assert (code, err.count("\n")) == (2, 1)
    assert str(data) in err
    moved = data.rename(data.parent / "moved")
    assert run("evaluate", out / "checkpoint.pt", "--dataset", moved, "--device", "cpu")[0] == 0
    shutil.rmtree(moved / "val.zarr")
    code, _, err = run(
        "train", "all-background", "--dataset", moved, "--steps", 1, "--out", data.parent / "b", *options
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "split 'val'" in err
    last = ("--validations", 0, "--out", data.parent / "c")
    assert run("train", "all-background", "--dataset", moved, "--steps", 1, *last, *options)[0] == 0


def test_every_stored_clip_is_trained_on_once_an_epoch(data: Path) -> None:
    part = suite_of_dataset(data, "test").parts[0]
    read = part.train_clips()
    stored = open_dataset(data, "train").batch(range(5))
    orders = []
    for epoch in range(3):
        video, semantic = read(np.arange(5 * epoch, 5 * epoch + 5))
        rows = [next(row for row in range(5) if np.array_equal(stored["video"][row], clip)) for clip in video]
        assert sorted(rows) == list(range(5))
        assert np.array_equal(semantic, stored["semantic"][rows])
        orders.append(rows)
    assert len({tuple(order) for order in orders}) > 1
    far = 3 << 32
    assert np.array_equal(read(np.array([far]))[0], read(np.array([far]))[0])
