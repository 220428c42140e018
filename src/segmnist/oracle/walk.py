"""The random walk of a digit as a Markov chain over positions of the lattice and velocities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.family import headings, walls
from segmnist.scene.fixed_point import FULL_TURN, sine_table, to_q16
from segmnist.scene.spec import SceneSpec

Floats = NDArray[np.float64]


def transition_matrix(spec: SceneSpec, bank: DigitBank) -> Floats:
    """Return P(state a frame later | state), `(S,S)`.

    States are (y, x, speed, direction), the last varying fastest. A frame draws the velocity anew with `turn_odds`, then
    moves and reflects. Raises `BadArgument` if position_step does not divide the room between the walls, since a wall
    would then throw the digit off the lattice.
    """
    step = to_q16(spec.position_step)
    room = {axis: span for axis, (_, span) in walls(spec, bank, to_q16(spec.scale_range[0])).items()}
    for axis, span in room.items():
        if span % step:
            fix = f"the room between the walls is {span / 65_536:g} px in {axis}"
            raise BadArgument("position_step", spec.position_step, "a divisor of the room for 'markov'", fix)
    (speeds, speed_odds), (directions, direction_odds) = headings(spec, bank).values()
    velocity_odds = np.outer(speed_odds, direction_odds).reshape(-1)
    num_y, num_x, num_velocities = room["y"] // step + 1, room["x"] // step + 1, len(velocity_odds)
    turn = round(spec.turn_odds * 2**32) / 2.0**32
    redraw = (1 - turn) * np.eye(num_velocities) + turn * velocity_odds
    moved = _moves(num_y, num_x, speeds // step, directions)
    # matrix[(cell, v), moved(cell, v')] += redraw[v, v']
    matrix = np.zeros((num_y * num_x, num_velocities, num_y * num_x * num_velocities))
    cells = np.arange(num_y * num_x)
    for before in range(num_velocities):
        for drawn in range(num_velocities):
            matrix[cells, before, moved[:, drawn]] += redraw[before, drawn]
    size = num_y * num_x * num_velocities
    return matrix.reshape(size, size)


def _moves(
    num_y: int, num_x: int, speeds: NDArray[np.int64], directions: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the state after a move from each cell with each velocity, `(cells, velocities)`."""
    y, x = (index.reshape(-1) for index in np.indices((num_y, num_x)))
    sine, count = sine_table() >> 30, len(directions)
    result = np.zeros((len(y), len(speeds) * count), np.int64)
    for s, speed in enumerate(speeds):
        for d, direction in enumerate(directions):
            toward_y, toward_x = -sine[direction], sine[direction + FULL_TURN // 4]
            next_y, back_y = _reflected(y + speed * toward_y, num_y - 1)
            next_x, back_x = _reflected(x + speed * toward_x, num_x - 1)
            turned_back = (back_y & (toward_y != 0)) | (back_x & (toward_x != 0))
            heading = np.where(turned_back, (d + count // 2) % count, d)
            result[:, s * count + d] = ((next_y * num_x + next_x) * len(speeds) + s) * count + heading
    return result


def _reflected(place: NDArray[np.int64], span: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the places in 0..span, and whether the velocity was turned around."""
    if span == 0:
        return np.zeros_like(place), np.zeros(len(place), bool)
    folded = place % (2 * span)
    return np.where(folded <= span, folded, 2 * span - folded), folded > span
