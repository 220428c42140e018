"""The PyTorch loaders: any workers, order or start method give the clips that the source gives."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument, ClipSource, CorruptData
from segmnist.dataset import generate, open_dataset, recipe_for
from segmnist.dataset.export import export

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
from torch.utils.data import DataLoader, IterableDataset, Subset  # noqa: E402

from segmnist.load import parcel  # noqa: E402
from segmnist.load.torch import EndlessClips, EndlessLoader, SegMNIST, collate  # noqa: E402

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=5, num_digits_range=(0, 3))
TRUTH = ("semantic", "instance", "amodal", "areas", "boxes", "flow")
OTHER_CLIPS = 17


def drawn(ids: Any, truth: Any = TRUTH, **options: Any) -> dict[str, np.ndarray]:
    arrays = ClipSource(SPEC, truth=truth, **options).batch(ids).arrays
    return {**arrays, "video": arrays["video"][:, :, None], "clip_id": np.asarray(ids)}


def assert_same(batch: dict[str, Any], expected: dict[str, np.ndarray]) -> None:
    assert set(batch) == set(expected)
    for name, array in expected.items():
        assert batch[name].numpy().dtype == array.dtype or name == "clip_id"
        np.testing.assert_array_equal(batch[name].numpy(), array, err_msg=name)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored")
    recipe = recipe_for(SPEC, num_clips=9, split="test", truth=("semantic", "boxes"), clips_per_shard=4)
    generate(recipe, place, num_workers=1)
    return place


@pytest.mark.parametrize(("workers", "method"), [(0, None), (1, "fork"), (3, "fork"), (2, "spawn")])
def test_any_workers_give_the_batches_of_the_source(workers: int, method: str | None) -> None:
    dataset = SegMNIST(SPEC, truth=TRUTH, length=OTHER_CLIPS)
    loader = DataLoader(
        dataset, 4, num_workers=workers, multiprocessing_context=method, collate_fn=collate, drop_last=False
    )
    batches = list(loader)
    assert [len(batch["clip_id"]) for batch in batches] == [4, 4, 4, 4, 1]
    # All batches are held at once, so that a slot used twice would show.
    for start, batch in zip(range(0, OTHER_CLIPS, 4), batches):
        assert_same(batch, drawn(range(start, min(start + 4, OTHER_CLIPS))))


def test_any_order_gives_the_same_clips_and_every_one_once() -> None:
    dataset = SegMNIST(SPEC, truth=TRUTH, length=OTHER_CLIPS)
    generator = torch.Generator().manual_seed(3)
    seen = []
    for batch in DataLoader(dataset, 5, shuffle=True, generator=generator, num_workers=2, collate_fn=collate):
        ids = batch["clip_id"].tolist()
        assert_same(batch, drawn(ids))
        seen += ids
    assert sorted(seen) == list(range(OTHER_CLIPS))
    assert seen != sorted(seen)


def test_a_batch_that_is_let_go_gives_its_memory_back_and_one_that_is_kept_does_not() -> None:
    loader: Any = iter(DataLoader(EndlessClips(SPEC, batch_size=2), batch_size=None, num_workers=1))
    kept = next(loader)
    before = {name: tensor.clone() for name, tensor in kept.items()}
    part = next(loader)["video"][0, 0]
    part_before = part.clone()
    for _ in range(30):
        next(loader)
    slots = parcel._mapped[loader._workers[0].pid]
    assert len(slots) <= 2 + loader._prefetch_factor + 2
    assert all(torch.equal(kept[name], before[name]) for name in kept)
    assert torch.equal(part, part_before)


def shared_mappings() -> int:
    """Shared memory of PyTorch that this process maps, as far as the system tells."""
    maps = Path("/proc/self/maps")
    return sum("/torch_" in line for line in maps.read_text().splitlines()) if maps.exists() else 0


def test_the_memory_of_batches_that_were_kept_is_given_back() -> None:
    gc.collect()
    before = shared_mappings()
    loader = DataLoader(
        SegMNIST(SPEC, length=60), 2, num_workers=1, collate_fn=collate, persistent_workers=True
    )
    kept = list(loader)
    (pid,) = {worker.pid for worker in loader._iterator._workers}
    assert len(parcel._mapped[pid]) >= 30
    kept.clear()
    for _ in loader:
        pass
    assert len(parcel._mapped[pid]) <= parcel.MOST_FREE + 2
    del loader, _
    gc.collect()
    assert pid not in parcel._mapped
    assert shared_mappings() == before


def test_a_forked_child_that_lets_go_of_a_batch_leaves_it_to_its_parent() -> None:
    loader: Any = iter(DataLoader(EndlessClips(SPEC, batch_size=2), batch_size=None, num_workers=1))
    kept = [next(loader)]
    before = kept[0]["video"].clone()
    child = multiprocessing.get_context("fork").Process(target=kept.clear)
    child.start()
    child.join()
    assert child.exitcode == 0
    for _ in range(12):
        next(loader)
    assert torch.equal(kept[0]["video"], before)


def doubled(samples: Any) -> Any:
    batch = collate(samples)
    batch["double"] = batch["video"].int() * 2
    return batch


def nested(samples: Any) -> Any:
    batch = collate(samples)
    return {"inner": batch, "again": batch, "part": batch["video"][:, 1:], **batch}


class Scaled(IterableDataset[Any]):
    def __iter__(self) -> Any:
        for batch in EndlessClips(SPEC, batch_size=2):
            yield {**batch, "video": batch["video"].float() / 255}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_is_a_mapping_to_those_who_wrap_it(workers: int) -> None:
    dataset = SegMNIST(SPEC, truth=TRUTH, length=14)
    for start, batch in enumerate(DataLoader(dataset, 2, num_workers=workers, collate_fn=doubled)):
        expected = drawn([2 * start, 2 * start + 1])
        assert torch.equal(batch.pop("double"), batch["video"].int() * 2)
        assert_same(batch, expected)
    # All are held at once, so that memory used twice would show.
    for start, batch in enumerate(list(DataLoader(dataset, 2, num_workers=workers, collate_fn=nested))):
        expected = drawn([2 * start, 2 * start + 1])
        assert_same(batch["inner"], expected)
        assert_same(batch["again"], expected)
        assert torch.equal(batch["part"], batch["inner"]["video"][:, 1:])
        assert torch.equal(batch["video"], batch["inner"]["video"])
    scaled = list(itertools.islice(DataLoader(Scaled(), batch_size=None, num_workers=workers), 9))
    for start, batch in enumerate(scaled):
        video = drawn([2 * start, 2 * start + 1], ("semantic",))["video"]
        np.testing.assert_array_equal(batch["video"].numpy(), video.astype(np.float32) / 255)


@pytest.mark.parametrize("workers", [0, 1])
def test_without_collate_fn_ragged_digits_are_padded(workers: int) -> None:
    video, target = next(iter(DataLoader(SegMNIST(SPEC, truth=TRUTH, length=8), 8, num_workers=workers)))
    assert_same({"video": video, **target}, drawn(range(8)))


@pytest.mark.parametrize("workers", [0, 1])
def test_collate_leaves_whole_batches_as_they_are(workers: int) -> None:
    stream = EndlessClips(SPEC, truth=TRUTH, batch_size=3)
    batch = next(iter(DataLoader(stream, batch_size=None, num_workers=workers, collate_fn=collate)))
    assert_same(batch, drawn(range(3)))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_of_batches_is_refused_in_words(workers: int) -> None:
    loader = DataLoader(EndlessClips(SPEC, batch_size=2), num_workers=workers)
    with pytest.raises((BadArgument, RuntimeError), match=r"DataLoader\(dataset, batch_size=None\)"):
        next(iter(loader))


WARM = """
import sys
from segmnist.render.numba_kernels.clips import draw_clips
from segmnist.render.numba_kernels.flow import trace_clips
from segmnist.scene.kernels import sample_clips
from segmnist.torch import EndlessClips, SegMNIST

def loaded():
    return [len(kernel.signatures) for kernel in (draw_clips, trace_clips, sample_clips)]

dataset = {"map": SegMNIST, "stream": EndlessClips}[sys.argv[1]]("clean", truth="flow")
assert loaded() == [1, 1, 1], loaded()
dataset[0] if sys.argv[1] == "map" else next(iter(dataset))
assert loaded() == [1, 1, 1], loaded()
"""


@pytest.mark.parametrize("kind", ["map", "stream"])
def test_kernels_are_loaded_before_workers_are_forked(kind: str) -> None:
    """Apart, since this process has drawn already."""
    done = subprocess.run([sys.executable, "-c", WARM, kind], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_samples_are_trimmed_and_collate_pads_them_to_the_largest_of_the_batch() -> None:
    dataset = SegMNIST(SPEC, truth=("semantic", "amodal"), length=8)
    samples = [dataset[i] for i in range(8)]
    for video, target in samples:
        assert video.shape == (5, 1, 40, 52)
        assert target["labels"].shape == (int(target["num_digits"]),)
        assert target["amodal"].shape == (len(target["labels"]), 5, 40, 52)
    batch = collate(samples)
    rows = max(len(target["labels"]) for _, target in samples)
    expected = drawn(range(8), ("semantic", "amodal"))
    assert rows == 3
    assert_same(batch, expected)


def test_torchvisions_manners() -> None:
    dataset = SegMNIST(SPEC, "val", length=3)
    assert len(dataset) == 3
    assert dataset.classes[:10] == [str(i) for i in range(10)]
    assert dataset.class_to_idx == {**{str(i): i for i in range(10)}, "background": 10}
    assert torch.equal(dataset[-1][0], dataset[2][0])
    with pytest.raises(IndexError):
        dataset[3]
    for index in (np.uint8(2), np.int64(-1), torch.tensor(2)):
        assert torch.equal(dataset[index][0], dataset[2][0])
    assert torch.equal(SegMNIST(SPEC, length=1000)[np.uint8(2)][0], SegMNIST(SPEC, length=1000)[2][0])
    for bad in ([1, 2], 1.0, "1", slice(2)):
        with pytest.raises(BadArgument, match=r"index=.*Subset"):
            dataset[bad]
    few = Subset(dataset, [-1, 0])
    batch = next(iter(DataLoader(few, 2, collate_fn=collate)))
    assert_same(batch, drawn([2, 0], ("semantic",), split="val"))
    with pytest.raises(IndexError):
        next(iter(DataLoader(Subset(dataset, [3]), 1, collate_fn=collate)))


def test_transforms_move_video_and_target_together() -> None:
    def flip(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return video.flip(-1), {**target, "semantic": target["semantic"].flip(-1)}

    plain = next(iter(DataLoader(SegMNIST(SPEC, length=4), 4, collate_fn=collate)))
    flipped = next(iter(DataLoader(SegMNIST(SPEC, transforms=flip, length=4), 4, collate_fn=collate)))
    assert torch.equal(flipped["video"], plain["video"].flip(-1))
    assert torch.equal(flipped["semantic"], plain["semantic"].flip(-1))
    assert torch.equal(flipped["labels"], plain["labels"])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_takes_transforms_and_a_bank(workers: int) -> None:
    bank = segmnist.DigitBank.from_arrays(np.full((20, 6, 5), 200, np.uint8), np.arange(20) % 10)
    spec = SPEC.replace(num_digits_range=(1, 3))
    stream = EndlessClips(spec, transforms=halved, batch_size=3, bank=bank)
    batch = next(iter(DataLoader(stream, batch_size=None, num_workers=workers)))
    clips = ClipSource(spec, bank=bank).batch(range(3))
    np.testing.assert_array_equal(batch["video"].numpy(), clips.video[:, :, None, ::2, ::2])
    np.testing.assert_array_equal(batch["semantic"].numpy(), clips["semantic"][:, :, ::2, ::2])
    np.testing.assert_array_equal(batch["labels"].numpy(), clips.labels[:, : batch["labels"].shape[1]])


def halved(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return video[..., ::2, ::2], {**target, "semantic": target["semantic"][..., ::2, ::2]}


def test_transforms_may_return_any_target() -> None:
    dataset = SegMNIST(SPEC, transforms=lambda video, target: (video, target["semantic"].long()), length=4)
    target: Any = dataset[0][1]
    assert target.dtype == torch.int64


def test_transforms_that_make_a_mask_float_are_refused() -> None:
    def blur(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return video, {**target, "semantic": target["semantic"].float()}

    with pytest.raises(BadArgument, match=r"semantic became torch.float32.*torch.uint8.*nearest"):
        SegMNIST(SPEC, transforms=blur, length=4)[0]


def test_cross_entropy_takes_a_batch_after_long() -> None:
    batch = next(iter(DataLoader(SegMNIST(SPEC, length=2), 2, collate_fn=collate)))
    logits = torch.zeros(2, 11, *batch["semantic"].shape[1:])
    loss = torch.nn.functional.cross_entropy(logits, batch["semantic"].long())
    assert loss.item() == pytest.approx(np.log(11), rel=1e-6)


# A run that never ends.


def ids_of(loader: Any, steps: int) -> list[list[int]]:
    return [batch["clip_id"].tolist() for _, batch in zip(range(steps), loader)]


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_endless_batches_come_in_order_with_any_number_of_workers(workers: int) -> None:
    loader = EndlessLoader(EndlessClips(SPEC, truth=TRUTH, batch_size=3), num_workers=workers)
    for step, batch in zip(range(7), loader):
        assert_same(batch, drawn(range(3 * step, 3 * step + 3)))


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_resumed_run_sees_exactly_what_an_unbroken_one_sees(before: int, after: int) -> None:
    unbroken = ids_of(EndlessLoader(EndlessClips(SPEC, batch_size=3)), 9)
    broken = EndlessLoader(EndlessClips(SPEC, batch_size=3), num_workers=before)
    first = ids_of(broken, 4)
    state = broken.state_dict()
    assert state == {"next_clip": 12}
    resumed = EndlessLoader(EndlessClips(SPEC, batch_size=3), num_workers=after)
    resumed.load_state_dict(state)
    assert first + ids_of(resumed, 5) == unbroken
    assert resumed.state_dict() == {"next_clip": 27}


def test_what_would_lose_the_place_is_refused() -> None:
    with pytest.raises(BadArgument, match="in_order=False"):
        EndlessLoader(EndlessClips(SPEC), num_workers=2, in_order=False)
    with pytest.raises(BadArgument, match=r"batch_size=.*EndlessClips"):
        EndlessLoader(EndlessClips(SPEC), batch_size=4)
    loader = EndlessLoader(EndlessClips(SPEC, batch_size=2))
    older, newer = iter(loader), iter(loader)
    assert next(newer)["clip_id"].tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="one at a time"):
        next(older)
    assert next(newer)["clip_id"].tolist() == [2, 3]
    assert loader.state_dict() == {"next_clip": 4}
    assert next(iter(loader))["clip_id"].tolist() == [4, 5]
    loader.load_state_dict({"next_clip": torch.tensor(6)})
    assert next(iter(loader))["clip_id"].tolist() == [6, 7]


def test_ranks_are_disjoint_and_together_complete_also_after_a_change_of_their_number() -> None:
    seen = []
    state = {"next_clip": 0}
    for world_size in (3, 2, 5):
        for rank in range(world_size):
            dataset = EndlessClips(SPEC, batch_size=2, rank=rank, world_size=world_size)
            loader = EndlessLoader(dataset, num_workers=rank % 2)
            loader.load_state_dict(state)
            seen += [clip for ids in ids_of(loader, 3) for clip in ids]
        state = loader.state_dict()
    assert sorted(seen) == list(range(2 * 3 * (3 + 2 + 5)))


def test_rank_and_world_size_are_those_of_the_job(tmp_path: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/job", rank=0, world_size=1)
    try:
        dataset = EndlessClips(SPEC)
        assert (dataset.rank, dataset.world_size) == (0, 1)
    finally:
        torch.distributed.destroy_process_group()


def test_a_run_resumes_far_out() -> None:
    far = 10**9
    batch = next(iter(EndlessClips(SPEC, batch_size=2, truth=TRUTH, first_clip=far)))
    assert_same(batch, drawn([far, far + 1]))


# Stored data sets.


def test_a_stored_data_set_gives_what_was_stored(stored: Path) -> None:
    dataset = SegMNIST(stored, "test", truth=("boxes",))
    assert len(dataset) == 9
    expected = drawn(range(9), ("boxes",), split="test")
    for workers in (0, 2):
        batch = next(iter(DataLoader(dataset, 9, num_workers=workers, collate_fn=collate)))
        assert_same(batch, expected)


def test_what_was_not_stored_is_refused_by_name(stored: Path) -> None:
    with pytest.raises(BadArgument, match=r"'flow'.*semantic, boxes"):
        SegMNIST(stored, "test", truth=("flow",))
    with pytest.raises(BadArgument, match=str(stored)):
        SegMNIST(stored, "train")
    with pytest.raises(BadArgument, match=r"source='stendard'.*standard"):
        SegMNIST("stendard")
    for bad in (None, 3, ["clean"], b"clean"):
        with pytest.raises(BadArgument, match=r"^source=.*place of a data set"):
            SegMNIST(bad)


@pytest.mark.parametrize(
    ("name", "given"),
    [("split", {"split": "test"}), ("truth", {"truth": "flow"}), ("length", {"length": 3}), ("seed", {"seed": 0}),
     ("bank", {"bank": segmnist.DigitBank.mnist()})],
)  # fmt: skip
def test_what_the_source_has_said_is_not_said_again(stored: Path, name: str, given: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match=f"^{name}="):
        SegMNIST(ClipSource(SPEC, length=5), **given)
    if name in ("seed", "length", "bank"):
        with pytest.raises(BadArgument, match=f"^{name}="):
            SegMNIST(stored, "test", **given)
    if name == "split":
        with pytest.raises(BadArgument, match=r"^split="):
            SegMNIST(open_dataset(stored), **given)


def test_a_folder_with_the_name_of_a_preset_is_not_shadowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clean").mkdir()
    assert len(SegMNIST("clean", length=7)) == 7
    generate(recipe_for(SPEC, num_clips=2, clips_per_shard=4), "clean", num_workers=1)
    with pytest.raises(BadArgument, match=r"source='clean'.*'./clean'"):
        SegMNIST("clean")
    assert len(SegMNIST("./clean")) == 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_relative_place_stays_where_it_was(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.chdir(stored.parent)
    dataset = SegMNIST(stored.name, "test")
    monkeypatch.chdir(tmp_path)
    batch = next(iter(DataLoader(dataset, 9, num_workers=workers, collate_fn=collate)))
    assert_same(batch, drawn(range(9), ("semantic",), split="test"))


@pytest.mark.parametrize("format_", ["npz", "webdataset", "huggingface", "origin-npy", "origin-h5"])
def test_a_data_set_of_every_format_is_read(tmp_path: Path, format_: str) -> None:
    recipe = recipe_for(SPEC, num_clips=7, split="test", clips_per_shard=3, first_clip=5, format=format_)
    generate(recipe, tmp_path, num_workers=1)
    dataset = SegMNIST(tmp_path, "test")
    batch = next(iter(DataLoader(Subset(dataset, [6, 0, 3]), 3, collate_fn=collate)))
    assert_same(batch, drawn([11, 5, 8], ("semantic",), split="test"))


@pytest.mark.parametrize("format_", ["origin-npy", "origin-h5"])
def test_a_damaged_file_of_the_2020_layout_is_found(tmp_path: Path, format_: str) -> None:
    generate(recipe_for(SPEC, num_clips=3, split="test", format=format_), tmp_path, num_workers=1)
    (path,) = (p for p in tmp_path.iterdir() if p.name in ("test_masks.npy", "test.h5"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(CorruptData, match=path.name):
        SegMNIST(tmp_path, "test")[0]


def test_an_export_for_other_tools_is_refused_in_words(tmp_path: Path) -> None:
    export(recipe_for(SPEC, num_clips=2, split="test"), tmp_path, "mmseg")
    with pytest.raises(BadArgument, match=r"format='mmseg'.*zarr"):
        SegMNIST(tmp_path, "test")


@pytest.mark.parametrize("harm", ["cut", "flip"])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_shard_is_found_when_first_touched_and_named(
    tmp_path: Path, harm: str, workers: int
) -> None:
    recipe = recipe_for(SPEC, num_clips=8, split="test", clips_per_shard=4)
    generate(recipe, tmp_path, num_workers=1)
    (shard,) = tmp_path.rglob("video/c.1.*")
    data = bytearray(shard.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 4
    shard.write_bytes(data[:-1] if harm == "cut" else data)
    loader = iter(DataLoader(SegMNIST(tmp_path, "test"), 4, num_workers=workers, collate_fn=collate))
    assert next(loader)["clip_id"].tolist() == [0, 1, 2, 3]
    with pytest.raises(CorruptData, match=r"video/c\.1\."):
        next(loader)


def test_a_data_set_of_a_newer_version_is_refused(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmnist.dataset.recipe.GENERATOR_VERSION", 0)
    with pytest.raises(BadArgument, match="generator_version"):
        SegMNIST(stored, "test")


@pytest.mark.parametrize(
    "bad",
    [{"batch_size": 0}, {"batch_size": 2.0}, {"batch_size": True}, {"rank": 1}, {"rank": 2, "world_size": 2},
     {"first_clip": -1}, {"first_clip": 1.5}],
)  # fmt: skip
def test_absurd_streams_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match=next(iter(bad))):
        EndlessClips(SPEC, **bad)


def test_streams_are_of_generators_without_end(stored: Path) -> None:
    with pytest.raises(BadArgument, match="SegMNIST"):
        EndlessClips(ClipSource(SPEC, length=5))
    with pytest.raises(BadArgument, match="EndlessClips"):
        SegMNIST(ClipSource(SPEC))
    with pytest.raises(BadArgument, match="next_clip"):
        EndlessLoader(EndlessClips(SPEC)).load_state_dict({"step": 3})


# What transforms leave behind.


@pytest.mark.parametrize("truth", ["flow", "pose", "areas", "visibility", "occluders", "boxes", "shapes"])
def test_what_cannot_follow_another_size_is_refused(truth: str) -> None:
    dataset = SegMNIST(SPEC, transforms=halved, truth=("semantic", truth), length=4)
    with pytest.raises(BadArgument, match=rf"transforms=.*beside \w+; leave out truth='{truth}', or"):
        dataset[1]

    def mended(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        video, target = halved(video, target)
        return video, {name: target[name] for name in ("semantic", "labels", "num_digits", "clip_id")}

    target = SegMNIST(SPEC, transforms=mended, truth=("semantic", truth), length=4)[1][1]
    assert target["semantic"].shape == (5, 20, 26)


def test_transform_is_of_the_video_and_target_transform_of_the_target() -> None:
    plain = SegMNIST(SPEC, length=4)[2]
    video, target = SegMNIST(
        SPEC,
        length=4,
        transform=lambda video: video / 255,
        target_transform=lambda target: target["semantic"],
    )[2]
    torch.testing.assert_close(torch.as_tensor(video), torch.as_tensor(plain[0]) / 255)
    assert torch.equal(torch.as_tensor(target), torch.as_tensor(plain[1]["semantic"]))
    with pytest.raises(BadArgument, match="transforms, or transform and target_transform"):
        SegMNIST(SPEC, transforms=halved, transform=lambda video: video)
    with pytest.raises(BadArgument, match=r"transform='to \(20, 26\)'.*instance would not follow"):
        SegMNIST(SPEC, truth="instance", length=4, transform=lambda video: video[..., ::2, ::2])[0]


def test_masks_may_become_long() -> None:
    def long(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return video, {**target, "semantic": target["semantic"].long()}

    dataset = SegMNIST(SPEC, transforms=long, truth=("semantic", "amodal"), length=8)
    batch = next(iter(DataLoader(dataset, 8, collate_fn=collate)))
    assert batch["semantic"].dtype == torch.int64
    logits = torch.zeros(8, 11, *batch["semantic"].shape[1:])
    assert torch.nn.functional.cross_entropy(logits, batch["semantic"]).item() == pytest.approx(np.log(11))


@pytest.mark.parametrize("workers", [0, 2])
def test_pytorchs_own_collate_pads_as_ours(workers: int) -> None:
    dataset = SegMNIST(SPEC, truth=("semantic", "amodal", "boxes"), length=8)
    video, target = next(iter(DataLoader(dataset, 8, num_workers=workers)))
    expected = drawn(range(8), ("semantic", "amodal", "boxes"))
    assert_same({"video": video, **target}, expected)
