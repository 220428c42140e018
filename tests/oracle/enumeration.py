"""Tiny families and their enumeration scene by scene: slow, obvious, apart from the oracle's own code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.render.engine import render
from segmnist.scene.sample import sample
from segmnist.scene.spec import SceneSpec


def tiny_spec(**changes: object) -> SceneSpec:
    """Return a solvable spec of some tens of hypotheses, H != W != T."""
    fields: dict[str, object] = {
        "height": 16,
        "width": 18,
        "num_frames": 3,
        "num_digits_range": (2, 2),
        "classes": (2, 6),
        "glyphs_per_class": 1,
        "position_step": 6.0,
        "speed_range": (3.5, 3.5),
        "direction_step": 180.0,
        "angle_step": 180.0,
        "rotation_rate_range": (20.0, 20.0),
        "brightness_range": (0.6, 0.6),
        "num_shapes_range": (0, 0),
        "noise_density": 0.0,
        "background_level": 40,
        "sensor_sigma": 60.0,
    }
    return SceneSpec(**{**fields, **changes})


@dataclass
class Enumeration:
    """Every pair of hypotheses as a drawn clip, all arrays indexed [front, behind]."""

    family: Any
    clean: np.ndarray
    """`(N,N,T,H,W)` videos without noise."""
    instance: np.ndarray
    """`(N,N,T,H,W)` 0 background, 1 the digit behind, 2 the digit in front."""
    amodal: np.ndarray
    """`(N,N,2,T,H,W)` whole masks: row 0 of the digit behind, row 1 of that in front."""

    def log_joint(self, video: np.ndarray, seen: list[int], spec: SceneSpec) -> np.ndarray:
        """Return log p(frames seen, front i, behind j), `(N,N)`."""
        table = log_likelihood_table(spec)
        prior = np.log(self.family.prior)
        loglik = [table[self.clean[:, :, t], video[t]].sum((-1, -2)) for t in seen]
        return prior[:, None] + prior[None, :] + np.sum(loglik, axis=0)

    def class_posterior(self, joint: np.ndarray, t: int) -> np.ndarray:
        """Return `(11,H,W)` from a normalised joint, painting each pair's label map."""
        odds = np.concatenate([self.family.class_odds, np.zeros((joint.shape[0], 1))], axis=1)
        result = np.zeros((11, *self.clean.shape[-2:]))
        for i in range(len(joint)):
            for j in range(len(joint)):
                shown = self.instance[i, j, t]
                for label in range(10):
                    share = np.where(shown == 2, odds[i, label], np.where(shown == 1, odds[j, label], 0))
                    result[label] += joint[i, j] * share
                result[10] += joint[i, j] * (shown == 0)
        return result

    def posterior(self, video: np.ndarray, seen: list[int], spec: SceneSpec) -> np.ndarray:
        """Return P(front i, behind j | frames seen), `(N,N)`."""
        log_joint = self.log_joint(video, seen, spec)
        return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=None))


def enumerate_pairs(family: Any, swapped: Sequence[bool] = ()) -> Enumeration:
    """Draw every pair with the renderer: two digits, the second in front, over the family's flat background.

    swapped: for each frame whether the first is in front, if in any.
    """
    spec, bank, count = family.spec, family.bank, family.num_hypotheses
    assert spec.max_shapes == 0
    front, behind = (index.reshape(-1) for index in np.indices((count, count)))
    quiet = spec.replace(
        sensor_sigma=0.0,
        digit_motion="reflect",
        turn_odds=0.0,
        num_digits_range=(2, 2),
        num_depth_swaps_range=(0, 0),
    )
    scene = sample(quiet, np.arange(count * count), bank=bank)
    if swapped:
        rank = np.array([swapped, np.logical_not(swapped)], np.uint8)
        scene = scene.replace(depth=np.broadcast_to(rank, scene.depth.shape).copy())
    placed = {
        name: np.stack([values[behind], values[front]], axis=1).astype(np.int32)
        for name, values in family.pose.items()
    }
    glyph = np.stack([family.glyph[behind], family.glyph[front]], axis=1).astype(np.int32)
    clips = render(scene.replace(glyph=glyph, **placed), ("instance", "amodal"))
    video, instance, amodal = (
        getattr(clips, name).reshape(count, count, *getattr(clips, name).shape[1:])
        for name in ("video", "instance", "amodal")
    )
    return Enumeration(family, video, instance, amodal)


def assert_readouts(posterior: Any, everything: Enumeration, joint: np.ndarray, k: int, t: int) -> None:
    """Check instances, amodal masks and depth order of frame t against `P(front, behind)`, `(N,N)`."""
    odds = everything.family.class_odds
    for n in range(2):
        amodal = np.einsum("ij,ijyx->yx", joint, everything.amodal[:, :, n, t])
        np.testing.assert_allclose(posterior.amodal_probabilities[n, t], amodal, atol=3e-7)
    for number in range(3):
        shown = np.einsum("ij,ijyx->yx", joint, everything.instance[:, :, t] == number)
        np.testing.assert_allclose(posterior.instance_probabilities[t, number], shown, atol=6e-7)
    np.testing.assert_allclose(posterior.depth_order[k], odds.T @ joint @ odds, atol=1e-12)
