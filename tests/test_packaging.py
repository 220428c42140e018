"""The package as it would be published: it builds, an index accepts it, and its wheel works in an empty environment."""

from __future__ import annotations

import ast
import email.message
import email.parser
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import segmnist
from segmnist.errors import MissingDependency

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [found] = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.parser.Parser().parsestr(archive.read(name).decode())


def test_an_index_accepts_it(built: Path) -> None:
    files = [str(path) for path in sorted(built.iterdir())]
    assert len(files) == 2
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=False)
    assert done.returncode == 0


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are lent by the environment that runs the tests, so that no index is asked.

    Nothing is drawn, as compiling the kernels takes minutes; `run.py package` draws.
    """
    venv.create(tmp_path, with_pip=False)
    paths = sysconfig.get_paths("venv", vars={"base": str(tmp_path), "platbase": str(tmp_path)})
    python = Path(paths["scripts"]) / Path(sys.executable).with_stem("python").name
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    # A path in a .pth file lends packages, but not the editable installs that the .pth files there name.
    Path(paths["purelib"], "lent.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    code = "import segmnist; print(segmnist.__file__, segmnist.DigitBank.mnist().images.shape)"
    environment = {"PATH": paths["scripts"], "SYSTEMROOT": "C:\\Windows", "HOME": str(tmp_path)}

    def run(*command: str) -> str:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
        ).stdout

    assert run(str(python), "-c", code).split(maxsplit=1) == [
        str(Path(paths["purelib"], "segmnist", "__init__.py")),
        "(70000, 28, 28)\n",
    ]
    assert "standard" in run(str(Path(paths["scripts"], "segmnist")), "presets")


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = ROOT / "src" / "segmnist"
    there = {path.relative_to(ROOT / "src").as_posix() for path in package.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in there if "__pycache__" not in name} <= names
    assert {"segmnist/py.typed", "segmnist/digits/LICENSE-MNIST.txt"} <= names


def test_the_index_page_links_outside_the_repository(metadata: email.message.Message) -> None:
    page = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)\s]+)", page)
    assert len(links) > 20
    assert [link for link in links if not link.startswith("https://")] == []


def test_both_licences_are_named(metadata: email.message.Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0 AND CC-BY-SA-3.0"
    assert metadata.get_all("License-File") == ["LICENSE", "src/segmnist/digits/LICENSE-MNIST.txt"]


def test_the_pythons_agree(metadata: email.message.Message) -> None:
    """The classifiers, the range that pip reads, run.py and the workflow name the same versions."""
    classifiers = metadata.get_all("Classifier") or []
    minors = [int(m) for line in classifiers for m in re.findall(r"Python :: 3\.(\d+)$", line)]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert metadata["Requires-Python"] == f"<3.{minors[-1] + 1},>=3.{minors[0]}"
    first, end = re.search(
        r"\(3, (\d+)\) <= sys\.version_info < \(3, (\d+)\)", (ROOT / "run.py").read_text("utf-8")
    ).groups()
    assert (int(first), int(end)) == (minors[0], minors[-1] + 1)
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    assert [int(minor) for minor in re.findall(r'"3\.(\d+)"', workflow)] == minors


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {segmnist.__version__}\n" in citation


def test_every_extra_that_an_error_names_is_there(metadata: email.message.Message) -> None:
    extras = set(metadata.get_all("Provides-Extra") or ())
    named = {
        node.args[1].value
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "MissingDependency"
        and isinstance(node.args[1], ast.Constant)
    }
    assert len(named) > 5
    assert named <= extras


def test_a_missing_library_is_named_as_pip_wants_it() -> None:
    assert re.search(r"pip install 'h5py>=[\d.]+'$", str(MissingDependency("the format origin-h5", "hdf5")))


def test_the_loaders_name_their_extra_where_torch_is_absent() -> None:
    code = "import sys; sys.modules['torch'] = None; import segmnist.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("segmnist.errors.MissingDependency: segmnist.load.torch needs the extra 'torch'")
