"""A trial: one model on one set of clips, from the scores to the result file and the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.results import Result, save_result
from segmnist.scene.spec import SceneSpec
from segmnist.scoring.models import NamedModel, model_of
from segmnist.suites import SUITES, Suite, suite, suite_of, suite_of_dataset
from segmnist.suites import evaluate as score
from segmnist.suites.dataset_part import DatasetPart
from segmnist.suites.results import result_of
from segmnist.urls import is_url
from segmnist.whole_file import check_target

if TYPE_CHECKING:
    from segmnist.suites.worst import Predicted

NUM_CLIPS = 200
"""Clips of a spec of your own that are scored, unless another number is asked for."""

Show = Callable[[int, int], None]
"""Told of the clips that are scored, and of how many."""


def clips_to_score(
    on: str | SceneSpec | Suite,
    num_clips: int | None = None,
    *,
    name: str = "own",
    bank: DigitBank | None = None,
) -> tuple[Suite, int | None]:
    """Return a suite, and how many clips of each part are scored if not all.

    on: a suite or its name, or a spec, of which `num_clips` are drawn (200 unless given) with the digits of `bank`. Raises
    `BadArgument` for an unknown name, and for a bank beside a suite.
    """
    if isinstance(on, SceneSpec):
        return suite_of(on, NUM_CLIPS if num_clips is None else num_clips, name=name, bank=bank), None
    if bank is not None:
        raise BadArgument("bank", bank, "none beside a suite, which has its own digits", "suite_of takes one")
    return suite(on) if isinstance(on, str) else on, num_clips


@dataclass(frozen=True)
class Trial:
    """A model, and the clips that it is scored on: a suite or one of its parts, all or the `first` clips of each."""

    model: NamedModel
    whole: Suite
    part: str | None = None
    split: str = "test"
    first: int | None = None

    @property
    def suite(self) -> Suite:
        """The parts that are scored."""
        return self.whole if self.part is None else self.whole.only(self.part)

    @property
    def num_clips(self) -> int:
        """The number of clips that are scored."""
        return sum(part.first(self.first).num_clips(self.split) for part in self.suite.parts)

    def run(
        self,
        *,
        name: str | None = None,
        seed: int | None = None,
        commit: str | None = None,
        notes: str | None = None,
        minutes: float | None = None,
        show: Show = lambda done, total: None,
        **options: Any,
    ) -> Result:
        """Score the clips and return the result, with what is said of the model, or known of it where nothing is said.

        options: of `segmnist.suites.evaluate`.
        """
        if minutes is not None and not 0 <= minutes < math.inf:
            raise BadArgument("minutes", minutes, "0 or more")
        done, total = 0, self.num_clips
        show(done, total)

        def advance(clips: int) -> None:
            nonlocal done
            done += clips
            show(done, total)

        parts = score(
            self.model.source, self.suite, split=self.split, first=self.first, progress=advance, **options
        )
        said = {"seed": seed, "commit": commit, "notes": notes or None, "minutes": minutes}
        about = self.model.about() | {key: value for key, value in said.items() if value is not None}
        return result_of(self.whole, parts, self.split, name or self.model.name, **about)

    def page(self, result: Result, explore: Sequence[str] = ()) -> str:
        """Return the result as an HTML page with the worst clips. explore: the command that shows these predictions."""
        from segmnist.evaluate.reports.page import page
        from segmnist.suites.worst import worst_clips
        from segmnist.views.mistakes import mistakes_html

        clips = worst_clips(self.model.source, self.suite, result.parts, split=self.split, first=self.first)
        return page(
            result,
            {part: mistakes_html(found) + self._links(explore, part, found) for part, found in clips.items()},
        )

    def _links(self, command: Sequence[str], part: str, clips: Sequence[Predicted]) -> str:
        from segmnist.views.mistakes import explorer_html

        is_stored = isinstance(self.suite.part(part), DatasetPart)
        return explorer_html(command, {"stored": "true"} if is_stored else {"part": part}, clips)


def evaluate(
    model: object,
    on: str | Path | SceneSpec | Suite = "standard-v1",
    *,
    part: str | None = None,
    split: str = "test",
    num_clips: int | None = None,
    bank: DigitBank | None = None,
    tracking: bool = False,
    observer: str | None = None,
    transfer: bool = False,
    batch_size: int = 8,
    device: str = "auto",
    num_workers: int = 1,
    name: str | None = None,
    seed: int | None = None,
    commit: str | None = None,
    notes: str | None = None,
    minutes: float | None = None,
    out: str | Path | None = None,
    show: Show = lambda done, total: None,
) -> Result:
    """Score a model and return its result, which `out` also gets as a file: what `segmnist evaluate` does.

    model: a function, a torch module or a path, as `model_of` says. on: a suite or its name, a spec, or the
    folder or URL of a data set on disk.
    num_clips: the first clips of a data set or of each part of a suite (then the result is partial), or how many of a
    spec. bank: the digits of a spec or of a data set, MNIST unless given.
    tracking, observer: as in `segmnist.suites.evaluate`. transfer: score a checkpoint on what it was not trained on,
    too. name, seed, commit, notes, minutes (of training): kept in the result; of a checkpoint, what is not given is known,
    but for the commit. show: called with the clips scored and their number. Raises
    `BadArgument` and `BadPrediction`.

    >>> from segmnist import preset
    >>> result = evaluate(lambda video: video // 255 + 9, preset("clean", num_frames=2), num_clips=3, name="bright")
    >>> result.model, result.parts[0].num_clips
    ('bright', 3)
    """
    if out is not None:
        check_target(Path(out))
    if isinstance(on, Path) or (
        isinstance(on, str) and on not in SUITES and (is_url(on) or Path(on).exists())
    ):
        on, bank = suite_of_dataset(on, split, bank), None
    whole, first = clips_to_score(on, num_clips, bank=bank)
    trial = Trial(model_of(model, device), whole, part, split, first)
    if not transfer:
        trial.model.check_trained_on(trial.suite)
    result = trial.run(
        name=name, seed=seed, commit=commit, notes=notes, minutes=minutes, show=show,
        batch_size=batch_size, tracking=tracking, observer=observer, num_workers=num_workers,
    )  # fmt: skip
    if out is not None:
        save_result(result, out)
    return result
