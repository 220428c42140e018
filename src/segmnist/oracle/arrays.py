"""The few array operations of the pair sums that NumPy and torch spell differently."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from segmnist.errors import BadArgument, MissingDependency


class Arrays(Protocol):
    """Double precision arrays on one device; `+ - * @ .T .sum() .max()` and indexing are the arrays' own."""

    def put(self, values: Any) -> Any:
        """Return a NumPy array as one of these."""

    def get(self, values: Any) -> Any:
        """Return one of these as a NumPy array."""

    def exp(self, values: Any) -> Any:
        """Return the exponential, in place where that is possible."""

    def single(self, values: Any) -> Any:
        """Return the array in single precision."""

    def scatter(self, shape: tuple[int, int], rows: Any, columns: Any, numbers: Any, single: bool) -> Any:
        """Return zeros of this shape with NumPy `numbers` at (rows, columns)."""


class NumpyArrays:
    """Arrays on the CPU; matrix products go to NumPy's BLAS."""

    def put(self, values: Any) -> Any:  # noqa: D102
        return values

    def get(self, values: Any) -> Any:  # noqa: D102
        return values

    def exp(self, values: Any) -> Any:  # noqa: D102
        return np.exp(values, out=values)

    def single(self, values: Any) -> Any:  # noqa: D102
        return values.astype(np.float32)

    def scatter(self, shape: tuple[int, int], rows: Any, columns: Any, numbers: Any, single: bool) -> Any:  # noqa: D102
        dense = np.zeros(shape, np.float32 if single else np.float64)
        dense[rows, columns] = numbers
        return dense


class TorchArrays:
    """Arrays on a torch device."""

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

    def put(self, values: Any) -> Any:  # noqa: D102
        return self.torch.as_tensor(np.ascontiguousarray(values), device=self.device)

    def get(self, values: Any) -> Any:  # noqa: D102
        return values.cpu().numpy()

    def exp(self, values: Any) -> Any:  # noqa: D102
        return values.exp_()

    def single(self, values: Any) -> Any:  # noqa: D102
        return values.float()

    def scatter(self, shape: tuple[int, int], rows: Any, columns: Any, numbers: Any, single: bool) -> Any:  # noqa: D102
        torch = self.torch
        dense = torch.zeros(shape, dtype=torch.float32 if single else torch.float64, device=self.device)
        dense[self.put(rows), self.put(columns)] = self.put(np.asarray(numbers)).to(dense.dtype)
        return dense


def arrays_on(device: str | None) -> Arrays:
    """Return NumPy's arrays for None, else torch's on that device."""
    return NumpyArrays() if device is None else TorchArrays(device)
