"""Write docs/api.md: every public name of every public module, with its summary. A test compares the two.

The site puts the whole docstring, with the signature, below each table.

Run: python scripts/api_reference.py
"""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

from segmnist.whole_file import replace_file

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

HEAD = """\
# Python

Made by `python scripts/api_reference.py` from the package; a test compares the two. Each table lists what a module offers; on
the site, signatures and details follow it. What is not listed here may change without notice.
"""

MODULES = {
    "segmnist": "Specs, scenes, clips",
    "segmnist.render.arrays": "Truths",
    "segmnist.counterfactual": "Counterfactuals",
    "segmnist.corruptions": "Corruptions",
    "segmnist.dataset": "Data sets on disk",
    "segmnist.load": "Loaders: NumPy",
    "segmnist.torch": "Loaders: PyTorch",
    "segmnist.load.lightning": "Loaders: Lightning",
    "segmnist.load.huggingface": "Loaders: Hugging Face",
    "segmnist.load.grain": "Loaders: grain",
    "segmnist.scoring": "Scores of a model in one call",
    "segmnist.suites": "Suites and their scores",
    "segmnist.suites.references": "Suites: references that are not learned",
    "segmnist.suites.results": "Suites: result files",
    "segmnist.evaluate": "Scores of arrays",
    "segmnist.evaluate.reports.results": "Scores: results",
    "segmnist.evaluate.reports.compare": "Scores: comparisons",
    "segmnist.evaluate.reports.robustness": "Scores: robustness",
    "segmnist.baselines.settings": "Baselines: settings",
    "segmnist.baselines.train": "Baselines: training",
    "segmnist.baselines.predict": "Baselines: prediction",
    "segmnist.baselines.baseline": "Baselines: what a model is",
    "segmnist.baselines.catalog": "Baselines: models by name",
    "segmnist.oracle": "Oracle",
    "segmnist.preview": "Pictures",
    "segmnist.report": "Report",
    "segmnist.explore": "Explorer",
    "segmnist.formats": "Formats",
    "segmnist.origin": "The class of 2020",
    "segmnist.errors": "Errors",
}
"""The public modules, with the titles of their sections."""

PICKED = {
    "segmnist.render.arrays": ("ArrayKind", "check_truths", "arrays_of"),
    "segmnist.errors": ("SegmnistError", "BadArgument", "CorruptData", "MissingDependency"),
    "segmnist.baselines.train": ("train", "Progress"),
}
"""The public names of modules that have others, too, and no `__all__`."""


def reference() -> str:
    """Return the page."""
    return HEAD + "".join(_section(name, title) for name, title in MODULES.items()).rstrip() + "\n"


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a module offers: its `__all__`, those picked here, or all functions and classes of its own."""
    listed = PICKED.get(module.__name__) or getattr(module, "__all__", None)
    if listed is not None:
        return [name for name in listed if not name.startswith("_")]
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and thing.__module__ == module.__name__
    ]


def _section(name: str, title: str) -> str:
    module = importlib.import_module(name)
    documented = [each for each in public_names(module) if _is_code(getattr(module, each))]
    rows = [f"| `{each}` | {_summary(getattr(module, each))} |" for each in public_names(module)]
    table = "\n".join(["| name | what it is |", "|---|---|", *rows])
    about = (module.__doc__ or "").strip().partition("\n")[0]
    details = "".join(f"::: {_address(module, each)}\n\n" for each in documented)
    return f"\n## {title}\n\n`{name}`: {_escaped(about)}\n\n{table}\n\n{details}"


def _address(module: ModuleType, name: str) -> str:
    """Return where the site finds a name: in the module, or where it was defined if a module beside it has this name, too."""
    address = f"{module.__name__}.{name}"
    if hasattr(module, "__path__") and importlib.util.find_spec(address) is not None:
        return f"{getattr(module, name).__module__}.{name}"
    return address


def _is_code(thing: object) -> bool:
    return inspect.isclass(thing) or inspect.isroutine(thing)


def _summary(thing: object) -> str:
    """Return the first line of a docstring; a constant is shown by its type."""
    if not _is_code(thing):
        return f"a constant, `{type(thing).__name__}`"
    return _escaped((inspect.getdoc(thing) or "").partition("\n")[0])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    replace_file(PAGE, reference().encode())
