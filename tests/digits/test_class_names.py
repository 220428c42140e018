"""Classes of a bank: where their names come from, and what is no class."""

from __future__ import annotations

import pickle
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmnist import BadArgument, CorruptData, DigitBank
from segmnist.classes import DIGITS, MOST_CLASSES, Classes
from segmnist.digits.files import MNIST_FILES

WriteIdx = Callable[..., Path]
FASHION = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


def images_of(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 6, 5)).astype(np.uint8)


def emnist_folder(folder: Path, prefix: str, labels: np.ndarray, write_idx: WriteIdx) -> Path:
    """Write the first half of the digits as training digits, the rest as test digits, under EMNIST's names."""
    folder.mkdir(exist_ok=True)
    half = len(labels) // 2
    parts = images_of(half), labels[:half], images_of(len(labels) - half), labels[half:]
    for name, part in zip(MNIST_FILES, parts, strict=True):
        spelt = f"{prefix}{name.replace('t10k', 'test')}" if prefix else name
        write_idx(folder / spelt, part.astype(np.uint8))
    return folder


names = st.lists(st.text(string.ascii_letters, min_size=1, max_size=9), min_size=1, max_size=250, unique=True)


@given(names.filter(lambda found: "background" not in found))
def test_the_background_follows_the_names(found: list[str]) -> None:
    classes = Classes(tuple(found))
    assert classes.background == len(found) == classes.num_classes - 1
    assert classes.all_names[classes.background] == "background"


@pytest.mark.parametrize(
    "wrong",
    [
        [], ["a", "a"], [""], [" a"], ["a\n"], ["\x1b[31m"], ["x" * 65], ["background"], [3], ["a", None],
        [str(number) for number in range(MOST_CLASSES + 1)],
    ],
)  # fmt: skip
def test_what_is_no_name(wrong: list[str]) -> None:
    with pytest.raises(BadArgument, match="class_names="):
        DigitBank.from_arrays(images_of(6), np.zeros(6, int), class_names=wrong)


def test_labels_up_to_nine_are_ten_digits_and_larger_ones_their_numbers() -> None:
    assert DigitBank.from_arrays(images_of(6), np.arange(6)).classes == DIGITS
    many = DigitBank.from_arrays(images_of(24), np.arange(24) % 12)
    assert many.classes.names == tuple(map(str, range(12)))
    assert "12 classes" in repr(many)
    assert "classes" not in repr(DigitBank.from_arrays(images_of(6), np.arange(6)))


@pytest.mark.parametrize("count", [1, 3, 26, 250])
def test_labels_may_count_from_one_where_names_say_so(count: int) -> None:
    labels, called = np.arange(6 * count) % count, [f"c{number}" for number in range(count)]
    from_one = DigitBank.from_arrays(images_of(6 * count), labels + 1, class_names=called)
    assert from_one == DigitBank.from_arrays(images_of(6 * count), labels, class_names=called)
    assert from_one.labels.max() == count - 1
    with pytest.raises(BadArgument, match=rf"labels=\(0, {count}\) .* there are {count} class names"):
        DigitBank.from_arrays(images_of(6 * count + 1), np.append(labels, count), class_names=called)


def test_250_numbers_from_one_need_names() -> None:
    with pytest.raises(BadArgument, match=r"labels=250 .* give class_names if they begin at 1"):
        DigitBank.from_arrays(images_of(250), np.arange(1, 251))


def test_names_are_part_of_the_bank() -> None:
    digits = images_of(30), np.arange(30) % 10
    plain, fashion = (DigitBank.from_arrays(*digits, class_names=found) for found in (None, FASHION))
    assert plain == DigitBank.from_arrays(*digits, class_names=DIGITS.names)
    assert plain != fashion
    assert fashion != DigitBank.from_arrays(*digits, class_names=FASHION[::-1])
    assert pickle.loads(pickle.dumps(fashion)).classes.names == FASHION
    assert set(fashion.labels[fashion.glyphs("train")]) == set(range(10))


def test_an_npz_may_name_its_classes(tmp_path: Path) -> None:
    path = tmp_path / "fashion.npz"
    np.savez(path, images=images_of(30), labels=np.arange(30) % 10, class_names=FASHION)
    bank = DigitBank.from_path(path)
    assert bank.classes.names == FASHION
    assert pickle.loads(pickle.dumps(bank)) == bank
    other = DigitBank.from_path(path, class_names=string.ascii_lowercase)
    assert other.classes.names == tuple(string.ascii_lowercase)
    assert pickle.loads(pickle.dumps(other)) == other
    assert eval(other.expression) == other
    for wrong in (np.arange(10), np.array([FASHION]), np.array([b"a"])):
        np.savez(path, images=images_of(30), labels=np.arange(30) % 10, class_names=wrong)
        with pytest.raises(CorruptData, match="class_names is"):
            DigitBank.from_path(path)


def test_a_folder_may_name_its_classes(tmp_path: Path, write_idx: WriteIdx) -> None:
    folder = emnist_folder(tmp_path, "", np.arange(60) % 10, write_idx)
    assert DigitBank.from_path(folder).classes == DIGITS
    (folder / "class_names.txt").write_text("\n".join(FASHION) + "\n\n", encoding="utf-16")
    assert DigitBank.from_path(folder).classes.names == FASHION
    (folder / "class_names.txt").write_bytes(b"\xff\xff")
    with pytest.raises(CorruptData, match="class_names"):
        DigitBank.from_path(folder)


@pytest.mark.parametrize(
    ("kind", "first", "count", "some"),
    [
        ("letters", 1, 26, {0: "a", 25: "z"}),
        ("balanced", 0, 47, {10: "A", 35: "Z", 36: "a", 37: "b", 38: "d", 46: "t"}),
        ("bymerge", 0, 47, {46: "t"}),
        ("byclass", 0, 62, {9: "9", 61: "z"}),
    ],
)
def test_emnist_has_names(
    tmp_path: Path, write_idx: WriteIdx, kind: str, first: int, count: int, some: dict[int, str]
) -> None:
    """Names as EMNIST's own mapping files give them, by the codes of characters; letters are 1..26 there."""
    labels = np.arange(26 * count) % count + first
    bank = DigitBank.from_path(emnist_folder(tmp_path, f"emnist-{kind}-", labels, write_idx))
    assert bank.classes.background == count
    assert {number: bank.classes.names[number] for number in some} == some
    assert set(bank.labels.tolist()) == set(range(count))
