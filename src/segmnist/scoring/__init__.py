"""Scoring a model in one call: any function, torch module or file of predictions, on a suite, a spec or a data set."""

from segmnist.scoring.models import NamedModel, model_of
from segmnist.scoring.sweep import sweep
from segmnist.scoring.trial import Trial, evaluate

__all__ = ["NamedModel", "Trial", "evaluate", "model_of", "sweep"]
