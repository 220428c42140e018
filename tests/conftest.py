"""What every test stands on: a cache of its own, time limits, and no Hypothesis deadline, as a first call may compile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import platformdirs
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("segmnist", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("segmnist")

SLOW_TIMEOUT = 3 * 3600
"""Seconds that a test marked slow may take, where it names no limit of its own; pyproject.toml has that of all others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the slow tests their own time limit."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))


# Compiled kernels are kept for all runs: their key is the content of their sources, so an edit is never tested with old ones.
os.environ.setdefault("NUMBA_CACHE_DIR", platformdirs.user_cache_dir("segmnist"))


# Before torch is imported. Tensors are small here, and threads of two test processes would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for all tests, so that none reads or fills that of whoever runs them."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGMNIST_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module", autouse=True)
def one_copy_of_each_module() -> Iterator[None]:
    """Fail a file whose tests leave a second copy of a module: tests after it would patch one and call the other."""
    yield
    for name, module in list(sys.modules.items()):
        parent, _, child = name.rpartition(".")
        if parent.partition(".")[0] == "segmnist":
            found = vars(sys.modules[parent]).get(child, module)
            assert found is module or not isinstance(found, ModuleType), f"there are two modules {name}"
