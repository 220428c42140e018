"""Survey: what is measured of a data set for its report, batch by batch, in memory that does not grow with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.render.arrays import arrays_of
from segmnist.render.engine import render
from segmnist.render.memory import bytes_of
from segmnist.scene.sample import sample

Counts = NDArray[np.int64]

TRUTHS = ("semantic", "presence", "visibility", "truncation", "pose", "difficulty")
BATCH_BYTES = 64 << 20
BINS = 20
GRID = 32
HARDEST = 6
SHEET = 12


@dataclass
class Survey:
    """Counts over the clips surveyed; histograms have `BINS` equal bins from 0 to 1, speeds from 0 to `fastest`."""

    recipe: Recipe
    place: str
    num_surveyed: int = 0
    digits_of_class: Counts = field(init=False)
    pixels_of_class: Counts = field(init=False)
    digits_a_clip: Counts = field(default_factory=lambda: np.zeros(65, np.int64))
    visibility: Counts = field(default_factory=lambda: np.zeros(BINS, np.int64))
    camouflage: Counts = field(default_factory=lambda: np.zeros(BINS, np.int64))
    speeds: Counts = field(default_factory=lambda: np.zeros(BINS, np.int64))
    angles: Counts = field(default_factory=lambda: np.zeros(36, np.int64))
    positions: Counts = field(default_factory=lambda: np.zeros((GRID, GRID), np.int64))
    fastest: float = 1.0
    hardest: list[tuple[float, int]] = field(default_factory=list)
    """(mean visibility, clip id), the hardest first."""
    differing: list[int] = field(default_factory=list)
    """Clips whose stored video is not what the recipe gives."""
    files: list[tuple[str, int, str]] = field(default_factory=list)
    """Path, bytes and SHA-256 of the files in the manifest."""

    def __post_init__(self) -> None:
        num_classes = self.recipe.classes.num_classes
        self.digits_of_class = np.zeros(num_classes - 1, np.int64)
        self.pixels_of_class = np.zeros(num_classes, np.int64)


def survey(place: str | Path, *, max_clips: int = 2000, bank: DigitBank | None = None) -> Survey:
    """Measure a finished data set, of up to `max_clips` clips spread evenly over it.

    Truths that are not stored are computed from the recipe; stored videos are compared with it. Raises `BadArgument` where
    there is no finished data set or its digits are others, `CorruptData` where a file is damaged.
    """
    if max_clips < 1:
        raise BadArgument("max_clips", max_clips, "1 or more")
    try:
        dataset = open_dataset(place)
    except FileNotFoundError as error:
        raise BadArgument(
            "DATASET", str(place), "a finished data set", "run `segmnist generate` again"
        ) from error
    bank = DigitBank.mnist() if bank is None else bank
    recipe = dataset.recipe
    if recipe.bank_sha256 != bank.sha256:
        raise BadArgument("DATASET", str(place), "a data set made from these digits", "name its --bank")
    found = Survey(recipe, str(place), fastest=_fastest(recipe))
    count = min(max_clips, len(dataset))
    rows = np.arange(count, dtype=np.int64) * len(dataset) // count
    size = max(BATCH_BYTES // max(bytes_of(recipe.spec, 1, ("video", *arrays_of(("amodal", *TRUTHS)))), 1), 1)
    for first in range(0, count, size):
        _add(found, dataset, rows[first : first + size], bank)
    found.files = _files(dataset)
    return found


def _add(found: Survey, dataset: StoredDataset, rows: NDArray[np.int64], bank: DigitBank) -> None:
    recipe, ids = found.recipe, dataset.clip_ids(rows)
    clips = render(sample(recipe.spec, ids, split=recipe.split, seed=recipe.seed, bank=bank), TRUTHS)
    stored = dataset.batch(rows, ["video"])["video"]
    same = (stored == clips.video).all(axis=(1, 2, 3))
    found.differing += ids[~same].tolist()
    real = clips.labels != IGNORE
    found.num_surveyed += len(rows)
    found.digits_of_class += np.bincount(clips.labels[real], minlength=len(found.digits_of_class))
    found.pixels_of_class += np.bincount(clips["semantic"].ravel(), minlength=len(found.pixels_of_class))
    found.digits_a_clip += np.bincount(real.sum(axis=1), minlength=65)[:65]
    inside = clips["present"] & (clips["truncation"] < 1)
    found.visibility += _histogram(clips["visibility"][inside], 1.0)
    found.camouflage += _histogram(clips["camouflaged_share"], 1.0)
    _add_motion(found, clips["pose"], inside)
    harder = list(zip(clips["mean_visibility"].tolist(), ids.tolist(), strict=True))
    found.hardest = sorted(found.hardest + harder)[:HARDEST]


def _add_motion(found: Survey, pose: NDArray[Any], inside: NDArray[np.bool_]) -> None:
    """Count speeds between frames, angles, and positions of centres on a grid over the frame."""
    spec = found.recipe.spec
    both = inside[:, :, 1:] & inside[:, :, :-1]
    steps = np.hypot(*np.moveaxis(np.diff(pose[..., :2], axis=2), -1, 0)) / spec.frame_stride
    found.speeds += _histogram(steps[both], found.fastest)
    found.angles += np.bincount((pose[..., 2][inside] // 10).astype(np.int64) % 36, minlength=36)
    y, x = pose[..., 0][inside], pose[..., 1][inside]
    edges = (np.linspace(0, spec.height, GRID + 1), np.linspace(0, spec.width, GRID + 1))
    found.positions += np.histogram2d(y, x, bins=edges)[0].astype(np.int64)


def _histogram(values: NDArray[Any], high: float) -> Counts:
    counts: Counts = np.histogram(np.clip(values, 0, high), bins=BINS, range=(0, high))[0]
    return counts


def _fastest(recipe: Recipe) -> float:
    """Return the largest speed to expect, in px/frame, such that the bins below it have round ends."""
    spec = recipe.spec
    grown = max(abs(end) for end in spec.acceleration_range) * spec.duration
    step = (spec.speed_range[1] + min(grown, 64.0)) / BINS
    unit = 10 ** math.floor(math.log10(max(step, 1e-6)))
    return BINS * next(
        unit * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if unit * factor >= step
    )


def _files(dataset: StoredDataset) -> list[tuple[str, int, str]]:
    manifest = dataset.manifest
    sums = dict(manifest.files)
    for receipt in manifest.receipts:
        sums |= receipt.files
    return [(path, file.bytes, file.sha256) for path, file in sorted(sums.items())]
