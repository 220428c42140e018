"""What a model says of a clip, as it travels: classes, errors, one plane of probabilities or doubt, and scores."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from segmnist.classes import Classes
from segmnist.errors import BadArgument
from segmnist.evaluate.arithmetic import Probabilities
from segmnist.evaluate.metrics import ROWS, counts_of, scores_of
from segmnist.explore.clip import Arrays, Drawn
from segmnist.explore.exhibit import Exhibit

SAID = ("classes", "entropy", "truth", "frames")
"""What of a prediction is asked for: its classes, their entropy, the probability of the truth, or frames to come; or the number
of a class.
"""


class PredictionFacts(msgspec.Struct, frozen=True):
    """A model's name, the clip's scores by title, what is predicted, and how many frames were given.

    wrong: the share of the pixels that the model calls wrong, None where it predicts no classes.
    """

    model: str
    scores: dict[str, float]
    has_probabilities: bool
    wrong: float | None
    given: int = 0


def predicted(drawn: Drawn, model: int, said: str, exhibit: Exhibit) -> tuple[PredictionFacts, Arrays]:
    """Return the facts, and `semantic`, `error` and perhaps `plane` and `frames`, `(T,H,W)` uint8 each.

    `error` is 0 where the class is right, else one of the kinds of `error_map`. `plane` is what `said` asks for: a
    probability, 255 = 1, or the entropy, 255 = ln of the number of classes; a model without probabilities has none. `frames`
    are grey levels, of a model that predicts frames to come, where they are asked for or there are no classes. Frames that
    were given hold background, no error, and themselves. Raises `BadArgument` for a model or a class that there is not, and
    for a clip without some of its digits.
    """
    part = exhibit.part(drawn.view.part)
    if drawn.view.without:
        raise BadArgument("without", drawn.view.without, "nothing: the prediction is of the whole clip")
    _check_said(said, drawn.clip.classes)
    prediction = part.prediction(model, drawn.clip)
    scored = part.scored(drawn.clip, prediction)
    error = part.errors(drawn.clip, prediction)
    arrays = {"semantic": part.whole(prediction.semantic, fill=scored.background), "error": error}
    if said not in ("classes", "frames") and prediction.probabilities is not None:
        arrays["plane"] = part.whole(_plane(prediction.probabilities, said, scored.semantic))
    levels = prediction.levels
    if levels is not None and (said == "frames" or not prediction.has_classes):
        arrays["frames"] = np.concatenate([drawn.clip.video[: part.given or 0], levels])
    scores = {
        name: float(value) for name, value in scores_of(counts_of(scored)).items() if np.ndim(value) == 0
    }
    shown = {
        row.title: round(scores[name], 5)
        for name, row in ROWS.items()
        if row.shown and name in scores and np.isfinite(scores[name])
    }
    wrong = round(float((error[part.given or 0 :] > 0).mean()), 5) if prediction.has_classes else None
    name, given = part.model_names[model], part.given or 0
    return PredictionFacts(name, shown, prediction.probabilities is not None, wrong, given), arrays


def _check_said(said: str, classes: Classes) -> None:
    numbers = map(str, range(classes.num_classes))
    if said not in (*SAID, *numbers):
        expected = f"{', '.join(SAID)}, or the number of a class, 0..{classes.background}"
        raise BadArgument("said", said[:40], expected)


def _plane(p: Probabilities, said: str, truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if said == "entropy":
        nats = -np.where(p > 0, p * np.log(np.maximum(p, np.finfo(np.float32).tiny)), 0).sum(axis=1)
        plane = nats / np.log(p.shape[1])
    elif said == "truth":
        places = np.minimum(truth, p.shape[1] - 1)[:, None].astype(np.intp)
        plane = np.take_along_axis(p, places, axis=1)[:, 0]
    else:
        plane = p[:, int(said)]
    return np.asarray((plane * 255).round().clip(0, 255), np.uint8)
