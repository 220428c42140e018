"""Scores of predictions, from arrays alone: pure functions, an exact streaming accumulator, and reports."""

from segmnist.evaluate.predictions import BadPrediction, Prediction, check_prediction
from segmnist.evaluate.protocol import Evaluation

__all__ = ["BadPrediction", "Evaluation", "Prediction", "check_prediction"]
