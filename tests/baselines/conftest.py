"""What all tests of baselines share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """Tiny tensors: threads that wait for one another take longer than one alone."""
    torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
