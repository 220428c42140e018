"""Clips cut in two: what is given, and what is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmnist import BadArgument, ClipSource, preset

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
from torch.utils.data import DataLoader  # noqa: E402

from segmnist.torch import EndlessClips, FramePrediction, SegMNIST, collate, split_frames  # noqa: E402

SPEC = preset("moving-mnist", height=40, width=52, num_frames=7, scale_range=(0.5, 0.5))
TRUTH = ("semantic", "instance", "amodal", "boxes")


def clips(**options: Any) -> SegMNIST:
    return SegMNIST(SPEC, "val", truth=TRUTH, length=6, **options)


@pytest.mark.parametrize("split_ratio", [1, 4, 6])
@pytest.mark.parametrize("target", ["video", "semantic", "instance"])
def test_a_pair_is_the_clip_cut_in_two(split_ratio: int, target: str) -> None:
    pairs = FramePrediction(clips(), split_ratio, target=target)
    expected = ClipSource(SPEC, split="val", truth=TRUTH)
    assert len(pairs) == 6
    for index in (0, 5, -1):
        given, asked = pairs[index]
        clip = expected[index % 6]
        assert given.dtype == asked.dtype == torch.uint8
        assert np.array_equal(np.asarray(given)[:, 0], clip.video[:split_ratio])
        rest = np.asarray(asked)[:, 0] if target == "video" else np.asarray(asked)
        assert np.array_equal(rest, clip[target][split_ratio:])


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_dataloader_stacks_the_pairs(num_workers: int) -> None:
    pairs = FramePrediction(clips(), 4, target="semantic")
    given, asked = next(iter(DataLoader(pairs, batch_size=3, num_workers=num_workers)))
    assert given.shape == (3, 4, 1, 40, 52)
    assert asked.shape == (3, 3, 40, 52)
    for row in range(3):
        assert torch.equal(given[row], torch.as_tensor(pairs[row][0]))
        assert torch.equal(asked[row], torch.as_tensor(pairs[row][1]))


def test_batches_of_any_loader_are_cut_without_copies() -> None:
    stream = next(iter(EndlessClips(SPEC, "val", batch_size=3, truth=TRUTH)))
    loaded = next(iter(DataLoader(clips(), batch_size=3, collate_fn=collate)))
    for batch in (stream, loaded):
        for target in ("video", "semantic"):
            given, asked = split_frames(batch, 5, target=target)
            assert given.data_ptr() == batch["video"].data_ptr()
            assert torch.equal(torch.cat([given, batch["video"][:, 5:]], 1), batch["video"])
            assert torch.equal(asked, batch[target][:, 5:])
        first = FramePrediction(clips(), 5)[0]
        assert torch.equal(split_frames(batch, 5)[1][0], torch.as_tensor(first[1]))


def test_transforms_see_the_whole_clip() -> None:
    def flipped(video: Any, target: Any) -> Any:
        return video.flip(-1), {name: value.flip(-1) for name, value in target.items() if name == "semantic"}

    given, asked = FramePrediction(clips(transforms=flipped), 3, target="semantic")[2]
    plain = FramePrediction(clips(), 3, target="semantic")[2]
    assert torch.equal(torch.as_tensor(given).flip(-1), torch.as_tensor(plain[0]))
    assert torch.equal(torch.as_tensor(asked).flip(-1), torch.as_tensor(plain[1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split_ratio": 0}, r"split_ratio=0 .*1\.\.6.*7 frames"),
        ({"split_ratio": 7}, r"split_ratio=7 .*1\.\.6"),
        ({"split_ratio": 2.5}, r"split_ratio=2\.5 .*whole number"),
        ({"target": "flow"}, "target='flow' .*video, semantic, instance"),
        ({"target": "amodal"}, "target='amodal' .*video, semantic, instance"),
        ({"target": "labels"}, "target='labels' "),
    ],
)
def test_what_cannot_be_cut_is_named(options: Any, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        FramePrediction(clips(), **options)
    with pytest.raises(BadArgument, match=message):
        split_frames(next(iter(EndlessClips(SPEC, batch_size=1, truth=TRUTH))), **options)
