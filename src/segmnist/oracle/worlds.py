"""Joint samples: worlds drawn from a posterior, and the label maps that they show.

What a causal observer's sample of a whole clip is: at frame t it holds a world, drawn from the posterior
P_t given the frames 0..t, and shows its label map. The worlds of successive frames are coupled so that they
are the same world as often as their laws permit (a maximal coupling): with r = p(frame t | world) / p(frame t |
frames before), a world is kept with probability min(1, r), and replaced by one from the part of P_t that
exceeds P_(t-1) otherwise, which is P_t thinned by max(0, 1 - 1/r). So every frame is a draw from its own
posterior, exactly, and within a sample the world changes only where the evidence demands it. A forecast holds
the world given the frames seen and shows what it shows `horizon` frames later.

Source of the coupling: Lindvall, "Lectures on the coupling method", 1992, section I.5.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.oracle.evidence import FrameEvidence
from segmnist.oracle.family import Family
from segmnist.oracle.picks import pick, uniforms

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ABSENT = -1
"""Stands for the hypothesis of a digit that a world does not have."""
MAX_TRIES = 1000
"""Draws of a world that replaces another; what is then left over moves a frame's law by under 1/e of 1/1000."""


class Filter(Protocol):
    """A posterior that grows with the frames seen.

    Worlds are `(S,1+D)` int64, a row a sample: the stage, then the hypotheses of the digits from back to front,
    `ABSENT` for those that are not there. The stage numbers (background, pattern of swaps), the latter fastest.
    """

    @property
    def family(self) -> Family:
        """The hypotheses of one digit."""

    def draw(self, num_seen: int, uniform: Floats) -> Integers:
        """Return worlds given the first frames, as they are in the last of these; in frame 0 if none is seen."""

    def step(self, worlds: Integers, uniform: Floats) -> Integers:
        """Return the worlds one frame later."""

    def log_gain(self, t: int, worlds: Integers) -> Floats:
        """Return log p(frame t | world) - log p(frame t | frames before), `(S,)`."""


class PicklesItsFields:
    """A dataclass that pickles without what it has computed, and computes that again when it is asked for."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


def draw_width(family: Family) -> int:
    """Return how many uniform numbers a world takes, without its labels."""
    return 1 + 2 * family.max_digits


def prior_worlds(family: Family, uniform: Floats) -> Integers:
    """Return worlds as they are before anything is seen, `(S,1+D)`; uniform: `(S, draw_width)`."""
    worlds = np.stack(
        [pick(family.prior, column) for column in uniform[:, : 1 + family.max_digits].T], axis=1
    )
    # The first number decides the background and the swaps, the one after those of the digits how many there are.
    stages = np.outer(family.background_prior, family.swaps.prior)
    worlds[:, 0] = pick(stages.reshape(-1), uniform[:, 0])
    count = pick(family.count_prior, uniform[:, 1 + family.max_digits])
    worlds[:, 1:][np.arange(family.max_digits) >= count[:, None]] = ABSENT
    return worlds


def filtered_maps(known: Filter, num_frames: int, horizon: int, count: int, seed: int) -> NDArray[np.uint8]:
    """Return label maps of worlds that are held from frame to frame, `(count,T,P)` uint8."""
    num_digits, first_step = known.family.max_digits, 1 + draw_width(known.family)
    width = first_step + num_digits * horizon
    coins = uniforms(seed, 0, count * num_digits).reshape(count, num_digits)

    def numbers(t: int, attempt: int) -> Floats:
        return uniforms(seed, t, count * width, attempt).reshape(count, width)

    def drawn(num_seen: int, uniform: Floats) -> Integers:
        """Return worlds from the last frame seen to the one shown, `(horizon + 1,S,1+D)`."""
        path = [known.draw(num_seen, uniform[:, 1:first_step])]
        for ahead in range(horizon):
            start = first_step + num_digits * ahead
            path.append(known.step(path[-1], uniform[:, start : start + num_digits]))
        return np.stack(path)

    maps = np.empty((count, num_frames, known.family.num_pixels), np.uint8)
    path = drawn(0, numbers(0, 1))
    for t in range(num_frames):
        last = t - horizon
        if last > 0:
            moved = known.step(path[-1], numbers(t, 2)[:, :num_digits])
            path = np.concatenate([path[1:], moved[None]])
        if last >= 0:
            held = numbers(t, 3)[:, 0] < np.exp(known.log_gain(last, path[0]).clip(max=0))
            for attempt in range(MAX_TRIES):
                if held.all():
                    break
                rows, uniform = np.flatnonzero(~held), numbers(t, 4 + attempt)[~held]
                other = drawn(last + 1, uniform)
                accepted = uniform[:, 0] < -np.expm1(-known.log_gain(last, other[0]).clip(min=0))
                if attempt + 1 == MAX_TRIES:
                    accepted[:] = True
                path[:, rows[accepted]], held[rows[accepted]] = other[:, accepted], True
        shown = path[min(t, horizon)]
        maps[:, t] = paint(known.family, t, shown, labels_of(known.family, shown, coins))
    return maps


def labels_of(family: Family, worlds: Integers, uniform: Floats) -> Integers:
    """Return the labels of the digits of each world, `(S,D)`; uniform: `(S,D)`, one coin a digit."""
    edges = np.cumsum(family.class_odds[worlds[:, 1:]], axis=-1)
    return np.asarray((uniform[..., None] * edges[..., -1:] >= edges).sum(-1))


def paint(family: Family, t: int, worlds: Integers, labels: Integers) -> NDArray[np.uint8]:
    """Return the label map of frame t of each world, `(S,P)` uint8."""
    maps = np.full((len(worlds), family.num_pixels), BACKGROUND, np.uint8)
    pictures = family.pictures[t]
    digits, labels = (from_back_to_front(family, t, worlds, values) for values in (worlds[:, 1:], labels))
    for n, hypotheses in enumerate(digits.T):
        there = np.flatnonzero(hypotheses != ABSENT)
        owner, entry = pictures.entries(family.picture_of[hypotheses[there], t].astype(np.int64))
        maps[there[owner], pictures.pixel[entry]] = labels[there[owner], n]
    return maps


def from_back_to_front(family: Family, t: int, worlds: Integers, values: Integers) -> Integers:
    """Return one value a digit, `(S,D)`, in the order of depth that the digits of each world have in frame t."""
    swapped = family.swaps.swapped[worlds[:, 0] % len(family.swaps.prior), t]
    return np.where(swapped[:, None], values[:, ::-1], values)


def frame_log_likelihood(
    family: Family, weighed: list[list[FrameEvidence]], t: int, worlds: Integers
) -> Floats:
    """Return log p(frame t | world), `(S,)`; `weighed[b]` is the evidence of all frames before background b."""
    result = np.empty(len(worlds))
    digits, backgrounds = (
        from_back_to_front(family, t, worlds, worlds[:, 1:]),
        worlds[:, 0] // len(family.swaps.prior),
    )
    for s, hypotheses in enumerate(digits):
        frame = weighed[backgrounds[s]][t]
        pictures, ratio = frame.pictures, frame.ratio
        shown = np.zeros(family.num_pixels)
        for hypothesis in hypotheses[hypotheses != ABSENT]:
            row = family.picture_of[hypothesis, t]
            own = slice(pictures.start[row], pictures.start[row + 1])
            shown[pictures.pixel[own]] = ratio[own]
        result[s] = frame.background + shown.sum()
    return result


def pick_members(weights: Floats, member_of: Integers, groups: Integers, uniform: Floats) -> Integers:
    """Return one member of each of these groups, `(S,)`, drawn by weight within its group."""
    result = np.empty(len(groups), np.int64)
    for s, group in enumerate(groups):
        members = np.flatnonzero(member_of == group)
        result[s] = members[pick(weights[members], uniform[s : s + 1])[0]]
    return result
