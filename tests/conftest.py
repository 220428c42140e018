"""What every test stands on: a cache of its own, and no Hypothesis deadline, as a first call may compile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("segmnist", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("segmnist")


def kernels_sha256() -> str:
    """Return the checksum of all that is compiled."""
    source = Path(__file__).parent.parent / "src"
    files = [p for p in source.rglob("*.py") if p.stem == "kernels" or p.parent.name == "numba_kernels"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


# Numba keeps a compiled function until its own file changes, whatever else was compiled into it: an edit would be tested with
# the kernels of before.
KERNELS = Path(platformdirs.user_cache_dir("segmnist-tests")) / kernels_sha256()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(KERNELS))


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for all tests, so that none reads or fills that of whoever runs them."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGMNIST_CACHE_DIR", str(folder))
        yield folder
