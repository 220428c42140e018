"""A shard's files are written while the next ones are made, and nothing of that shows in what is there afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dataset.conftest import files_of

from segmnist.dataset import generate
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.plan import Plan
from segmnist.digits.bank import DigitBank
from segmnist.formats import zarr

SOON = 60


def test_a_file_is_written_while_the_next_is_made(
    tiny: Any, bank: DigitBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, next_made = threading.Event(), threading.Event()
    make, put = Plan.files, LocalStore.put_new

    def made(plan: Plan, shard: int) -> Iterator[tuple[str, bytes]]:
        for number, file in enumerate(make(plan, shard)):
            if number == 1:
                assert begun.wait(SOON), "the first file waits for the second to be made"
                next_made.set()
            yield file

    def written(store: LocalStore, path: str, data: bytes) -> None:
        if path.startswith("clip_id/"):
            begun.set()
            assert next_made.wait(SOON), "the second file waits for the first to be written"
        put(store, path, data)

    monkeypatch.setattr(Plan, "files", made)
    monkeypatch.setattr(LocalStore, "put_new", written)
    generate(tiny, tmp_path / "out", bank=bank, num_workers=1)
    assert next_made.is_set()


@pytest.mark.parametrize("failing", [1, 5, 12])
def test_a_file_that_cannot_be_made_leaves_a_shard_without_a_receipt(
    tiny: Any, bank: DigitBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    generate(tiny, tmp_path / "whole", bank=bank, num_workers=1)
    encode, calls = zarr._encode, iter(range(1, 1 << 30))

    def failing_once(*given: Any) -> bytes:
        if next(calls) == failing + 6:  # after those of the estimate
            raise MemoryError
        return encode(*given)

    monkeypatch.setattr(zarr, "_encode", failing_once)
    with pytest.raises(MemoryError):
        generate(tiny, tmp_path / "out", bank=bank, num_workers=1)
    monkeypatch.undo()
    assert not [path for path in files_of(tmp_path / "out") if "manifest" in path]
    generate(tiny, tmp_path / "out", bank=bank, num_workers=1)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
