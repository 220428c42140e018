"""A file that is whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from segmnist.errors import BadArgument
from segmnist.whole_file import (
    check_target,
    create_file,
    is_abandoned,
    is_temporary,
    replace_file,
    replacing,
    sweep,
    temporary_path,
)


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    for data in (b"old", b"new"):
        replace_file(tmp_path / "a", data)
        assert (tmp_path / "a").read_bytes() == data
    assert os.listdir(tmp_path) == ["a"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def half_written() -> None:
        with replacing(tmp_path / "a", tmp_path / "b") as [first, _]:
            first.write_bytes(b"half")
            raise RuntimeError

    replace_file(tmp_path / "a", b"old")
    with pytest.raises(RuntimeError):
        half_written()
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_takes_the_place_of_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    create_file(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a"]


def touched(path: Path, mtime: float | None = None) -> Path:
    path.touch()
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


def test_only_what_a_dead_writer_left_is_abandoned(tmp_path: Path) -> None:
    alive = touched(temporary_path(tmp_path / "a.b"), mtime=0)
    dead = touched(alive.with_name(alive.name.replace(f".{os.getpid()}.", ".999999999.")))
    fresh = touched(tmp_path / ".a.b.another.host.17.abcdef01.tmp")
    stale = touched(tmp_path / ".a.b.another.host.17.abcdef02.tmp", mtime=0)
    assert all(map(is_temporary, (alive, dead, fresh, stale)))
    assert [path for path in (alive, dead, fresh, stale) if is_abandoned(path)] == [dead, stale]


def test_a_temporary_file_that_is_gone_is_not_abandoned(tmp_path: Path) -> None:
    assert not is_abandoned(tmp_path / ".a.b.another.host.17.abcdef01.tmp")


def test_a_sweep_takes_what_dead_writers_left_of_one_target_or_of_all(tmp_path: Path) -> None:
    def left(target: str) -> Path:
        return tmp_path / f".{target}.another.host.17.abcdef01.tmp"

    kept = touched(temporary_path(tmp_path / "a"), mtime=0)
    touched(left("a"), mtime=0)
    left("b").mkdir()
    touched(left("b") / "inside")
    os.utime(left("b"), (0, 0))
    sweep(tmp_path, "b")
    assert set(tmp_path.iterdir()) == {kept, left("a")}
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {kept}
    sweep(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["a.tmp", ".tmp", "my.old.notes.tmp", ".a.host.pid.abcdef01.tmp", "a.txt"])
def test_other_peoples_files_are_never_abandoned(tmp_path: Path, name: str) -> None:
    path = touched(tmp_path / name, mtime=0)
    assert not is_temporary(path)
    assert not is_abandoned(path)


@pytest.mark.parametrize(
    "number", [errno.EPERM, errno.EINVAL, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, 45, 524]
)
def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each of them has an error of its own for that: exFAT on macOS and Windows, network and FUSE file systems."""

    def refused(*_: object) -> None:
        raise OSError(number, "no links here")

    monkeypatch.setattr(os, "link", refused)
    create_file(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a"]


def test_a_url_is_no_folder_named_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("s3://bucket/a.png", "memory://a.png"):
        with pytest.raises(BadArgument, match=f"path='{url}'.*a local file"):
            check_target(Path(url))
