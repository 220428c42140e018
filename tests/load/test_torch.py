"""The PyTorch loaders: any workers, order or start method give the clips that the source gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument, ClipSource, CorruptData
from segmnist.dataset import generate, recipe_for

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
from torch.utils.data import DataLoader  # noqa: E402

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
    slots = [number for pid, number in parcel._mapped if pid == loader._workers[0].pid]
    assert len(slots) <= 2 + loader._prefetch_factor + 2
    assert all(torch.equal(kept[name], before[name]) for name in kept)
    assert torch.equal(part, part_before)


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


def test_transforms_move_video_and_target_together() -> None:
    def flip(video: Any, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return video.flip(-1), {**target, "semantic": target["semantic"].flip(-1)}

    plain = next(iter(DataLoader(SegMNIST(SPEC, length=4), 4, collate_fn=collate)))
    flipped = next(iter(DataLoader(SegMNIST(SPEC, transforms=flip, length=4), 4, collate_fn=collate)))
    assert torch.equal(flipped["video"], plain["video"].flip(-1))
    assert torch.equal(flipped["semantic"], plain["semantic"].flip(-1))
    assert torch.equal(flipped["labels"], plain["labels"])


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
    [{"batch_size": 0}, {"rank": 1}, {"rank": 2, "world_size": 2}, {"first_clip": -1}, {"first_clip": 1.5}],
)
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
