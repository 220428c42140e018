"""Training: the same weights after a kill, what a run leaves behind, its budget, its batches, its optimiser, bad input."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist.baselines import catalog, checkpoint, train  # noqa: E402
from segmnist.baselines.batches import batches, picked_frames  # noqa: E402
from segmnist.baselines.device import trains_in_bf16  # noqa: E402
from segmnist.baselines.optimiser import Muon, hidden_weights, orthogonal  # noqa: E402
from segmnist.baselines.predict import load_predictor  # noqa: E402
from segmnist.baselines.score import score  # noqa: E402
from segmnist.baselines.settings import Settings  # noqa: E402
from segmnist.errors import BadArgument, CorruptData, MissingDependency, SegmnistError  # noqa: E402
from segmnist.scene.presets import preset  # noqa: E402
from segmnist.scene.spec import SceneSpec  # noqa: E402
from segmnist.suites import suite  # noqa: E402

SETTINGS = Settings(
    model="unet", suite="tiny-v1", steps=6, batch=2, width=8, frames=2, validations=2, val_clips=2
)


def losses_of(folder: Any, settings: Any = SETTINGS, **options: Any) -> Any:
    losses: dict[int, float] = {}

    def keep(progress: Any) -> None:
        first = progress.step - len(progress.losses)
        losses.update(zip(range(first, progress.step), progress.losses))

    train.train(settings, folder, device="cpu", report=keep, **options)
    return losses


class Stop(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize(("stop_after", "model"), [(2, "unet"), (5, "unet"), (4, "unet3d")])
def test_a_run_that_was_stopped_goes_on_to_the_same_state(
    tmp_path: Any, monkeypatch: Any, stop_after: Any, model: Any
) -> Any:
    settings = dataclasses.replace(SETTINGS, model=model)
    whole = losses_of(tmp_path / "whole", settings)
    take_step = train.Run.take_step

    def stop(run: Any, drawn: Any) -> Any:
        if run.step == stop_after:
            raise Stop
        return take_step(run, drawn)

    with monkeypatch.context() as patch:
        patch.setattr(train.Run, "take_step", stop)
        with pytest.raises(Stop):
            losses_of(tmp_path / "cut", settings, save_every=2)
    rest = losses_of(tmp_path / "cut", settings, resume=True)
    assert sorted(rest) == list(range(stop_after // 2 * 2, 6))
    assert all(whole[step] == loss for step, loss in rest.items())
    for name in (checkpoint.LAST, checkpoint.BEST):
        ours, theirs = (
            checkpoint.read_checkpoint(tmp_path / folder / name, torch.device("cpu"))
            for folder in ("cut", "whole")
        )
        assert ours["step"] == theirs["step"]
        for kind in ("model", "average"):
            assert all(torch.equal(ours[kind][key], theirs[kind][key]) for key in theirs[kind])
        assert [point["scores"] for point in ours["curve"]] == [point["scores"] for point in theirs["curve"]]


KILLED = """
import os, signal
from segmnist.baselines import train
from segmnist.cli.main import main

save, saves = train.save_checkpoint, iter(range(10**9))

def killed(*arguments):
    save(*arguments)
    if next(saves) == 20:
        os.kill(os.getpid(), signal.SIGKILL)

train.save_checkpoint = killed
main()
"""


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_model(tmp_path: Any) -> Any:
    def command(folder: Any, *more: Any, code: Any = "from segmnist.cli.main import main; main()") -> Any:
        options = ["--suite", "tiny-v1", "--steps", "40", "--batch", "2", "--width", "8", "--save-every", "1"]
        options += ["--validations", "0", "--threads", "1"]
        return [sys.executable, "-c", code, "train", "unet", "--out", str(tmp_path / folder), *options, *more]

    subprocess.run(command("whole"), check=True)
    assert subprocess.run(command("cut", code=KILLED)).returncode == -signal.SIGKILL
    place = tmp_path / "cut" / checkpoint.LAST
    assert checkpoint.read_checkpoint(place, torch.device("cpu"))["step"] == 21
    subprocess.run(command("cut", "--resume"), check=True)
    ours, theirs = (
        checkpoint.read_checkpoint(tmp_path / f / checkpoint.LAST, torch.device("cpu"))["model"]
        for f in ("cut", "whole")
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_leaves_checkpoints_a_curve_a_picture_and_logs(tmp_path: Any) -> None:
    from tensorboard.backend.event_processing import event_accumulator  # type: ignore[import-untyped]

    losses = losses_of(tmp_path)
    names = {"checkpoint.pt", "best.pt", "validation.json", "validation.png", "logs", ".lock"}
    assert {path.name for path in tmp_path.iterdir()} == names
    curve = json.loads((tmp_path / "validation.json").read_text())
    assert [point["step"] for point in curve] == [3, 6]
    assert curve[0]["parts"]["all"] == curve[0]["scores"]
    best = checkpoint.read_checkpoint(tmp_path / "best.pt", torch.device("cpu"))["step"]
    assert best == min(curve, key=lambda point: point["scores"]["nll"])["step"]
    assert Image.open(tmp_path / "validation.png").size == (2 * 8 * 34, 2 * 2 * 3 * 34)
    logs = event_accumulator.EventAccumulator(str(tmp_path / "logs"))
    logs.Reload()
    logged = {event.step: event.value for event in logs.Scalars("loss")}
    assert logged == pytest.approx(losses)
    assert all(event.value > 0 for event in logs.Scalars("gradient norm"))
    rates = [event.value for event in logs.Scalars("learning rate, share of the highest")]
    assert rates[1] == 1
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
    assert [event.step for event in logs.Scalars("validation/nll")] == [3, 6]
    assert logs.Tags()["images"] == ["validation"]


@pytest.mark.parametrize("number", [7, 100])
def test_a_run_with_as_many_validations_as_steps_has_one_after_each(number: int) -> None:
    settings = dataclasses.replace(SETTINGS, model="all-background", steps=number, validations=number)
    run = train.Run(settings, torch.device("cpu"))
    due = []
    for run.step in range(number + 1):
        due.append(run.validations_due)
    assert due == list(range(number + 1))


def test_a_validation_s_scores_are_those_of_the_suite(tmp_path: Any) -> None:
    """The last point of the curve is what `evaluate` finds, on all validation clips, with the stored weights."""
    settings = dataclasses.replace(SETTINGS, steps=2, validations=1, val_clips=50)
    losses_of(tmp_path, settings)
    [point] = json.loads((tmp_path / "validation.json").read_text())
    [part] = score(tmp_path / "checkpoint.pt", split="val", device="cpu").parts
    for name in ("nll", "miou", "foreground_accuracy"):
        assert part.scores[name].value == pytest.approx(point["scores"][name], abs=1e-6)


def test_a_budget_of_minutes_ends_the_run_and_the_schedule(tmp_path: Any, monkeypatch: Any) -> Any:
    class Clock:
        def __init__(self) -> None:
            self.now = 0.0

        def __call__(self) -> Any:
            self.now += 1.5  # two readings a step: each takes 1.5 seconds
            return self.now

    monkeypatch.setattr("time.process_time", Clock())
    settings = dataclasses.replace(SETTINGS, steps=None, minutes=0.1, validations=0)
    seen: list[train.Progress] = []
    train.train(settings, tmp_path, device="cpu", report=seen.append)
    assert seen[-1].step == 4
    assert seen[-1].fraction == 1
    state = checkpoint.read_checkpoint(tmp_path / checkpoint.LAST, torch.device("cpu"))
    assert state["seconds"] == 6.0
    assert checkpoint.BEST not in {path.name for path in tmp_path.iterdir()}


def test_the_time_of_a_gpu_that_works_behind_counts(tmp_path: Any, monkeypatch: Any) -> None:
    now = [0.0]
    monkeypatch.setattr("time.process_time", lambda: now[0])
    monkeypatch.setattr(train.Run, "_wait", lambda run: now.__setitem__(0, now[0] + 60.0))
    settings = dataclasses.replace(SETTINGS, model="all-background", steps=None, minutes=2.0, validations=0)
    train.train(settings, tmp_path, device="cpu")
    state = checkpoint.read_checkpoint(tmp_path / checkpoint.LAST, torch.device("cpu"))
    assert (state["seconds"], state["step"]) == (120.0, 2 * train.STEPS_A_REPORT)


def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(tmp_path: Any, monkeypatch: Any) -> None:
    model = catalog.model_class("all-background")
    loss, calls = model.loss, itertools.count()
    monkeypatch.setattr(model, "loss", lambda *seen: loss(*seen) * (float("nan") if next(calls) == 4 else 1))
    settings = dataclasses.replace(SETTINGS, model="all-background", steps=20, validations=0)
    with pytest.raises(SegmnistError, match="no number at step 6; lower the learning rates"):
        losses_of(tmp_path, settings, save_every=3)
    state = checkpoint.read_checkpoint(tmp_path / checkpoint.LAST, torch.device("cpu"))
    assert state["step"] == 3
    assert all(weight.isfinite().all() for weight in state["model"].values())


def test_the_picture_is_of_the_first_part_where_parts_differ_in_size(tmp_path: Any) -> None:
    settings = Settings.of("all-background", suite="exact-v2", steps=1, batch=1, validations=1, val_clips=1)
    losses_of(tmp_path, settings)
    [point] = json.loads((tmp_path / "validation.json").read_text())
    assert point["parts"].keys() == {part.name for part in suite("exact-v2").parts}
    assert Image.open(tmp_path / "validation.png").size == (2 * 4 * 26, 2 * 3 * 26)


def test_seeds_differ_in_their_weights_and_share_no_clip() -> None:
    batch_of = {
        seed: next(batches(dataclasses.replace(SETTINGS, seed=seed), 0, torch.device("cpu")))
        for seed in (0, 1)
    }
    assert not torch.equal(batch_of[0].video, batch_of[1].video)
    again = next(batches(SETTINGS, 0, torch.device("cpu"), threads=3))
    assert torch.equal(again.video, batch_of[0].video)
    weights = [
        next(train.Run(dataclasses.replace(SETTINGS, seed=s), torch.device("cpu")).model.parameters())
        for s in (0, 1)
    ]
    assert not torch.equal(*weights)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**61), st.booleans())
def test_frames_are_picked_without_repetition_and_windows_have_no_gap(
    num_frames: Any, wanted: Any, first: Any, per_frame: Any
) -> None:
    frames = picked_frames(np.arange(first, first + 3), num_frames, wanted, per_frame)
    assert frames.shape == (3, min(wanted, num_frames))
    assert frames.min() >= 0
    assert frames.max() < num_frames
    steps = np.diff(frames, axis=1)
    assert (steps >= 1).all() if per_frame else (steps == 1).all()


@pytest.mark.parametrize("per_frame", [True, False])
def test_every_frame_is_picked_equally_often(per_frame: Any) -> None:
    """Windows start everywhere equally often; of single frames, each comes equally often."""
    frames = picked_frames(np.arange(4000), 5, 2, per_frame)
    found = frames.ravel() if per_frame else frames[:, 0]
    shares = np.bincount(found) / len(found)
    assert len(shares) == (5 if per_frame else 4)
    np.testing.assert_allclose(shares, 1 / len(shares), atol=0.03)


def test_batches_are_the_suite_s_clips_and_parts_take_turns() -> None:
    settings = Settings(model="unet3d", suite="length-v1", steps=5, batch=1, frames=None)
    drawn = batches(settings, 0, torch.device("cpu"))
    taken = [next(drawn) for _ in range(5)]
    drawn.close()
    assert [batch.video.shape[1] for batch in taken] == [5, 10, 30, 100, 5]
    clip = suite("length-v1").parts[1].source("train")[1]
    assert np.array_equal(taken[1].video[0], clip.video)
    assert np.array_equal(taken[1].semantic[0], clip.semantic)
    video, classes = taken[1].to(torch.device("cpu"))
    assert video.shape == (1, 10, 1, 64, 64)
    assert video.max() <= 1
    assert classes.dtype == torch.int64


def test_a_spec_of_one_s_own_is_trained_on(tmp_path: Any) -> None:
    spec = preset("clean", num_frames=3, height=40, width=36).to_dict()
    settings = Settings.of("unet", spec=spec, steps=1, width=8, batch=1, validations=1, val_clips=1)
    assert settings.suite is None
    losses_of(tmp_path, settings)
    assert json.loads((tmp_path / "validation.json").read_text())[0]["parts"].keys() == {"spec"}
    with pytest.raises(BadArgument, match="trained on a suite"):
        score(tmp_path / "checkpoint.pt")
    with pytest.raises(BadArgument, match="batch=4"):
        losses_of(tmp_path, dataclasses.replace(settings, batch=4), resume=True)


@pytest.mark.parametrize(("rows", "columns"), [(16, 144), (40, 8), (7, 7)])
def test_orthogonal_keeps_the_singular_vectors(rows: Any, columns: Any) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ orthogonal(matrix) @ right.T
    found = turned.diagonal()
    assert torch.allclose(turned, torch.diag(found), atol=1e-9)
    well = values > 0.1 * values.norm()
    assert ((found > 0.6) & (found < 1.3))[well].all()


def test_muon_steps_as_published() -> None:
    """Against torch's own Muon, which works in bfloat16, on a matrix and on the same weights as a kernel."""
    generator = torch.Generator().manual_seed(0)
    weight, gradients = torch.randn(24, 18, generator=generator), torch.randn(5, 24, 18, generator=generator)
    theirs, ours = torch.nn.Parameter(weight.clone()), torch.nn.Parameter(weight.clone().reshape(24, 2, 3, 3))
    optimisers = (
        torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.01),
        Muon([ours], lr=0.02, momentum=0.95, weight_decay=0.01),
    )
    for gradient in gradients:
        theirs.grad, ours.grad = gradient.clone(), gradient.clone().reshape(24, 2, 3, 3)
        for optimiser in optimisers:
            optimiser.step()
    moved = (ours.flatten(1) - weight).norm()
    assert (ours.flatten(1) - theirs).norm() < 0.02 * moved


@pytest.mark.parametrize("name", catalog.LEARNED)
def test_muon_gets_hidden_weights_and_no_others(name: Any) -> None:
    model = catalog.build(name, 8)
    hidden = {id(weight) for weight in hidden_weights(model)}
    assert hidden or len(list(model.parameters())) <= 2, "only a model of a single layer has none"
    for parameter_name, parameter in model.named_parameters():
        if id(parameter) in hidden:
            assert parameter.ndim >= 2
            assert parameter.shape[1] > 1
            assert "head" not in parameter_name


@pytest.mark.parametrize("name", catalog.MODELS)
def test_a_model_s_own_settings_are_settings(name: Any) -> None:
    settings = Settings.of(name, steps=1)
    assert all(getattr(settings, key) == value for key, value in catalog.model_class(name).defaults.items())


@pytest.mark.parametrize("part", suite("exact-v2").parts, ids=lambda part: part.name)
@pytest.mark.parametrize("name", catalog.MODELS)
def test_a_model_s_frames_fit_the_clips_of_every_part(name: Any, part: Any) -> None:
    settings = Settings.of(name, suite="exact-v2", part=part.name)
    wanted = catalog.model_class(name).defaults.get("frames", Settings.frames)
    assert settings.frames == (wanted and min(wanted, part.spec.num_frames))


def test_bf16_is_used_where_the_processor_has_it(monkeypatch: Any) -> None:
    cpu = torch.device("cpu")
    for has_it in (True, False):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda found=has_it: {"avx512_bf16": found}, raising=False
        )
        assert trains_in_bf16("auto", cpu) == has_it
    assert trains_in_bf16("bf16", cpu)
    assert not trains_in_bf16("fp32", cpu)
    assert trains_in_bf16("auto", torch.device("cuda"))


def test_a_disk_that_is_full_leaves_the_last_checkpoint(tmp_path: Any, monkeypatch: Any) -> None:
    losses_of(tmp_path, dataclasses.replace(SETTINGS, validations=0))
    place = tmp_path / checkpoint.LAST
    before = place.read_bytes()

    def half(state: Any, file: Any) -> None:
        file.write(before[: len(before) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save_checkpoint(place, train.Run(SETTINGS, torch.device("cpu")).state())
    assert place.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", checkpoint.LAST, "logs"]


def test_a_folder_with_a_checkpoint_is_not_overwritten_nor_resumed_with_other_settings(tmp_path: Any) -> None:
    losses_of(tmp_path)
    with pytest.raises(BadArgument, match="--resume"):
        losses_of(tmp_path)
    for change, said in (({"batch": 4}, "batch=4"), ({"suite": "exact-v1"}, "suite='exact-v1'")):
        with pytest.raises(BadArgument, match=said):
            losses_of(tmp_path, dataclasses.replace(SETTINGS, **change), resume=True)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04" + bytes(100)])
def test_other_files_are_no_checkpoints(tmp_path: Any, content: Any) -> None:
    place = tmp_path / "model.pt"
    place.write_bytes(content)
    with pytest.raises(CorruptData, match=r"model\.pt"):
        load_predictor(place, "cpu")
    with pytest.raises(BadArgument, match=r"absent\.pt"):
        load_predictor(tmp_path / "absent.pt", "cpu")


def test_weights_of_another_build_are_refused(tmp_path: Any) -> None:
    state = train.Run(SETTINGS, torch.device("cpu")).state()
    state["average"] = catalog.build("all-background").state_dict()
    torch.save(state, tmp_path / "old.pt")
    with pytest.raises(CorruptData, match=r"old\.pt: its weights do not fit unet"):
        load_predictor(tmp_path / "old.pt", "cpu")
    del state["average"]
    torch.save(state, tmp_path / "older.pt")
    with pytest.raises(CorruptData, match=r"older\.pt: .* it has no average"):
        load_predictor(tmp_path / "older.pt", "cpu")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "unett"}, "did you mean unet"),
        ({"width": 12}, "width=12"),
        ({"width": "8"}, "width='8' .* a value of type int"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5 .* a value of type int"),
        ({"batch": 10**11}, r"batch=100000000000 .* 1\.\.65536"),
        ({"batch": None}, "batch=None .* a value of type int"),
        ({"minutes": 0}, "minutes=0"),
        ({"minutes": float("inf")}, "minutes=inf"),
        ({"betas": (0.9, 1.0)}, "betas="),
        ({"betas": (0.9,)}, "betas="),
        ({"frames": 0}, "frames=0"),
        ({"frames": 100}, r"frames=100 .* 1\.\.8"),
        ({"model": "sprites", "frames": 2}, "frames=2 .* expected 8, all of a clip, for sprites"),
        ({"model": "perceptron", "frames": 7}, "frames=7 .* expected 8, all of a clip, for perceptron"),
        ({"rate": 2.0}, "rate=2"),
        ({"average": float("nan")}, "average=nan"),
        ({"seed": -1}, "seed=-1"),
        ({"validations": -1}, "validations=-1"),
        ({"precision": "fp16"}, "precision='fp16'"),
        ({"warmup": 0.5}, "warmup"),
        ({"clip": 0.0}, "clip=0"),
        ({"suite": "tiny"}, "suite='tiny'.*tiny-v1"),
        ({"suite": "exact-v1", "part": "sigma-21"}, "part='sigma-21'"),
        ({"spec": {"num_frame": 4}}, "num_frame"),
        ({"suite": None}, "suite, spec"),
        ({"spec": {"num_frames": 4}, "part": "all"}, "part='all' .* none beside a spec"),
        ({"digit_weight": 10}, "digit_weight"),
    ],
)
def test_settings_that_are_not_possible_are_refused(changes: Any, said: Any) -> None:
    with pytest.raises(BadArgument, match=said):
        Settings.of(**{"model": "unet", "suite": "tiny-v1", **changes})


def test_settings_hold_plain_values_whatever_they_are_made_of(tmp_path: Any) -> None:
    """Or the checkpoint could not be read: it holds nothing that would have to be executed."""
    plain: dict[str, Any] = {"steps": 1, "batch": 2, "width": 8, "rate": 0.25, "betas": (0.5, 0.75)}
    numbers = {name: np.array(value)[()] for name, value in plain.items()}
    settings = Settings.of("all-background", suite="tiny-v1", validations=0, **numbers)
    assert settings == Settings.of("all-background", suite="tiny-v1", validations=0, **plain)
    losses_of(tmp_path, settings)
    load_predictor(tmp_path / "checkpoint.pt", "cpu")
    spec = Settings.of("unet", spec={"num_frames": np.int64(4), "height": 40}, steps=1)
    assert spec == Settings.of("unet", spec=SceneSpec(num_frames=4, height=40).to_dict(), steps=1)


def test_settings_are_of_a_suite_or_of_a_spec() -> None:
    """A checkpoint that names a data set and not its spec would have it opened."""
    with pytest.raises(BadArgument, match=r"dataset='s3://bucket/data' .* none beside a suite"):
        Settings(model="unet", dataset="s3://bucket/data", steps=1)
    with pytest.raises(BadArgument, match="suite, spec="):
        Settings(model="unet", suite=None, dataset="s3://bucket/data", steps=1)
    with pytest.raises(BadArgument, match="suite, spec="):
        Settings(model="unet", spec=SceneSpec().to_dict(), steps=1)


def test_bad_use_leaves_no_folder(tmp_path: Any) -> None:
    with pytest.raises(BadArgument, match="save_every=0"):
        train.train(SETTINGS, tmp_path / "run", save_every=0)
    with pytest.raises(BadArgument, match="device"):
        train.train(SETTINGS, tmp_path / "run", device="gpu")
    with pytest.raises(BadArgument, match=r"s3://bucket/run.* a local folder"):
        train.train(SETTINGS, "s3://bucket/run", device="cpu")
    assert not (tmp_path / "run").exists()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadArgument, match=r"file.* a folder, or a new name; a file of this name is there"):
        train.train(SETTINGS, tmp_path / "file", device="cpu")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_takes_one_run_at_a_time(tmp_path: Any) -> None:
    refused = []

    def second(now: train.Progress) -> None:
        with pytest.raises(SegmnistError, match=r"run: another process trains there") as error:
            train.train(SETTINGS, tmp_path / "run", resume=True, device="cpu")
        refused.append(error)

    place = train.train(SETTINGS, tmp_path / "run", device="cpu", report=second)
    assert refused
    assert checkpoint.read_checkpoint(place, torch.device("cpu"))["step"] == SETTINGS.steps
    train.train(SETTINGS, tmp_path / "run", resume=True, device="cpu")


LEAVE = """
import sys
from pathlib import Path
from segmnist.whole_file import temporary_path

temporary_path(Path(sys.argv[1])).write_bytes(b"half a checkpoint")
"""


def test_what_a_killed_run_was_writing_is_cleared_away(tmp_path: Any) -> None:
    subprocess.run([sys.executable, "-c", LEAVE, str(tmp_path / checkpoint.LAST)], check=True)
    assert [path.suffix for path in tmp_path.iterdir()] == [".tmp"]
    train.train(SETTINGS, tmp_path, resume=True, device="cpu")
    assert (tmp_path / checkpoint.LAST).exists()
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


def test_without_tensorboard_the_extra_is_named_and_no_folder_left(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependency, match=r"extra .train."):
        train.train(SETTINGS, tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()
