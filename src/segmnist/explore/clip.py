"""One clip with everything that the page shows of it: the facts, and the arrays in the form in which they travel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.counterfactual import without_digits
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.view import View, check_cost
from segmnist.oracle import Oracle
from segmnist.oracle.solvable import check_bank, check_solvable
from segmnist.render.arrays import arrays_of
from segmnist.render.clips import Clip
from segmnist.render.engine import render
from segmnist.scene.randomness import Split
from segmnist.scene.sample import check_fits, sample
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

Arrays = dict[str, NDArray[Any]]

TRUTHS = ("semantic", "instance", "amodal", "areas", "visibility", "boxes", "depth", "pose", "beneath", "noiseless",
          "difficulty")  # fmt: skip
DIFFICULTY = arrays_of(["difficulty"])
FLOW_STEPS = 32
"""Flow travels in whole steps of 1/32 px."""
MAX_PAIRS = 3 << 28
"""Pairs of hypotheses times frames of a posterior for which a request waits."""
ORACLE_BYTES = 64 << 20


class Digit(msgspec.Struct, frozen=True):
    """A digit of the clip; its tracks have one entry a frame. One that was left out has no label."""

    instance: int
    label: int | None
    visibility: list[float]
    depth: list[int]
    box: list[list[float]]
    pose: list[list[float]]


class ClipFacts(msgspec.Struct, frozen=True):
    """What can be said of a clip in a few words."""

    clip: str
    seed: str
    split: str
    num_frames: int
    height: int
    width: int
    labels: list[int | None]
    without: list[int]
    difficulty: dict[str, float]
    solvable: bool
    stored_arrays: list[str] = []
    matches_recipe: bool | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """A clip that was drawn for a view."""

    view: View
    clip: Clip
    facts: ClipFacts


def draw(view: View, exhibit: Exhibit) -> Drawn:
    """Draw a view's clip. Raises `BadArgument` where it would cost too much, `CorruptData` where stored bytes are damaged."""
    truths = (*TRUTHS, *view.layers)
    check_cost(view.spec, ("video", *arrays_of(truths)))
    check_fits(view.spec, exhibit.bank)
    stored = exhibit.stored_arrays(view.clip) if view.stored else {}
    scene = sample(view.spec, [view.clip], split=view.split, seed=view.seed, bank=exhibit.bank)
    clip = render(_without(scene, view.without), truths)[0]
    matches = None
    if stored and not view.without:
        clip, matches = _as_stored(clip, stored)
    difficulty = {name: round(float(clip[name]), 4) for name in DIFFICULTY}
    T, H, W = clip.video.shape
    facts = ClipFacts(
        str(view.clip), str(view.seed), view.split, T, H, W, _labels(clip),
        list(view.without), difficulty, _is_solvable(view.spec, exhibit.bank), sorted(stored), matches,
    )  # fmt: skip
    return Drawn(view, clip, facts)


def _labels(clip: Clip) -> list[int | None]:
    return [None if label == IGNORE else label for label in clip.labels.tolist()]


def _is_solvable(spec: SceneSpec, bank: DigitBank) -> bool:
    try:
        check_solvable(spec)
        check_bank(bank)
    except BadArgument:
        return False
    return True


def _without(scene: Scene, instances: tuple[int, ...]) -> Scene:
    """Return the scene without these digits; the others keep their instance ids."""
    count = int(scene.num_digits[0])
    for instance in instances:
        if instance > count:
            raise BadArgument(
                "without", instance, f"1..{count}" if count else "nothing: the clip has no digit"
            )
    return without_digits(scene, [instance - 1 for instance in set(instances)]) if instances else scene


def _as_stored(clip: Clip, stored: Arrays) -> tuple[Clip, bool]:
    """Return the clip with the arrays that lie on disk in place of its own, and whether they are the same."""
    count = len(clip.labels)
    arrays = dict(clip.arrays)
    same = True
    for name, array in stored.items():
        if name in arrays:
            found = array[:count] if name in ("labels", "amodal") else array
            found = found if found.shape == arrays[name].shape else found[:count]
            same &= np.array_equal(found, arrays[name])
            arrays[name] = found
    return Clip(clip.clip_id, clip.scene, arrays), bool(same)


def digits_of(drawn: Drawn) -> list[Digit]:
    """Return the digits with their tracks, rounded to hundredths."""
    clip = drawn.clip
    return [
        Digit(
            row + 1, label, clip["visibility"][row].round(4).tolist(), clip["depth_order"][row].tolist(),
            clip["boxes_xyxy"][row].tolist(), clip["pose"][row].round(4).tolist(),
        )
        for row, label in enumerate(_labels(clip))
    ]  # fmt: skip


def travelling_arrays(drawn: Drawn) -> Arrays:
    """Return the arrays of a reply: pixels as bytes, amodal masks as bits, flow in steps of 1/32 px."""
    clip, layers = drawn.clip, drawn.view.layers
    above, below = clip["noiseless"], clip["beneath"]
    contrast = np.maximum(above, below) - np.minimum(above, below)
    arrays = {
        "video": clip.video,
        "instance": clip["instance"],
        "beneath": clip["beneath"],
        "contrast": np.where(clip["instance"] > 0, contrast, np.uint8(255)),
        "amodal": _bits(clip["amodal"]),
        "boxes": clip["boxes_xyxy"],
        "amodal_boxes": clip["amodal_boxes_xyxy"],
        "visibility": clip["visibility"],
        "depth": clip["depth_order"],
        "pose": clip["pose"].astype(np.float32),
    }
    if "flow" in layers:
        limit = np.iinfo(np.int16).max
        steps = (clip["flow_forward"] * FLOW_STEPS).round().clip(-limit, limit).astype(np.int16)
        arrays |= {"flow": steps, "flow_valid": clip["flow_forward_valid"].astype(np.uint8)}
    if "rgb" in layers:
        arrays["rgb"] = clip["rgb"]
    return arrays


def _bits(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return masks `(n,T,H,W)` as planes `(ceil(n/8),T,H,W)` uint8: bit i of plane p is digit 8p+i."""
    # np.packbits along the first axis takes ten times as long.
    planes = np.zeros((-(-len(masks) // 8), *masks.shape[1:]), np.uint8)
    for digit, mask in enumerate(masks):
        planes[digit // 8] |= mask.view(np.uint8) << np.uint8(digit % 8)
    return planes


def entropy_of(drawn: Drawn, exhibit: Exhibit) -> NDArray[np.float32]:
    """Return the entropy of the exact posterior of each pixel's class, in nats, `(T,H,W)` float32.

    Raises `BadArgument` outside the exactly solvable family, and where the family is too large for a request.
    """
    view = drawn.view
    oracle = _oracle(view.spec, view.split, view.seed, exhibit)
    return oracle.posterior(np.ascontiguousarray(drawn.clip.video), view.observer).entropy.astype(np.float32)


@lru_cache(maxsize=4)
def _oracle(spec: SceneSpec, split: Split, seed: int, exhibit: Exhibit) -> Oracle:
    oracle = Oracle(spec, split=split, seed=seed, bank=exhibit.bank, max_bytes=ORACLE_BYTES)
    pairs = oracle.family.num_hypotheses**2 * spec.num_frames
    if pairs > MAX_PAIRS:
        raise BadArgument(
            "glyphs_per_class", spec.glyphs_per_class, "fewer", f"{pairs:,} pairs are too many here"
        )
    return oracle
