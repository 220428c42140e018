"""Users' own readers judge the formats: ground truth that went through a format scores as perfect.

What is not on PyPI is in `test_rules.py`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.formats.cases import CLIPS, folder_files, trimmed
from tests.formats.readers import Files

import segmnist
from segmnist import ClipSource
from segmnist.dataset import recipe_for
from segmnist.dataset.export import export
from segmnist.palette import CLASS_NAMES
from segmnist.render.arrays import TRUTHS

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=5, num_digits_range=(1, 3))
NUM_CLIPS = 5


def needs(module: str) -> Any:
    absent = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(absent, reason=f"{module} is not installed; the extra `judges` brings it")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Every clip that breaks writers, in every folder format."""
    return tmp_path


def write(place: Path, format_: str) -> Files:
    files = dict(folder_files(format_, list(CLIPS)))
    for path, data in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    return files


def exported(
    place: Path, format_: str, truth: tuple[str, ...] = ("semantic",), split: str = "test", seed: int = 0
) -> Path:
    recipe = recipe_for(SPEC, num_clips=NUM_CLIPS, split=split, seed=seed, truth=truth, clips_per_shard=2)
    return Path(export(recipe, place, format_, num_workers=1))


def drawn(truth: tuple[str, ...] = ("semantic",)) -> list[Any]:
    return list(ClipSource(SPEC, split="test", truth=truth, length=NUM_CLIPS))


@needs("pycocotools")
@pytest.mark.parametrize("kind", ["modal", "amodal"])
def test_pycocotools_finds_the_truth_perfect(place: Path, kind: str) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    write(place, "coco-amodal")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(place / f"annotations/instances_test_{kind}.json"))
        guesses = [{**annotation, "score": 1.0} for annotation in truth.loadAnns(truth.getAnnIds())]
        scores = {}
        for iou in ("segm", "bbox"):
            evaluation = COCOeval(truth, truth.loadRes(guesses), iou)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            scores[iou] = evaluation.stats
    assert scores["segm"][0] == pytest.approx(1.0)
    assert scores["bbox"][0] == pytest.approx(1.0)
    assert scores["segm"][8] == pytest.approx(1.0)
    hidden = [trimmed(name)["amodal"].any(axis=(2, 3)).sum() for name in CLIPS]
    if kind == "amodal":
        assert len(guesses) == sum(hidden)


@needs("trackeval")
def test_trackeval_finds_the_truth_perfect(place: Path) -> None:
    import trackeval

    files = write(place, "mots")
    for path, data in files.items():
        if path.endswith("gt.txt"):
            guess = place / "trackers/MOTS-test/truth/data" / f"{path.split('/')[1]}.txt"
            guess.parent.mkdir(parents=True, exist_ok=True)
            guess.write_bytes(data)
    config = {
        "GT_FOLDER": str(place), "TRACKERS_FOLDER": str(place / "trackers"),
        "SPLIT_TO_EVAL": "test", "PRINT_CONFIG": False, "TRACKERS_TO_EVAL": ["truth"],
    }  # fmt: skip
    quiet = {"PRINT_CONFIG": False, "PRINT_RESULTS": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False,
             "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "USE_PARALLEL": False, "BREAK_ON_ERROR": True}  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        data_set = trackeval.datasets.MOTSChallenge(config)
        metrics = [
            trackeval.metrics.HOTA({"PRINT_CONFIG": False}),
            trackeval.metrics.CLEAR({"PRINT_CONFIG": False}),
        ]
        results, _ = trackeval.Evaluator(quiet).evaluate([data_set], metrics)
    found = results["MOTSChallenge"]["truth"]["COMBINED_SEQ"]["pedestrian"]
    assert np.mean(found["HOTA"]["HOTA"]) == pytest.approx(1.0)
    assert found["CLEAR"]["MOTA"] == pytest.approx(1.0)
    assert found["CLEAR"]["IDSW"] == 0
    assert found["CLEAR"]["CLR_TP"] == sum(
        len(np.unique(frame)) - 1 for n in CLIPS for frame in trimmed(n)["instance"]
    )


@needs("datasets")
@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_what_was_drawn(place: Path, streaming: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    folder_ = exported(place, "huggingface", ("semantic", "amodal", "boxes", "flow"))
    rows = datasets.load_dataset(
        str(folder_), split="test", streaming=streaming, cache_dir=str(place / "cache")
    )
    assert rows.features["digit_classes"].feature.names == list(CLASS_NAMES)
    rows = list(rows)
    clips = drawn(("semantic", "amodal", "boxes", "flow"))
    assert [row["clip_id"] for row in rows] == list(range(NUM_CLIPS))
    for row, clip in zip(rows, clips):
        assert row["video"][0].mode == "L"
        for name in ("video", "semantic"):
            np.testing.assert_array_equal(np.stack([np.asarray(frame) for frame in row[name]]), clip[name])
        amodal = np.array([np.asarray(frame) for frame in row["amodal"]]).reshape(clip.amodal.shape)
        np.testing.assert_array_equal(amodal, clip.amodal * 255)
        np.testing.assert_array_equal(row["digit_classes"], clip.labels)
        np.testing.assert_array_equal(row["boxes_xyxy"], clip.boxes_xyxy)
        np.testing.assert_array_equal(np.load(io.BytesIO(row["flow_forward"])), clip.flow_forward)


@needs("datasets")
def test_datasets_takes_no_export_for_another_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where they have the same path, size and time: what is read is cached by the names of the files."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    for out, seed in (("a", 1), ("b", 2), ("a", 3)):
        shutil.rmtree(place / out, ignore_errors=True)
        for split in ("train", "val", "test"):
            folder_ = exported(place / out, "huggingface", split=split, seed=seed)
        for path in folder_.rglob("*"):
            os.utime(path, (10**9, 10**9))
        loaded = datasets.load_dataset(str(folder_), cache_dir=str(place / "cache"))
        assert list(loaded) == ["train", "validation", "test"]
        for split, rows in loaded.items():
            source = ClipSource(
                SPEC, split={"validation": "val"}.get(split, split), seed=seed, length=NUM_CLIPS
            )
            for row, clip in zip(rows, source, strict=True):
                np.testing.assert_array_equal(
                    np.stack([np.asarray(frame) for frame in row["video"]]), clip.video
                )


@needs("datasets")
@pytest.mark.parametrize("how", ["numpy", "torch"])
def test_datasets_gives_every_truth_of_every_clip_as_arrays(
    place: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip(how)
    import datasets

    spec = SPEC.replace(num_digits_range=(0, 3), sensor_sigma=4.0)
    recipe = recipe_for(spec, num_clips=6, split="test", truth=tuple(TRUTHS), clips_per_shard=4)
    folder_ = export(recipe, place, "huggingface", num_workers=1)
    rows = datasets.load_dataset(folder_, split="test", cache_dir=str(place / "cache")).with_format(how)
    clips = list(ClipSource(spec, split="test", truth=tuple(TRUTHS), length=6))
    assert {len(clip.labels) for clip in clips} >= {0, 1, 2}
    for row, clip in zip(rows, clips, strict=True):
        assert set(row) == {"clip_id", "digit_classes", *clip.arrays} - {"labels"}
        for name, array in clip.arrays.items():
            value = row["digit_classes" if name == "labels" else name]
            found = np.load(io.BytesIO(value)) if isinstance(value, bytes) else np.asarray(value)
            expected = array * 255 if array.dtype == bool else array
            if name == "rgb" and how == "torch":
                found = np.moveaxis(found, -3, -1)  # pictures become tensors with channels first
            # `datasets` makes numbers of lists 64-bit, or float32 for PyTorch.
            np.testing.assert_array_equal(
                found.reshape(array.shape).astype(expected.dtype), expected.astype(found.dtype), err_msg=name
            )


@needs("mlcroissant")
def test_mlcroissant_finds_the_metadata_valid_and_reads_by_it(place: Path) -> None:
    import mlcroissant

    for split in ("train", "test"):
        folder_ = exported(place, "huggingface", ("semantic", "amodal", "boxes", "flow"), split)
    data = mlcroissant.Dataset(str(folder_ / "croissant.json"))
    assert data.metadata.ctx.issues.errors == set()
    assert data.metadata.license == ["https://creativecommons.org/licenses/by-sa/3.0/"]
    rows = list(data.records("clips"))
    assert [row["clips/clip_id"] for row in rows] == [*range(NUM_CLIPS)] * 2
    assert [row["clips/split"] for row in rows] == [b"test"] * NUM_CLIPS + [b"train"] * NUM_CLIPS
    for row, clip in zip(rows, drawn(("semantic", "amodal"))):
        np.testing.assert_array_equal(row["clips/digit_classes"], clip.labels)
        for name in ("video", "semantic", "amodal"):
            frames = np.array([np.asarray(frame) for frame in row[f"clips/{name}"]]).reshape(clip[name].shape)
            np.testing.assert_array_equal(frames, clip[name] * 255 if name == "amodal" else clip[name])


@needs("webdataset")
def test_webdataset_reads_what_was_drawn(place: Path) -> None:
    import webdataset

    folder_ = exported(place, "webdataset", ("semantic", "flow"))
    urls = sorted(str(path) for path in folder_.glob("test-*.tar"))
    assert [Path(url).name for url in urls] == [f"test-{shard:06d}.tar" for shard in range(3)]
    rows = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
    clips = drawn(("semantic", "flow"))
    assert [row["__key__"] for row in rows] == [f"test_{i:010d}" for i in range(NUM_CLIPS)]
    for row, clip in zip(rows, clips):
        for name in ("video", "semantic", "flow_forward", "flow_backward_valid"):
            assert row[f"{name}.npy"].dtype == clip[name].dtype
            np.testing.assert_array_equal(row[f"{name}.npy"], clip[name])
        assert row["json"]["digits"] == clip.labels.tolist()
        assert row["json"]["clip_id"] == clip.clip_id


@needs("xarray")
def test_xarray_opens_the_zarr_group_with_named_dimensions(place: Path) -> None:
    import xarray

    data = xarray.open_zarr(exported(place, "zarr", ("semantic", "boxes")), chunks=None)
    assert data.video.dims == ("clip", "time", "y", "x")
    assert data.boxes_xyxy.dims == ("clip", "digit", "time", "xyxy")
    for row, clip in enumerate(drawn()):
        np.testing.assert_array_equal(data.semantic[row].values, clip.semantic)


def test_numpy_loads_every_shard_without_pickle(place: Path) -> None:
    folder_ = exported(place, "npz")
    videos = [np.load(path, allow_pickle=False)["video"] for path in sorted(folder_.glob("test-*.npz"))]
    np.testing.assert_array_equal(np.concatenate(videos), np.stack([clip.video for clip in drawn()]))


@needs("h5py")
def test_h5py_reads_what_was_drawn(place: Path) -> None:
    import h5py

    with h5py.File(exported(place, "origin-h5") / "test.h5") as file:
        np.testing.assert_array_equal(file["images"][:, :, 0], np.stack([clip.video for clip in drawn()]))


@needs("av")
def test_pyav_reads_grey_levels_without_loss(place: Path) -> None:
    import av

    folder_ = exported(place, "ffv1")
    for clip in drawn(("instance",)):
        for array in ("video", "instance"):
            with av.open(str(folder_ / array / f"test_{clip.clip_id:010d}.mkv")) as container:
                assert container.streams.video[0].codec_context.name == "ffv1"
                frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
            np.testing.assert_array_equal(frames, clip[array])
