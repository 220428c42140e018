"""A recipe survives every trip, names its data set by content, and refuses what it cannot mean."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist import GENERATOR_VERSION, BadArgument, SceneSpec, preset
from segmnist.dataset import Recipe

BANK = "0123456789abcdef" * 4


def small(**changes: Any) -> Any:
    values = {"spec": SceneSpec(num_frames=3), "num_clips": 5, "bank_sha256": BANK, **changes}
    return Recipe(**values)


recipes = st.builds(
    small,
    spec=st.sampled_from([preset(name) for name in ("standard", "origin", "crowded", "large")]),
    split=st.sampled_from(["train", "val", "test"]),
    seed=st.integers(0, 2**64 - 1),
    first_clip=st.integers(0, 2**40),
    num_clips=st.integers(1, 2**40),
    clip_ids=st.lists(st.integers(0, 2**63 - 1), unique=True, max_size=5).map(tuple),
    truths=st.sampled_from([("semantic",), ("semantic", "instance"), ("instance",)]),
    compress_video=st.booleans(),
    clips_per_shard=st.integers(1, 4096),
)


@settings(max_examples=50, deadline=None)
@given(recipes)
def test_json_toml_and_dict_trips(recipe: Any) -> None:
    for copy in (
        Recipe.from_json(recipe.to_json()),
        Recipe.from_toml(recipe.to_toml()),
        Recipe.from_dict(recipe.to_dict()),
    ):
        assert copy == recipe
        assert copy.plan_id == recipe.plan_id


def test_one_number_one_recipe() -> None:
    whole = small(spec=SceneSpec(speed_range=(1, 3)))
    real = small(spec=SceneSpec(speed_range=(1.0, 3.0)))
    assert whole.plan_id == real.plan_id


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1}, {"split": "val"}, {"num_clips": 6}, {"first_clip": 1}, {"clip_ids": (0, 1, 2, 3, 4)},
        {"truths": ("instance",)}, {"clips_per_shard": 2}, {"bank_sha256": BANK[::-1]},
        {"spec": SceneSpec(num_frames=4)},
    ],
)  # fmt: skip
def test_any_change_changes_the_plan_id(change: Any) -> None:
    assert small(**change).plan_id != small().plan_id
    assert len(small().differences(small(**change))) >= 1


def test_the_spec_is_stored_as_what_differs_from_the_defaults() -> None:
    assert json.loads(small().to_json())["spec"] == {"num_frames": 3}
    assert len(small().to_json()) < 1024


PINNED = [
    ({}, "2fee5df5250897cf379498ddfedddb0b626a7cd82d0258b0b1cd6125b226a68f"),
    (
        {
            "spec": preset("crowded"), "split": "val", "seed": 2**64 - 1, "clips_per_shard": 64,
            "truths": ("semantic", "instance"),
        },
        "3eafd6154033e1700172743454bef72dbb7e2e9c345b1dcba6e493afd3bc8218",
    ),
    (
        {"format": "origin-npy", "clip_ids": (7, 3)},
        "7d09af57997667a03a3a3b52067fe76dd566e4378813f6e49576b094475ac1ad",
    ),
    (
        {"spec": preset("exact", pools="shared"), "first_clip": 9},
        "d2e6acd6e6d09256e8da8a8627cd53e4bb31ee329057f85ae4383951eac057f6",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "plan_id"), PINNED)
def test_no_plan_id_changes_by_accident(changes: Any, plan_id: Any) -> None:
    """A new field, or a new default, that changes one of these breaks every data set that is named by it."""
    assert small(**changes).plan_id == plan_id


@pytest.mark.parametrize(
    "change",
    [
        {"truths": ("instance", "flow")},
        {"format": "npz"},
        {"clips_per_shard": 2},
        {"index": False},
        {"compress_video": False},
        {"clip_ids": (0, 1, 2, 3, 4)},
    ],
)
def test_the_same_clips_have_the_same_content_id_however_they_are_stored(change: Any) -> None:
    assert small(**change).content_id == small().content_id
    assert small(**change).plan_id != small().plan_id


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1}, {"split": "val"}, {"num_clips": 6}, {"first_clip": 1}, {"clip_ids": (0, 1, 2, 4, 3)},
        {"clip_ids": (0, 1, 2, 3, 5)}, {"bank_sha256": BANK[::-1]}, {"spec": SceneSpec(num_frames=4)},
    ],
)  # fmt: skip
def test_other_clips_have_another_content_id(change: Any) -> None:
    assert small(**change).content_id != small().content_id


def test_no_content_id_changes_by_accident() -> None:
    assert small().content_id == "0d53f58c62b08c8e61c219d364cc48812a43277dd4616b30117f362f3b837a02"
    assert (
        small(clip_ids=(7, 3)).content_id
        == "e2798140d0787ef8d4afc8b23ed10ed96c67e44bbd11a198d3459649fc385be2"
    )


def test_a_field_at_its_default_is_not_in_the_canonical_form() -> None:
    assert set(small().to_dict()) == {
        "spec",
        "split",
        "seed",
        "num_clips",
        "bank_sha256",
        "generator_version",
    }
    for name, value in (
        ("index", False),
        ("first_clip", 1),
        ("truths", ("instance",)),
        ("clips_per_shard", 2),
    ):
        assert set(small(**{name: value}).to_dict()) - set(small().to_dict()) == {name}
    for field in dataclasses.fields(SceneSpec):
        assert field.name not in small(spec=SceneSpec()).to_dict()["spec"]
        assert f"\n{field.name} = " in small().to_toml()


def test_the_ids_of_a_range_and_of_a_list() -> None:
    assert small(first_clip=10).ids(2, 4).tolist() == [12, 13]
    assert small(clip_ids=(9, 2, 7)).ids(1, 3).tolist() == [2, 7]
    assert small(clip_ids=(9, 2, 7)).num_clips == 3


@pytest.mark.parametrize(
    "change",
    [
        {"num_clips": 0}, {"first_clip": -1}, {"first_clip": 2**63 - 1}, {"clip_ids": (1, 1)},
        {"clip_ids": (-1,)}, {"format": "tar"}, {"clips_per_shard": 0}, {"clips_per_shard": 10**9},
        {"bank_sha256": "mnist"}, {"seed": -1}, {"seed": 2**64}, {"split": "dev"}, {"truths": ("deep",)},
        {"generator_version": GENERATOR_VERSION + 1},
    ],
)  # fmt: skip
def test_bad_values_are_named(change: Any) -> None:
    with pytest.raises(BadArgument) as caught:
        small(**change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        '{"split": 3}',
        '{"colour": 1}',
        "{",
        "[" * 10_000,
        '{"spec": {"height": NaN}}',
        '{"spec": 3}',
    ],
)
def test_bad_json_is_bad_use(text: Any) -> None:
    with pytest.raises(BadArgument):
        Recipe.from_json(text)


def test_a_newer_generator_is_said_first() -> None:
    values = {**small().to_dict(), "generator_version": GENERATOR_VERSION + 1, "a_field_of_tomorrow": 1}
    with pytest.raises(BadArgument, match="generator_version"):
        Recipe.from_dict(values)


def test_recipes_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        small().seed = 2
