"""The wall: which clips, in which order, with which pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from segmnist import ClipSource, preset
from segmnist.dataset.find import find
from segmnist.explore.wall import condition_of
from segmnist.explore.wire import unpack

SMALL = "height=32&width=48&num_frames=9&preset=standard&seed=2"


def wall(client: TestClient, query: str) -> dict[str, Any]:
    reply = client.get(f"/wall.json?{query}")
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("sort", ["min_visibility", "mean_visibility", "camouflaged_share", "num_twins"])
@pytest.mark.parametrize("descending", ["true", "false"])
def test_sorted_by_the_truth_itself(client: TestClient, sort: str, descending: str) -> None:
    found = wall(client, f"{SMALL}&among=40&count=15&start=3&sort={sort}&descending={descending}")
    source = ClipSource(preset("standard", height=32, width=48, num_frames=9), seed=2, truth=("difficulty",))
    values = source.batch(range(3, 43))[sort]
    expected = np.sort(values)[::-1] if descending == "true" else np.sort(values)
    shown = [clip["difficulty"][sort] for clip in found["clips"]]
    np.testing.assert_allclose(shown, expected[:15], atol=1e-4)
    for clip in found["clips"]:
        assert clip["difficulty"][sort] == pytest.approx(float(values[int(clip["clip"]) - 3]), abs=1e-4)


def test_filtered(client: TestClient) -> None:
    found = wall(client, f"{SMALL}&among=40&sort=min_visibility&low=0.3&high=0.6")
    values = [clip["difficulty"]["min_visibility"] for clip in found["clips"]]
    assert 0 < len(values) == found["matching"] < found["examined"] == 40
    assert all(0.3 <= value <= 0.6 for value in values)


def test_pictures_are_frames_of_the_clips(client: TestClient) -> None:
    facts, arrays = unpack(client.get(f"/wall.bin?{SMALL}&count=4&among=4&frames=3").content)
    source = ClipSource(preset("standard", height=32, width=48, num_frames=9), seed=2)
    np.testing.assert_array_equal(arrays["pictures"], source.batch(range(4)).video[:, [0, 4, 8]])
    assert [clip["clip"] for clip in facts["clips"]] == list("0123")


def test_large_clips_are_thinned_and_fewer(client: TestClient) -> None:
    facts, arrays = unpack(client.get("/wall.bin?preset=large&among=200&num_frames=150").content)
    assert facts["examined"] < facts["asked"] == 200
    assert max(arrays["pictures"].shape[2:]) <= 64


def test_small_pictures_of_instances_come_where_they_are_asked_for(client: TestClient) -> None:
    query = "preset=crowded&height=32&width=32&num_frames=4&among=3&frames=4"
    arrays = unpack(client.get(f"/wall.bin?{query}&instances=true").content)[1]
    assert set(unpack(client.get(f"/wall.bin?{query}").content)[1]) == {"pictures"}
    source = ClipSource(preset("crowded", height=32, width=32, num_frames=4), truth=("instance",))
    for row in range(3):
        np.testing.assert_array_equal(arrays["instance"][row], source[row]["instance"])


def test_small_pictures_in_colour_come_where_they_are_asked_for(client: TestClient) -> None:
    query = "preset=colour&height=70&width=100&num_frames=7&among=3&frames=3"
    facts, arrays = unpack(client.get(f"/wall.bin?{query}&rgb=true").content)
    spec = preset("colour", height=70, width=100, num_frames=7)
    batch = ClipSource(spec, truth="rgb").batch(range(3))
    np.testing.assert_array_equal(arrays["rgb"], batch["rgb"][:, [0, 3, 6], ::2, ::2])
    np.testing.assert_array_equal(arrays["pictures"], batch.video[:, [0, 3, 6], ::2, ::2])
    assert (facts["height"], facts["width"]) == (35, 50) == arrays["rgb"].shape[2:4]


def test_why_no_more_were_examined(client: TestClient) -> None:
    assert wall(client, "among=2")["stopped"] == ""
    assert wall(client, "preset=large&among=100")["stopped"] == "size"
    assert wall(client, "stored=true&among=100")["stopped"] == "end"


def test_rows_of_the_data_set(client: TestClient) -> None:
    found = wall(client, "stored=true&start=7")
    assert [clip["clip"] for clip in found["clips"]] == ["12", "13", "14", "15", "16"]


def test_the_index_is_asked(client: TestClient, place: Any) -> None:
    pytest.importorskip("duckdb", reason="the index needs segmnist[index]")
    found = wall(client, "stored=true&where=visibility < 0.9 and depth_order=0")
    expected = find(place, "visibility < 0.9 and depth_order = 0")
    assert [int(clip["clip"]) for clip in found["clips"]] == expected
    assert 0 < len(expected) < 12


def test_a_condition_that_nothing_fits(client: TestClient) -> None:
    pytest.importorskip("duckdb", reason="the index needs segmnist[index]")
    assert wall(client, "stored=true&where=visibility > 2")["clips"] == []
    reply = client.get("/wall.bin?stored=true&where=visibility > 2")
    assert unpack(reply.content)[1]["pictures"].size == 0


@pytest.mark.parametrize(
    "text",
    ["1=1", "label = 6; drop table clips", "label = (select 1)", "label", "label = 'a'", "a = 1 or b = 2",
     "label = 6 and ", "label = 1" + " and label = 1" * 100, 'label" = 1'],
)  # fmt: skip
def test_no_other_sql_passes(client: TestClient, text: str) -> None:
    reply = client.get("/wall.json", params={"stored": "true", "where": text})
    assert reply.status_code == 422
    assert reply.json()["argument"] == "where"


def test_conditions() -> None:
    assert condition_of("label=6 and y >= -1.5") == '"label" = 6 AND "y" >= -1.5'
    assert condition_of("") == ""
