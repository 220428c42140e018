"""Who may ask, what may be asked, and what it may cost."""

from __future__ import annotations

import io
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from segmnist import BadArgument
from segmnist.dataset import open_dataset
from segmnist.explore import Exhibit, create_app
from segmnist.explore.film import MAX_PIXELS
from segmnist.explore.replies import reply_json
from segmnist.explore.routes import ROUTES, Route


@pytest.mark.parametrize("host", ["127.0.0.1:8008", "localhost", "LOCALHOST:1", "[::1]:8008", "127.8.8.8"])
def test_names_of_this_machine(client: TestClient, host: str) -> None:
    assert client.get("/about.json", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
        "[::2]",
        "2130706433",
        "[::1].evil.example",
        "[::1]evil.example",
        "[::1]@evil.example",
        "[127.0.0.1",
        "localhost:80.evil.example",
        "localhost:80:80",
    ],
)
@pytest.mark.parametrize("path", ["/", "/clip", "/clip.bin", "/static/main.js", "/openapi.json"])
def test_foreign_names(client: TestClient, host: str, path: str) -> None:
    reply = client.get(path, headers={"host": host}, follow_redirects=False)
    assert reply.status_code == 403
    assert "does not answer to the name" in reply.json()["error"]


def test_bound_to_an_address_it_answers_to_literal_addresses_only(exhibit: Exhibit) -> None:
    app = create_app(exhibit, loopback=False, names=("localhost", "lab-7"))
    for host, status in (("10.0.0.1:80", 200), ("lab-7:80", 200), ("evil.example", 403)):
        reply = TestClient(app, base_url=f"http://{host}").get("/about.json")
        assert reply.status_code == status, host


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:9999", "http://127.0.0.1"]
)
def test_foreign_origins(client: TestClient, origin: str) -> None:
    assert client.get("/clip.json", headers={"origin": origin}).status_code == 403


def test_its_own_origin(client: TestClient) -> None:
    assert client.get("/clip.json", headers={"origin": "http://127.0.0.1:8008"}).status_code == 200


def test_other_sites_may_link_but_not_load(client: TestClient) -> None:
    cross = {"sec-fetch-site": "cross-site"}
    assert client.get("/clip", headers={**cross, "sec-fetch-mode": "navigate"}).status_code == 200
    assert client.get("/clip.gif", headers={**cross, "sec-fetch-mode": "no-cors"}).status_code == 403


def test_every_reply_bears_the_policy(client: TestClient) -> None:
    for path in ("/clip", "/clip.json", "/nothing", "/clip.json?seed=-1"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "//etc/passwd", "/static/", "/static",
     "/static/main.js/x", "/../../etc/passwd", "/static/main.js%00.html"],
)  # fmt: skip
def test_no_path_is_ever_opened(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_there_is_nothing_to_write(client: TestClient, method: str) -> None:
    assert client.request(method, "/clip.json").status_code == 405


def test_addresses_end(client: TestClient) -> None:
    assert client.get("/clip.json?preset=" + "x" * 9000).status_code == 414


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("preset=standrd", "preset"), ("preset=../../etc/passwd", "preset"), ("split=all", "split"),
        ("seed=-1", "seed"), ("seed=18446744073709551616", "seed"), ("seed=1e3", "seed"),
        ("clip=9223372036854775808", "clip"), ("clip=", "clip"), ("without=99", "without"), ("without=9", "without"),
        ("without=a", "without"), ("layers=all", "layers"), ("layers=rgb,all", "layers"), ("stored=yes", "stored"),
        ("num_frames=0", "num_frames"), ("num_frames=10001", "num_frames"), ("height=8193", "height"),
        ("speed_range=5,1", "speed_range"), ("speed_range=nan,1", "speed_range"), ("noise_density=inf", "noise_density"),
        ("num_frames=10000&height=1024&width=1024", "num_frames"), ("num_frames=5000", "num_frames"),
        ("num_frames=2000&height=28&width=28&num_digits_range=1,64", "num_digits_range"),
        ("height=16", "height"), ("scale_range=32,32", "height"), ("twins=6-9&angle_range=0,90", "angle_range"),
        ("stored=true&clip=4", "clip"), ("stored=true&clip=17", "clip"), ("stored=true&preset=clean", "preset"),
        ("stored=true&height=64", "height"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_named(client: TestClient, query: str, argument: str) -> None:
    asked = f"/clip.bin?{query}" if "layers" in query else f"/clip.json?{query}"
    reply = client.get(asked)
    assert reply.status_code == 422, reply.text
    failure = reply.json()
    assert failure["argument"] == argument
    assert failure["permitted"]
    assert "\n" not in failure["error"]


@pytest.mark.parametrize(
    ("query", "argument"),
    [("count=101", "count"), ("among=501", "among"), ("sort=random", "sort"), ("low=nan", "low"), ("frames=31", "frames"),
     ("start=-1", "start"), ("descending=1", "descending"), ("where=label=6", "where"), ("stored=true&start=12", "start"),
     ("num_frames=10000", "num_frames")],
)  # fmt: skip
def test_walls_are_bounded(client: TestClient, query: str, argument: str) -> None:
    reply = client.get(f"/wall.json?{query}")
    assert (reply.status_code, reply.json()["argument"]) == (422, argument)


@pytest.mark.parametrize("query", ["heigth=64", "clip=1&clip=2", "path=/etc/passwd"])
def test_parameters_that_are_none(client: TestClient, query: str) -> None:
    assert client.get(f"/clip.json?{query}").status_code == 400


def test_a_long_film_is_enlarged_less(client: TestClient) -> None:
    sizes = {}
    for frames in (3, 300):
        reply = client.get(f"/clip.gif?num_frames={frames}&height=32&width=32")
        picture = Image.open(io.BytesIO(reply.content))
        assert picture.n_frames == frames  # type: ignore[attr-defined]
        sizes[frames] = picture.size
        assert frames * 3 * 32 * 32 * (picture.width // (3 * 32)) ** 2 <= MAX_PIXELS
    assert sizes[300] < sizes[3]


def test_without_a_data_set_nothing_is_stored() -> None:
    client = TestClient(create_app(Exhibit.of()), base_url="http://localhost")
    reply = client.get("/clip.json?stored=true")
    assert (reply.status_code, reply.json()["argument"]) == (422, "stored")


def test_a_data_set_cut_short_is_told(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cut"
    shutil.copytree(place, copy)
    files = open_dataset(copy).manifest.receipts[1].files
    video = next(copy.rglob("manifest.json")).parent / next(
        path for path in files if path.startswith("video/")
    )
    video.write_bytes(video.read_bytes()[:-100])
    client = TestClient(create_app(Exhibit.of(copy)), base_url="http://localhost")
    assert client.get("/clip.json?stored=true&clip=5").status_code == 200
    reply = client.get("/clip.json?stored=true&clip=9")
    assert reply.status_code == 409
    assert "damaged" in reply.json()["error"]


def test_a_shard_cut_short_while_the_explorer_runs_is_told(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cut"
    shutil.copytree(place, copy)
    client = TestClient(create_app(Exhibit.of(copy)), base_url="http://localhost")
    assert client.get("/clip.json?stored=true&clip=9").status_code == 200
    assert client.get("/clip.json?stored=true&clip=5").status_code == 200
    for video in copy.rglob("video/c.*"):
        os.truncate(video, 16)
    for clip in (5, 9, 6, 10):
        reply = client.get(f"/clip.json?stored=true&clip={clip}")
        assert reply.status_code in (200, 409), clip
    assert reply.status_code == 409
    assert client.get("/clip.json?clip=9").status_code == 200


def test_an_unfinished_data_set_is_refused(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "unfinished"
    shutil.copytree(place, copy)
    next(copy.rglob("manifest.json")).unlink()
    with pytest.raises(BadArgument, match="finished"):
        Exhibit.of(copy)


def test_viewers_do_not_wait_for_walls_and_films(exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch) -> None:
    release, started = threading.Event(), threading.Event()

    def held(query: Any, exhibit: Any) -> Any:
        started.set()
        assert release.wait(300)
        return reply_json("late")

    monkeypatch.setattr("segmnist.explore.app.ROUTES", (*ROUTES, Route("/held.json", held, "", slow=True)))
    with TestClient(create_app(exhibit), base_url="http://localhost") as client:
        waiting = [threading.Thread(target=client.get, args=("/held.json",)) for _ in range(3)]
        for thread in waiting:
            thread.start()
        assert started.wait(300)
        assert client.get("/clip.json").status_code == 200
        release.set()
        for thread in waiting:
            thread.join(10)


def test_many_viewers_see_what_one_sees(client: TestClient) -> None:
    alone = [client.get(f"/clip.bin?clip={i}").content for i in range(12)]
    together: list[bytes] = [b""] * 12

    def look(i: int) -> None:
        together[i] = client.get(f"/clip.bin?clip={i}").content

    threads = [threading.Thread(target=look, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
    assert len(np.unique([hash(reply) for reply in alone])) == 12
