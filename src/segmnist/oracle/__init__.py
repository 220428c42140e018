"""The exactly solvable family: posteriors of videos, and the best scores that can be expected of a model."""

from segmnist.oracle.ceiling import Ceiling, ceilings
from segmnist.oracle.observers import FORECAST, OBSERVERS
from segmnist.oracle.oracle import Oracle
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.store import PosteriorPlan, StoredPosterior, read_posteriors, write_posteriors

__all__ = [
    "FORECAST",
    "OBSERVERS",
    "Ceiling",
    "Oracle",
    "Posterior",
    "PosteriorPlan",
    "StoredPosterior",
    "ceilings",
    "read_posteriors",
    "write_posteriors",
]
