"""Data sets on disk: recipes, the commit protocol, readers."""

from segmnist.dataset.generate import generate
from segmnist.dataset.plan import Plan, plan_for, recipe_for
from segmnist.dataset.recipe import Recipe

__all__ = ["Plan", "Recipe", "generate", "plan_for", "recipe_for"]
