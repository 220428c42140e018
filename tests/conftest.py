"""What every test stands on: a cache of its own, and no Hypothesis deadline, as a first call may compile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("segmnist", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("segmnist")


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for all tests, so that none reads or fills that of whoever runs them."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGMNIST_CACHE_DIR", str(folder))
        yield folder
