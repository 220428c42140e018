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
KERNELS = """
from segmnist.compiled import kernel, subroutine
from segmnist.scene.kernels import Axis, _place, reflect

@kernel
def bounce(position, span): return reflect(position, span)

@kernel
def place(start, velocity, span): return _place(Axis(start, velocity, 0, 0, span), 1)

@subroutine(is_apart=True)
def add(a, b): return a + b

@kernel
def six(a): return add(a, 2) + add(b=3, a=0)
"""
"""A module of a copy of the package: a few kernels, which take no time to compile."""
COMPILE = "from segmnist.trial import *; assert bounce(7, 5) == 3"
COMPILES = "segmnist: compiling its kernels"

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may run a program as another user"
)


def run(code: str, package: Path, *, user: int | None = None, **environment: str) -> str:
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
    """A copy of the package, newer than the original, with a module `trial`."""
    ignored = shutil.ignore_patterns("__pycache__")
    place = Path(shutil.copytree(PACKAGE, folder / "segmnist", copy_function=shutil.copyfile, ignore=ignored))
    (place / "trial.py").write_text(KERNELS, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy for all tests that do not change it."""
    return copied(tmp_path_factory.mktemp("package"))


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
    for edited_file, is_compiled in (
        ("scene/randomness.py", True),  # constants
        ("evaluate/kernels/__init__.py", False),
        ("render/numba_kernels/digits.py", False),
        ("scene/spec.py", False),
        ("compiled.py", True),
    ):
        source = second / edited_file
        source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        said = run(place.replace("== 3", "== 17"), second, **caches)
        assert (COMPILES in said) == is_compiled, edited_file


@pytest.mark.parametrize("damage", ["empty", "half", "folder"])
def test_damaged_files_are_compiled_anew(tmp_path: Path, package: Path, damage: str) -> None:
    caches = {"NUMBA_CACHE_DIR": str(tmp_path), "TMPDIR": str(tmp_path), "SEGMNIST_CACHE_DIR": str(tmp_path)}
    run(COMPILE, package, **caches)
    for file in (tmp_path / "segmnist-kernels").iterdir():
        content = file.read_bytes()
        if damage == "folder":
            file.unlink()
            file.mkdir()
        else:
            file.write_bytes(content[: len(content) // 2 if damage == "half" else 0])
    assert COMPILES in run(COMPILE, package, **caches)
    if damage != "folder":
        assert run(COMPILE, package, **caches) == ""


@pytest.mark.parametrize(("quiet", "said"), [("1", ""), ("", COMPILES)])
def test_nothing_is_said_where_it_is_to_be_quiet(
    tmp_path: Path, package: Path, quiet: str, said: str
) -> None:
    assert run(COMPILE, package, NUMBA_CACHE_DIR=str(tmp_path), SEGMNIST_QUIET=quiet)[: len(COMPILES)] == said


def test_a_full_disk_stops_nothing(tmp_path: Path, package: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    places = dict.fromkeys(("NUMBA_CACHE_DIR", "SEGMNIST_CACHE_DIR", "TMPDIR"), str(tmp_path))
    assert COMPILES in run(full + COMPILE, package, **places)


def test_a_numba_with_other_names_keeps_kernels_itself(tmp_path: Path, package: Path) -> None:
    """The names are Numba's own business; without them its own cache is used, or none."""
    from segmnist import compiled

    assert vars(compiled)["FunctionCache"] is not None
    without = "import numba.core.caching as caching; del caching._CacheLocator; "
    assert run(without + COMPILE, package, NUMBA_CACHE_DIR=str(tmp_path)) == ""
    assert {path.name.split("_")[0] for path in tmp_path.iterdir()} == {"scene", "segmnist"}
    unfit = without + "caching.CacheImpl._locator_classes = []; "
    assert run(unfit + COMPILE, package) == ""


def test_what_is_kept_is_used_without_what_compiling_imports(tmp_path: Path, package: Path) -> None:
    """Which is half a second; and what needs compiling afterwards, or a user's own function, finds it there."""
    caches = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert COMPILES in run(COMPILE, package, **caches)
    light = "; import sys; assert not {'numba.np.arraymath', 'scipy.linalg'} & {*sys.modules}"
    assert run(COMPILE + light, package, **caches) == ""
    users = "; import numba, numpy; assert numba.njit(lambda x: x.mean())(numpy.ones(3)) == 1"
    assert COMPILES in run(COMPILE + light + "; assert place(4, 3.0, 5) == 3" + users, package, **caches)


def test_what_only_kernels_call_runs_uncompiled_from_python(tmp_path: Path, package: Path) -> None:
    """Before and after a kernel has compiled it, and when it is loaded: it has no wrapper that Python could call."""
    code = "from segmnist.trial import *; "
    code += "assert (add(1, 2), six(1), add(1, b=2), six.py_func(1)) == (3, 6, 3, 6)"
    assert COMPILES in run(code, package, NUMBA_CACHE_DIR=str(tmp_path))
    assert run(code, package, NUMBA_CACHE_DIR=str(tmp_path)) == ""


def test_what_kernels_share_is_loaded_when_another_is_compiled(tmp_path: Path, package: Path) -> None:
    """It is kept without machine code, which it has in kernels only."""
    other = """from segmnist.compiled import kernel; from segmnist.scene.kernels import reflect
@kernel
def twice(position, span): return 2 * reflect(position, span)
assert twice(7, 5) == 6; [loaded] = reflect.overloads.values(); assert loaded.metadata is None"""
    run(COMPILE, package, NUMBA_CACHE_DIR=str(tmp_path))
    run(other, package, NUMBA_CACHE_DIR=str(tmp_path))


LOADER = """
import sys
from segmnist.torch import SegMNIST
from torch.utils.data import DataLoader

if __name__ == "__main__":
    workers = {"num_workers": 2, "multiprocessing_context": "spawn"} if sys.argv[1] == "workers" else {}
    assert len(list(DataLoader(SegMNIST("clean", length=4), batch_size=None, **workers))) == 4
"""


@pytest.mark.slow
def test_workers_compile_nothing_that_their_parent_could(tmp_path: Path, package: Path) -> None:
    (tmp_path / "loader.py").write_text(LOADER, encoding="utf-8")
    compiled = {}
    for who in ("alone", "workers"):
        caches = {"NUMBA_CACHE_DIR": str(tmp_path / who), "SEGMNIST_CACHE_DIR": str(tmp_path / who)}
        done = subprocess.run(
            [sys.executable, str(tmp_path / "loader.py"), who],
            env=os.environ | caches | {"NUMBA_DEBUG_CACHE": "1", "PYTHONPATH": str(package.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        # Numba prints a line for each form that it keeps.
        lines = [line.rpartition("segmnist-kernels")[2] for line in done.stdout.splitlines()]
        compiled[who] = sorted(
            line for line, text in zip(lines, done.stdout.splitlines()) if "data saved" in text
        )
    assert compiled["workers"] == compiled["alone"]
    assert len(compiled["alone"]) > 20


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
    package = copied(everyones)
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
    said = run(COMPILE, package, user=NOBODY, TMPDIR=str(temporary), HOME="/nonexistent")
    assert said.startswith(f"{COMPILES} for this process alone, as no cache folder can be written; set SEGM")
    assert len(said.splitlines()) == 1
    assert not place.is_dir() or not list(place.iterdir())


@as_root
def test_what_an_image_brings_compiled_is_used_though_it_cannot_be_written(everyones: Path) -> None:
    package = copied(everyones)
    run(COMPILE + DIGITS, package, SEGMNIST_CACHE_DIR=str(everyones / "caches"))
    for folder in ("caches", "caches/segmnist-kernels"):
        (everyones / folder).chmod(0o555)
    environment = {"SEGMNIST_CACHE_DIR": str(everyones / "caches"), "TMPDIR": str(everyones)}
    no_decoding = COMPILE + "; import lzma; del lzma.decompress" + DIGITS
    assert run(no_decoding, package, user=NOBODY, **environment) == ""
