"""The `origin` preset against figures measured on the published 2020 code (2-3 digits, 30 frames of 64x64)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from segmnist import Scene, preset, render, sample

NUM_CLIPS = 800
DIGIT_ROWS = ("glyph", "label", "y", "x", "angle", "scale", "brightness")


def alone(scene: Scene, n: int) -> Scene:
    """The clips that have a digit n, with no other digit in them."""
    clips = scene.select(np.flatnonzero(scene.num_digits > n))
    rows = np.roll(np.arange(scene.label.shape[1]), -n)
    return clips.replace(
        num_digits=np.ones_like(clips.num_digits),
        depth=np.zeros_like(clips.depth),
        **{name: getattr(clips, name)[:, rows] for name in DIGIT_ROWS},
    )


def visibilities(scene: Scene, instance: np.ndarray) -> np.ndarray:
    """Of each digit in each frame, the share of its pixels that no nearer digit covers."""
    shares = []
    for n in range(scene.label.shape[1]):
        whole = (render(alone(scene, n), "instance").instance == 1).sum(axis=(2, 3))
        seen = (instance[scene.num_digits > n] == n + 1).sum(axis=(2, 3))
        shares.append((seen / whole).ravel())
    return np.concatenate(shares)


def bare(scene: Scene) -> np.ndarray:
    """Where no shape lies, digits aside. No shape has level 255."""
    spec = scene.spec.replace(noise_density=0.0, background_level=255)
    return render(scene.replace(spec=spec, num_digits=np.zeros_like(scene.num_digits)), ()).video == 255


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    visibility, parts = [], []
    for first in range(0, NUM_CLIPS, 200):
        scene = sample(preset("origin"), range(first, first + 200))
        clips = render(scene, "instance")
        digit = clips.instance > 0
        visibility.append(visibilities(scene, clips.instance))
        inside = clips.video[digit]
        uncovered = bare(scene)
        parts.append(
            [
                digit.mean(),
                (inside == 255).mean(),
                (inside == 0).mean(),
                uncovered.mean(),
                (uncovered & ~digit).mean(),
            ]
        )
    shares = np.concatenate(visibility)
    names = ("digit pixels", "at 255", "at 0", "no shape", "noise")
    return {
        "visibility": shares.mean(),
        "partly hidden": (shares < 1).mean(),
        "under half": (shares < 0.5).mean(),
        **dict(zip(names, np.mean(parts, axis=0))),
    }


# The tolerances are some three standard errors of both samples; that of the 2020 code was of some hundred clips.
@pytest.mark.parametrize(
    ("figure", "published", "tolerance"),
    [
        ("visibility", 0.937, 0.006),
        ("partly hidden", 0.299, 0.018),
        ("under half", 0.015, 0.004),
        ("at 255", 0.144, 0.02),
        ("at 0", 0.0045, 0.001),
        ("digit pixels", 0.086, 0.003),
        ("noise", 0.32, 0.025),
    ],
)
def test_pixels_and_occlusions(
    figures: dict[str, float], figure: str, published: float, tolerance: float
) -> None:
    assert abs(figures[figure] - published) < tolerance


def test_classes_in_a_clip() -> None:
    scene = sample(preset("origin"), range(20_000))
    counts = Counter(len(set(row[:n])) for row, n in zip(scene.label.tolist(), scene.num_digits))
    shares = np.array([counts[k] for k in (1, 2, 3)]) / 20_000
    assert np.allclose(shares, [0.048, 0.605, 0.347], atol=0.025)
    # 2 or 3 digits, even odds, drawn with replacement from ten classes that are nearly alike in number.
    assert np.allclose(shares, [0.055, 0.585, 0.360], atol=0.012)


@pytest.fixture(scope="module")
def centroids() -> np.ndarray:
    """Of the visible pixels of one digit, `(2,B,T)` in whole pixels' coordinates: y, x."""
    spec = preset("origin", num_digits_range=(1, 1), num_shapes_range=(0, 0))
    mask = render(sample(spec, range(1_000)), "instance").instance
    places = np.arange(64)
    mass = mask.sum(axis=(2, 3))
    return np.stack([(mask.sum(axis=3) @ places) / mass, (mask.sum(axis=2) @ places) / mass])


def test_a_digit_moves_at_the_published_speeds(centroids: np.ndarray) -> None:
    """The median step of each clip, as a frame's own step jitters with the truncation and the turning ink."""
    steps = np.hypot(*np.diff(centroids, axis=2))
    quantiles = np.quantile(np.median(steps, axis=1), [0.05, 0.25, 0.5, 0.75, 0.95])
    assert np.allclose(quantiles, [2.1, 3.0, 4.1, 5.1, 6.1], atol=0.15)


def test_a_digit_keeps_within_the_published_bounds(centroids: np.ndarray) -> None:
    for axis in centroids:
        assert round(axis.min()) in (11, 12)
        assert round(axis.max()) in (51, 52)


def test_noise_is_nearly_uniform() -> None:
    spec = preset("origin", num_digits_range=(0, 0), num_shapes_range=(0, 0))
    video = render(sample(spec, range(100)), ()).video
    shares = np.bincount(video.ravel(), minlength=256) / video.size
    assert abs(shares[0] * 256 - 1.47) < 0.02
    assert np.all(np.abs(shares[1:] * 256 - 1) < 0.15)


def test_glyphs_lose_their_faintest_level() -> None:
    """Each level v is drawn as v - 1: a raw 1 vanishes, and the maximum is 254."""
    spec = preset("origin", num_digits_range=(1, 1), num_shapes_range=(0, 0), brightness_range=(1, 1))
    clips = render(sample(spec, range(40)), "instance")
    inside = clips.video[clips.instance > 0]
    assert inside.min() == 1
    assert inside.max() == 254
