"""Scores of predictions, from arrays alone: metrics, exact sums over clips, and reports."""

from segmnist.evaluate.evaluation import Evaluation
from segmnist.evaluate.predictions import BadPrediction, Prediction, check_prediction

__all__ = ["BadPrediction", "Evaluation", "Prediction", "check_prediction"]
