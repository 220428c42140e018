"""The contract of writers: every format, every clip that breaks writers."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest
from tests.formats.cases import CLIP_IDS, CLIPS, arrays_of, data_sets, folder_files, layout_of, trimmed
from tests.formats.readers import READERS, Files, close

from segmnist.classes import DIGITS
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import FOLDER, SHARDED, folder_format, sharded_format
from segmnist.formats.card import CATEGORY_OF_CLASS, class_table, sequence_name
from segmnist.palette import CLASS_COLOURS, CLASS_NAMES

EXTRAS = {"mots": "pycocotools", "coco-amodal": "pycocotools", "ffv1": "av"}
DATA_SETS = pytest.mark.parametrize("names", [pytest.param(names, id=name) for name, names in data_sets()])
FOLDERS = pytest.mark.parametrize("format_", FOLDER)
SHARDS = pytest.mark.parametrize("format_", SHARDED)


def written(format_: str, names: list[str], split: str = "test", clips_per_shard: int = 100) -> Files:
    if format_ in EXTRAS:
        pytest.importorskip(EXTRAS[format_], reason="the extra `judges` brings it")
    pairs = list(folder_files(format_, names, split, clips_per_shard))
    assert len({path for path, _ in pairs}) == len(pairs)
    return dict(pairs)


@FOLDERS
@DATA_SETS
def test_what_is_read_back_is_what_was_written(format_: str, names: list[str]) -> None:
    found = READERS[format_](written(format_, names), "test")
    layout = layout_of(1, 1)
    assert sorted(found) == sorted(sequence_name(layout, CLIP_IDS[name]) for name in names)
    for name in names:
        assert_holds(found[sequence_name(layout, CLIP_IDS[name])], trimmed(name))


def assert_holds(found: dict[str, Any], clip: dict[str, Any]) -> None:
    for array in {"video", "instance", "semantic"} & set(found):
        np.testing.assert_array_equal(np.stack(found[array]), clip[array], err_msg=array)
    if "lossy" in found:
        assert close(np.stack(found["lossy"]), clip["video"])
    if "amodal" in found:
        for digit, masks in enumerate(clip["amodal"], 1):
            for t, mask in enumerate(masks):
                np.testing.assert_array_equal(found["amodal"].get((digit, t), np.zeros_like(mask)), mask)
    if "labels" in found:
        shown = {*np.unique(clip["instance"]).tolist()} - {0}
        shown |= {digit for digit, _ in found.get("amodal", {})}
        expected = {digit: int(label) for digit, label in enumerate(clip["labels"], 1)}
        assert {digit: found["labels"][digit] for digit in shown} == {
            digit: expected[digit] for digit in shown
        }
        assert found["labels"].items() <= expected.items()


@FOLDERS
def test_bytes_do_not_depend_on_the_run_nor_on_the_shards(format_: str) -> None:
    names = list(CLIPS)
    once = written(format_, names)
    assert once == written(format_, names)
    assert once == written(format_, names, clips_per_shard=2)


@FOLDERS
def test_summaries_are_the_files_that_are_named_before_anything_is_drawn(format_: str) -> None:
    names = list(CLIPS)
    files, module = written(format_, names), folder_format(format_)
    layout = layout_of(len(names), 100, "test", [CLIP_IDS[name] for name in names])
    of_clips = {
        path for name in names for path in module.clip_paths(layout, sequence_name(layout, CLIP_IDS[name]))
    }
    assert of_clips | {*module.root_paths(layout)} == set(files)


@FOLDERS
def test_two_splits_share_a_place(format_: str) -> None:
    train, test = written(format_, ["ordinary"], "train"), written(format_, ["ordinary"], "test")
    assert set(train) & set(test) == set()


@FOLDERS
def test_paths_stay_inside_and_have_no_dots_before_their_endings(format_: str) -> None:
    for path in map(PurePosixPath, written(format_, ["ordinary"])):
        assert not path.is_absolute()
        assert not any("." in part for part in path.parts[:-1])
        assert path.name.count(".") == 1


@SHARDS
@DATA_SETS
def test_a_shard_gives_back_its_arrays_in_any_order(format_: str, names: list[str]) -> None:
    module, layout = sharded_format(format_), layout_of(len(names), 100)
    arrays = arrays_of(names)
    files = dict(module.shard_files(layout, 0, arrays))
    for rows in (range(len(names)), range(len(names))[::-1], [0, 0]):
        found = module.read_rows(layout, 0, list(arrays), list(rows), lambda path: memoryview(files[path]))
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype, name
            np.testing.assert_array_equal(found[name], array[list(rows)], err_msg=name)


@SHARDS
def test_a_shard_is_a_function_of_its_clips(format_: str) -> None:
    module, names = sharded_format(format_), list(CLIPS)
    layout = layout_of(len(names), 3)
    for shard in range(layout.num_shards):
        arrays = arrays_of([names[row] for row in layout.rows(shard)])
        assert [*module.shard_files(layout, shard, arrays)] == [*module.shard_files(layout, shard, arrays)]
    assert module.root_files(layout) == module.root_files(layout)


@SHARDS
def test_files_of_no_shard_and_of_different_shards_have_different_names(format_: str) -> None:
    module, layout = sharded_format(format_), layout_of(2, 1)
    paths = [*module.root_files(layout)]
    for shard in range(2):
        paths += dict(module.shard_files(layout, shard, arrays_of(["ordinary"])))
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("format_", ["webdataset", "huggingface", "npz"])
def test_a_shard_that_was_cut_is_no_shard(format_: str) -> None:
    module, layout = sharded_format(format_), layout_of(2, 2)
    arrays = arrays_of(["ordinary", "late"])
    ((_, data),) = module.shard_files(layout, 0, arrays)
    for length in np.linspace(0, len(data) * 0.9, 40).astype(int).tolist():
        with pytest.raises(CorruptData):
            module.read_rows(layout, 0, list(arrays), [0, 1], lambda _, n=length: memoryview(data[:n]))  # type: ignore[misc]


@pytest.mark.parametrize("format_", ["webdataset", "huggingface", "npz"])
def test_every_sharded_format_carries_licence_classes_and_a_card(format_: str) -> None:
    files = sharded_format(format_).root_files(layout_of(1, 1))
    assert b"CC BY-SA 3.0" in files["README.md"]
    assert b"LeCun" in files["LICENSE-MNIST.txt"]
    assert any(path.endswith("classes.json") for path in files)


def test_classes_are_the_same_everywhere() -> None:
    rows = class_table(DIGITS)["classes"]
    assert [row["name"] for row in rows] == list(CLASS_NAMES)
    assert [row["colour"] for row in rows] == CLASS_COLOURS[:11].tolist()
    assert [row["category_id"] for row in rows] == [row["class"] + CATEGORY_OF_CLASS for row in rows]


def test_davis_has_room_for_twenty_objects() -> None:
    davis = folder_format("davis")
    davis.check(layout_of(1, 1, digit=20))
    with pytest.raises(BadArgument, match="20 digits at most"):
        davis.check(layout_of(1, 1, digit=21))
