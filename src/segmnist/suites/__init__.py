"""Suites: frozen, versioned lists of recipes with checksums, and the scoring of predictions on them."""

from segmnist.suites.catalog import SUITES, Part, Suite, suite, suite_of, sweep_of
from segmnist.suites.checksums import verify
from segmnist.suites.dataset_part import suite_of_dataset
from segmnist.suites.run import evaluate

__all__ = [
    "SUITES",
    "Part",
    "Suite",
    "evaluate",
    "suite",
    "suite_of",
    "suite_of_dataset",
    "sweep_of",
    "verify",
]
