"""Noise has the distribution that the spec says, and never repeats."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import upright

from segmnist import SceneSpec, preset, render, sample
from segmnist.render.noise import noise_table, sensor_thresholds

BARE = {"num_digits_range": (0, 0), "num_shapes_range": (0, 0)}


@given(st.floats(0, 1), upright(0, 255, whole=True), st.integers(0, 255))
def test_the_table_holds_each_level_as_often_as_it_should(
    density: float, levels: tuple[int, int], bare: int
) -> None:
    spec = SceneSpec(noise_density=density, noise_level_range=levels, background_level=bare)
    shares = np.bincount(noise_table(spec), minlength=256) / 65_536
    low, high = levels
    expected = np.where((np.arange(256) >= low) & (np.arange(256) <= high), density / (high - low + 1), 0.0)
    expected[bare] += 1 - density
    assert len(noise_table(spec)) == 65_536
    assert np.abs(shares - expected).max() <= 1 / 65_536 + 1e-12


@given(st.floats(0.05, 128))
def test_sensor_noise_is_a_rounded_gaussian(sigma: float) -> None:
    thresholds, guide = sensor_thresholds(sigma)
    reach = len(thresholds) // 2
    shares = np.diff(thresholds, prepend=0, append=1 << 32) / 2**32
    deviation = np.arange(-reach, reach + 1)
    edges = [0.5 * (1 + math.erf((d + 0.5) / (sigma * math.sqrt(2)))) for d in deviation[:-1]]
    assert np.abs(shares - np.diff(edges, prepend=0.0, append=1.0)).max() < 2**-31
    assert abs((shares * deviation).sum()) < 1e-6
    assert np.all(np.diff(thresholds) >= 0)
    starts = np.arange(len(guide)) << 18
    assert np.array_equal(guide, np.searchsorted(thresholds, starts, side="right"))
    assert len(guide) << 18 == 1 << 32


def test_pepper_noise_is_even_over_all_levels() -> None:
    video = render(sample(preset("noise", **BARE), range(40)), ()).video
    counts = np.bincount(video.ravel(), minlength=256)
    expected = video.size / 256
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_square - 255) < 6 * math.sqrt(2 * 255)


def test_pepper_noise_has_its_density() -> None:
    spec = preset("noise", **BARE, noise_density=0.2, noise_level_range=(200, 255), background_level=9)
    video = render(sample(spec, range(40)), ()).video
    assert abs(np.mean(video != 9) - 0.2) < 6 * math.sqrt(0.2 * 0.8 / video.size)
    assert video[video != 9].min() == 200


def test_no_frame_of_noise_is_seen_twice() -> None:
    frames = set()
    for split in ("train", "val", "test"):
        for seed in (0, 1, 1 << 63):
            clips = render(
                sample(preset("noise", **BARE, num_frames=5), range(4), split=split, seed=seed), ()
            )
            frames |= {frame.tobytes() for frame in clips.video.reshape(-1, 64 * 64)}
    assert len(frames) == 3 * 3 * 4 * 5


def test_neighbouring_pixels_and_frames_are_uncorrelated() -> None:
    video = render(sample(preset("noise", **BARE), range(20)), ()).video - 127.5
    power = np.mean(video**2)
    for one, other in (
        (video[..., :-1], video[..., 1:]),
        (video[..., :-1, :], video[..., 1:, :]),
        (video[:, :-1], video[:, 1:]),
        (video[:-1], video[1:]),
        (video[..., :32], video[..., 32:]),
    ):
        assert abs(np.mean(one * other) / power) < 6 / math.sqrt(one.size)


def test_sensor_noise_lies_over_everything() -> None:
    """Its deviation from the clip without it is that of the sigma, on digits, shapes and background alike."""
    spec = preset("standard", brightness_range=(0.5, 0.5), shape_level_range=(100, 150), noise_density=0.0,
                  background_level=128, num_frames=10)  # fmt: skip
    quiet = render(sample(spec, range(20)), "semantic")
    noisy = render(sample(spec.replace(sensor_sigma=7.0), range(20)), "semantic")
    deviation = noisy.video.astype(int) - quiet.video
    for where in (quiet.semantic != 10, quiet.video == 128, quiet.semantic == 10):
        values = deviation[where]
        assert abs(values.mean()) < 6 * 7 / math.sqrt(values.size)
        assert abs(values.std() - math.hypot(7, math.sqrt(1 / 12))) < 0.05
    assert np.array_equal(quiet.semantic, noisy.semantic)
