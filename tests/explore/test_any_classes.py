"""The explorer with digits of other classes: names, colours and predictions of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.strategies import named_bank

from segmnist import ClipSource, DigitBank, SceneSpec
from segmnist.dataset import generate, recipe_for
from segmnist.explore import Exhibit, create_app
from segmnist.explore.wire import unpack
from segmnist.palette import class_colours
from segmnist.suites import suite_of

SPEC = SceneSpec(height=18, width=23, num_frames=3, num_digits_range=(1, 3), num_shapes_range=(0, 1))
QUERY = "preset=standard&height=18&width=23&num_frames=3&num_digits_range=1,3&num_shapes_range=0,1"
COUNTS = (1, 26, 250)


@pytest.fixture(scope="module", params=COUNTS)
def bank(request: pytest.FixtureRequest) -> DigitBank:
    return named_bank(request.param)


@pytest.fixture(scope="module")
def asked(bank: DigitBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of an explorer with two models: one gives probabilities, and one calls everything background."""
    folder, classes = tmp_path_factory.mktemp("said"), bank.classes
    truth = ClipSource(SPEC, split="test", bank=bank).batch(range(4)).semantic
    soft = np.moveaxis(np.eye(classes.num_classes, dtype=np.float32)[np.roll(truth, 1, axis=3)], -1, 2)
    np.save(folder / "soft.npy", soft)
    np.save(folder / "none.npy", np.full_like(truth, classes.background))
    sources: list[Any] = [(name, folder / f"{name}.npy") for name in ("soft", "none")]
    exhibit = Exhibit.of(bank=bank).with_predictions(sources, suite_of(SPEC, 4, bank=bank))
    exhibit.parts[0].scores.run()
    with TestClient(create_app(exhibit), base_url="http://127.0.0.1:8008") as opened:
        yield opened


def test_the_page_is_told_all_names_and_colours(asked: TestClient, bank: DigitBank) -> None:
    about = asked.get("/about.json").json()
    assert tuple(about["class_names"]) == bank.classes.all_names
    assert about["class_colours"] == class_colours(bank.classes)[: bank.classes.num_classes].tolist()
    [classes] = (field for field in about["fields"] if field["name"] == "classes")
    assert tuple(classes["choices"]) == bank.classes.names
    assert classes["default"] == []


def test_a_clip_is_of_the_banks_classes(asked: TestClient, bank: DigitBank) -> None:
    for clip_id in range(3):
        facts, arrays = unpack(asked.get(f"/clip.bin?{QUERY}&seed=5&split=train&clip={clip_id}").content)
        clip = ClipSource(SPEC, seed=5, bank=bank)[clip_id]
        table = np.array([bank.classes.background, *facts["labels"]], np.uint8)
        np.testing.assert_array_equal(table[arrays["instance"]], clip.semantic)
        assert facts["solvable"] is False
    last = bank.classes.background - 1
    assert asked.get(f"/clip.bin?{QUERY}&classes={last}&clip=0").status_code == 200
    refused = asked.get(f"/clip.bin?{QUERY}&classes={last + 1}&clip=0")
    assert refused.status_code == 422
    assert f"0..{last}" in refused.text


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_a_clip_can_be_kept_as_a_picture(asked: TestClient, kind: str) -> None:
    assert asked.get(f"/clip.{kind}?{QUERY}&clip=1").status_code == 200


def test_predictions_of_every_class(asked: TestClient, bank: DigitBank) -> None:
    background = bank.classes.background
    truth = ClipSource(SPEC, split="test", bank=bank)[2].semantic
    address = "/prediction.bin?part=all&clip=2"
    _, arrays = unpack(asked.get(f"{address}&said={background}").content)
    said = np.roll(truth, 1, axis=2)
    np.testing.assert_array_equal(arrays["semantic"], said)
    np.testing.assert_array_equal(arrays["plane"], 255 * (said == background))
    np.testing.assert_array_equal(arrays["error"] == 2, (truth != said) & (said == background))
    assert asked.get(f"{address}&said={background + 1}").status_code == 422
    assert asked.get(f"{address}&said=entropy").status_code == 200


def test_the_wall_sorts_by_a_cell_of_the_confusion(asked: TestClient, bank: DigitBank) -> None:
    board = asked.get("/scores.json?part=all").json()
    assert np.shape(board["models"][0]["confusion"]) == (bank.classes.num_classes,) * 2
    background = bank.classes.background
    cell = f"{background}-{background}"
    assert asked.get(f"/wall.bin?part=all&sort=cell&cell={cell}&count=4").status_code == 200
    assert asked.get(f"/wall.bin?part=all&sort=cell&cell=0-{background + 1}&count=4").status_code == 422


def test_a_stored_data_set_is_explored_with_its_digits(tmp_path: Path) -> None:
    bank = named_bank(26)
    generate(recipe_for(SPEC, num_clips=3, bank=bank), tmp_path, bank=bank, num_workers=1)
    with TestClient(create_app(Exhibit.of(tmp_path, bank)), base_url="http://127.0.0.1:8008") as client:
        facts, _ = unpack(client.get("/clip.bin?stored=true&clip=1").content)
        assert facts["matches_recipe"] is True
