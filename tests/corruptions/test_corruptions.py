"""Laws of the corruptions: what they keep, what they depend on, how they grow, and their bytes."""

from __future__ import annotations

import hashlib
import io
import itertools
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segmnist import ClipSource, preset
from segmnist.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from segmnist.errors import BadArgument
from segmnist.render.arrays import check_truths
from segmnist.scene.spec_fields import CorruptionName

NAMES = tuple(CORRUPTIONS)
FIXED = ("brightness", "contrast", "gaussian_blur", "pixelate", "jpeg_compression")
"""Those that draw no random number."""

BYTES = {
    "gaussian_noise": "e4ce1d96b16c1f38",
    "shot_noise": "7ac8cbaaa66ca5b5",
    "impulse_noise": "e92ddbb7f9d35b7d",
    "gaussian_blur": "e5279040e6571e7d",
    "motion_blur": "b41f81e6a1b9d9d6",
    "brightness": "cb4ffd43e735535f",
    "contrast": "2332b14c1f4a0acc",
    "pixelate": "fb18e0aa94290d10",
    "jpeg_compression": "979055441412992f",
    "frame_drop": "dede3b00f685ee7f",
    "frame_freeze": "f75063c712f17564",
    "occluding_bars": "8f8183454ab9dcde",
}
"""Beginning of the SHA-256 of each corruption of the ramp, all severities: a frozen suite needs the same bytes for ever."""


def ramp(T: int = 7, H: int = 37, W: int = 52) -> Any:
    """A video of all grey levels with edges; made of whole numbers alone."""
    t, y, x = np.indices((T, H, W))
    return ((x * 5 + y * 3 + t * 29) % 256 * ((x // 6 + y // 9 + t) % 3 > 0)).astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_the_same_for_ever(name: str) -> None:
    digest = hashlib.sha256()
    for severity in SEVERITIES:
        digest.update(corrupt(ramp(), name, severity, seed=5, split="test", clip_id=2**40 + 3).tobytes())
    assert digest.hexdigest()[:16] == BYTES[name]


def test_the_spec_knows_every_corruption() -> None:
    assert get_args(CorruptionName) == ("none", *NAMES)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    severity=st.integers(0, 5),
    sides=st.lists(st.integers(1, 40), min_size=3, max_size=3, unique=True),
    clip_id=st.integers(0, 2**63 - 1),
)
def test_any_video_keeps_its_shape_and_itself(
    name: str, severity: int, sides: list[int], clip_id: int
) -> None:
    video = ramp(*sides)
    before = video.copy()
    found = corrupt(video, name, severity, clip_id=clip_id)
    assert found.shape == video.shape
    assert found.dtype == np.uint8
    assert not np.shares_memory(found, video)
    np.testing.assert_array_equal(video, before)
    np.testing.assert_array_equal(found, corrupt(video, name, severity, clip_id=clip_id))
    if severity == 0:
        np.testing.assert_array_equal(found, video)


@pytest.mark.parametrize("name", NAMES)
def test_distortion_grows_with_severity(name: str) -> None:
    clips = ClipSource(preset("standard", num_frames=12), split="test", truth=())[0:6].video
    mean = [
        np.mean([np.abs(corrupt(v, name, s, clip_id=i).astype(int) - v).mean() for i, v in enumerate(clips)])
        for s in (0, *SEVERITIES)
    ]
    assert all(a < b for a, b in itertools.pairwise(mean)), mean


@pytest.mark.parametrize("name", NAMES)
def test_labels_stay_exact_and_batches_change_nothing(name: str) -> None:
    truth = check_truths(("semantic", "instance", "visibility", "noiseless", "beneath", "flow"))
    clean = preset("standard", height=40, width=56, num_frames=6)
    spec = clean.replace(corruption=name, corruption_severity=4)
    plain = ClipSource(clean, split="val", seed=3, truth=truth)[0:4]
    batch = ClipSource(spec, split="val", seed=3, truth=truth, num_threads=2)[0:4]
    for i, clip in enumerate(batch):
        wanted = corrupt(plain.video[i], name, 4, seed=3, split="val", clip_id=i)
        np.testing.assert_array_equal(clip.video, wanted)
        np.testing.assert_array_equal(ClipSource(spec, split="val", seed=3)[i].video, wanted)
        for array in set(clip.arrays) - {"video"}:
            np.testing.assert_array_equal(clip[array], plain[i][array], err_msg=array)


def test_a_device_draws_the_same_corrupted_bytes() -> None:
    pytest.importorskip("torch")
    from segmnist.load.device import DeviceClips

    spec = preset(
        "standard", height=40, width=56, num_frames=3, corruption="shot_noise", corruption_severity=2
    )
    on_device = ClipSource(spec, device="cpu").batch([5, 2]).numpy()
    np.testing.assert_array_equal(on_device.video, ClipSource(spec).batch([5, 2]).video)
    batch = next(iter(DeviceClips(ClipSource(spec, device="cpu"), batch_size=2)))
    np.testing.assert_array_equal(batch["video"][:, :, 0].numpy(), ClipSource(spec).batch([0, 1]).video)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_random_follows_seed_split_and_clip(name: str) -> None:
    video = np.repeat(ramp(1), 24, axis=0) + np.arange(24, dtype=np.uint8)[:, None, None]
    others = ((1, "val", 4), (0, "test", 4), (0, "val", 5), (0, "val", 2**33))
    first, *rest = (
        corrupt(video, name, 3, seed=seed, split=split, clip_id=clip_id)
        for seed, split, clip_id in ((0, "val", 4), *others)
    )
    same = [np.array_equal(first, other) for other in rest]
    if name == "motion_blur":  # one of four directions
        assert not all(same)
    else:
        assert same == [name in FIXED] * 4


def test_gaussian_noise_has_its_sigma() -> None:
    grey = np.full((3, 150, 200), 128, np.uint8)
    deviation = corrupt(grey, "gaussian_noise", 2).astype(float) - 128
    assert abs(deviation.mean()) < 0.5
    assert deviation.std() == pytest.approx(31, rel=0.02)


@pytest.mark.parametrize("grey", [20, 100, 180])
def test_shot_noise_has_the_variance_of_counts(grey: int) -> None:
    photons = 60
    noisy = corrupt(np.full((3, 150, 200), grey, np.uint8), "shot_noise", 1).astype(float)
    assert noisy.mean() == pytest.approx(grey, abs=0.6)
    assert noisy.var() == pytest.approx(grey * 255 / photons, rel=0.03)


def test_impulse_noise_is_as_often_black_as_white() -> None:
    found = corrupt(np.full((3, 150, 200), 128, np.uint8), "impulse_noise", 4)
    assert (found == 0).mean() == pytest.approx(0.085, abs=0.004)
    assert (found == 255).mean() == pytest.approx(0.085, abs=0.004)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_is_what_a_library_makes_of_it_but_for_rounding(severity: int) -> None:
    video = ClipSource(preset("clean", height=56, width=72), split="test", truth=())[1].video[:3]
    ours = corrupt(video, "jpeg_compression", severity)
    for t, frame in enumerate(video):
        file = io.BytesIO()
        Image.fromarray(frame).save(
            file, "JPEG", quality=CORRUPTIONS["jpeg_compression"].levels[severity - 1]
        )
        theirs = np.asarray(Image.open(file)).astype(int)
        assert np.abs(theirs - ours[t]).mean() < 0.5
        assert np.abs(frame.astype(int) - ours[t]).mean() > 1


def test_a_frozen_frame_repeats_the_last_one_that_came() -> None:
    video = ramp(40)
    found = corrupt(video, "frame_freeze", 5)
    np.testing.assert_array_equal(found[0], video[0])
    last = 0
    for t in range(40):
        last = t if np.array_equal(found[t], video[t]) else last
        np.testing.assert_array_equal(found[t], video[last])


def test_dropped_frames_are_black_and_the_others_as_they_were() -> None:
    video = ramp(40) | 1
    found = corrupt(video, "frame_drop", 3)
    is_black = (found == 0).all(axis=(1, 2))
    assert 0 < is_black.sum() < 40
    np.testing.assert_array_equal(found[~is_black], video[~is_black])


def test_pixels_of_a_block_are_one_and_its_mean() -> None:
    video = ramp()
    found = corrupt(video, "pixelate", 4)
    for y in range(0, 37, 6):
        for x in range(0, 52, 6):
            block = video[2, y : y + 6, x : x + 6]
            assert set(found[2, y : y + 6, x : x + 6].ravel()) == {int(block.mean() + 0.5)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "contrasts"}, "corruption='contrasts' .* did you mean contrast"),
        ({"severity": 6}, r"severity=6 .* 0\.\.5"),
        ({"severity": 1.5}, "severity=1.5"),
        ({"severity": True}, "severity=True"),
        ({"video": np.zeros((3, 4, 5))}, "video='float64"),
        ({"video": np.zeros((4, 5), np.uint8)}, "video='uint8"),
        ({"split": "all"}, "split='all'"),
        ({"clip_id": -1}, "clip_ids=-1"),
        ({"seed": 2**64}, "seed="),
    ],
)
def test_bad_arguments_give_one_line(arguments: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"video": ramp(2, 9, 11), "name": "contrast", "severity": 1, **arguments}
    with pytest.raises(BadArgument, match=said) as raised:
        corrupt(asked.pop("video"), asked.pop("name"), asked.pop("severity"), **asked)
    assert "\n" not in str(raised.value)
