"""Fields of the spec as controls and as text in an address."""

import dataclasses

import pytest
from hypothesis import given, settings
from tests.strategies import specs

from segmnist import BadArgument, SceneSpec
from segmnist.explore.fields import changes_of, fields, format_value, parse_changes
from segmnist.scene.presets import PRESETS


def test_every_field_is_shown_once_in_a_group() -> None:
    assert list(fields()) == [field.name for field in dataclasses.fields(SceneSpec)]
    assert all(field.group for field in fields().values())
    assert len({field.group for field in fields().values()}) == 8


def test_every_field_says_what_it_is_for_and_what_it_may_be() -> None:
    for field in fields().values():
        assert field.about, field.name
        bounded = field.low is not None and field.high is not None
        assert bounded or field.choices or field.kind in ("switch", "pairs"), field.name


@settings(max_examples=40)
@given(spec=specs(corrupted=True))
def test_any_spec_survives_the_address(spec: SceneSpec) -> None:
    changes = changes_of(spec, SceneSpec())
    texts = {name: format_value(value) for name, value in changes.items()}
    assert SceneSpec().replace(**parse_changes(texts)) == spec


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_the_address(name: str) -> None:
    spec = PRESETS[name]()
    texts = {field: format_value(value) for field, value in spec.to_dict().items()}
    assert SceneSpec().replace(**parse_changes(texts)) == spec


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("num_frames", "ten"), ("speed_range", "1,x"), ("cut_corners", "yes"), ("twins", "6"),
        ("twins", "6-"), ("noise_density", ""), ("classes", "1,,2"), ("num_frames", "9" * 5000),
    ],
)  # fmt: skip
def test_text_of_another_kind_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadArgument) as caught:
        SceneSpec().replace(**parse_changes({name: text}))
    assert caught.value.argument == name
    assert len(str(caught.value)) < 300
