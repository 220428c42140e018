"""The exactly solvable family: posteriors of videos, and the best scores that any model can expect on
them."""

from segmnist.oracle.oracle import OBSERVERS, Oracle
from segmnist.oracle.posterior import Posterior

__all__ = ["OBSERVERS", "Oracle", "Posterior"]
