"""Set up and run segmnist on a machine that has Python 3.11 to 3.14 and nothing else.

    python3 run.py demo                    a small data set and pictures of it, in out/
    python3 run.py test [pytest options]   the linters, the type checker and the tests
    python3 run.py package                 build the package, check it, install it as a user would
    python3 run.py lowest                  run some tests on the oldest libraries that pyproject.toml allows

Each job makes a virtual environment of its own beside this file. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TORCH_PINNED: list[str | Path] = ["-c", HERE / "constraints.txt"]
LOWEST_EXTRAS = ("coco", "explore", "hdf5", "index", "s3", "video")
LOWEST_TESTS = (
    "tests/golden",
    "tests/cli/test_bad_use.py",
    "tests/dataset/test_find.py",
    "tests/formats/test_origin.py",
    "tests/formats/test_zarr.py",
)


def main() -> int:
    """Run the job that the command line names."""
    jobs = {"demo": demo, "test": test, "package": package, "lowest": lowest}
    name, *arguments = sys.argv[1:] or [""]
    if name not in jobs or (arguments and name != "test"):
        print(__doc__, file=sys.stderr)
        return 2
    if not (3, 11) <= sys.version_info < (3, 15):
        print(f"run.py: needs Python 3.11 to 3.14, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    try:
        jobs[name](*arguments)
    except subprocess.CalledProcessError as failed:
        return failed.returncode or 1
    return 0


def demo() -> None:
    """Write a data set of 1,000 clips and pictures of it into `out/`."""
    python = environment("demo")
    install(python, *TORCH_PINNED, "-e", HERE)
    segmnist: list[str | Path] = [python, "-m", "segmnist"]
    shared = ["--preset", "standard", "--split", "test", "--seed", "0"]
    run(*segmnist, "generate", HERE / "out", *shared, "--clips", "1000")
    run(*segmnist, "preview", HERE / "out" / "preview.png", *shared, "--clips", "3")
    run(*segmnist, "preview", HERE / "out" / "preview.gif", *shared, "--clips", "3")


def test(*arguments: str) -> None:
    """Run the linters, the type checker and the tests."""
    python = environment("test")
    # Torch first and alone: what depends on it would otherwise choose a build for it.
    install(python, *TORCH_PINNED, "torch")
    install(python, *TORCH_PINNED, "-e", f"{HERE}[test]")
    # Two workers: the tests are written for two cores, and a file's tests stay together, as they share what they made.
    tests = ["pytest", "-n", "2", "--dist", "loadfile", *arguments]
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], tests):
        print(f"--- {' '.join(tool)}", flush=True)
        run(python, "-m", *tool)


def package() -> None:
    """Build into `dist/`, check what an index and a citation tool check, and use the wheel in an empty environment."""
    python = environment("package")
    install(python, "build", "twine", "cffconvert")
    shutil.rmtree(HERE / "dist", ignore_errors=True)
    run(python, "-m", "build", HERE)
    built = sorted((HERE / "dist").iterdir())
    run(python, "-m", "twine", "check", "--strict", *built)
    run(python.with_name("cffconvert"), "--validate")
    user = environment("user", clear=True)
    install(user, *(path for path in built if path.suffix == ".whl"))
    elsewhere = HERE / "dist"
    run(user, "-c", "import segmnist; print(segmnist.ClipSource('clean')[0].video.shape)", cwd=elsewhere)
    run(user, "-m", "segmnist", "presets", cwd=elsewhere)
    draw_in_a_container(user)


def draw_in_a_container(user: Path) -> None:
    """Draw and generate as in a container: a read-only install, no home; as root, under a user id that owns nothing."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (temporary := Path(folder, "tmp")).mkdir()
        temporary.chmod(0o1777)
        # The checkout may lie where that user cannot look.
        installed = Path(folder, "venv")
        shutil.copytree(user.parents[1], installed, symlinks=True)
        for path in [installed, *installed.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        python = installed.joinpath(*user.parts[-2:])
        variables = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT")}
        is_root = os.name == "posix" and os.geteuid() == 0
        rights: Any = {"user": 54_321, "group": 54_321, "extra_groups": []} if is_root else {}
        try:
            subprocess.run([python, "-c", ""], check=True, **rights)
        except PermissionError:
            print("other users may not run this Python: the container's jobs run as root", flush=True)
            rights = {}
        for job in (
            [python, "-c", "import segmnist; print(segmnist.ClipSource('clean')[0].video.shape)"],
            [python, "-m", "segmnist", "generate", temporary / "data", "--preset", "clean", "--clips", "20"],
            [python, "-m", "segmnist", "verify", temporary / "data"],
        ):
            environment = variables | {"TMPDIR": str(temporary)}
            subprocess.run([*map(str, job)], cwd=temporary, env=environment, check=True, **rights)


def lowest() -> None:
    """Run some tests on the oldest libraries that pyproject.toml allows, torch and what needs it left out."""
    python = environment("lowest", clear=True)
    install(python, "uv")
    uv: list[str | Path] = [python, "-m", "uv", "pip"]
    extras = [word for extra in LOWEST_EXTRAS for word in ("--extra", extra)]
    listed = HERE / ".venv-lowest" / "lowest.txt"
    run(
        *[*uv, "compile", "--quiet", "--resolution", "lowest-direct", "--only-binary", ":all:", *extras],
        "--output-file",
        listed,
        HERE / "pyproject.toml",
    )
    run(*uv, "install", "--python", python, "-r", listed, "httpx", "hypothesis", "pytest", "pytest-timeout")
    run(*uv, "install", "--python", python, "--no-deps", "-e", HERE)
    run(python, "-m", "pytest", *LOWEST_TESTS)


def environment(job: str, *, clear: bool = False) -> Path:
    """Return the Python of the virtual environment of a job, which is made if it is not there."""
    folder = HERE / f".venv-{job}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if clear or not python.exists():
        print(f"making {folder.name} ...", flush=True)
        venv.create(folder, with_pip=True, clear=clear)
    return python


def install(python: Path, *what: str | Path) -> None:
    """Install with pip, quietly."""
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)


def run(*command: str | Path, cwd: Path = HERE) -> None:
    """Run a command, and raise `CalledProcessError` where it fails."""
    subprocess.run(command, cwd=cwd, check=True)


if __name__ == "__main__":
    raise SystemExit(main())
