"""The docs are what the package is: the CLI reference is current, and no page or picture is missing."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def test_the_cli_reference_is_what_the_command_says() -> None:
    place = ROOT / "scripts" / "cli_reference.py"
    spec = importlib.util.spec_from_file_location("cli_reference", place)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    current = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert current == script.reference(), "run: python scripts/cli_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_navigation_names_pages_that_are_there() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    named = set(re.findall(r"- ([\w-]+\.md)", navigation))
    assert len(named) > 10
    assert named <= {page.name for page in PAGES}


def test_the_map_of_the_code_is_what_there_is() -> None:
    """Every file that it names exists, and it names every part of the package."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = [path.as_posix() for folder in ("src", "tests") for path in (ROOT / folder).rglob("*.py")]
    named = set(re.findall(r"[\w/]+\.py\b", text))
    assert len(named) > 40
    assert {name for name in named if not any(path.endswith(f"/{name}") for path in files)} == set()
    parts = {path.name for path in (ROOT / "src" / "segmnist").iterdir() if not path.name.startswith("__py")}
    assert {part for part in parts - {"__main__.py", "py.typed"} if part not in text} == set()


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    mkdocs = pytest.importorskip("mkdocs.commands.build", reason="the site needs segmnist[docs]")
    from mkdocs.config import load_config

    mkdocs.build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path)))
    api = (tmp_path / "api.html").read_text(encoding="utf-8")
    assert "ClipSource" in api
    assert "<blockquote>" not in api
