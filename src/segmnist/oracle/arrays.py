"""Tiles of pairs where they are computed: by compiled loops on the CPU, by matrix products on a torch device."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument, MissingDependency
from segmnist.oracle.evidence import FrameEvidence
from segmnist.oracle.problem import PairProblem, Tile

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Arrays(Protocol):
    """Tiles on one device; `@ .sum() .max()` and indexing are its arrays' own."""

    tile_shape: tuple[int, int]
    """The most rows and columns of a tile."""

    def put(self, values: Any) -> Any:
        """Return a NumPy array as one of these."""

    def get(self, values: Any) -> Any:
        """Return one of these as a NumPy array."""

    def exp(self, values: Any) -> Any:
        """Return the exponential, in place where that is possible."""

    def log_weights(self, tile: Tile, floor: float) -> tuple[Any, Integers, float]:
        """Return the log-weights of a tile, which of its rows they are, and the operations that it took.

        A row may be left out only if all of its pairs are below `floor`.
        """

    def hidden(self, tile: Tile, weights: Any) -> tuple[Floats, float]:
        """Return the weight of the pairs that hide a label at a pixel, and the operations that it took.

        Shape `(K,10,P)`, one for each mapped frame.
        """


class NumpyArrays:
    """Tiles on the CPU."""

    tile_shape = (2048, 64)

    def put(self, values: Any) -> Any:  # noqa: D102
        return values

    def get(self, values: Any) -> Any:  # noqa: D102
        return values

    def exp(self, values: Any) -> Any:  # noqa: D102
        return np.exp(values, out=values)

    def log_weights(self, tile: Tile, floor: float) -> tuple[Any, Integers, float]:  # noqa: D102
        from segmnist.oracle.kernels import subtract_hidden

        problem, ink = tile.problem, tile.problem.ink
        weights = problem.unhidden[tile.rows][:, None] + problem.unhidden[tile.columns]
        work = subtract_hidden(
            weights, problem.rest[tile.columns], problem.front_rest[tile.rows], floor,
            np.isin(problem.seen, problem.swapped), *problem.spans_in(tile.rows, problem.seen), ink.pixel, ink.ratio,
            *problem.spans_in(tile.columns, problem.seen), ink.pixel, ink.ratio, *scratch(problem, tile.columns),
            np.empty(len(tile.rows), np.int64),
        )  # fmt: skip
        alive = np.flatnonzero(weights[:, 0] > -np.inf)
        if len(alive) < len(tile.rows):
            weights = weights[alive]
        return weights, alive, float(work)

    def hidden(self, tile: Tile, weights: Any) -> tuple[Floats, float]:  # noqa: D102
        problem, swapped = tile.problem, np.isin(tile.problem.mapped, tile.problem.swapped)
        result = np.zeros((len(problem.mapped), 10, problem.num_pixels))
        result[~swapped], work = _hidden(problem, weights, tile.rows, tile.columns, ~swapped)
        if swapped.any():
            width = self.tile_shape[1]
            for start in range(0, len(tile.rows), width):
                under, over = (
                    tile.rows[start : start + width],
                    np.ascontiguousarray(weights[start : start + width].T),
                )
                hidden, more = _hidden(problem, over, tile.columns, under, swapped)
                result[swapped] += hidden
                work += more
        return result, work


def _hidden(
    problem: PairProblem, weights: Floats, above: Integers, below: Integers, which: NDArray[np.bool_]
) -> tuple[Floats, float]:
    """Return what these hypotheses hide of those in some of the mapped frames; weights: `(len(above),len(below))`."""
    from segmnist.oracle.kernels import add_hidden

    frames, pixel = tuple(np.array(problem.mapped, int)[which].tolist()), problem.ink.pixel
    result = np.zeros((len(frames), 10, problem.num_pixels))
    work = add_hidden(
        weights, problem.class_odds[below], *problem.spans_in(above, frames), pixel,
        *problem.spans_in(below, frames), pixel, *scratch(problem, below), result,
    )  # fmt: skip
    return result, float(work)


def scratch(problem: PairProblem, columns: Integers) -> tuple[Integers, Integers, Floats]:
    """Return `place (P,)`, all -1, `touched (P,)` and `held (P,C)` of the compiled loops."""
    num_pixels = problem.num_pixels
    return np.full(num_pixels, -1), np.empty(num_pixels, np.int64), np.empty((num_pixels, len(columns)))


class TorchArrays:
    """Tiles on a torch device."""

    tile_shape = (2048, 2048)

    def __init__(self, device: str) -> None:
        try:
            import torch
        except ImportError:
            raise MissingDependency(f"the oracle on device {device!r}", "torch") from None
        self.torch: Any = torch
        try:
            self.device = torch.device(device)
            torch.zeros(1, dtype=torch.float64, device=self.device)
        except (RuntimeError, TypeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise BadArgument(
                "device", device, "a torch device with double precision, or None", reason
            ) from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the device alone: the torch module does not pickle."""
        return TorchArrays, (str(self.device),)

    def put(self, values: Any) -> Any:  # noqa: D102
        return self.torch.as_tensor(np.ascontiguousarray(values), device=self.device)

    def get(self, values: Any) -> Any:  # noqa: D102
        return values.cpu().numpy()

    def exp(self, values: Any) -> Any:  # noqa: D102
        return values.exp_()

    def log_weights(self, tile: Tile, floor: float) -> tuple[Any, Integers, float]:  # noqa: D102
        problem, flop = tile.problem, 0.0
        unhidden = self.put(problem.unhidden)
        weights = unhidden[self.put(tile.rows)][:, None] + unhidden[self.put(tile.columns)]
        for t in problem.seen:
            frame, (front, behind) = problem.evidence[t], tile.pictures(t)
            pixels = _shared(frame, front, behind)
            if len(pixels):
                over, under = (frame.ratio, None) if t in problem.swapped else (None, frame.ratio)
                held = self._dense(frame, behind, pixels, under, np.float64)
                weights -= self._dense(frame, front, pixels, over, np.float64) @ held.T
                flop += 2.0 * tile.num_pairs * len(pixels)
        return weights, np.arange(len(tile.rows)), flop

    def hidden(self, tile: Tile, weights: Any) -> tuple[Floats, float]:  # noqa: D102
        problem, flop = tile.problem, 0.0
        result = np.zeros((len(problem.mapped), 10, problem.num_pixels))
        for place, t in enumerate(problem.mapped):
            frame, (front, behind) = problem.evidence[t], tile.pictures(t)
            pixels = _shared(frame, front, behind)
            if len(pixels):
                below, above, pairs = tile.columns, front, weights.float().T
                if t in problem.swapped:
                    below, above, behind, pairs = tile.rows, behind, front, pairs.T
                over = pairs @ self._dense(frame, above, pixels, None, np.float32)
                over *= self._dense(frame, behind, pixels, None, np.float32)
                odds = self.put(problem.class_odds[below].T.astype(np.float32))
                result[place][:, pixels] = self.get(odds @ over)
                flop += 2.0 * tile.num_pairs * len(pixels)
        return result, flop

    def _dense(self, frame: FrameEvidence, rows: Integers, pixels: Integers, values: Any, dtype: Any) -> Any:
        """Return `(len(rows), len(pixels))` with the values at ink, or 1 where there are none, and zero elsewhere."""
        owner, column, numbers = frame.ink_in(rows, pixels, values)
        dense = self.torch.zeros(
            (len(rows), len(pixels)), dtype=getattr(self.torch, np.dtype(dtype).name), device=self.device
        )
        dense[self.put(owner), self.put(column)] = self.put(np.asarray(numbers, dtype))
        return dense


def _shared(frame: FrameEvidence, front: Integers, behind: Integers) -> Integers:
    """Return the pixels where a picture of both sets may lie: no other takes part in the product."""
    return np.flatnonzero(frame.covered(front) & frame.covered(behind))


def arrays_on(device: str | None) -> Arrays:
    """Return the CPU's tiles for None, else torch's on that device."""
    return NumpyArrays() if device is None else TorchArrays(device)
