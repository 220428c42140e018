"""Noisy videos are stored as they are; data sets from before that are read, resumed, verified and mended to the last bit."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import pytest
import zarr
from numcodecs import zstd
from tests.dataset.conftest import files_of

from segmnist import BadArgument, ClipSource, SceneSpec, preset
from segmnist.dataset import Recipe, generate, open_dataset, recipe_for, repair, verify
from segmnist.dataset.manifest import Receipt, sum_of
from segmnist.digits.bank import DigitBank

SPEC = {"height": 48, "width": 56, "num_frames": 2, "num_digits_range": [1, 2], "num_shapes_range": [0, 2]}
"""A noisy spec whose videos have more bytes than what is stored as one chunk a shard."""

NUM_CLIPS, CLIPS_PER_SHARD = 5, 2


def older_recipe() -> bytes:
    """recipe.json as it was written before recipes said whether videos are compressed."""
    fields = {
        "bank_sha256": DigitBank.mnist().sha256, "clips_per_shard": CLIPS_PER_SHARD, "generator_version": 1,
        "index": False, "num_clips": NUM_CLIPS, "seed": 3, "spec": SPEC, "split": "val",
    }  # fmt: skip

    def canonical(values: Any) -> str:
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    plan_id = sum_of(canonical(fields).encode()).sha256
    return canonical({**fields, "plan_id": plan_id}).encode() + b"\n"


def checked(data: bytes) -> bytes:
    return data + struct.pack("<I", google_crc32c.value(data))


def older_shard(clips: Any) -> bytes:
    """A file of one clip a chunk, as it was written: zstd at level -1, crc32c, the index at the end."""
    chunks = [checked(zstd.compress(np.ascontiguousarray(clip).reshape(-1), -1)) for clip in clips]
    index = np.full((CLIPS_PER_SHARD, 2), 2**64 - 1, "<u8")
    index[: len(chunks), 0] = np.cumsum([0, *map(len, chunks[:-1])])
    index[: len(chunks), 1] = list(map(len, chunks))
    return b"".join(chunks) + checked(index.tobytes())


def older_files() -> dict[str, bytes]:
    """The files of videos and masks in a finished data set from before, by path."""
    source = ClipSource(Recipe.from_stored(older_recipe()).spec, split="val", seed=3)
    files = {}
    for shard, first in enumerate(range(0, NUM_CLIPS, CLIPS_PER_SHARD)):
        clips = source.batch(range(first, min(first + CLIPS_PER_SHARD, NUM_CLIPS)))
        for name in ("video", "semantic"):
            files[f"{name}/c.{shard}.0.0.0"] = older_shard(clips[name])
    return files


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A data set from before that has its first shard, made by this version but for recipe, videos and masks."""
    generate(Recipe.from_stored(older_recipe()), tmp_path / "whole", num_workers=1)
    root, whole = tmp_path / "older/val.zarr", tmp_path / "whole/val.zarr"
    root.mkdir(parents=True)
    (root / "recipe.json").write_bytes(older_recipe())
    files = {f"{name}/c.0": (whole / name / "c.0").read_bytes() for name in ("clip_id", "num_digits")}
    files |= {"labels/c.0.0": (whole / "labels/c.0.0").read_bytes()}
    files |= {path: data for path, data in older_files().items() if "/c.0" in path}
    for path, data in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(data)
    sums = {path: sum_of(data) for path, data in files.items()}
    receipt = Receipt(json.loads(older_recipe())["plan_id"], 0, CLIPS_PER_SHARD, sums)
    (root / "receipts").mkdir()
    (root / "receipts/0000000.json").write_bytes(receipt.to_bytes())
    return tmp_path / "older"


def test_older_data_sets_are_resumed_to_the_same_bytes(older: Path) -> None:
    recipe = Recipe.from_file(older / "val.zarr/recipe.json")
    assert recipe.compress_video
    assert recipe.to_stored() == older_recipe()
    generate(recipe, older, num_workers=1)
    files = files_of(older / "val.zarr")
    assert files["recipe.json"] == older_recipe()
    for path, data in older_files().items():
        assert files[path] == data, path
    codecs = json.loads(files["video/zarr.json"])["codecs"][0]["configuration"]["codecs"]
    assert [codec["name"] for codec in codecs] == ["bytes", "zstd", "crc32c"]
    assert [verdict.faults for verdict in verify(older)] == [[]]


def test_older_data_sets_are_mended_to_the_same_bytes(older: Path) -> None:
    generate(Recipe.from_stored(older_recipe()), older, num_workers=1)
    before = files_of(older)
    for path in ("video/c.1.0.0.0", "semantic/c.2.0.0.0", "video/zarr.json", "receipts/0000001.json"):
        (older / "val.zarr" / path).write_bytes(b"rot")
    (older / "val.zarr/manifest.json").unlink()
    [verdict] = verify(older)
    repair(verdict)
    assert files_of(older) == before


def test_both_have_the_same_clips(older: Path, tmp_path: Path) -> None:
    recipe = Recipe.from_stored(older_recipe())
    generate(recipe, older, num_workers=1)
    plain = dataclasses.replace(recipe, compress_video=False)
    assert plain.content_id == recipe.content_id
    assert plain.plan_id != recipe.plan_id
    generate(plain, tmp_path / "plain", num_workers=1)
    datasets = [open_dataset(older), open_dataset(tmp_path / "plain")]
    groups = [zarr.open_group(place / "val.zarr", mode="r") for place in (older, tmp_path / "plain")]
    video = ClipSource(recipe.spec, split="val", seed=3).batch(range(NUM_CLIPS)).video
    for dataset, group in zip(datasets, groups, strict=True):
        assert np.array_equal(dataset.batch(range(NUM_CLIPS))["video"], video)
        assert np.array_equal(group["video"][:], video)
    shutil.rmtree(tmp_path / "plain/val.zarr/video")
    [verdict] = verify(tmp_path / "plain")
    assert {fault.kind for fault in verdict.faults} == {"missing"}
    repair(verdict)
    assert np.array_equal(open_dataset(tmp_path / "plain")[4]["video"], video[4])


def test_a_place_has_videos_of_one_kind(older: Path) -> None:
    recipe = Recipe.from_stored(older_recipe())
    before = files_of(older)
    with pytest.raises(BadArgument, match="compress_video: True and False"):
        generate(dataclasses.replace(recipe, compress_video=False), older, num_workers=1)
    assert files_of(older) == before


@pytest.mark.parametrize(
    ("spec", "is_compressed"),
    [
        (preset("standard"), False), (preset("exact"), False), (preset("colour"), False), (preset("clean"), True),
        (preset("moving-mnist"), True), (preset("standard", noise_density=0.1), True),
        (preset("standard", noise_level_range=(100, 107)), True), (preset("clean", sensor_sigma=2), True),
    ],
)  # fmt: skip
def test_what_is_noise_is_not_compressed_unless_asked(spec: SceneSpec, is_compressed: bool) -> None:
    assert recipe_for(spec, num_clips=3).compress_video is is_compressed
    assert recipe_for(spec, num_clips=3, compress_video=True).compress_video
    assert not recipe_for(spec, num_clips=3, compress_video=False).compress_video


def test_only_zarr_has_the_choice() -> None:
    made = [
        recipe_for(SceneSpec(), num_clips=3, format="npz", compress_video=flag)
        for flag in (True, False, None)
    ]
    assert len({recipe.plan_id for recipe in made}) == 1
    with pytest.raises(BadArgument, match="compress_video='no'"):
        recipe_for(SceneSpec(), num_clips=3, compress_video="no")
