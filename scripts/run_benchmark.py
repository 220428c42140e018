"""Train and score every run of the benchmark: python scripts/run_benchmark.py [--list] [--suite ...] [--model ...].

A run is one model on one suite, or on one part of it, with a seed and a budget of processor time. Models that are
not learned (`segmnist.suites.references`) are runs without a budget: the floor and the ceiling of each table. A run
whose result file is there, and of this version of the suite, is skipped. One that was killed continues from its
checkpoint. So the same command always finishes what is missing. `--jobs` runs go on at a time, with `--threads`
threads each.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from segmnist.baselines.catalog import LEARNED, MODELS, model_class
from segmnist.errors import CorruptData, SegmnistError
from segmnist.evaluate.reports.results import Result, save_result
from segmnist.executors.run_local import end_with
from segmnist.suites import evaluate
from segmnist.suites.catalog import suite
from segmnist.suites.references import REFERENCES, references_of
from segmnist.suites.results import load_suite_result, result_of
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]

SEEDS = (0, 1, 2)
STANDARD_MODELS = ("unet", "frame-stack", "unet2plus1d")
"""The models on standard-v1, which takes long: those that learn most on tiny-v1."""
CURVE_SCORES = ("information_gained", "nll", "miou")
"""What is kept of each validation."""


@dataclass(frozen=True)
class Run:
    """One model to train and to score."""

    suite: str
    part: str | None
    model: str
    seed: int
    minutes: float
    own_budget: bool = False
    """Whether the minutes are not those of the list."""

    @property
    def name(self) -> str:
        """The name of its result file and of its folder."""
        budget = f"{self.minutes:g}min" if self.own_budget else ""
        return "-".join(filter(None, [self.suite, self.part, self.model, str(self.seed), budget]))

    def for_minutes(self, minutes: float | None) -> Run:
        """Return the run with another budget, if it has one and another is given."""
        if not minutes or not self.minutes or minutes == self.minutes:
            return self
        return replace(self, minutes=minutes, own_budget=True)


def all_runs() -> Iterator[Run]:
    """Iterate over all runs, the cheap ones first."""
    for name in ("tiny-v1", "exact-v2", "standard-v1", "prediction-v1"):
        for part in suite(name).parts:
            for model in references_of(part):
                yield Run(name, part.name if len(suite(name).parts) > 1 else None, model, 0, 0.0)
    for seed in SEEDS:
        for model in LEARNED:
            yield Run("tiny-v1", None, model, seed, 2.0)
    for part in suite("exact-v2").parts:
        for model in LEARNED:
            for seed in SEEDS if part.name == "small" else SEEDS[:1]:
                yield Run("exact-v2", part.name, model, seed, 2.0)
    for model in STANDARD_MODELS:
        yield Run("standard-v1", None, model, 0, 40.0)


def finish(run: Run, options: argparse.Namespace) -> str:
    """Train and score one run, and return what happened in one line. It is called in a process of its own."""
    from segmnist.baselines.checkpoint import LAST
    from segmnist.baselines.device import use_threads
    from segmnist.baselines.run_logs import CURVE
    from segmnist.baselines.score import score
    from segmnist.baselines.settings import Settings
    from segmnist.baselines.train import train

    use_threads(options.threads)
    began = time.monotonic()
    if run.model in REFERENCES:
        save_result(_of_reference(run, options), options.results / f"{run.name}.json")
        return f"{run.name}: {(time.monotonic() - began) / 60:.1f} minutes of wall time"
    settings = Settings.of(
        run.model, suite=run.suite, part=run.part, seed=run.seed, minutes=run.minutes, **changes_of(run)
    )
    folder = options.runs / run.name
    train(settings, folder, resume=True, device=options.device, save_every=50)
    result = score(
        folder / LAST,
        tracking=options.tracking,
        observer=_observer(run, options),
        posteriors=options.runs / "posteriors",
        device=options.device,
        commit=options.commit,
    )
    keep_curve(run, folder / CURVE, options.results / "curves" / f"{run.name}.json")
    save_result(result, options.results / f"{run.name}.json")
    return f"{run.name}: {(time.monotonic() - began) / 60:.1f} minutes of wall time"


def changes_of(run: Run) -> dict[str, int]:
    """Return how a run differs from its model's own settings.

    Without noise the frames of a clip are near-duplicates, so that more clips teach more than more frames of each.
    """
    is_free = run.suite == "tiny-v1" and not {"batch", "frames"} & model_class(run.model).defaults.keys()
    return {"batch": 16, "frames": 2} if is_free else {}


def keep_curve(run: Run, validations: Path, place: Path) -> None:
    """Keep the scores of a run's validations, for the learning curves of `scripts/benchmark_figures.py`."""
    points = [
        {"minutes": round(point["minutes"], 3)} | {name: point["scores"][name] for name in CURVE_SCORES}
        for point in json.loads(validations.read_text(encoding="utf-8"))
    ]
    kept = {"suite": run.suite, "part": run.part, "model": run.model, "seed": run.seed, "validations": points}
    place.parent.mkdir(exist_ok=True)
    replace_file(place, json.dumps(kept, indent=1).encode() + b"\n")


def _of_reference(run: Run, options: argparse.Namespace) -> Result:
    """Return what a model that is not learned scores."""
    whole = suite(run.suite)
    chosen = whole if run.part is None else whole.only(run.part)
    [part] = chosen.parts
    make, notes = REFERENCES[run.model]
    parts = evaluate(
        make(part),
        chosen,
        tracking=options.tracking,
        observer=_observer(run, options),
        posteriors=options.runs / "posteriors",
    )
    return result_of(whole, parts, "test", run.model, commit=options.commit, notes=f"Not learned. {notes}")


def _observer(run: Run, options: argparse.Namespace) -> str | None:
    if run.suite == "prediction-v1" and run.model == "exact-posterior":
        return "prefix" if options.oracle else None
    return "offline" if run.suite.startswith("exact") and options.oracle else None


def finish_apart(run: Run, options: argparse.Namespace) -> bool:
    """Finish a run in a process of its own, so that nothing of it lasts, and return whether that went well."""
    process = multiprocessing.get_context("spawn").Process(target=_finish_and_tell, args=(run, options))
    process.start()
    process.join()
    if process.exitcode is not None and process.exitcode < 0:
        name = signal.Signals(-process.exitcode).name
        print(f"{run.name}: killed by {name}; run again to resume", file=sys.stderr, flush=True)
    return process.exitcode == 0


def _finish_and_tell(run: Run, options: argparse.Namespace) -> None:
    script = multiprocessing.parent_process()
    assert script is not None
    # Another script may go on with the same run.
    end_with(script.sentinel)
    try:
        print(finish(run, options), flush=True)
    except Exception as error:  # one run that fails must not stop the others
        kind = "" if isinstance(error, SegmnistError) else f"{type(error).__name__}: "
        print(f"{run.name}: failed: {kind}{error}", file=sys.stderr, flush=True)
        sys.exit(1)


def main() -> int:
    """Finish the runs that are asked for; return 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", nargs="+", help="only these suites")
    parser.add_argument("--part", nargs="+", help="only these parts")
    parser.add_argument("--model", nargs="+", choices=[*MODELS, *REFERENCES], help="only these models")
    parser.add_argument("--seed", nargs="+", type=int, help="only these seeds")
    parser.add_argument(
        "--minutes", type=float, help="another budget for each run, which its file is then named after"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tracking", action="store_true", help="score tracking, too")
    parser.add_argument("--oracle", action="store_true", help="compare exact suites with the posterior")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "benchmark", help="folder of the runs")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of the result files")
    parser.add_argument("--list", action="store_true", help="list the runs and whether each is done")
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: expected 1 or more")
    options.commit = _commit()
    asked = [run.for_minutes(options.minutes) for run in all_runs() if _is_asked(run, options)]
    if not asked:
        parser.error("no run is of these suites, parts, models and seeds; --list alone shows all runs")
    missing = [run for run in asked if not _is_done(options.results / f"{run.name}.json")]
    if options.list:
        for run in asked:
            print(f"{'missing' if run in missing else 'done':8}{run.minutes:6g} min  {run.name}")
        return 0
    options.results.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        went_well = list(pool.map(partial(finish_apart, options=options), missing))
    return int(not all(went_well))


def _is_asked(run: Run, options: argparse.Namespace) -> bool:
    wanted = (
        (options.suite, run.suite),
        (options.part, run.part),
        (options.model, run.model),
        (options.seed, run.seed),
    )
    return all(only is None or value in only for only, value in wanted)


def _is_done(place: Path) -> bool:
    try:
        load_suite_result(place)
    except CorruptData:
        return False
    return True


def _commit() -> str | None:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(main())
