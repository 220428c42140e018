"""A sweep: models at several values of one field of a spec."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.results import Result, save_result
from segmnist.scene.presets import PresetName
from segmnist.scene.spec import SceneSpec
from segmnist.scoring.models import NamedModel, model_of
from segmnist.scoring.trial import Show, Trial
from segmnist.suites import sweep_of
from segmnist.whole_file import check_target


def sweep(
    models: Sequence[object] | Mapping[str, object],
    spec: SceneSpec | PresetName,
    knob: str,
    values: Sequence[float],
    *,
    num_clips: int = 100,
    bank: DigitBank | None = None,
    split: str = "test",
    batch_size: int = 8,
    device: str = "auto",
    out: str | Path | None = None,
    show: Show = lambda done, total: None,
) -> dict[str, Result]:
    """Score models at several values of one field; return their results by name: what `segmnist sweep` does.

    models: as `model_of` takes them, or such by names of your own; stored predictions cannot be swept. knob, values,
    num_clips, bank: as `segmnist.suites.sweep_of` takes them. out: a folder that gets each result file as soon as it is
    there. show: called with the clips scored and their number, of all models together.
    `segmnist.evaluate.reports.compare.compare` makes a table of the results, and a curve.

    >>> found = sweep({"bright": lambda video: video // 255 + 9}, "clean", "num_digits_range", [1, 2], num_clips=2)
    >>> [part.name for part in found["bright"].parts]
    ['num_digits_range-1', 'num_digits_range-2']
    """
    swept = sweep_of(spec, knob, values, num_clips, bank=bank)
    named = _named(models, device)
    places = _places(out, named)
    each, total = swept.num_clips(split), swept.num_clips(split) * len(named)
    results: dict[str, Result] = {}
    for name, model in named.items():

        def show_all(done: int, _: int, before: int = len(results) * each) -> None:
            show(before + done, total)

        results[name] = Trial(model, swept, split=split).run(name=name, batch_size=batch_size, show=show_all)
        if name in places:
            save_result(results[name], places[name])
    return results


def _named(models: Sequence[object] | Mapping[str, object], device: str) -> dict[str, NamedModel]:
    """Return models by names that differ: runs of one model differ by their paths. Raises `BadArgument` for predictions."""
    given = models.items() if isinstance(models, Mapping) else [("", model) for model in models]
    named: dict[str, NamedModel] = {}
    for asked, model in given:
        found = model_of(model, device)
        if isinstance(found.source, Path):
            permitted = "a checkpoint (.pt) or MODULE:NAME"
            raise BadArgument("MODEL", str(model), permitted, "a sweep runs the model")
        name = asked or found.name
        named[name if name not in named else f"{name} ({model})"] = found
    return named


def _places(folder: str | Path | None, names: Iterable[str]) -> dict[str, Path]:
    """Return where each result goes, in a folder that is created; raise `BadArgument` where nothing can be written."""
    if folder is None:
        return {}
    Path(folder).mkdir(parents=True, exist_ok=True)
    places = {name: Path(folder) / f"{re.sub('[^A-Za-z0-9._-]+', '-', name)}.json" for name in names}
    for place in places.values():
        check_target(place)
    return places
