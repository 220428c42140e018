"""Suites: frozen recipes, checksums, stored predictions in every form, and errors for incomplete sets."""

from __future__ import annotations

import dataclasses
import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import zarr

from segmnist.classes import IGNORE
from segmnist.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from segmnist.corruptions.corrupt import CLEAN
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData, SegmnistError
from segmnist.evaluate import BadPrediction
from segmnist.evaluate.reports.results import SCHEMA, Result, save_result
from segmnist.numpy_files import npz_arrays
from segmnist.oracle import Oracle
from segmnist.scene.sample import glyph_pool
from segmnist.suites import SUITES, Part, Suite, checksums, evaluate, results, stored, suite, suite_of
from segmnist.suites.checksums import part_checksums, stored_checksums, suite_sha256, verify
from segmnist.suites.prior import class_prior
from segmnist.suites.results import load_suite_result
from segmnist.suites.run import Job, _result, _StoredBlocks
from segmnist.suites.worst import worst_clips

NUM = 5


@pytest.fixture(scope="module")
def small() -> Iterator[Any]:
    """The `tiny` spec cut down to 5 test clips, with checksums of its own for as long as the module runs."""
    spec = suite("tiny-v1").parts[0].spec.replace(height=24, width=36, num_frames=3, num_shapes_range=(0, 1))
    made = Suite("small-v1", "for tests", (Part("all", spec, 2, NUM),))
    sums = {"all": {split: part_checksums(made.parts[0], split) for split in ("val", "test")}}
    with pytest.MonkeyPatch.context() as patch:
        known = stored_checksums() | {"small-v1": sums}
        patch.setattr(checksums, "stored_checksums", lambda: known)
        yield made


@pytest.fixture(scope="module")
def truth(small: Any) -> Any:
    return small.parts[0].source("test")[0:NUM].semantic


def scores(results: Any) -> Any:
    return {name: score.value for name, score in results[0].scores.items()}


def test_every_suite_has_stored_checksums_for_all_its_clips() -> None:
    for name in SUITES:
        stored = stored_checksums()[name]
        for part in suite(name).parts:
            for split in ("val", "test"):
                assert len(stored[part.name][split]) == -(-part.num_clips(split) // 100), (
                    name,
                    part.name,
                    split,
                )


def test_tiny_is_drawn_as_stored() -> None:
    assert verify(suite("tiny-v1"), "val") == 50


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITES)
def test_all_suites_are_drawn_as_stored(name: Any) -> None:
    for split in ("val", "test"):
        assert verify(suite(name), split) == suite(name).num_clips(split)


def test_sweeps_vary_their_factor_and_nothing_else() -> None:
    factors = {
        "noise-v1": 1,
        "shapes-v1": 1,
        "digits-v1": 1,
        "length-v1": 1,
        "rotation-v1": 2,
        "occlusion-v1": 2,
    }
    for name, expected in factors.items():
        specs = [part.spec.to_dict() for part in suite(name).parts]
        varied = {field for a, b in itertools.pairwise(specs) for field in a if a[field] != b[field]}
        assert len(varied) == expected, (name, varied)


def test_corrupted_parts_are_the_clean_clips_with_another_video_and_train_on_clean_ones() -> None:
    whole = suite("corrupted-v1")
    clean = whole.part(CLEAN).source("val", ("semantic", "instance"))[0:3]
    assert len(whole.parts) == 1 + len(CORRUPTIONS) * len(SEVERITIES)
    assert len({part.content_id("test") for part in whole.parts}) == len(whole.parts)
    for part in (whole.part("contrast-1"), whole.part("frame_freeze-5")):
        clips = part.source("val", ("semantic", "instance"))[0:3]
        np.testing.assert_array_equal(clips.semantic, clean.semantic)
        wanted = [
            corrupt(video, part.spec.corruption, part.spec.corruption_severity, split="val", clip_id=i)
            for i, video in enumerate(clean.video)
        ]
        np.testing.assert_array_equal(clips.video, wanted)
        assert part.first(2).source("train").spec == suite("standard-v1").parts[0].spec
        np.testing.assert_array_equal(class_prior(part), class_prior(whole.part(CLEAN)))


def test_exact_v2_has_one_family_for_all_splits_and_other_clips_in_each() -> None:
    for part in suite("exact-v2").parts:
        train, test = (part.source(split)[0:20] for split in ("train", "test"))
        pool = glyph_pool(part.spec, DigitBank.mnist(), "train")
        for clips in (train, test):
            glyphs = clips.scene.glyph[clips.labels != IGNORE]
            assert set(glyphs.tolist()) <= set(pool.tolist()), part.name
        assert not np.array_equal(train.video, test.video)


def test_suite_names_are_unique_versions_and_an_unknown_one_is_refused() -> None:
    assert all(name.rpartition("-v")[2].isdigit() for name in SUITES)
    with pytest.raises(BadArgument, match="did you mean tiny-v1"):
        suite("tiny-v2")
    with pytest.raises(BadArgument, match="split"):
        suite("tiny-v1").num_clips("train")


def test_the_sha_of_a_suite_follows_its_recipe(small: Any) -> None:
    part = dataclasses.replace(small.parts[0], test_clips=NUM + 1)
    assert suite_sha256(small) != suite_sha256(dataclasses.replace(small, parts=(part,)))


def one_hot(maps: Any) -> Any:
    return np.moveaxis(np.eye(11, dtype=np.float32)[maps], -1, -3)


def write_folder(place: Any, maps: Any, end: str = "npy") -> None:
    place.mkdir()
    for i, row in enumerate(maps):
        if end == "npy":
            np.save(place / f"clip_{i:010d}.npy", row)
        else:
            np.savez(
                place / f"{i}.npz", semantic=row, instance=np.where(row < 10, row + 1, 0).astype(np.uint8)
            )


def write_zarr(place: Any, maps: Any) -> None:
    group = zarr.open_group(place, mode="w")
    group["probabilities"] = one_hot(maps)
    group["samples"] = maps[:, None].repeat(16, axis=1)


WRITERS = {
    "folder": write_folder,
    "folder_npz": lambda place, maps: write_folder(place, maps, "npz"),
    "hard.npy": np.save,
    "soft.npy": lambda place, maps: np.save(place, one_hot(maps)),
    "named.npz": lambda place, maps: np.savez(place, semantic=maps),
    "group.zarr": write_zarr,
    "array.zarr": lambda place, maps: zarr.save_array(place, maps),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_of_the_truth_scores_one(small: Any, truth: Any, tmp_path: Path, name: Any) -> None:
    WRITERS[name](tmp_path / name, truth)
    found = evaluate(tmp_path / name, small)
    assert scores(found)["miou"] == 1
    assert found[0].num_clips == NUM
    assert found[0].num_frames == 3 * NUM


def test_a_function_and_its_stored_answers_score_the_same(small: Any, tmp_path: Path) -> None:
    def dark_is_background(video: Any) -> Any:
        return np.where(video > 128, 8, 10).astype(np.uint8)

    np.save(tmp_path / "stored.npy", dark_is_background(small.parts[0].source("test")[0:NUM].video))
    stored = evaluate(tmp_path / "stored.npy", small)
    for batch_size in (1, 2, 10):
        assert evaluate(dark_is_background, small, batch_size=batch_size) == stored
    shown = worst_clips(dark_is_background, small, stored)["all"]
    assert [clip.clip_id for clip in shown] == stored[0].worst
    of_clips = [clip.scores["miou_foreground"] for clip in shown]
    assert of_clips == sorted(of_clips)
    assert "nll" not in shown[0].scores


def test_scores_of_the_worst_clips_are_those_of_a_suite_of_them_alone(small: Any) -> None:
    def model(video: Any) -> Any:
        answer = np.full((*video.shape[:2], 11, *video.shape[2:]), 0.02, np.float32)
        answer[:, :, 10] += 0.78 * (video < 128)
        answer[:, :, 8] += 0.78 * (video >= 128)
        return answer

    (result,) = evaluate(model, small, first=1)
    (clip,) = worst_clips(model, small, [result], first=1)["all"]
    assert result.worst == [clip.clip_id]
    for name in ("information_gained", "miou_foreground", "foreground_accuracy", "pixel_accuracy", "nll"):
        assert clip.scores[name] == pytest.approx(result.scores[name].value)


def test_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = suite("tiny-v1")
    answers = np.full((200, 8, 32, 32), 10, np.uint8)
    answers[:, :, 10:20, 10:20] = 3
    np.save(tmp_path / "stored.npy", answers)
    whole = evaluate(tmp_path / "stored.npy", tiny)
    job = Job(tiny, tiny.parts[0], "test", class_prior=tuple(class_prior(tiny.parts[0]).tolist()))
    score = _StoredBlocks(job, tmp_path / "stored.npy")
    shards = [score(block) for block in (1, 0)]
    shards[0].merge(shards[1])
    assert [_result(job, shards[0])] == whole


def test_an_archive_is_read_once_for_all_blocks_of_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = suite("tiny-v1")
    np.savez(tmp_path / "stored.npz", semantic=np.full((200, 8, 32, 32), 10, np.uint8))
    read: list[str] = []

    def counted(file: Any, name: str, *some: Any, **more: Any) -> Any:
        read.append(name)
        return npz_arrays(file, name, *some, **more)

    monkeypatch.setattr(stored, "npz_arrays", counted)
    job = Job(tiny, tiny.parts[0], "test", class_prior=tuple(class_prior(tiny.parts[0]).tolist()))
    score = _StoredBlocks(job, tmp_path / "stored.npz")
    assert len(score(0).clip_ids | score(1).clip_ids) == 200
    assert read == [str(tmp_path / "stored.npz")]


@pytest.mark.slow
def test_processes_change_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "stored.npy", np.full((2000, 30, 64, 64), 10, np.uint8))
    one, two = (evaluate(tmp_path / "stored.npy", "standard-v1", num_workers=n) for n in (1, 2))
    assert one == two


def test_a_worker_that_is_killed_is_an_error_of_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "stored.npy", np.full((400, 30, 64, 64), 10, np.uint8))

    def kill_one(clips: int) -> None:
        for child in multiprocessing.active_children()[:1]:
            os.kill(child.pid, signal.SIGKILL)

    message = "a worker process died; no score is kept: run again, with fewer workers if memory is short"
    with pytest.raises(SegmnistError, match=f"^{message}$"):
        evaluate(tmp_path / "stored.npy", "standard-v1", first=400, num_workers=2, progress=kill_one)


def test_the_posterior_of_a_solvable_suite_scores_beside_the_model() -> None:
    spec = suite("exact-v1").parts[0].spec.replace(num_frames=2, classes=(6, 9), position_step=9.0)
    solvable = Suite("small-v1", "for tests", (Part("all", spec, 0, 3),))
    sums = {"small-v1": {"all": {"test": part_checksums(solvable.parts[0], "test")}}}
    oracle = Oracle(spec, split="test", seed=0)

    def bayes(video: Any) -> Any:
        known = [oracle.posterior(v) for v in video]
        probabilities = np.stack([posterior.class_probabilities for posterior in known])
        return {"probabilities": probabilities, "samples": np.stack([p.sample(16, seed=1) for p in known])}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checksums, "stored_checksums", lambda: sums)
        exact = scores(evaluate(bayes, solvable, observer="offline"))
        hard = scores(evaluate(lambda video: np.full_like(video, 10), solvable, observer="offline"))
    assert exact["excess_nll"] == pytest.approx(0, abs=1e-6)
    assert exact["entropy_error"] == 0
    for name in ("nll", "nll_foreground", "aurc", "augrc", "foreground_accuracy", "miou", "miou_foreground"):
        assert exact[name] == exact[f"oracle_{name}"], name
    # Sixteen joint samples each: as good as the posterior's own but for chance. All-background shares no digit.
    assert exact["ged"] == pytest.approx(exact["oracle_ged"], abs=0.2)
    assert exact["matched_iou"] == pytest.approx(exact["oracle_matched_iou"], abs=0.1)
    assert hard["matched_iou"] == 0
    assert hard["ged"] > 1 > exact["ged"]
    assert exact["ceiling_miou_low"] is exact["ceiling_miou_high"] is None  # of three clips
    for name in ("oracle_nll", "oracle_ged", "ceiling_foreground_accuracy"):
        assert hard[name] == exact[name], name
    assert "excess_nll" not in hard


def test_a_spec_of_your_own_is_scored_without_checksums() -> None:
    """Of a model that looks at nothing but the class prior, and of the exact posterior."""
    spec = suite("exact-v1").parts[0].spec.replace(num_frames=2, classes=(6, 9), position_step=9.0)
    own = suite_of(spec, 3)
    prior = class_prior(own.parts[0])

    def knows_nothing(video: Any) -> Any:
        p = np.broadcast_to(prior.reshape(11, 1, 1), (*video.shape[:2], 11, *video.shape[2:]))
        return p.astype(np.float32)

    [part] = evaluate(knows_nothing, own, observer="offline")
    found = {name: score.value for name, score in part.scores.items()}
    assert found["information_gained"] == pytest.approx(0, abs=0.01)
    assert found["information_share"] == pytest.approx(0, abs=1e-4)
    assert found["oracle_information_gained"] == pytest.approx(found["ceiling_information_gained"], rel=0.2)
    assert part.spec == spec.to_dict()
    assert part.class_prior == prior.tolist()
    assert part.content_id == own.parts[0].content_id("test")
    with pytest.raises(BadArgument, match="a suite with checksums"):
        verify(own, "test")
    with pytest.raises(BadArgument, match="no frozen suite"):
        suite_of(spec, name="tiny-v1")


def test_the_class_prior_is_of_train_clips() -> None:
    part = suite("tiny-v1").parts[0]
    classes = part.source("train")[0:1000].semantic
    counts = 1 + np.bincount(classes.ravel(), minlength=11)
    np.testing.assert_allclose(class_prior(part), counts / counts.sum())


def test_classes_beside_probabilities_are_scored_and_other_arrays_refused(
    small: Suite, truth: Any, tmp_path: Path
) -> None:
    p = one_hot(truth)
    np.savez(tmp_path / "both.npz", probabilities=p, semantic=np.full_like(truth, 10))
    found = scores(evaluate(tmp_path / "both.npz", small))
    assert found["miou_foreground"] == found["nll"] == 0
    np.savez(tmp_path / "more.npz", probabilities=p, scores=p)
    with pytest.raises(BadPrediction, match=r"more\.npz: has probabilities, scores; expected"):
        evaluate(tmp_path / "more.npz", small)


def test_a_constant_predictor_scores_what_the_design_says(small: Any) -> None:
    background = scores(evaluate(lambda video: np.full_like(video, 10), small))
    assert background["foreground_accuracy"] == background["miou_foreground"] == 0
    assert background["pixel_accuracy"] > 0.8
    everywhere = scores(evaluate(lambda video: np.full_like(video, 3), small))
    assert everywhere["pixel_accuracy"] < 0.1


def drop(folder: Any) -> None:
    (folder / "clip_0000000002.npy").unlink()


def add(folder: Any) -> None:
    np.save(folder / "clip_0000000007.npy", np.zeros((3, 24, 36), np.uint8))


def repeat(folder: Any) -> None:
    np.save(folder / "2.npy", np.zeros((3, 24, 36), np.uint8))


def other_shape(folder: Any) -> None:
    np.save(folder / "clip_0000000002.npy", np.zeros((3, 36, 24), np.uint8))


def text(folder: Any) -> None:
    (folder / "clip_0000000002.npy").write_text("not an array")


def nameless(folder: Any) -> None:
    (folder / "README.md").write_text("hello")


def not_a_zip(folder: Any) -> None:
    (folder / "clip_0000000002.npy").unlink()
    (folder / "clip_0000000002.npz").write_bytes(b"PK\x03\x04" + bytes(50))


def pickled(folder: Any) -> None:
    np.save(folder / "clip_0000000002.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (drop, "clip 2 missing; expected clips 0..4"),
        (add, "clip 7 extra"),
        (repeat, r"clip 2 is in 2\.npy, too"),
        (other_shape, r"clip_0000000002\.npy, clip 2: shape \(3, 36, 24\)"),
        (text, "clip_0000000002.npy: not readable"),
        (nameless, "README.md: expected names"),
        (pickled, "clip_0000000002.npy: not readable"),
        (not_a_zip, "clip_0000000002.npz: not readable"),
    ],
)
def test_a_damaged_folder_is_refused_by_name(
    small: Any, truth: Any, tmp_path: Path, damage: Any, said: str
) -> None:
    write_folder(tmp_path / "folder", truth)
    damage(tmp_path / "folder")
    with pytest.raises(BadPrediction, match=said):
        evaluate(tmp_path / "folder", small)


def test_what_desktops_leave_in_a_folder_is_no_prediction(small: Any, truth: Any, tmp_path: Path) -> None:
    write_folder(tmp_path / "folder", truth)
    expected = scores(evaluate(tmp_path / "folder", small))
    for name in (".DS_Store", "._clip_0000000002.npy", "Thumbs.db"):
        (tmp_path / "folder" / name).write_bytes(b"desktop")
    assert scores(evaluate(tmp_path / "folder", small)) == expected


def test_a_damaged_zarr_is_refused_by_name(small: Any, truth: Any, tmp_path: Path) -> None:
    zarr.save_array(tmp_path / "chunk.zarr", truth)
    [chunk] = (file for file in (tmp_path / "chunk.zarr" / "c").rglob("*") if file.is_file())
    chunk.write_bytes(chunk.read_bytes()[:20])
    with pytest.raises(BadPrediction, match=r"chunk\.zarr, clip 0: not readable as Zarr"):
        evaluate(tmp_path / "chunk.zarr", small)
    (tmp_path / "chunk.zarr" / "zarr.json").write_text("{")
    with pytest.raises(BadPrediction, match=r"chunk\.zarr: not readable as Zarr"):
        evaluate(tmp_path / "chunk.zarr", small)


def test_too_few_or_too_many_rows_are_refused(small: Any, truth: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "few.npy", truth[:-1])
    with pytest.raises(BadPrediction, match=r"few\.npy: 4 clips, expected 5; clip 4 is missing"):
        evaluate(tmp_path / "few.npy", small)
    np.save(tmp_path / "many.npy", np.concatenate([truth, truth[:1]]))
    with pytest.raises(BadPrediction, match="clip 5 is extra"):
        evaluate(tmp_path / "many.npy", small)
    np.savez(tmp_path / "alone.npz", samples=truth[:, None])
    with pytest.raises(BadPrediction, match=r"alone\.npz: has samples; expected probabilities or semantic"):
        evaluate(tmp_path / "alone.npz", small)
    np.savez(tmp_path / "short.npz", semantic=truth, samples=truth[:-1, None])
    with pytest.raises(BadPrediction, match=r"short\.npz: 4 clips"):
        evaluate(tmp_path / "short.npz", small)
    np.savez(tmp_path / "odd.npz", a=truth, b=truth)
    with pytest.raises(BadPrediction, match=r"odd\.npz: has a, b"):
        evaluate(tmp_path / "odd.npz", small)
    with pytest.raises(BadArgument, match=r"PREDICTIONS=.*absent.* a file or folder that is there"):
        evaluate(tmp_path / "absent", small)


def test_parts_lie_in_folders_of_their_names(small: Any, truth: Any, tmp_path: Path) -> None:
    part = small.parts[0]
    two = dataclasses.replace(small, parts=(part, dataclasses.replace(part, name="again")))
    np.save(tmp_path / "all.npy", truth)
    with pytest.raises(BadPrediction, match="nothing for part again"):
        evaluate(tmp_path, two)


def test_other_pixels_than_the_suite_s_are_not_scored(
    small: Any, truth: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "hard.npy", truth)
    sums = {"all": {"val": ["0" * 64], "test": ["0" * 64]}}
    monkeypatch.setattr(checksums, "stored_checksums", lambda: {"small-v1": sums})
    with pytest.raises(CorruptData, match=r"small-v1, part all, test clips 0\.\.4"):
        evaluate(tmp_path / "hard.npy", small)
    with pytest.raises(CorruptData, match="another generator version"):
        verify(small, "val")


def test_checksum_file_is_modest() -> None:
    assert len(msgspec.json.encode(stored_checksums())) < 50_000


def saved_result(small: Any, place: Any, **changes: Any) -> Any:
    found = evaluate(lambda video: np.full_like(video, 10), small)
    values = {
        "suite_sha256": suite_sha256(small),
        "suite": small.name,
        "split": "test",
        "parts": found,
    } | changes
    save_result(Result(SCHEMA, model="floor", segmnist_version="0", generator_version=1, **values), place)
    return place


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"suite_sha256": "0" * 64}, "score the model again"),
        ({"suite": "small-v2"}, "suite 'small-v2', expected one of"),
        ({"parts": []}, "parts or clips differ"),
    ],
)
def test_results_of_another_suite_are_refused_by_file(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Any, said: str
) -> None:
    monkeypatch.setattr(results, "SUITES", ("small-v1",))
    monkeypatch.setattr(results, "suite", lambda name: small)
    assert load_suite_result(saved_result(small, tmp_path / "good.json")).model == "floor"
    with pytest.raises(CorruptData, match=rf"bad\.json: .*{said}"):
        load_suite_result(saved_result(small, tmp_path / "bad.json", **changes))


def test_every_result_in_the_repository_is_of_today_s_suites() -> None:
    files = sorted((Path(__file__).parents[2] / "results").glob("*.json"))
    assert files
    assert all(load_suite_result(path).parts for path in files)
