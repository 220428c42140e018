from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from tests.strategies import SPLITS, clip_ids, seeds, splits

from segmnist import BadArgument
from segmnist.scene import randomness
from segmnist.scene.kernels import philox_block
from segmnist.scene.randomness import check_address, check_clip_ids, key_of, philox, words

FULL = 0xFFFFFFFF

# Random123 1.14, tests/kat_vectors, the lines "philox4x32 10": counter, key, result.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((FULL, FULL, FULL, FULL), (FULL, FULL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
compiled_block = njit(philox_block.py_func)
WORD = st.integers(0, FULL)
ADDRESSES = st.tuples(splits, clip_ids, st.integers(0, 7), st.integers(0, 65_535))


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    assert tuple(philox(counter, key)) == expected
    assert compiled_block(*counter, *key) == expected


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_the_kernel_draws_the_same_words_as_numpy(counter: tuple[int, ...], key: tuple[int, int]) -> None:
    assert compiled_block(*counter, *key) == tuple(philox(counter, key))


def test_philox_takes_counters_of_any_leading_shape() -> None:
    counters = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    together = philox(counters, (7, 9))
    assert together.shape == (2, 3, 4)
    assert all(
        np.array_equal(together[i, j], philox(counters[i, j], (7, 9))) for i in range(2) for j in range(3)
    )


@given(seeds, splits, clip_ids, st.integers(0, 7), st.integers(0, 65_535), st.integers(0, 30))
def test_words_are_the_same_whatever_part_is_asked_for(
    seed: int, split: str, clip_id: int, purpose: int, frame: int, block: int
) -> None:
    whole = words(seed, split, clip_id, purpose, frame, 4 * block + 6)
    assert len(whole) == 4 * block + 6
    assert np.array_equal(
        words(seed, split, clip_id, purpose, frame, 6, first_index=block), whole[4 * block :]
    )


@given(ADDRESSES, ADDRESSES, seeds)
def test_no_two_addresses_share_a_counter(one: tuple[Any, ...], other: tuple[Any, ...], seed: int) -> None:
    """Philox is a bijection under one key, so different counters never give the same block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(randomness, "philox", lambda counter, key: np.array([*counter[0], *key], np.uint64))
        blocks = [words(seed, *address, num_words=6).tolist() for address in (one, other)]  # type: ignore[misc]
        (*counter_1, low, high), (*counter_2, _, _) = blocks
    assert (counter_1 == counter_2) == (one == other)
    assert max(counter_1) <= FULL
    assert low | high << 32 == seed


@given(clip_ids, st.integers(0, 7), seeds)
def test_no_split_shares_a_block_with_another(clip_id: int, purpose: int, seed: int) -> None:
    blocks = [words(seed, split, clip_id, purpose, 0, 4).tobytes() for split in SPLITS]
    assert len(set(blocks)) == 3


def test_a_seed_uses_all_its_64_bits() -> None:
    assert key_of(0x0123456789ABCDEF) == (0x89ABCDEF, 0x01234567)
    drawn = {words(1 << bit, "train", 0, 0, 0, 4).tobytes() for bit in range(64)}
    assert len(drawn) == 64


@pytest.mark.parametrize("seed", [-1, 1 << 64, 0.0, True, "7", None])
def test_a_bad_seed_is_named(seed: object) -> None:
    with pytest.raises(BadArgument, match=r"seed=.*0\.\.2\^64-1"):
        check_address(seed, "train")


def test_numpy_seeds_are_seeds() -> None:
    check_address(np.uint64((1 << 64) - 1), "val")


def test_a_bad_split_is_named_with_those_there_are() -> None:
    with pytest.raises(BadArgument, match=r"split='dev' .* train, val, test"):
        check_address(0, "dev")


@pytest.mark.parametrize("ids", [-1, [3, -1], [1 << 63], 1.5, [0.0], [[1, 2]], "3", [True, False], [None]])
def test_bad_clip_ids_are_named(ids: object) -> None:
    with pytest.raises(BadArgument, match="clip_ids"):
        check_clip_ids(ids)


@pytest.mark.parametrize("ids", [5, [5], (5,), range(5, 6), np.array([5], np.int8), np.uint64(5)])
def test_clip_ids_may_be_any_whole_numbers(ids: object) -> None:
    checked = check_clip_ids(ids)
    assert checked.dtype == np.uint64
    assert checked.tolist() == [5]


def test_no_clip_ids_are_no_clips() -> None:
    assert check_clip_ids([]).shape == (0,)
    assert check_clip_ids([(1 << 63) - 1]).tolist() == [(1 << 63) - 1]


def test_no_purpose_is_used_twice() -> None:
    purposes = [value for name, value in vars(randomness).items() if name.startswith("PURPOSE_")]
    assert sorted(purposes) == list(range(len(purposes)))
