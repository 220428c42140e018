"""The likelihood of a pixel, from the table by which the sensor noise is drawn and rounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.render.camouflage import sensor_likelihood
from segmnist.render.noise import noise_odds
from segmnist.scene.spec import SceneSpec

BARE = 256
"""The row of the table for a bare background pixel, whose level is itself drawn from the pepper noise."""
LOG_FLOOR = -100.0
"""Stands for the logarithm of 0. A video drawn by the renderer gives such a level probability e^-100
nowhere that counts: the expected posterior mass that this misplaces is below (pairs x pixels x 256)
e^-100, under 1e-25."""


def likelihood_table(spec: SceneSpec) -> NDArray[np.float64]:
    """Return L[v, k] = P(the camera sees k | the scene draws v), `(257,256)` float64, rows that sum to one.

    Row 256 is a bare background pixel: L averaged over the pepper noise. Raises `BadArgument` if
    sensor_sigma is 0.

    >>> table = likelihood_table(SceneSpec(sensor_sigma=10.0))
    >>> table.shape, bool(np.allclose(table.sum(1), 1)), bool(table[0, 0] > 0.5)
    ((257, 256), True, True)
    """
    table = np.zeros((257, 256))
    table[:BARE] = sensor_likelihood(spec.sensor_sigma)
    table[BARE] = noise_odds(spec) @ table[:BARE]
    return table


def log_likelihood_table(spec: SceneSpec) -> NDArray[np.float64]:
    """Return log L, `(257,256)` float64, with `LOG_FLOOR` for what cannot happen."""
    table = likelihood_table(spec)
    return np.maximum(np.log(table, out=np.full_like(table, LOG_FLOOR), where=table > 0), LOG_FLOOR)
