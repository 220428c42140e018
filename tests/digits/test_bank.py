"""A DigitBank is what it was made from, wherever it was opened and whichever process it was sent to."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmnist.digits import DigitBank, bank, checks, deal, files
from segmnist.errors import BadArgument, CorruptData

Digits = tuple[np.ndarray, np.ndarray]
WriteIdx = Callable[[Path, np.ndarray], Path]
SPLITS = {"train": (0, 20), "val": (20, 24), "test": (24, 28)}


@pytest.fixture
def mnist_folder(tmp_path: Path, digits: Digits, write_idx: WriteIdx) -> Path:
    """The digits as a folder of 24 for training and 4 for test, two of the files gzipped and two not."""
    folder = tmp_path / "folder"
    folder.mkdir()
    parts = digits[0][:24], digits[1][:24], digits[0][24:], digits[1][24:]
    for number, (name, part) in enumerate(zip(files.MNIST_FILES, parts)):
        write_idx(folder / (f"{name}.gz" if number % 2 else name), part)
    return folder


def _assert_holds(found: DigitBank, digits: Digits, splits: dict[str, tuple[int, int]]) -> None:
    np.testing.assert_array_equal(found.images, digits[0])
    np.testing.assert_array_equal(found.labels, digits[1])
    assert dict(found.splits) == splits
    assert found == DigitBank.from_arrays(*digits, splits=splits)
    for array in (found.images, found.labels):
        assert array.dtype == np.uint8
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def _assert_dealt(
    found: DigitBank, digits: Digits, splits: dict[str, tuple[int, int]], num: int = 28
) -> None:
    """The first `num` digits are dealt, the others are where they were."""
    images, labels = deal.dealt(digits[0][:num], digits[1][:num])
    expected = np.concatenate([images, digits[0][num:]]), np.concatenate([labels, digits[1][num:]])
    _assert_holds(found, expected, splits)


# --- MNIST ---


def test_mnist_pin_is_the_sum_of_its_contents(mnist: DigitBank) -> None:
    assert mnist.sha256 == checks.MNIST_SHA256
    assert mnist.sha256 == checks.bank_sha256(mnist.images, mnist.labels, mnist.splits)
    assert (mnist.images.shape, mnist.labels.shape) == ((70_000, 28, 28), (70_000,))
    assert dict(mnist.splits) == {"train": (0, 55_000), "val": (55_000, 60_000), "test": (60_000, 70_000)}
    assert mnist.images.flags.c_contiguous
    assert not mnist.images.flags.writeable


def test_mnist_splits_share_no_glyph_and_leave_none_out(mnist: DigitBank) -> None:
    together = np.concatenate([mnist.glyphs(split) for split in mnist.splits])
    assert together.dtype == np.int32
    np.testing.assert_array_equal(np.sort(together), np.arange(70_000))
    assert mnist.glyphs("val").min() == 55_000


def test_mnist_is_opened_once_even_by_many_threads(monkeypatch: pytest.MonkeyPatch, mnist: DigitBank) -> None:
    num_opened: list[int] = []

    def opened() -> Any:
        num_opened.append(1)
        return mnist.images, mnist.labels

    monkeypatch.setattr(bank, "_mnist", None)
    monkeypatch.setattr(bank, "mnist", opened)
    banks: list[DigitBank] = []
    threads = [threading.Thread(target=lambda: banks.append(DigitBank.mnist())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(num_opened) == 1
    assert {id(opened) for opened in banks} == {id(bank._mnist)}


def test_mnist_pickles_by_name(mnist: DigitBank) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps(mnist, protocol)
        assert len(content) < 200
        assert pickle.loads(content) is mnist
    assert copy.deepcopy(mnist) is mnist


# --- what it is made from ---


def test_from_arrays_copies(digits: Digits) -> None:
    images, labels = digits[0].copy(), digits[1].copy()
    made = DigitBank.from_arrays(images, labels)
    images[:], labels[:] = 0, 0
    _assert_dealt(made, digits, {"train": (0, 22), "val": (22, 24), "test": (24, 28)})
    view = digits[0].copy()
    frozen = view.view()
    frozen.setflags(write=False)
    made = DigitBank.from_arrays(frozen, digits[1])
    view[:] = 0
    _assert_dealt(made, digits, dict(made.splits))


@pytest.mark.parametrize("labels_type", [np.int64, np.uint16, ">i4", list])
def test_from_arrays_takes_any_layout_and_whole_labels(digits: Digits, labels_type: object) -> None:
    labels = digits[1].tolist() if labels_type is list else digits[1].astype(labels_type)
    _assert_holds(DigitBank.from_arrays(np.asfortranarray(digits[0]), labels, SPLITS), digits, SPLITS)
    _assert_holds(DigitBank(np.asfortranarray(digits[0]), np.asarray(labels), SPLITS, "x"), digits, SPLITS)


@given(st.integers(3, 10**7))
def test_default_splits_cover_all_in_order_and_none_is_empty(num_digits: int) -> None:
    splits = deal.default_splits(num_digits)
    assert list(splits) == ["train", "val", "test"]
    edges = [edge for pair in splits.values() for edge in pair]
    assert (edges[0], edges[-1]) == (0, num_digits)
    assert edges[1:5:2] == edges[2:5:2]
    assert all(first < end for first, end in splits.values())


def test_sha256_is_of_the_documented_bytes_and_of_every_part(digits: Digits) -> None:
    made = DigitBank.from_arrays(*digits, splits=SPLITS, name="a")
    head = b"segmnist-digits-1 28 6 5 train 0 20 val 20 24 test 24 28\n"
    assert made.sha256 == hashlib.sha256(head + digits[0].tobytes() + digits[1].tobytes()).hexdigest()
    others = [
        DigitBank.from_arrays(digits[0] ^ 1, digits[1], SPLITS),
        DigitBank.from_arrays(digits[0], digits[1][::-1], SPLITS),
        DigitBank.from_arrays(digits[0].reshape(28, 5, 6), digits[1], SPLITS),
        dataclasses.replace(made, splits=SPLITS | {"val": (20, 23)}),
    ]
    assert len({made.sha256, *(other.sha256 for other in others)}) == 5
    assert made != others[0]
    assert made != "a"
    assert made == DigitBank.from_arrays(*digits, splits=dict(reversed(SPLITS.items())), name="b")
    assert len({made, DigitBank.from_arrays(*digits, splits=SPLITS)}) == 1


def test_bank_is_frozen(digits: Digits) -> None:
    made = DigitBank.from_arrays(*digits)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        made.splits["train"] = (0, 1)
    with pytest.raises(ValueError, match="read-only"):
        made.images[0] = 0


def test_from_npz(tmp_path: Path, digits: Digits) -> None:
    default = {"train": (0, 22), "val": (22, 24), "test": (24, 28)}
    np.savez(tmp_path / "plain.npz", images=digits[0], labels=digits[1])
    _assert_dealt(DigitBank.from_npz(tmp_path / "plain.npz"), digits, default)
    _assert_holds(DigitBank.from_npz(str(tmp_path / "plain.npz"), SPLITS), digits, SPLITS)
    assert DigitBank.from_npz(tmp_path / "plain.npz").name == "plain"
    np.savez(tmp_path / "split.npz", images=digits[0], labels=digits[1], splits=list(SPLITS.values()))
    _assert_holds(DigitBank.from_path(tmp_path / "split.npz"), digits, SPLITS)
    _assert_holds(DigitBank.from_path(tmp_path / "split.npz", default), digits, default)


def test_from_npz_in_the_layout_of_keras(tmp_path: Path, digits: Digits) -> None:
    images, labels = digits
    np.savez(
        tmp_path / "k.npz", x_train=images[:24], y_train=labels[:24], x_test=images[24:], y_test=labels[24:]
    )
    splits = {"train": (0, 22), "val": (22, 24), "test": (24, 28)}
    _assert_dealt(DigitBank.from_path(tmp_path / "k.npz"), digits, splits, 24)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_from_idx(tmp_path: Path, digits: Digits, write_idx: WriteIdx, suffix: str) -> None:
    paths = write_idx(tmp_path / f"i{suffix}", digits[0]), write_idx(tmp_path / f"l{suffix}", digits[1])
    made = DigitBank.from_idx(*paths)
    _assert_dealt(made, digits, {"train": (0, 22), "val": (22, 24), "test": (24, 28)})
    assert made.name == "i"
    _assert_holds(DigitBank.from_idx(*paths, splits=SPLITS, name="n"), digits, SPLITS)


def test_from_path_opens_a_folder(mnist_folder: Path, digits: Digits) -> None:
    made = DigitBank.from_path(mnist_folder)
    _assert_dealt(made, digits, {"train": (0, 22), "val": (22, 24), "test": (24, 28)}, 24)
    assert made.name == "folder"


def test_names_of_kaggle_and_emnist(
    tmp_path: Path, mnist_folder: Path, digits: Digits, write_idx: WriteIdx
) -> None:
    plain = DigitBank.from_path(mnist_folder)
    parts = digits[0][:24], digits[1][:24], digits[0][24:], digits[1][24:]
    kaggle, emnist = tmp_path / "kaggle", tmp_path / "emnist"
    emnist.mkdir()
    for number, (name, part) in enumerate(zip(files.MNIST_FILES, parts)):
        dotted = name.replace("-idx", ".idx")
        (kaggle / dotted).mkdir(parents=True)
        write_idx(kaggle / dotted / dotted if number % 2 else kaggle / f"{name}.gz", part)
        on_its_side = part.swapaxes(1, 2) if part.ndim == 3 else part
        write_idx(
            emnist / f"emnist-digits-{name.replace('t10k', 'test')}.gz", np.ascontiguousarray(on_its_side)
        )
        write_idx(emnist / f"emnist-letters-{name.replace('t10k', 'test')}", part)
    assert DigitBank.from_path(kaggle) == plain
    assert DigitBank.from_path(emnist) == plain


def test_mnist_from_a_folder_is_mnist(tmp_path: Path, mnist: DigitBank, write_idx: WriteIdx) -> None:
    parts = mnist.images[:60_000], mnist.labels[:60_000], mnist.images[60_000:], mnist.labels[60_000:]
    for name, part in zip(files.MNIST_FILES, parts):
        write_idx(tmp_path / name, part)
    assert DigitBank.from_path(tmp_path) == mnist


@given(st.permutations(range(28)))
def test_the_order_in_which_digits_come_does_not_matter(order: list[int]) -> None:
    images = (np.arange(28 * 6 * 5) * 7 % 251).astype(np.uint8).reshape(28, 6, 5)
    labels = (np.arange(28) % 10).astype(np.uint8)
    assert DigitBank.from_arrays(images[order], labels[order]) == DigitBank.from_arrays(images, labels)


@given(st.lists(st.integers(14, 60), min_size=2, max_size=10))
def test_digits_that_come_by_class_are_dealt_to_all_splits(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.random.default_rng(len(labels)).integers(0, 256, (len(labels), 4, 5), dtype=np.uint8)
    made = DigitBank.from_arrays(images, labels)
    for name, (first, end) in made.splits.items():
        share = {"train": 11 / 14, "val": 1 / 14, "test": 2 / 14}[name]
        dealt = np.bincount(made.labels[first:end], minlength=len(counts))
        assert (np.abs(dealt - share * np.array(counts)) <= 2).all()
        assert name == "val" or dealt.min() > 0


def test_python_that_opens_a_bank_again(mnist_folder: Path, digits: Digits) -> None:
    made = DigitBank.from_path(mnist_folder)
    assert eval(made.expression, {"DigitBank": DigitBank}) == made
    assert DigitBank.from_arrays(*digits, name="mine").expression.startswith("...  # the digits 'mine'")


# --- sending it to another process ---


def test_bank_of_arrays_pickles_by_value(digits: Digits) -> None:
    made = DigitBank.from_arrays(*digits, splits=SPLITS, name="mine")
    again = pickle.loads(pickle.dumps(made))
    _assert_holds(again, digits, SPLITS)
    assert again.name == "mine"


def test_bank_of_a_file_pickles_by_path(
    tmp_path: Path, mnist_folder: Path, digits: Digits, write_idx: WriteIdx, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "a.npz", images=digits[0], labels=digits[1])
    pair = write_idx(tmp_path / "i", digits[0]), write_idx(tmp_path / "l", digits[1])
    monkeypatch.chdir(tmp_path)
    banks = [
        DigitBank.from_npz("a.npz", SPLITS, "x"),
        DigitBank.from_path(Path("a.npz")),
        DigitBank.from_path(mnist_folder, SPLITS),
        DigitBank.from_idx(*(os.path.relpath(path) for path in pair)),
    ]
    contents = [pickle.dumps(made) for made in banks]
    monkeypatch.chdir("/")
    for made, content in zip(banks, contents):
        assert len(content) < 700
        again = pickle.loads(content)
        assert (again, again.name, dict(again.splits)) == (made, made.name, dict(made.splits))
        assert pickle.loads(content) is again
        assert pickle.loads(pickle.dumps(again)) is again


def test_bank_of_a_file_that_changed_is_refused(tmp_path: Path, digits: Digits) -> None:
    np.savez(tmp_path / "a.npz", images=digits[0], labels=digits[1])
    content = pickle.dumps(DigitBank.from_npz(tmp_path / "a.npz"))
    np.savez(tmp_path / "a.npz", images=digits[0] ^ 1, labels=digits[1])
    with pytest.raises(CorruptData, match=r"a.npz: SHA-256 .* it has changed"):
        pickle.loads(content)


def test_changed_copy_of_an_opened_bank_is_not_sent_as_the_original(
    tmp_path: Path, digits: Digits, mnist: DigitBank
) -> None:
    np.savez(tmp_path / "a.npz", images=digits[0], labels=digits[1])
    changed = dataclasses.replace(DigitBank.from_npz(tmp_path / "a.npz"), images=digits[0] ^ 1)
    assert pickle.loads(pickle.dumps(changed)) == changed
    swapped = dataclasses.replace(mnist, splits=dict(mnist.splits) | {"val": (55_000, 55_001)})
    assert swapped != mnist


# --- glyphs ---


def test_glyphs_of_some_classes(mnist: DigitBank) -> None:
    chosen = mnist.glyphs("test", (7, 3))
    assert set(mnist.labels[chosen]) == {3, 7}
    assert len(chosen) == 1010 + 1028
    assert 60_000 <= chosen.min() < chosen.max() < 70_000
    assert not chosen.flags.writeable
    assert mnist.glyphs("test", iter([3, 7, np.uint8(3)])) is chosen


@pytest.mark.parametrize(
    ("split", "classes", "message"),
    [
        ("valid", (1,), r"split='valid' is not permitted: expected one of 'train', 'val', 'test'"),
        ("val", (5,), r"classes=\(5,\) is not permitted: expected a class that 'tens' has in split 'val'"),
        ("val", (), "classes="),
        ("val", (10,), "classes="),
        ("val", (-1, 3), "classes="),
        ("val", (1.0,), "classes="),
        ("val", 3, "classes=3"),
    ],
)
def test_glyphs_that_are_not_there(digits: Digits, split: str, classes: object, message: str) -> None:
    tens = DigitBank.from_arrays(*digits, splits=SPLITS, name="tens")
    with pytest.raises(BadArgument, match=message):
        tens.glyphs(split, classes)


# --- what is refused ---


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 6, 5), np.uint8),
        np.zeros((28, 3, 5), np.uint8),
        np.zeros((28, 5, 257), np.uint8),
        np.zeros((28, 6, 5, 1), np.uint8),
        np.zeros((28, 30), np.uint8),
        np.zeros((28, 6, 5)),
        np.zeros((28, 6, 5), bool),
        np.uint8(5),
        [],
    ],
)
def test_bad_images(images: object) -> None:
    with pytest.raises(BadArgument, match="images="):
        DigitBank.from_arrays(images, np.zeros(28, np.uint8))


@pytest.mark.parametrize(
    "labels",
    [
        np.full(28, 251),
        np.full(28, 250),
        np.full(28, -1),
        np.zeros(27, np.uint8),
        np.zeros((28, 1), np.uint8),
        np.zeros(28),
        "nine",
        [],
    ],
)
def test_bad_labels(digits: Digits, labels: object) -> None:
    with pytest.raises(BadArgument, match="labels="):
        DigitBank.from_arrays(digits[0], labels)


@pytest.mark.parametrize(
    "splits",
    [
        {},
        {"train": (0, 20), "test": (20, 28)},
        SPLITS | {"more": (0, 1)},
        SPLITS | {"val": (20, 20)},
        SPLITS | {"val": (24, 20)},
        SPLITS | {"val": (19, 24)},
        SPLITS | {"train": (-1, 20)},
        SPLITS | {"test": (24, 29)},
        SPLITS | {"val": (20, 22.5)},
        SPLITS | {"val": (20, 22, 24)},
        SPLITS | {"val": 20},
    ],
)
def test_bad_splits(tmp_path: Path, digits: Digits, splits: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(BadArgument, match="splits="):
        DigitBank.from_arrays(*digits, splits=splits)
    np.savez(tmp_path / "a.npz", images=digits[0], labels=digits[1])
    with pytest.raises(BadArgument, match="splits="):
        DigitBank.from_npz(tmp_path / "a.npz", splits)


@pytest.mark.parametrize("splits", [np.zeros((3, 2)), np.zeros((2, 3), int), np.array(["a"])])
def test_bad_splits_in_a_file(tmp_path: Path, digits: Digits, splits: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", images=digits[0], labels=digits[1], splits=splits)
    with pytest.raises(CorruptData, match=r"a\.npz: splits is"):
        DigitBank.from_npz(tmp_path / "a.npz")


def test_npz_with_members_missing_or_unfit(tmp_path: Path, digits: Digits) -> None:
    images, labels = digits
    whole = {"x_train": images[:24], "y_train": labels[:24], "x_test": images[24:], "y_test": labels[24:]}
    broken = {
        "expected the members images and labels, or x_train.*has of these none": {"pictures": images},
        r"has of these \['images', 'x_test'\]": {"images": images, "x_test": images},
        "do not fit together": whole | {"x_test": images[24:, :, 1:]},
        "differ in number": whole | {"y_test": labels[23:], "y_train": labels[:23]},
    }
    for message, members in broken.items():
        np.savez(tmp_path / "a.npz", **members)
        with pytest.raises(CorruptData, match=f"a.npz: .*{message}"):
            DigitBank.from_npz(tmp_path / "a.npz")


def test_from_path_of_nothing_usable(mnist_folder: Path) -> None:
    with pytest.raises(BadArgument, match=r"path=.*absent.*an \.npz file or a folder"):
        DigitBank.from_path(mnist_folder / "absent")
    (mnist_folder / files.MNIST_FILES[2]).unlink()
    with pytest.raises(
        BadArgument, match=r"a folder that holds t10k-images-idx3-ubyte or t10k-images-idx3-ubyte\.gz"
    ):
        DigitBank.from_path(mnist_folder)
