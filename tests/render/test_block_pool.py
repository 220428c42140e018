"""Blocks of memory come again once nobody holds them, and never before."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segmnist import ClipSource, preset
from segmnist.render.memory import BlockPool

SIZE = 1 << 20


def address(block: np.ndarray) -> int:
    return int(block.__array_interface__["data"][0])


def test_a_block_that_nobody_holds_is_given_out_again() -> None:
    pool = BlockPool()
    block = pool.take(SIZE)
    place = address(block)
    del block
    assert address(pool.take(SIZE - 100)) == place


@pytest.mark.parametrize("hold", [lambda b: b, lambda b: b[5:9], lambda b: b.view("i4")[::2], memoryview])
def test_a_block_that_is_held_in_any_way_is_not(hold) -> None:  # type: ignore[no-untyped-def]
    pool = BlockPool()
    block = pool.take(SIZE)
    place, held = address(block), hold(block)
    del block
    assert address(pool.take(SIZE)) != place
    del held
    assert any(address(b) == place for b in [pool.take(SIZE), pool.take(SIZE)])


def test_a_tensor_holds_its_block() -> None:
    torch = pytest.importorskip("torch")
    pool = BlockPool()
    tensor = torch.from_numpy(pool.take(SIZE))[3:7]
    place = tensor.data_ptr() - 3
    assert address(pool.take(SIZE)) != place


def test_what_is_kept_is_bounded() -> None:
    pool = BlockPool(max_blocks=3, max_bytes=5 * SIZE)
    held = [pool.take(SIZE) for _ in range(10)]
    assert len(pool._blocks) == 3
    del held
    pool.take(4 * SIZE)
    assert sum(block.nbytes for block in pool._blocks) <= 5 * SIZE
    place = address(huge := pool.take(6 * SIZE))
    del huge
    assert all(address(block) != place for block in pool._blocks)


def test_batches_that_are_kept_stay_as_they_are_while_threads_draw_more() -> None:
    source = ClipSource(
        preset("standard").replace(height=48, width=80, num_frames=5), truth=("semantic", "flow")
    )
    fresh = {i: {name: a.copy() for name, a in source.batch([i, i + 1]).arrays.items()} for i in range(12)}

    def draw(i: int) -> bool:
        kept = [source.batch([i, i + 1])]
        for other in range(12):
            source.batch([other])
            kept.append(source.batch([i, i + 1]))
        return all(np.array_equal(clips[name], fresh[i][name]) for clips in kept for name in fresh[i])

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(draw, range(12)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_another_thread_holds_the_lock_can_draw() -> None:
    pool = BlockPool()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with pool._lock:
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if len(pool.take(SIZE)) == SIZE else 1)
    leave.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
