"""Predictions: what is sent of them is what they are, and the wall follows what is counted of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.explore.conftest import NUM_PREDICTED, PREDICTED_SPEC

from segmnist import ClipSource
from segmnist.classes import BACKGROUND
from segmnist.errors import BadArgument
from segmnist.evaluate import Evaluation
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.predictions import BadPrediction, check_prediction
from segmnist.explore import Exhibit, create_app
from segmnist.explore.scoreboard import TRUTHS, bucket_of, cell_of
from segmnist.explore.wire import unpack
from segmnist.suites import suite_of


@pytest.fixture(scope="module")
def asked(predicted: Exhibit) -> Iterator[TestClient]:
    predicted.parts[0].scores.run()
    with TestClient(create_app(predicted), base_url="http://127.0.0.1:8008") as opened:
        yield opened


@pytest.fixture(scope="module")
def truths() -> list[Any]:
    return list(ClipSource(PREDICTED_SPEC, split="test", truth=TRUTHS).batch(range(NUM_PREDICTED)))


@pytest.fixture(scope="module")
def stored(predicted_files: tuple[Path, Path]) -> tuple[np.ndarray, np.ndarray]:
    soft, hard = (np.load(file) for file in predicted_files)
    return soft, hard


def test_classes_and_errors(asked: TestClient, truths: list[Any], stored: Any) -> None:
    facts, arrays = unpack(asked.get("/prediction.bin?part=all&clip=3&model=1").content)
    truth, said = truths[3].semantic, stored[1][3]
    assert facts["model"] == "hard"
    assert facts["has_probabilities"] is False
    np.testing.assert_array_equal(arrays["semantic"], said)
    np.testing.assert_array_equal(arrays["error"] == 0, truth == said)
    np.testing.assert_array_equal(arrays["error"] == 2, (truth != said) & (said == BACKGROUND))
    np.testing.assert_array_equal(arrays["error"] == 3, (truth != said) & (truth == BACKGROUND))
    assert facts["wrong"] == pytest.approx((truth != said).mean(), abs=1e-5)


def test_probabilities_and_entropy(asked: TestClient, truths: list[Any], stored: Any) -> None:
    p = check_prediction("clip", stored[0][2], PREDICTED_SHAPE).probabilities
    assert p is not None
    expected = {
        "4": p[:, 4],
        "10": p[:, 10],
        "truth": np.take_along_axis(p, truths[2].semantic[:, None].astype(int), 1)[:, 0],
        "entropy": -(p * np.log(np.maximum(p, 1e-30))).sum(1) / np.log(11),
    }
    for said, plane in expected.items():
        sent = unpack(asked.get(f"/prediction.bin?part=all&clip=2&said={said}").content)[1]["plane"]
        np.testing.assert_allclose(sent / 255, plane, atol=0.5 / 255 + 1e-6)
    # A model without probabilities has no plane.
    assert "plane" not in unpack(asked.get("/prediction.bin?part=all&clip=2&said=4&model=1").content)[1]


def test_scores_are_those_of_evaluate(asked: TestClient, truths: list[Any], stored: Any) -> None:
    board = asked.get("/scores.json?part=all").json()
    assert (board["scored"], board["num_clips"]) == (NUM_PREDICTED, NUM_PREDICTED)
    for place, model in enumerate(board["models"]):
        evaluation = Evaluation()
        for clip, said in zip(truths, stored[place], strict=True):
            evaluation.add(clip.clip_id, clip.arrays, check_prediction("clip", said, PREDICTED_SHAPE))
        scores = evaluation.scores()
        assert len(model["scores"]) > 3
        for name, value in model["scores"].items():
            assert value == pytest.approx(scores[name], abs=1e-5)
        assert model["confusion"] == evaluation.counts("confusion").tolist()
        for name, buckets in model["breakdowns"].items():
            assert [bucket["counts"] for bucket in buckets] == evaluation.counts(name).tolist()


def wall(client: TestClient, query: str) -> dict[int, float]:
    reply = client.get(f"/wall.json?part=all&{query}")
    assert reply.status_code == 200, reply.text
    return {int(clip["clip"]): clip["value"] for clip in reply.json()["clips"]}


@pytest.mark.parametrize("descending", ["true", "false"])
@pytest.mark.parametrize("model", [0, 1])
def test_the_wall_by_error(
    asked: TestClient, truths: list[Any], stored: Any, model: int, descending: str
) -> None:
    found = wall(asked, f"sort=error&model={model}&descending={descending}")
    assert len(found) == NUM_PREDICTED
    assert list(found.values()) == sorted(found.values(), reverse=descending == "true")
    for clip_id, value in found.items():
        said = check_prediction("clip", stored[model][clip_id], PREDICTED_SHAPE).semantic
        assert value == pytest.approx((said != truths[clip_id].semantic).mean(), abs=1e-5)


def test_the_wall_by_disagreement(asked: TestClient, stored: Any) -> None:
    for clip_id, value in wall(asked, "sort=disagreement").items():
        soft = check_prediction("clip", stored[0][clip_id], PREDICTED_SHAPE).semantic
        assert value == pytest.approx((soft != stored[1][clip_id]).mean(), abs=1e-5)


def test_a_cell_has_the_clips_with_such_pixels(asked: TestClient, truths: list[Any], stored: Any) -> None:
    tables = [confusion(clip.semantic, said) for clip, said in zip(truths, stored[1], strict=True)]
    total = np.sum(tables, axis=0) * (1 - np.eye(11, dtype=int))
    row, column = np.unravel_index(total[:10].argmax(), (10, 11))
    found = wall(asked, f"sort=cell&cell={row}-{column}&model=1")
    assert found == {i: float(t[row, column]) for i, t in enumerate(tables) if t[row, column]}


def test_a_bar_has_the_clips_with_such_pixels(asked: TestClient) -> None:
    board = asked.get("/scores.json?part=all").json()
    for place, bucket in enumerate(board["models"][1]["breakdowns"]["visibility"]):
        for outcome, count in enumerate(bucket["counts"]):
            found = wall(asked, f"sort=bucket&bucket=visibility-{place}-{outcome}&model=1")
            assert sum(found.values()) == count


def test_errors_on_the_wall(asked: TestClient, truths: list[Any], stored: Any) -> None:
    facts, arrays = unpack(asked.get("/wall.bin?part=all&sort=error&model=1&errors=true&frames=30").content)
    for row, clip in enumerate(facts["clips"]):
        clip_id = int(clip["clip"])
        wrong = truths[clip_id].semantic != stored[1][clip_id]
        np.testing.assert_array_equal(arrays["error"][row] > 0, wrong)


@pytest.mark.parametrize(
    ("query", "argument"),
    [("part=none", "part"), ("part=all&clip=99", "clip"), ("part=all&model=2", "model"), ("clip=0", "part"),
     ("part=all&preset=clean", "preset"), ("part=all&without=1", "without")],
)  # fmt: skip
def test_what_is_not_predicted_is_refused(asked: TestClient, query: str, argument: str) -> None:
    reply = asked.get(f"/prediction.bin?{query}")
    assert reply.status_code == 422
    assert reply.json()["argument"] == argument


@pytest.mark.parametrize("text", ["", "3", "3-11", "a-b", "3-5-1", "-1-2", "३-१"])
def test_no_other_cells(text: str) -> None:
    with pytest.raises(ValueError, match="cell"):
        cell_of(text)


@pytest.mark.parametrize("text", ["", "colour-0-1", "visibility-9-0", "visibility-0-4", "visibility-0"])
def test_no_other_bars(text: str) -> None:
    with pytest.raises(ValueError, match="bucket"):
        bucket_of(text)


def test_clips_are_scored_once_and_the_rest_later(predicted_files: tuple[Path, Path]) -> None:
    asked: list[int] = []

    def model(videos: np.ndarray) -> np.ndarray:
        asked.append(len(videos))
        return np.full(videos.shape, BACKGROUND, np.uint8)

    exhibit = Exhibit.of().with_predictions([("none", model)], suite_of(PREDICTED_SPEC, 20))
    board = exhibit.parts[0].scores
    board.run(stopped=lambda: sum(asked) >= 8)
    assert board.facts().scored == sum(asked) == 8
    board.run()
    assert board.facts().scored == sum(asked) == 20


def test_a_stored_data_set_is_predicted_by_row(place: Path, exhibit: Exhibit, tmp_path: Path) -> None:
    from segmnist.dataset import open_dataset

    maps = np.stack([clip["semantic"] for clip in open_dataset(place)])
    np.save(tmp_path / "copy.npy", maps)
    shown = exhibit.with_predictions([("copy", tmp_path / "copy.npy")])
    with TestClient(create_app(shown), base_url="http://127.0.0.1:8008") as client:
        facts, arrays = unpack(client.get("/prediction.bin?stored=true&clip=9").content)
    assert facts["wrong"] == 0
    np.testing.assert_array_equal(arrays["semantic"], maps[4])


def test_only_the_first_clips_of_a_stored_data_set(place: Path, exhibit: Exhibit, tmp_path: Path) -> None:
    """What is not predicted is not shown, found neither."""
    np.save(tmp_path / "few.npy", np.full((3, 6, 40, 56), BACKGROUND, np.uint8))
    shown = exhibit.with_predictions([("few", tmp_path / "few.npy")], first=3)
    with TestClient(create_app(shown), base_url="http://127.0.0.1:8008") as client:
        for query in ("sort=id", "where=visibility >= 0", "sort=error"):
            shown.parts[0].scores.run()
            reply = client.get(f"/wall.json?stored=true&{query}")
            assert reply.status_code == 200, reply.text
            clips = reply.json()["clips"]
            assert sorted(int(clip["clip"]) for clip in clips) == [5, 6, 7]
        reply = client.get("/clip.json?stored=true&clip=8")
        assert (reply.status_code, reply.json()["argument"]) == (422, "clip")
        assert client.get("/about.json").json()["dataset"]["num_clips"] == 3
    with pytest.raises(BadArgument, match="1 or more"):
        exhibit.with_predictions([("few", tmp_path / "few.npy")], first=0)


def test_missing_clips_are_told_at_once(tmp_path: Path) -> None:
    np.save(tmp_path / "few.npy", np.zeros((2, *PREDICTED_SHAPE), np.uint8))
    with pytest.raises(BadPrediction, match="2 clips, expected"):
        Exhibit.of().with_predictions(
            [("few", tmp_path / "few.npy")], suite_of(PREDICTED_SPEC, NUM_PREDICTED)
        )


PREDICTED_SHAPE = (PREDICTED_SPEC.num_frames, PREDICTED_SPEC.height, PREDICTED_SPEC.width)
