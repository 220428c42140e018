"""Set up and run segmnist on a bare machine with Python 3.11 to 3.13: `python3 run.py demo`, `python3 run.py test`.

Each makes a virtual environment of its own beside this file, installs segmnist into it, and runs. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXTRAS = {"demo": "", "test": "[test]"}


def main() -> int:
    """Run the job that the command line names."""
    job = sys.argv[1] if len(sys.argv) > 1 else ""
    if job not in EXTRAS:
        print("usage: python3 run.py demo | test [arguments for pytest]", file=sys.stderr)
        return 2
    if not (3, 11) <= sys.version_info < (3, 14):
        print(f"run.py: needs Python 3.11 to 3.13, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    python = environment(HERE / f".venv-{job}", EXTRAS[job])
    try:
        return demo(python) if job == "demo" else test(python, sys.argv[2:])
    except subprocess.CalledProcessError as failed:
        return failed.returncode or 1


def environment(folder: Path, extra: str) -> Path:
    """Return the Python of a virtual environment that has segmnist, made or brought up to date."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"making {folder.name} ...", flush=True)
        venv.create(folder, with_pip=True)
    pip = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        HERE / "constraints.txt",
    ]
    if extra:
        # Torch first and alone: what depends on it would otherwise choose a build for it.
        subprocess.run([*pip, "torch"], check=True)
    subprocess.run([*pip, "-e", f"{HERE}{extra}"], check=True)
    return python


def demo(python: Path) -> int:
    """Write a data set of 1,000 clips and pictures of it into `out/`."""
    segmnist = [python, "-m", "segmnist"]
    shared = ["--preset", "standard", "--split", "test", "--seed", "0"]
    subprocess.run([*segmnist, "generate", HERE / "out", *shared, "--clips", "1000"], check=True)
    subprocess.run([*segmnist, "preview", HERE / "out" / "preview.png", *shared, "--clips", "3"], check=True)
    subprocess.run([*segmnist, "preview", HERE / "out" / "preview.gif", *shared, "--clips", "3"], check=True)
    return 0


def test(python: Path, arguments: list[str]) -> int:
    """Run the linters, the type checker and the tests."""
    # Two workers: the tests are written for two cores, and a file's tests stay together, as they share what they made.
    tests = ["pytest", "-n", "2", "--dist", "loadfile", *arguments]
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], tests):
        print(f"--- {' '.join(tool)}", flush=True)
        code = subprocess.run([python, "-m", *tool], cwd=HERE).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
