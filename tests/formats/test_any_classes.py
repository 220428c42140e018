"""Data sets of any number of classes: written, verified, read, and their names read back from every format."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.strategies import named_bank

from segmnist import BadArgument, ClipSource, DigitBank, SceneSpec
from segmnist.classes import DIGITS, Classes
from segmnist.dataset import Recipe, generate, open_dataset, recipe_for, verify
from segmnist.dataset.export import export
from segmnist.formats import FOLDER, SHARDED, WHOLE
from segmnist.palette import CLASS_COLOURS, class_colours

SPEC = SceneSpec(height=20, width=17, num_frames=3, num_digits_range=(1, 3), num_shapes_range=(0, 2))


def recipe_of(bank: DigitBank, **options: Any) -> Recipe:
    options = {"num_clips": 5, "clips_per_shard": 2, "truth": ("semantic", "instance"), **options}
    return recipe_for(SPEC, bank=bank, **options)


@pytest.mark.parametrize("count", [1, 2, 26, 250])
@pytest.mark.parametrize("format_", SHARDED)
def test_it_comes_back_as_it_was_drawn(tmp_path: Path, format_: str, count: int) -> None:
    bank = named_bank(count)
    recipe = recipe_of(bank, format=format_)
    place = generate(recipe, tmp_path, bank=bank, num_workers=1)
    assert [found.faults for found in verify(place)] == [[]]
    dataset = open_dataset(place)
    assert dataset.classes == bank.classes
    drawn = ClipSource(SPEC, bank=bank, truth=("semantic", "instance")).batch(np.arange(5))
    stored = dataset.batch(range(5))
    for name in ("video", "semantic", "instance", "labels"):
        np.testing.assert_array_equal(stored[name], drawn[name], err_msg=name)
    assert dataset.arrays["semantic"].padding == count
    assert f"{count} = background" in dataset.arrays["semantic"].about


def names_in(files: dict[str, Path], format_: str) -> Any:
    """Return the names that a reader of the format finds, by class; the background's is the last where it has one."""

    def found(part: str) -> Any:
        [path] = (path for name, path in files.items() if part in name)
        return json.loads(path.read_text())

    match format_:
        case "youtube-vis":
            categories = found("instances.json")["categories"]
        case "coco-amodal":
            categories = found("_modal.json")["categories"]
        case "coco-panoptic":
            categories = found("annotations/panoptic_train.json")["categories"]
        case "vipseg":
            categories = found("panoptic_gt_VIPSeg_train.json")["categories"]
        case "mmseg":
            return found("metainfo.json")["METAINFO"]["classes"]
        case _:
            return [row["name"] for row in found("classes.json")["classes"]]
    assert [each["id"] for each in categories] == list(range(1, len(categories) + 1))
    return [each["name"] for each in categories]


@pytest.mark.parametrize("count", [1, 26, 250])
@pytest.mark.parametrize("format_", [*FOLDER, *(name for name in SHARDED if name != "zarr")])
def test_the_names_are_in_every_export(tmp_path: Path, format_: str, count: int) -> None:
    for library, formats in {"pycocotools": ("coco-amodal", "mots"), "av": ("ffv1",)}.items():
        if format_ in formats:
            pytest.importorskip(library)
    bank = named_bank(count)
    export(recipe_of(bank), tmp_path, format_, bank=bank, num_workers=1)
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    names = names_in(files, format_)
    assert tuple(names) in (bank.classes.names, bank.classes.all_names)
    if format_ == "mmseg":
        mask = Image.open(next(path for name, path in files.items() if name.startswith("ann_dir")))
        assert np.asarray(mask).max() == count
        assert mask.getpalette()[: 3 * count + 3] == class_colours(bank.classes)[: count + 1].ravel().tolist()
    if format_ == "huggingface":
        datasets = pytest.importorskip("datasets")
        parquet = str(
            next(path for name, path in files.items() if name.endswith(".parquet") and "data/" in name)
        )
        loaded = datasets.Dataset.from_parquet(parquet, cache_dir=str(tmp_path / "cache"))
        assert tuple(loaded.features["digit_classes"].feature.names) == bank.classes.all_names


@pytest.mark.parametrize("format_", WHOLE)
def test_the_2020_layout_is_for_ten_digits(tmp_path: Path, format_: str) -> None:
    bank = named_bank(26)
    with pytest.raises(BadArgument, match=rf"format='{format_}' .* 26 classes of other digits"):
        export(recipe_of(bank), tmp_path, format_, bank=bank, num_workers=1)


def test_a_recipe_says_its_names_where_they_are_not_the_ten_digits() -> None:
    bank = named_bank(26)
    recipe = recipe_of(bank)
    assert recipe.to_dict()["class_names"] == bank.classes.names
    assert "class_names" not in recipe_of(DigitBank.mnist()).to_dict()
    for again in (
        Recipe.from_json(recipe.to_json()),
        Recipe.from_toml(recipe.to_toml()),
        Recipe.from_stored(recipe.to_stored()),
    ):
        assert again == recipe
        assert again.classes == bank.classes


def test_a_recipe_that_names_all_classes_is_that_which_names_none() -> None:
    bank = DigitBank.mnist()
    spec = SPEC.replace(height=40, width=45)
    plain = recipe_for(spec, num_clips=3, bank=bank)
    named = recipe_for(spec.replace(classes=tuple(range(9, -1, -1))), num_clips=3, bank=bank)
    assert named.plan_id == plain.plan_id
    assert named.content_id == plain.content_id
    some = recipe_for(spec.replace(classes=(3, 4)), num_clips=3, bank=bank)
    assert some.plan_id != plain.plan_id


def test_names_that_are_not_those_of_the_digits_are_refused(tmp_path: Path) -> None:
    bank = named_bank(3)
    recipe = dataclasses.replace(recipe_of(bank), class_names=("x", "y", "z"))
    with pytest.raises(BadArgument, match="class_names="):
        generate(recipe, tmp_path, bank=bank)
    for wrong in ((), ("a", "a"), (1,), "abc"):
        with pytest.raises(BadArgument):
            Recipe.from_dict({**recipe.to_dict(), "class_names": wrong})
    with pytest.raises(BadArgument, match=r"classes=\(3,\) .*0\.\.2"):
        recipe_for(SPEC.replace(classes=(3,)), num_clips=3, bank=bank)


def test_splits_of_one_huggingface_folder_have_the_same_names(tmp_path: Path) -> None:
    bank, other = named_bank(3), named_bank(2)
    generate(recipe_of(bank, format="huggingface"), tmp_path, bank=bank, num_workers=1)
    with pytest.raises(BadArgument, match="3 classes; the splits there are one data set"):
        generate(recipe_of(other, format="huggingface", split="test"), tmp_path, bank=other, num_workers=1)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 26, 250])
def test_colours_are_apart_and_begin_with_those_of_the_digits(count: int) -> None:
    table = class_colours(Classes(tuple(map(str, range(count)))))
    used = table[: count + 1].tolist()
    assert used[: min(count, 10)] == CLASS_COLOURS[: min(count, 10)].tolist()
    assert used[count] == [0, 0, 0]
    assert len({tuple(colour) for colour in used}) == count + 1
    assert (table[count + 1 :] == 128).all()
    assert [128] * 3 not in used
    assert not table.flags.writeable
    assert (class_colours(DIGITS) == CLASS_COLOURS).all()
