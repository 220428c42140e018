"""Write docs/gallery.md, and run the examples for the pictures that it shows. A test compares the page with the examples.

Run: python scripts/gallery.py
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageSequence

from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
EXAMPLES, PICTURES = ROOT / "examples", ROOT / "docs" / "images" / "gallery"
SOURCE = "https://github.com/segmnist/segmnist/blob/main/examples"

SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "behind_the_occluder": ("behind_the_occluder.png", ()),
    "ambiguity": ("ambiguity.png", ()),
    "evaluate_a_model": ("worst.png", ()),
    "train_unet": ("unet.png", ("600",)),
    "davis_folder": ("davis.gif", ()),
}
"""The picture that an example draws, and the arguments with which it was drawn here."""

NAMES = {"convlstm": "ConvLSTM", "davis": "DAVIS", "huggingface": "Hugging Face", "unet": "U-Net"}
"""Words of file names as they are written."""

WIDEST, MOST_FRAMES = 800, 15
"""Pixels, and frames of what moves."""

HEAD = """\
# Gallery

Made by `python scripts/gallery.py`, which runs the examples for their pictures; a test compares the page with them. Each is a
program of its own in the folder `examples` of the repository: copy one and change it.
"""


def page() -> str:
    """Return the page: the examples with a picture, then the others."""
    names = [*SHOWN, *sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in SHOWN)]
    tour = (
        "\n## Tour\n\nA notebook of all that a clip has, from drawing to training and scores.\n\n"
        f"[examples/tour.ipynb]({SOURCE}/tour.ipynb)\n"
    )
    return HEAD + "".join(map(_section, names)) + tour


def _section(name: str) -> str:
    first, *rest = (
        ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))) or ""
    ).split("\n\n")
    details = [" ".join(each.split()) for each in rest if not each.lstrip().startswith("python ")]
    words = [NAMES.get(word, word) for word in name.split("_")]
    title = " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
    parts = [f"\n## {title}\n", " ".join([first.replace("\n", " "), *details]) + "\n"]
    command = f"python examples/{name}.py"
    if name in SHOWN:
        parts.append(f"![{first}](images/gallery/{name}.webp)\n")
        command = " ".join([command, *SHOWN[name][1]])
    return "\n".join([*parts, f"[examples/{name}.py]({SOURCE}/{name}.py)\n", f"```\n{command}\n```\n"])


def _draw(name: str) -> None:
    """Run an example in a folder of its own and keep its picture."""
    drawn, arguments = SHOWN[name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
        subprocess.run(command, cwd=folder, env=environment, check=True)
        with Image.open(Path(folder) / drawn) as picture:
            frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(picture)][:MOST_FRAMES]
    for frame in frames:
        frame.thumbnail((WIDEST, 10 * WIDEST))
    moving = {"save_all": True, "append_images": frames[1:], "duration": 100, "loop": 0} if frames[1:] else {}
    frames[0].save(PICTURES / f"{name}.webp", "WEBP", quality=75, method=6, **moving)


def main() -> None:
    """Write the page and draw the pictures of the examples that are named, or of all."""
    replace_file(ROOT / "docs" / "gallery.md", page().encode())
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or SHOWN:
        _draw(name)


if __name__ == "__main__":
    main()
