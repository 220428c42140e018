"""`segmnist evaluate`: scores of predictions on a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.completion import observers, suite_names
from segmnist.cli.options import (
    BankOption,
    DatasetOption,
    DeviceOption,
    PartOption,
    PresetOption,
    ScoredSplitOption,
    SetOption,
    SpecOption,
    named_input,
    spec_from,
)
from segmnist.cli.output import Answer, say
from segmnist.cli.torch_threads import take_one_thread

if TYPE_CHECKING:
    from segmnist.suites import Suite

DEFAULT_SUITE = "standard-v1"


def evaluate(
    predictions: Annotated[
        str,
        typer.Argument(
            help="A folder with one .npy or .npz per clip; one .npy, .npz or Zarr for all clips; a checkpoint (.pt) of "
            "`segmnist train`; or MODULE:NAME of a torch module or of a function from videos to predictions."
        ),
    ],
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            "-s",
            help=f"The suite; `segmnist suites` lists them. Default: {DEFAULT_SUITE}.",
            autocompletion=suite_names,
        ),
    ] = None,
    part: PartOption = None,
    dataset: DatasetOption = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    bank: BankOption = None,
    num_clips: Annotated[
        int | None,
        typer.Option(
            "--clips",
            "-n",
            help="How many clips of your own --preset, --spec or --set (default 200); or, for a quick look, only the first "
            "so many of each part of a suite.",
        ),
    ] = None,
    split: ScoredSplitOption = "test",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the result file, for `segmnist compare`.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page with plots and the worst clips.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model's name in the result.")] = None,
    commit: Annotated[str | None, typer.Option("--commit", help="The commit of the model's code.")] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="The seed that the model was trained with. A checkpoint knows its own."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            help="The minutes that the training took: of processor time, on a GPU of wall time. A checkpoint knows its own.",
        ),
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option(
            "--notes",
            help="How the model was trained, for the result file. A checkpoint knows its own steps.",
        ),
    ] = None,
    tracking: Annotated[
        bool,
        typer.Option(
            "--tracking", help="Also score tracking: HOTA, J&F and VIS AP. Needs the `tracking` extra."
        ),
    ] = False,
    observer: Annotated[
        str | None,
        typer.Option(
            "--oracle",
            help="Also compare with the exact posterior of this observer: offline, causal or frame; of a suite that asks for "
            "frames to come, prefix.",
            autocompletion=observers,
        ),
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option(
            "--transfer", help="Score a checkpoint on a suite, part or spec that it was not trained on, too."
        ),
    ] = False,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch, when a model is run.")] = 8,
    device: DeviceOption = "auto",
    workers: Annotated[
        int, typer.Option("--workers", help="The number of processes, for stored predictions.")
    ] = 2,
) -> Answer:
    """Score predictions on a suite, a data set or a spec of your own; print a table, write a result file or a page if asked."""
    from segmnist.cli.progress import progress
    from segmnist.evaluate.reports.results import save_result
    from segmnist.evaluate.reports.table import tables
    from segmnist.scoring import Trial, model_of
    from segmnist.whole_file import check_target, replace_file

    take_one_thread()
    for place in filter(None, (out, html)):
        check_target(place)
    asked = _Asked(suite, part, dataset, preset, spec, changes or [], bank, num_clips, split)
    whole, first = asked.clips()
    trial = Trial(model_of(predictions, device), whole, part, split, first)
    if not transfer:
        trial.model.check_trained_on(trial.suite)
    with progress(f"{whole.name} {split}") as show:
        result = trial.run(
            name=model, seed=seed, commit=commit, notes=notes, minutes=minutes, show=show,
            batch_size=batch, tracking=tracking, observer=observer, num_workers=workers,
        )  # fmt: skip
    if result.partial:
        say(f"partial: the first clips only, {trial.num_clips} of {trial.suite.num_clips(split)}")
    if out is not None:
        save_result(result, out)
    if html is not None:
        replace_file(html, trial.page(result, asked.explore_command(predictions)).encode())
    return Answer(result, (tables(result.parts),))


@dataclass(frozen=True)
class _Asked:
    """What the options ask to be scored: a suite, a data set, or clips of an own spec."""

    suite: str | None
    part: str | None
    dataset: str | None
    preset: str | None
    spec: Path | None
    changes: list[str]
    bank: Path | None
    num_clips: int | None
    split: str

    @property
    def kind(self) -> str:
        """`suite`, `dataset` or `own`. Raises `BadArgument` for options of more than one."""
        own = self.preset or self.spec or self.changes or (self.bank and not self.dataset)
        return named_input(suite=self.suite, dataset=self.dataset, own=own) or "suite"

    def clips(self) -> tuple[Suite, int | None]:
        """Return the clips as a suite, and how many of each part are scored if not all."""
        from segmnist.digits.bank import DigitBank
        from segmnist.scoring.trial import clips_to_score
        from segmnist.suites import suite_of_dataset

        kind = self.kind
        digits = DigitBank.from_path(self.bank) if self.bank else None
        if kind == "own":
            spec = spec_from(self.preset, self.spec, self.changes)
            name = self.spec.stem if self.spec else self.preset or "standard"
            return clips_to_score(spec, self.num_clips, name=name, bank=digits)
        if kind == "dataset":
            return clips_to_score(suite_of_dataset(str(self.dataset), self.split, digits), self.num_clips)
        return clips_to_score(self.suite or DEFAULT_SUITE, self.num_clips)

    def explore_command(self, predictions: str) -> list[str]:
        """Return the words of the command that shows predictions of these clips in the explorer."""
        options = {
            "--predictions": predictions,
            "--split": self.split,
            "--suite": self.suite or DEFAULT_SUITE if self.kind == "suite" else None,
            "--part": self.part,
            "--preset": self.preset,
            "--spec": self.spec,
            "--bank": self.bank,
            "--clips": self.num_clips,
        }
        words = [word for name, value in options.items() if value for word in (name, str(value))]
        changed = [word for change in self.changes for word in ("--set", change)]
        return ["segmnist", "explore", *([self.dataset] if self.dataset else []), *words, *changed]
