"""torchvision's transforms: masks and boxes follow, what cannot is refused. Needs a torchvision for the PyTorch here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument

torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
try:
    from torchvision import tv_tensors
    from torchvision.transforms import v2
except (ImportError, RuntimeError):
    pytest.skip("there is no torchvision that fits this PyTorch", allow_module_level=True)

from torch.utils.data import DataLoader  # noqa: E402

from segmnist.load.torch import EndlessClips, SegMNIST, collate  # noqa: E402

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=5, num_digits_range=(0, 3))
MOVING = ("semantic", "instance", "amodal", "boxes")
CANNOT = ("flow", "pose", "areas", "truncation", "visibility", "occluders", "shapes", "difficulty")


def boxes_of(masks: Any) -> Any:
    """Return the half-open boxes of masks `(N, T, H, W)`, -1 where they are empty."""
    out = np.full((*masks.shape[:2], 4), -1.0, np.float32)
    for digit, time in np.ndindex(masks.shape[:2]):
        y, x = np.nonzero(masks[digit, time])
        if len(y):
            out[digit, time] = (x.min(), y.min(), x.max() + 1, y.max() + 1)
    return out


def test_the_kinds_of_tensors() -> None:
    seen: dict[str, Any] = {}

    def look(video: Any, target: dict[str, Any]) -> Any:
        seen.update(target, video=video)
        return video, target

    _, target = SegMNIST(SPEC, truth=MOVING, transforms=look, length=9)[3]
    assert type(seen["video"]) is tv_tensors.Video
    assert type(seen["semantic"]) is type(seen["amodal"]) is tv_tensors.Mask
    assert type(seen["boxes_xyxy"]) is type(seen["amodal_boxes_xyxy"]) is tv_tensors.BoundingBoxes
    assert seen["boxes_xyxy"].canvas_size == (40, 52)
    plain = SegMNIST(SPEC, truth=MOVING, length=9)[3][1]
    for name, value in target.items():
        assert value.shape == plain[name].shape
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(plain[name]))


@pytest.mark.parametrize(
    "move", [v2.RandomHorizontalFlip(1), v2.RandomVerticalFlip(1), v2.Pad((3, 5, 2, 1))], ids=str
)
def test_boxes_stay_those_of_the_masks(move: Any) -> None:
    dataset = SegMNIST(SPEC, truth=MOVING, transforms=move, length=12)
    for clip in range(12):
        video, target = dataset[clip]
        assert video.shape[-2:] == target["semantic"].shape[-2:]
        np.testing.assert_array_equal(target["amodal_boxes_xyxy"], boxes_of(np.asarray(target["amodal"])))


def test_boxes_are_cut_where_the_picture_is() -> None:
    """A box does not know which rows of a mask are left, so it may be too large, but not too small."""
    dataset = SegMNIST(SPEC, truth=MOVING, transforms=v2.CenterCrop((24, 30)), length=12)
    for clip in range(12):
        target = dataset[clip][1]
        found, least = np.asarray(target["amodal_boxes_xyxy"]), boxes_of(np.asarray(target["amodal"]))
        there = least[..., 0] >= 0
        assert (found[there][:, :2] <= least[there][:, :2]).all()
        assert (found[there][:, 2:] >= least[there][:, 2:]).all()
        assert (found <= (30, 24, 30, 24)).all()
        assert ((found >= 0).all(axis=-1) | (found == -1).all(axis=-1)).all()


def test_boxes_are_resized_with_the_picture() -> None:
    dataset = SegMNIST(SPEC, truth=MOVING, transforms=v2.Resize((80, 104)), length=12)
    for clip in range(12):
        target = dataset[clip][1]
        assert target["semantic"].shape == (5, 80, 104)
        np.testing.assert_array_equal(target["amodal_boxes_xyxy"], boxes_of(np.asarray(target["amodal"])))


@pytest.mark.parametrize("truth", CANNOT)
def test_what_cannot_follow_is_refused_if_pixels_move(truth: str) -> None:
    for move in (v2.RandomHorizontalFlip(1), v2.Resize((32, 32)), v2.RandomRotation((90, 90))):
        with pytest.raises(BadArgument, match=rf"transforms=.*leave out truth='{truth}'"):
            SegMNIST(SPEC, truth=("semantic", truth), transforms=move, length=9)[3]
    for keep in (v2.RandomHorizontalFlip(0), v2.ColorJitter(0.5), v2.GaussianBlur(3)):
        target = SegMNIST(SPEC, truth=("semantic", truth), transforms=keep, length=9)[3][1]
        assert target.keys() == SegMNIST(SPEC, truth=("semantic", truth), length=9)[3][1].keys()


def test_labels_depth_and_twins_follow_by_standing_still() -> None:
    target = SegMNIST(SPEC, truth=("depth", "twins"), transforms=v2.RandomHorizontalFlip(1), length=9)[3][1]
    assert {"labels", "depth_order", "twin_labels", "num_digits", "clip_id"} <= target.keys()


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_by_either_collate(workers: int) -> None:
    move = v2.Compose(
        [v2.RandomHorizontalFlip(1), v2.ToDtype({tv_tensors.Mask: torch.int64, "others": None})]
    )
    dataset = SegMNIST(SPEC, truth=MOVING, transforms=move, length=8)
    ours = next(iter(DataLoader(dataset, 8, num_workers=workers, collate_fn=collate)))
    video, target = next(iter(DataLoader(dataset, 8, num_workers=workers)))
    assert ours["semantic"].dtype == target["semantic"].dtype == torch.int64
    for name, value in {"video": video, **target}.items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(ours[name])), name
    plain = next(iter(DataLoader(SegMNIST(SPEC, truth=MOVING, length=8), 8, collate_fn=collate)))
    assert torch.equal(torch.as_tensor(ours["semantic"]), plain["semantic"].flip(-1).long())


def test_a_stream_takes_them_too() -> None:
    batch = next(iter(EndlessClips(SPEC, transforms=v2.RandomHorizontalFlip(1), batch_size=4)))
    plain = next(iter(EndlessClips(SPEC, batch_size=4)))
    assert torch.equal(torch.as_tensor(batch["video"]), plain["video"].flip(-1))
