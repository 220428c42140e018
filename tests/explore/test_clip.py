"""What a clip's replies say is what the package says of the clip."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from segmnist import ClipSource, DigitBank, SceneSpec, preset
from segmnist.dataset import generate, open_dataset, recipe_for
from segmnist.explore import app as application
from segmnist.explore import film as films
from segmnist.explore.app import create_app
from segmnist.explore.clip import draw
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.snippets import python_of
from segmnist.explore.view import view_from
from segmnist.explore.wire import unpack

TRUTHS = ("semantic", "instance", "amodal", "boxes", "visibility", "depth", "pose", "beneath", "noiseless", "flow",
          "difficulty", "rgb")  # fmt: skip
SPEC = preset("crowded", height=44, width=60, num_frames=7, sensor_sigma=6.0)
QUERY = "preset=crowded&height=44&width=60&num_frames=7&sensor_sigma=6&seed=9&split=val&clip=21"


@pytest.fixture(scope="module")
def clip() -> Any:
    return ClipSource(SPEC, split="val", seed=9, truth=TRUTHS)[21]


@pytest.fixture(scope="module")
def reply(client: TestClient) -> Any:
    return unpack(client.get(f"/clip.bin?{QUERY}&layers=flow").content)


@pytest.mark.parametrize(
    ("sent", "name"),
    [("video", "video"), ("instance", "instance"), ("beneath", "beneath"), ("boxes", "boxes_xyxy"),
     ("amodal_boxes", "amodal_boxes_xyxy"), ("visibility", "visibility"), ("depth", "depth_order"),
     ("flow_valid", "flow_forward_valid")],
)  # fmt: skip
def test_arrays_are_the_clips_own(reply: Any, clip: Any, sent: str, name: str) -> None:
    np.testing.assert_array_equal(reply[1][sent], clip[name])


def test_labels_and_instances_give_the_classes(reply: Any, clip: Any) -> None:
    facts, arrays = reply
    table = np.array([10, *facts["labels"]], np.uint8)
    np.testing.assert_array_equal(table[arrays["instance"]], clip["semantic"])


def test_amodal_masks_travel_as_bits(reply: Any, clip: Any) -> None:
    masks = clip["amodal"]
    assert 5 < len(masks) <= 16
    bits = reply[1]["amodal"]
    for digit, mask in enumerate(masks):
        np.testing.assert_array_equal(bits[digit // 8] >> (digit % 8) & 1, mask)


def test_flow_travels_in_steps(reply: Any, clip: Any) -> None:
    np.testing.assert_allclose(reply[1]["flow"] / 32, clip["flow_forward"], atol=1 / 64 + 1e-6)


def test_colour_comes_where_it_is_asked_for(client: TestClient, reply: Any, clip: Any) -> None:
    assert "rgb" not in reply[1]
    both = unpack(client.get(f"/clip.bin?{QUERY}&layers=rgb,flow,rgb").content)[1]
    np.testing.assert_array_equal(both["rgb"], clip["rgb"])
    assert {**reply[1], "rgb": both["rgb"]}.keys() == both.keys()
    for name, array in reply[1].items():
        np.testing.assert_array_equal(both[name], array)


def test_contrast_is_what_camouflage_is_measured_by(reply: Any, clip: Any) -> None:
    facts, arrays = reply
    share = (arrays["contrast"] <= 5).sum() / (arrays["instance"] > 0).sum()
    assert share == pytest.approx(float(clip["camouflaged_share"]), abs=1e-6)
    assert facts["difficulty"]["camouflaged_share"] == pytest.approx(share, abs=1e-4)


def test_the_twin_says_the_same(client: TestClient, reply: Any, clip: Any) -> None:
    twin = client.get(f"/clip.json?{QUERY}").json()
    assert twin["facts"] == reply[0]
    assert SceneSpec().replace(**twin["spec"]) == SPEC
    assert [digit["label"] for digit in twin["digits"]] == clip.labels.tolist()
    np.testing.assert_array_equal([digit["box"] for digit in twin["digits"]], clip["boxes_xyxy"])


def test_copied_python_draws_the_same_clip(client: TestClient, reply: Any) -> None:
    scope: dict[str, Any] = {}
    exec(client.get(f"/clip.py?{QUERY}").text, scope)
    np.testing.assert_array_equal(scope["clip"].video, reply[1]["video"])


@pytest.mark.parametrize("query", [QUERY, f"{QUERY}&without=2", "stored=true&clip=9"])
def test_copied_python_asks_for_what_is_on(client: TestClient, query: str) -> None:
    scope: dict[str, Any] = {}
    assert "rgb" not in client.get(f"/clip.py?{query}").text
    exec(client.get(f"/clip.py?{query}&layers=rgb").text, scope)
    shown = unpack(client.get(f"/clip.bin?{query}&layers=rgb").content)[1]
    np.testing.assert_array_equal(scope["edited" if "without" in query else "clip"]["rgb"], shown["rgb"])


def test_copied_python_draws_from_the_same_digits(tmp_path: Path) -> None:
    images = np.random.default_rng(3).integers(0, 256, (40, 9, 7), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(40) % 10)
    exhibit = Exhibit.of(bank=DigitBank.from_path(tmp_path / "mine.npz"))
    for query in (QUERY, f"{QUERY}&without=1"):
        view = view_from(dict(parse_qsl(query)), exhibit)
        scope: dict[str, Any] = {}
        exec(python_of(view, exhibit), scope)
        np.testing.assert_array_equal(
            scope["clip"].video, draw(replace(view, without=()), exhibit).clip.video
        )


def test_copied_toml_is_the_spec(client: TestClient) -> None:
    assert SceneSpec.from_toml(client.get(f"/clip.toml?{QUERY}").text) == SPEC


def test_a_digit_left_out(client: TestClient, reply: Any) -> None:
    facts, arrays = unpack(client.get(f"/clip.bin?{QUERY}&without=2").content)
    assert facts["without"] == [2]
    assert not (arrays["instance"] == 2).any()
    assert (reply[1]["instance"] == 2).any()
    touched = (reply[1]["instance"] == 2) | (arrays["instance"] == 2)
    np.testing.assert_array_equal(arrays["instance"][~touched], reply[1]["instance"][~touched])
    np.testing.assert_array_equal(arrays["video"][~touched], reply[1]["video"][~touched])


def test_copied_python_leaves_it_out_too(client: TestClient) -> None:
    query = f"{QUERY}&without=2"
    scope: dict[str, Any] = {}
    exec(client.get(f"/clip.py?{query}").text, scope)
    np.testing.assert_array_equal(
        scope["edited"].video, unpack(client.get(f"/clip.bin?{query}").content)[1]["video"]
    )


@pytest.mark.parametrize("query", ["preset=clean&num_digits_range=0,0", "num_frames=1", "preset=exact"])
def test_odd_clips(client: TestClient, query: str) -> None:
    facts, arrays = unpack(client.get(f"/clip.bin?{query}&layers=flow").content)
    assert arrays["video"].shape == (facts["num_frames"], facts["height"], facts["width"])
    assert len(arrays["boxes"]) == len(facts["labels"])


def test_entropy_is_the_oracles(client: TestClient) -> None:
    from segmnist.oracle import Oracle

    query = "preset=exact&num_frames=3&classes=6,9&position_step=9&clip=2"
    entropy = unpack(client.get(f"/entropy.bin?{query}&observer=offline").content)[1]["entropy"]
    spec = preset("exact", num_frames=3, classes=(6, 9), position_step=9.0)
    expected = Oracle(spec).posterior(ClipSource(spec)[2].video).entropy
    np.testing.assert_allclose(entropy, expected, atol=1e-6)
    assert entropy.max() > 0.2  # a twin's label is open for every observer


def test_no_entropy_outside_the_solvable_family(client: TestClient) -> None:
    reply = client.get("/entropy.bin?clip=2")
    assert reply.status_code == 422
    assert reply.json()["argument"] == "sensor_sigma"


@pytest.mark.parametrize(("kind", "frames"), [("png", 1), ("gif", 7)])
def test_kept_pictures(client: TestClient, kind: str, frames: int) -> None:
    reply = client.get(f"/clip.{kind}?{QUERY}")
    assert reply.headers["content-type"] == f"image/{kind}"
    assert reply.headers["content-disposition"] == f'attachment; filename="segmnist-crowded-val-9-21.{kind}"'
    picture = Image.open(io.BytesIO(reply.content))
    assert getattr(picture, "n_frames", 1) == frames


def test_a_kept_sheet_is_in_colour_where_the_clip_is(client: TestClient, clip: Any) -> None:
    coloured = client.get(f"/clip.png?{QUERY}&layers=rgb").content
    grey = client.get(f"/clip.png?{QUERY}&layers=flow").content
    assert grey == client.get(f"/clip.png?{QUERY}").content
    pixels = np.asarray(Image.open(io.BytesIO(coloured)).convert("RGB")).reshape(-1, 3)
    found = {tuple(pixel) for pixel in np.unique(pixels, axis=0).tolist()}
    wanted = {tuple(pixel) for pixel in clip["rgb"][0].reshape(-1, 3).tolist()}
    assert wanted <= found


def test_kept_film(client: TestClient) -> None:
    pytest.importorskip("av", reason="mp4 needs segmnist[video]")
    assert client.get(f"/clip.mp4?{QUERY}").content[4:8] == b"ftyp"


def sheet_of(frames: Any) -> bytes:
    """A PNG of frames `(T,H,W,3)` in two columns."""
    T, H, W, _ = frames.shape
    padded = np.concatenate([frames, np.zeros((T % 2, H, W, 3), np.uint8)])
    grid = padded.reshape(-1, 2, H, W, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 2 * W, 3)
    file = io.BytesIO()
    Image.fromarray(grid).save(file, "PNG")
    return file.getvalue()


DRAWN_ON_THE_PAGE = np.zeros((5, 30, 44, 3), np.uint8)
for number, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 250, 0), (40, 40, 40)]):
    DRAWN_ON_THE_PAGE[number, 5:15, 4 + 6 * number : 10 + 6 * number] = colour


def test_what_the_page_drew_becomes_a_gif(client: TestClient) -> None:
    query = "frames=5&width=44&height=30&fps=20"
    reply = client.post(f"/clip.gif?{query}", content=sheet_of(DRAWN_ON_THE_PAGE))
    assert reply.headers["content-type"] == "image/gif"
    film = Image.open(io.BytesIO(reply.content))
    assert (film.n_frames, film.size, film.info["duration"]) == (5, (44, 30), 50)  # type: ignore[attr-defined]
    for t in range(5):
        film.seek(t)
        shown = np.asarray(film.convert("RGB")).astype(int)
        assert np.abs(shown - DRAWN_ON_THE_PAGE[t]).max() < 20, t


def test_what_the_page_drew_becomes_a_film(client: TestClient) -> None:
    av = pytest.importorskip("av", reason="mp4 needs segmnist[video]")
    reply = client.post("/clip.mp4?frames=5&width=44&height=30", content=sheet_of(DRAWN_ON_THE_PAGE))
    with av.open(io.BytesIO(reply.content)) as film:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    assert len(frames) == 5
    for drawn, shown in zip(DRAWN_ON_THE_PAGE, frames, strict=True):
        assert np.abs(shown - drawn).mean() < 6


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("frames=5&width=44&height=30", b"GIF89a", 422),
        ("frames=5&width=44&height=30", b"", 422),
        ("frames=5&width=43&height=30", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("frames=7&width=44&height=30", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("frames=0&width=44&height=30", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("width=44&height=30", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("frames=5&width=44&height=30&fps=nan", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("frames=5&width=44&height=30&fps=1000", sheet_of(DRAWN_ON_THE_PAGE), 422),
        ("frames=5&width=44&height=30", sheet_of(DRAWN_ON_THE_PAGE)[:-60], 422),
    ],
)
def test_what_no_page_would_post_is_refused(client: TestClient, query: str, body: bytes, status: int) -> None:
    reply = client.post(f"/clip.gif?{query}", content=body)
    assert reply.status_code == status
    assert reply.json()["argument"] in ("sheet", "frames", "fps")


def test_too_large_a_post_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = sheet_of(DRAWN_ON_THE_PAGE)
    query = "/clip.gif?frames=5&width=44&height=30"
    monkeypatch.setattr(application, "MAX_SHEET_BYTES", len(sheet) - 1)
    assert client.post(query, content=sheet).status_code == 413
    monkeypatch.setattr(application, "MAX_SHEET_BYTES", len(sheet))
    monkeypatch.setattr(films, "MAX_PIXELS", 100)
    reply = client.post(query, content=sheet)
    assert (reply.status_code, reply.json()["argument"]) == (422, "sheet")


def test_a_page_of_another_site_may_not_post(client: TestClient) -> None:
    reply = client.post("/clip.gif?frames=1&width=1&height=1", headers={"origin": "http://evil.example"})
    assert reply.status_code == 403


# ---- a stored data set


def test_stored_arrays_are_shown_as_they_lie_on_disk(client: TestClient, place: Path) -> None:
    facts, arrays = unpack(client.get("/clip.bin?stored=true&clip=9").content)
    stored = open_dataset(place)[4]
    np.testing.assert_array_equal(arrays["video"], stored["video"])
    np.testing.assert_array_equal(arrays["instance"], stored["instance"])
    assert facts["matches_recipe"] is True
    assert (facts["clip"], facts["split"], facts["seed"]) == ("9", "test", "3")


@pytest.mark.parametrize("format_", ["origin-npy", "origin-h5"])
def test_the_2020_layout_is_shown_as_it_lies_on_disk(tmp_path: Path, format_: str) -> None:
    if format_ == "origin-h5":
        pytest.importorskip("h5py", reason="segmnist[hdf5] is not installed")
    spec = preset("origin", num_frames=4)
    generate(
        recipe_for(spec, num_clips=3, first_clip=5, split="test", format=format_), tmp_path, num_workers=1
    )
    exhibit = Exhibit.of(tmp_path)
    with TestClient(create_app(exhibit), base_url="http://127.0.0.1:8008") as client:
        facts, arrays = unpack(client.get("/clip.bin?stored=true&clip=6").content)
    clip = ClipSource(spec, split="test")[6]
    np.testing.assert_array_equal(arrays["video"], clip.video)
    assert facts["matches_recipe"] is True


def test_python_of_a_stored_clip(client: TestClient) -> None:
    scope: dict[str, Any] = {}
    exec(client.get("/clip.py?stored=true&clip=9").text, scope)
    shown = unpack(client.get("/clip.bin?stored=true&clip=9").content)[1]
    np.testing.assert_array_equal(scope["clip"]["video"], shown["video"])
    assert scope["dataset"].recipe.num_clips == 12
    exec(client.get("/clip.py?stored=true&clip=9&without=1").text, scope)
    assert not (scope["edited"]["instance"] == 1).any()


def test_a_digit_that_was_left_out_has_no_label(client: TestClient) -> None:
    labels = client.get(f"/clip.json?{QUERY}&without=2").json()["facts"]["labels"]
    assert labels[1] is None
    assert 255 not in labels


def test_the_twin_takes_the_address_of_the_page(client: TestClient) -> None:
    page = "show=boxes,flow&mix=40&frame=-3&fps=5&zoom=4&beside=instance&observer=causal&sort=min_visibility"
    assert client.get(f"/clip.json?{QUERY}&{page}").json() == client.get(f"/clip.json?{QUERY}").json()
    wall = "preset=exact&among=3"
    assert client.get(f"/wall.json?{wall}&clip=4&{page}").json()["examined"] == 3


@pytest.mark.parametrize(("preset_name", "solvable"), [("exact", True), ("standard", False)])
def test_it_is_said_where_there_is_an_oracle(client: TestClient, preset_name: str, solvable: bool) -> None:
    assert client.get(f"/clip.json?preset={preset_name}").json()["facts"]["solvable"] is solvable


def test_wrong_truths_on_disk_are_told(exhibit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from segmnist.explore import Exhibit
    from segmnist.explore.clip import draw
    from segmnist.explore.view import view_from

    stored = exhibit.stored_arrays(9)
    changed = {**stored, "semantic": np.full_like(stored["semantic"], 3)}
    monkeypatch.setattr(Exhibit, "stored_arrays", lambda self, clip_id: changed)
    drawn = draw(view_from({"stored": "true", "clip": "9"}, exhibit), exhibit)
    assert drawn.facts.matches_recipe is False
