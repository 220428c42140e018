"""The docs are what the package is: the CLI reference is current, and no page or picture is missing."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from segmnist import PRESETS
from segmnist.scene.spec import field_names

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def script(name: str) -> ModuleType:
    """Return a script as a module; scripts may import one another."""
    if str(ROOT / "scripts") not in sys.path:
        sys.path.append(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def test_the_cli_reference_is_what_the_command_says() -> None:
    assert text_of("cli.md") == script("cli_reference").reference(), "run: python scripts/cli_reference.py"


def test_the_python_reference_is_what_the_package_offers() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("lightning")
    assert text_of("api.md") == script("api_reference").reference(), "run: python scripts/api_reference.py"


def test_the_spec_reference_is_what_the_spec_says() -> None:
    pages = script("spec_reference")
    assert text_of("fields.md") == pages.fields_page(), "run: python scripts/spec_reference.py"
    assert text_of("presets.md") == pages.presets_page(), "run: python scripts/spec_reference.py"
    assert all(f"| `{name}` |" in text_of("fields.md") for name in field_names())


def test_the_pictures_of_the_presets_are_what_is_drawn() -> None:
    pages = script("spec_reference")
    assert {path.stem for path in pages.PICTURES.glob("*.png")} == set(PRESETS)
    for name in PRESETS:
        with Image.open(pages.PICTURES / f"{name}.png") as stored:
            drawn = np.array_equal(np.asarray(stored.convert("RGB")), pages.picture(name))
        assert drawn, f"{name}; run: python scripts/spec_reference.py"


def test_every_field_has_a_picture_or_a_reason_for_none() -> None:
    pictures = script("field_pictures")
    assert pictures.EFFECTS.keys() & pictures.WITHOUT.keys() == set()
    assert pictures.EFFECTS.keys() | pictures.WITHOUT.keys() == set(field_names())
    assert all(len(set(effect.values)) >= 2 for effect in pictures.EFFECTS.values())
    assert {path.stem for path in pictures.PICTURES.iterdir()} == set(pictures.EFFECTS)
    assert sum(path.stat().st_size for path in pictures.PICTURES.iterdir()) < 1_500_000


def test_the_pictures_of_the_fields_are_what_is_drawn() -> None:
    pictures = script("field_pictures")
    for name in pictures.EFFECTS:
        with Image.open(pictures.PICTURES / f"{name}.webp") as stored:
            drawn = np.array_equal(np.asarray(stored.convert("RGBA")), pictures.picture(name))
        assert drawn, f"{name}; run: python scripts/field_pictures.py"


def test_the_gallery_shows_every_example_and_its_picture() -> None:
    gallery = script("gallery")
    assert text_of("gallery.md") == gallery.page(), "run: python scripts/gallery.py"
    examples = [path.name for path in (ROOT / "examples").iterdir() if path.suffix in (".py", ".ipynb")]
    assert [name for name in examples if f"/examples/{name})" not in text_of("gallery.md")] == []
    assert {path.name for path in gallery.PICTURES.iterdir()} == {f"{name}.webp" for name in gallery.SHOWN}


def test_every_variable_that_the_code_reads_is_documented() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get\(|\[)\"(\w+)", code))
    assert "SEGMNIST_CACHE_DIR" in read
    assert {name for name in read if f"| `{name}` |" not in text_of("environment.md")} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_navigation_names_every_page() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    assert sorted(re.findall(r"([\w-]+\.md)$", navigation, re.M)) == [page.name for page in PAGES]


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
