"""Parts that give models the first frames: predictions of the others stand beside them, and nothing of the given ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.explore.conftest import serving
from tests.explore.test_browser import Page, decoded, page
from tests.suites.test_prediction import GIVEN, OWN, H, T, W

from segmnist.classes import BACKGROUND
from segmnist.explore import Exhibit, create_app
from segmnist.explore.wire import unpack

pytest.importorskip("skimage", reason="the `prediction` extra is optional")

__all__ = ["page"]


def copied(video: Any) -> Any:
    """The last frame, which goes on."""
    return {"video": np.repeat(video[:, -1:], T - GIVEN, axis=1)}


def ones(video: Any) -> Any:
    """Ones everywhere, and grey frames."""
    shape = (len(video), T - GIVEN, H, W)
    return {"semantic": np.ones(shape, np.uint8), "video": np.full(shape, 0.5)}


@pytest.fixture(scope="module")
def forecasts() -> Exhibit:
    shown = Exhibit.of().with_predictions([("copied", copied), ("ones", ones)], OWN)
    shown.parts[0].scores.run()
    return shown


@pytest.fixture(scope="module")
def asked(forecasts: Exhibit) -> Iterator[TestClient]:
    with TestClient(create_app(forecasts), base_url="http://127.0.0.1:8008") as opened:
        yield opened


@pytest.fixture(scope="module")
def clip() -> Any:
    return OWN.parts[0].source("test", ("semantic",))[3]


def predicted(client: TestClient, query: str) -> tuple[dict[str, Any], dict[str, Any]]:
    reply = client.get(f"/prediction.bin?part=all&clip=3&{query}")
    assert reply.status_code == 200, reply.text
    return unpack(reply.content)


def test_frames_stand_after_the_given_ones(asked: TestClient, clip: Any) -> None:
    facts, arrays = predicted(asked, "model=0")
    assert (facts["given"], facts["wrong"]) == (GIVEN, None)
    expected = np.concatenate([clip.video[:GIVEN], np.repeat(clip.video[GIVEN - 1 : GIVEN], T - GIVEN, 0)])
    np.testing.assert_array_equal(arrays["frames"], expected)
    squared = ((expected[GIVEN:] / 255 - clip.video[GIVEN:] / 255) ** 2).sum(axis=(1, 2)).mean()
    assert facts["scores"]["MSE a frame"] == pytest.approx(squared, rel=1e-3)
    assert "mIoU, digits" not in facts["scores"]


def test_classes_are_wrong_after_the_given_ones_only(asked: TestClient, clip: Any) -> None:
    facts, arrays = predicted(asked, "model=1")
    wrong = clip.semantic != 1
    wrong[:GIVEN] = False
    np.testing.assert_array_equal(arrays["error"] > 0, wrong)
    assert (arrays["semantic"][:GIVEN] == BACKGROUND).all()
    assert (arrays["semantic"][GIVEN:] == 1).all()
    assert facts["wrong"] == pytest.approx(wrong[GIVEN:].mean(), abs=1e-5)
    assert "frames" not in arrays
    assert (predicted(asked, "model=1&said=frames")[1]["frames"][GIVEN:] == 128).all()


def test_the_wall_is_sorted_by_what_there_is(asked: TestClient, clip: Any) -> None:
    about = asked.get("/about.json").json()
    assert about["parts"][0]["given"] == GIVEN
    assert "frame_mse" in about["predicted_sorts"]
    for model, sort, found in (
        (0, "frame_mse", 4),
        (0, "error", 0),
        (1, "error", 4),
        (0, "cell&cell=1-10", 0),
    ):
        clips = asked.get(f"/wall.json?part=all&sort={sort}&model={model}").json()["clips"]
        assert len(clips) == found, (model, sort)
    shown = unpack(asked.get("/wall.bin?part=all&errors=true&model=1&frames=30").content)[1]["error"][3]
    np.testing.assert_array_equal(shown[:GIVEN], 0)
    np.testing.assert_array_equal(shown[GIVEN:] > 0, clip.semantic[GIVEN:] != 1)
    board = asked.get("/scores.json?part=all").json()
    assert np.sum(board["models"][0]["confusion"]) == 0
    assert np.sum(board["models"][1]["confusion"]) == 4 * (T - GIVEN) * H * W


def test_the_page_marks_where_the_given_part_ends(page: Page, forecasts: Exhibit, clip: Any) -> None:
    with serving(create_app(forecasts)) as address:
        opened = Page(page.driver, address).open(f"/clip?part=all&clip=3&frame={GIVEN - 1}")
        assert opened.find("#frame-number").text == f"{GIVEN - 1} / {T - 1}, given"
        assert opened.js("document.querySelector('#first-asked option').value") == f"{GIVEN}"
        said = "explorer.predictions.models[0].said.pixels.toDataURL()"
        given = decoded(opened.js(said))
        np.testing.assert_allclose(given[..., 0], clip.video[GIVEN - 1] * 0.3, atol=1)
        opened.find("#step-on").click()
        assert opened.find("#frame-number").text == f"{GIVEN} / {T - 1}, to come"
        np.testing.assert_array_equal(decoded(opened.js(said))[..., 1], clip.video[GIVEN - 1])
        difference = decoded(opened.js("explorer.predictions.models[0].error.pixels.toDataURL()"))
        expected = np.abs(clip.video[GIVEN].astype(int) - clip.video[GIVEN - 1])
        np.testing.assert_array_equal(difference[..., 2], expected)
        assert "copied: difference to the true frames" in opened.find("#stage").text
