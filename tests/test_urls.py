"""Every place that takes a data set takes a URL of a store, `file://`, and `~`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import segmnist
from segmnist import ClipSource
from segmnist.cli.main import app
from segmnist.dataset import find, generate, open_dataset, recipe_for, verify
from segmnist.dataset.export import export
from segmnist.dataset.open_store import open_store
from segmnist.load import iterate
from segmnist.urls import is_url

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=3)
NUM_CLIPS = 7
KINDS = ("s3", "memory", "file", "home", "relative")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    pytest.importorskip("moto", reason="moto is a test extra")
    pytest.importorskip("s3fs", reason="segmnist[s3] is not installed")
    from tests.dataset.faulty_s3 import BUCKET, serving

    with serving():
        yield f"s3://{BUCKET}"


@pytest.fixture
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place for data sets, named in one of the ways."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    kind = request.param
    if kind == "s3":
        return f"{request.getfixturevalue('bucket')}/{tmp_path.name}/a folder"
    if kind == "memory":
        pytest.importorskip("fsspec", reason="segmnist[s3] is not installed")
    return {
        "memory": f"memory://{tmp_path.name}/a folder",
        "file": (tmp_path / "a folder").as_uri(),
        "home": "~/a folder",
        "relative": "../a folder",
    }[kind]


@pytest.fixture
def place(base: str) -> str:
    """A data set in such a place."""
    recipe = recipe_for(
        SPEC, num_clips=NUM_CLIPS, split="test", truth=("semantic", "boxes"), clips_per_shard=3
    )
    generate(recipe, f"{base}/data", num_workers=1)
    return f"{base}/data"


@pytest.fixture(autouse=True)
def nothing_lands_beside(tmp_path: Path) -> Iterator[None]:
    """A URL that is taken for a path makes a folder `s3:`, and `~` a folder of that name."""
    yield
    assert list((tmp_path / "here").iterdir()) == []
    assert not {"s3:", "memory:", "file:", "~"} & {path.name for path in Path(tmp_path).iterdir()}


def drawn(rows: Any, truth: Any = ("semantic",)) -> dict[str, np.ndarray]:
    return ClipSource(SPEC, split="test", truth=truth).batch(rows).arrays


@pytest.mark.parametrize("base", KINDS, indirect=True)
def test_python_reads_it(place: str) -> None:
    torch = pytest.importorskip("torch")
    from segmnist.load.torch import SegMNIST, collate

    expected = drawn(range(NUM_CLIPS), ("semantic", "boxes"))
    stored = open_dataset(place)
    np.testing.assert_array_equal(stored.batch([5, 0])["boxes_xyxy"], expected["boxes_xyxy"][[5, 0]])
    [batch] = iterate(place, NUM_CLIPS, split="test")
    np.testing.assert_array_equal(batch["semantic"], expected["semantic"])
    assert verify(place)[0].is_good
    dataset = SegMNIST(place, "test")
    np.testing.assert_array_equal(dataset[6][0][:, 0].numpy(), expected["video"][6])
    # Workers are forked after the parent has read: its threads and connections are not theirs.
    loader = torch.utils.data.DataLoader(
        dataset, 2, num_workers=2, collate_fn=collate, multiprocessing_context="fork", timeout=60
    )
    batches = list(loader)
    assert [batch["clip_id"].tolist() for batch in batches] == [[0, 1], [2, 3], [4, 5], [6]]
    video = np.concatenate([batch["video"].numpy()[:, :, 0] for batch in batches])
    np.testing.assert_array_equal(video, expected["video"])
    np.testing.assert_array_equal(dataset[2][0][:, 0].numpy(), expected["video"][2])


@pytest.mark.parametrize("base", ["s3", "file"], indirect=True)
def test_a_hugging_face_stream_reads_it(place: str) -> None:
    pytest.importorskip("datasets")
    from segmnist.load.huggingface import iterable_dataset

    rows = list(iterable_dataset(place, split="test", num_shards=2))
    np.testing.assert_array_equal(np.stack([row["video"] for row in rows]), drawn(range(NUM_CLIPS))["video"])


@pytest.mark.parametrize("base", ["s3", "file", "home"], indirect=True)
def test_commands_read_it(place: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        return done.output

    folder = f"{place}/test.zarr"
    assert open_dataset(place).recipe.to_toml() in run("recipe", place)
    run("verify", place)
    run("report", place, "--out", str(tmp_path / "report.html"))
    assert f"{NUM_CLIPS} clips" in (tmp_path / "report.html").read_text(encoding="utf-8")
    run("export", place, str(tmp_path / "masks"), "--format", "mmseg", "--split", "test")
    assert len(list((tmp_path / "masks/img_dir/test").iterdir())) == NUM_CLIPS * SPEC.num_frames
    again = str(tmp_path / "again")
    run("generate", again, "--recipe", f"{folder}/recipe.json", "--workers", "1")
    assert files_of(again) == files_of(place)
    run("export", f"{folder}/recipe.json", f"{place}-other", "--format", "webdataset", "--workers", "1")
    assert len(open_dataset(f"{place}-other")) == NUM_CLIPS


def files_of(place: str) -> dict[str, bytes]:
    store = open_store(place)
    return {path: store.read(path) for path in store.walk()}


@pytest.mark.parametrize("base", ["s3", "home"], indirect=True)
def test_find_reads_it(place: str) -> None:
    pytest.importorskip("duckdb", reason="segmnist[index] is not installed")
    assert find(place, "frame = 0") == [
        i for i, count in enumerate(drawn(range(NUM_CLIPS))["num_digits"]) if count
    ]


@pytest.mark.parametrize("base", ["s3", "file", "home"], indirect=True)
def test_the_explorer_shows_it(place: str) -> None:
    pytest.importorskip("starlette", reason="the explorer needs segmnist[explore]")
    pytest.importorskip("httpx", reason="starlette's test client needs httpx")
    from starlette.testclient import TestClient

    from segmnist.explore import Exhibit, create_app

    exhibit = Exhibit.of(place)
    np.testing.assert_array_equal(exhibit.stored_arrays(4)["video"], drawn([4])["video"][0])
    with TestClient(create_app(exhibit), base_url="http://127.0.0.1:8008") as client:
        assert client.get("/clip.bin?stored=true&clip=4").status_code == 200


@pytest.mark.parametrize("base", ["s3", "memory", "file"], indirect=True)
def test_all_that_writes_a_data_set_writes_it_there(base: str, tmp_path: Path) -> None:
    recipe = recipe_for(SPEC, num_clips=NUM_CLIPS, split="test", clips_per_shard=1)
    for format_ in ("huggingface", "npz"):
        url = export(recipe, f"{base}/{format_}", format_, num_workers=1)
        assert url.startswith(base if is_url(base) else str(tmp_path))
        export(recipe, tmp_path / "local" / format_, format_, num_workers=1)
        assert files_of(f"{base}/{format_}") == files_of(str(tmp_path / "local" / format_))
    # `Path` makes one slash of two, and more workers than one see no memory of this process.
    generate(recipe, Path(f"{base}/path"), num_workers=2)
    assert len(open_dataset(f"{base}/path")) == NUM_CLIPS


@pytest.mark.parametrize("base", ["s3", "file", "home"], indirect=True)
def test_a_suite_is_written_there(base: str) -> None:
    done = CliRunner().invoke(app, ["suites", "tiny-v1", "--out", f"{base}/suite", "--split", "val"])
    assert done.exit_code == 0, done.output
    assert verify(f"{base}/suite")[0].is_good


def test_predictions_are_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segmnist.scoring.models import model_of

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "here").mkdir()
    np.save(tmp_path / "p.npy", np.zeros(1, np.uint8))
    for name in ("~/p.npy", (tmp_path / "p.npy").as_uri()):
        assert model_of(name)[:2] == (tmp_path / "p.npy", "p")
