"""Compiled kernels are kept by content, wherever a place for them is found; no missing or bad place stops a program."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import segmnist

PACKAGE = Path(segmnist.__file__).parent
NOBODY = 54_321
"""A user id that has no account."""
COMPILE = """from segmnist.compiled import kernel; from segmnist.scene.kernels import _place, Axis, reflect
@kernel
def bounce(position, span): return reflect(position, span)
@kernel
def place(start, velocity, span): return _place(Axis(start, velocity, 0, 0, span), 1)
assert bounce(7, 5) == 3"""
COMPILES = "segmnist: compiling its kernels"

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may run a program as another user"
)


def run(code: str, package: Path = PACKAGE, *, user: int | None = None, **environment: str) -> str:
    """Run code in a process with these variables alone; return what it wrote to stderr."""
    lent = [path for path in sys.path if path and not path.startswith(str(PACKAGE.parent))]
    paths = {"PYTHONPATH": os.pathsep.join([str(package.parent), *lent]), "PYTHONDONTWRITEBYTECODE": "1"}
    rights: Any = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=paths | environment,
        cwd="/",
        capture_output=True,
        text=True,
        **rights,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def everyones() -> Iterator[Path]:
    """A folder that others may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def copied(folder: Path) -> Path:
    """A copy of the package, newer than the original."""
    place = folder / "segmnist"
    return Path(shutil.copytree(PACKAGE, place, copy_function=shutil.copyfile))


def test_copies_share_what_they_compile_and_an_edit_of_any_source_is_compiled_anew(tmp_path: Path) -> None:
    caches = {"NUMBA_CACHE_DIR": str(tmp_path / "caches"), "SEGMNIST_CACHE_DIR": str(tmp_path / "others")}
    first, second = copied(tmp_path / "first"), copied(tmp_path / "second")
    place = COMPILE + "; print(place(4, 3, 5), file=__import__('sys').stderr)"
    assert COMPILES in run(place, first, **caches)
    assert run(place, second, **caches) == "3\n"
    # The loop of one function is inside another, which stays as it is.
    source = second / "scene" / "kernels.py"
    edited = source.read_text(encoding="utf-8").replace("else 2 * span - folded", "else 2 * span + folded")
    source.write_text(edited, encoding="utf-8")
    assert run(place.replace("== 3", "== 17"), second, **caches).split("\n")[1:] == ["17", ""]
    assert run(place, first, **caches) == "3\n"
    constants = second / "scene" / "randomness.py"
    constants.write_text(constants.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert COMPILES in run(place.replace("== 3", "== 17"), second, **caches)


@pytest.mark.parametrize("damage", ["empty", "half", "folder"])
def test_damaged_files_are_compiled_anew(tmp_path: Path, damage: str) -> None:
    caches = {"NUMBA_CACHE_DIR": str(tmp_path), "TMPDIR": str(tmp_path), "SEGMNIST_CACHE_DIR": str(tmp_path)}
    run(COMPILE, **caches)
    [place] = tmp_path.glob("segmnist-kernels-*")
    for file in place.iterdir():
        content = file.read_bytes()
        if damage == "folder":
            file.unlink()
            file.mkdir()
        else:
            file.write_bytes(content[: len(content) // 2 if damage == "half" else 0])
    assert COMPILES in run(COMPILE, **caches)
    if damage != "folder":
        assert run(COMPILE, **caches) == ""


@pytest.mark.parametrize(("quiet", "said"), [("1", ""), ("", COMPILES)])
def test_nothing_is_said_where_it_is_to_be_quiet(tmp_path: Path, quiet: str, said: str) -> None:
    assert run(COMPILE, NUMBA_CACHE_DIR=str(tmp_path), SEGMNIST_QUIET=quiet)[: len(COMPILES)] == said


def test_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    places = dict.fromkeys(("NUMBA_CACHE_DIR", "SEGMNIST_CACHE_DIR", "TMPDIR"), str(tmp_path))
    assert COMPILES in run(full + COMPILE, **places)


def test_a_numba_with_other_names_keeps_kernels_itself(tmp_path: Path) -> None:
    """The names are Numba's own business; without them its own cache is used, or none."""
    from segmnist import compiled

    assert vars(compiled)["FunctionCache"] is not None
    without = "import numba.core.caching as caching; del caching._CacheLocator; "
    assert run(without + COMPILE, NUMBA_CACHE_DIR=str(tmp_path)) == ""
    assert [path.name[:8] for path in tmp_path.iterdir()] == [
        "scene_" + path.name[6:8] for path in tmp_path.iterdir()
    ]
    unfit = without + "caching.CacheImpl._locator_classes = []; "
    assert run(unfit + COMPILE) == ""


def test_what_is_kept_is_used_without_what_compiling_imports(tmp_path: Path) -> None:
    """Which is half a second; and what needs compiling afterwards, or a user's own function, finds it there."""
    caches = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert COMPILES in run(COMPILE, **caches)
    light = "; import sys; assert not {'numba.np.arraymath', 'scipy.linalg'} & {*sys.modules}"
    assert run(COMPILE + light, **caches) == ""
    users = "; import numba, numpy; assert numba.njit(lambda x: x.mean())(numpy.ones(3)) == 1"
    assert COMPILES in run(COMPILE + light + "; assert place(4, 3.0, 5) == 3" + users, **caches)


def test_what_only_kernels_call_runs_uncompiled_from_python(tmp_path: Path) -> None:
    """Before and after a kernel has compiled it, and when it is loaded: it has no wrapper that Python could call."""
    code = """from segmnist.compiled import kernel, subroutine
@subroutine
def add(a, b): return a + b
@kernel
def six(a): return add(a, 2) + add(b=3, a=0)
assert (add(1, 2), six(1), add(1, b=2), six.py_func(1)) == (3, 6, 3, 6)"""
    assert COMPILES in run(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == ""


DIGITS = "; from segmnist import DigitBank; assert DigitBank.mnist().images.shape == (70000, 28, 28)"


@as_root
@pytest.mark.parametrize("home", [None, "/", "relative"])
def test_another_user_of_a_read_only_package_without_a_home(everyones: Path, home: str | None) -> None:
    """As in a container: nothing but a temporary folder can be written. It is private, and it is used again."""
    package = copied(everyones)
    temporary = everyones / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    environment = {"TMPDIR": str(temporary)} | ({} if home is None else {"HOME": home})
    said = run(COMPILE + DIGITS, package, user=NOBODY, **environment)
    assert said.splitlines() == [
        f"{COMPILES} into {temporary}/segmnist-{NOBODY}, as no other cache folder can be written; "
        "set SEGMNIST_CACHE_DIR to a folder that you may write to"
    ]
    found = (temporary / f"segmnist-{NOBODY}").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (NOBODY, 0o700)
    assert run(COMPILE, package, user=NOBODY, **environment) == ""
    assert sorted(path.name for path in everyones.iterdir()) == ["segmnist", "tmp"]


@as_root
@pytest.mark.parametrize("trap", ["folder", "open folder", "link"])
def test_a_temporary_folder_that_others_prepared_is_not_used(everyones: Path, trap: str) -> None:
    temporary = everyones / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    place = temporary / f"segmnist-{NOBODY}"
    if trap == "link":
        (everyones / "target").mkdir(mode=0o700)
        os.chown(everyones / "target", NOBODY, NOBODY)
        place.symlink_to(everyones / "target")
    else:
        place.mkdir()
        place.chmod(0o777)
    if trap == "open folder":
        os.chown(place, NOBODY, NOBODY)
    said = run(COMPILE, user=NOBODY, TMPDIR=str(temporary), HOME="/nonexistent")
    assert said.startswith(f"{COMPILES} for this process alone, as no cache folder can be written; set SEGM")
    assert len(said.splitlines()) == 1
    assert not place.is_dir() or not list(place.iterdir())


@as_root
def test_what_an_image_brings_compiled_is_used_though_it_cannot_be_written(everyones: Path) -> None:
    run(COMPILE + DIGITS, SEGMNIST_CACHE_DIR=str(everyones / "caches"))
    for folder in ("caches", *(f"caches/{path.name}" for path in (everyones / "caches").glob("segmnist-k*"))):
        (everyones / folder).chmod(0o555)
    environment = {"SEGMNIST_CACHE_DIR": str(everyones / "caches"), "TMPDIR": str(everyones)}
    no_decoding = COMPILE + "; import lzma; del lzma.decompress" + DIGITS
    assert run(no_decoding, user=NOBODY, **environment) == ""
