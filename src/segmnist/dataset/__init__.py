"""Data sets on disk: recipes, the commit protocol, readers, verification."""

from segmnist.dataset.export import export
from segmnist.dataset.find import find, selection
from segmnist.dataset.generate import generate
from segmnist.dataset.locate import recipe_of
from segmnist.dataset.plan import Plan, plan_for, recipe_for
from segmnist.dataset.reader import StoredDataset, open_dataset
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.repair import repair
from segmnist.dataset.verify import Verdict, clean, verify

__all__ = [
    "Plan",
    "Recipe",
    "StoredDataset",
    "Verdict",
    "clean",
    "export",
    "find",
    "generate",
    "open_dataset",
    "plan_for",
    "recipe_for",
    "recipe_of",
    "repair",
    "selection",
    "verify",
]
