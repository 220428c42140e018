"""DeviceClips: the batches of `EndlessClips`, born on a device."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from segmnist import BadArgument, ClipSource, preset  # noqa: E402
from segmnist.load import iterate  # noqa: E402
from segmnist.torch import DeviceClips, EndlessClips, EndlessLoader, SegMNIST  # noqa: E402

SPEC = preset("standard", height=40, width=56, num_frames=3)
TRUTH: Any = ("instance", "boxes")


def source(**options: Any) -> ClipSource:
    return ClipSource(SPEC, split="val", seed=5, truth=TRUTH, device="cpu", **options)


@pytest.mark.parametrize(("rank", "world_size"), [(0, 1), (2, 3)])
def test_batches_are_those_of_endless_clips(rank: int, world_size: int) -> None:
    place = {"batch_size": 4, "first_clip": 9, "rank": rank, "world_size": world_size}
    host = EndlessClips(SPEC, "val", truth=TRUTH, seed=5, **place)
    for expected, found in itertools.islice(zip(host, DeviceClips(source(), **place), strict=True), 3):
        assert set(found) == set(expected)
        for name, tensor in expected.items():
            assert found[name].dtype == tensor.dtype, name
            assert torch.equal(found[name], tensor), name


def test_a_run_goes_on_where_it_or_another_loader_stood() -> None:
    stream = DeviceClips(source(), batch_size=3)
    first = [batch["clip_id"].tolist() for batch in itertools.islice(stream, 2)]
    assert first == [[0, 1, 2], [3, 4, 5]]
    assert stream.state_dict() == {"next_clip": 6}
    loader = EndlessLoader(EndlessClips(SPEC, "val", truth=TRUTH, seed=5, batch_size=2))
    loader.load_state_dict(stream.state_dict())
    assert next(iter(loader))["clip_id"].tolist() == [6, 7]
    stream.load_state_dict(loader.state_dict())
    assert next(iter(stream))["clip_id"].tolist() == [8, 9, 10]


def test_iterators_share_the_state_so_no_batch_comes_twice() -> None:
    stream = DeviceClips(source(), batch_size=2)
    one, other = iter(stream), iter(stream)
    assert [next(stream)["clip_id"][0].item() for stream in (one, other, one)] == [0, 2, 4]


@pytest.mark.parametrize("given", ["standard", ClipSource(SPEC), source(length=9), None])
def test_other_sources_are_refused(given: Any) -> None:
    with pytest.raises(
        BadArgument, match=r"source=.* expected a ClipSource with a device and without a length"
    ):
        DeviceClips(given)


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"first_clip": -1}, {"rank": 1}, {"rank": 2, "world_size": 2}]
)
def test_options_out_of_range_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match=f"{next(iter(options))}="):
        DeviceClips(source(), **options)


def test_what_is_no_state_is_named() -> None:
    with pytest.raises(BadArgument, match=r"state=.* expected what state_dict\(\) gave"):
        DeviceClips(source()).load_state_dict({"clip": 3})


@pytest.mark.parametrize("open_loader", [SegMNIST, EndlessClips, lambda given: next(iterate(given))])
def test_loaders_on_the_host_refuse_a_source_with_a_device(open_loader: Any) -> None:
    with pytest.raises(
        BadArgument, match=r"source=.*device='cpu'.* expected a source without a device; DeviceClips"
    ):
        open_loader(source(length=9))
