"""Baselines: shapes, overfitting four clips, causality; training: the same losses after a kill, bad input."""

from __future__ import annotations

import errno
import inspect
import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist.baselines import catalog, checkpoint, train  # noqa: E402
from segmnist.baselines.baseline import Sampler  # noqa: E402
from segmnist.baselines.predict import load_predictor, predictor  # noqa: E402
from segmnist.errors import BadArgument, CorruptData  # noqa: E402
from segmnist.suites import suite  # noqa: E402

LEARNED = [name for name in catalog.MODELS if name != "all-background"]
SPEC = suite("tiny-v1").parts[0].spec.replace(height=24, width=32, num_frames=3, num_digits_range=(1, 2))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[Any]:
    """Tiny tensors: threads that wait for one another take longer than one alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def four_clips() -> Any:
    from segmnist import ClipSource

    clips = ClipSource(SPEC, split="train")[0:4]
    return train.as_input(clips.video, torch.device("cpu")), torch.from_numpy(clips.semantic).long()


@pytest.mark.parametrize("name", catalog.MODELS)
@pytest.mark.parametrize("shape", [(2, 3, 17, 22), (1, 1, 16, 19)])
def test_logits_have_the_video_s_own_size(name: Any, shape: Any) -> None:
    B, T, H, W = shape
    model = catalog.build(name, 8)
    with torch.inference_mode():
        logits, answer = model(torch.rand(B, T, 1, H, W)), model.predict(torch.rand(B, T, 1, H, W), 3)
    assert logits.shape == answer["probabilities"].shape == (B, T, 11, H, W)
    assert torch.isfinite(logits).all()
    assert torch.allclose(answer["probabilities"].sum(dim=2), torch.ones(()), atol=1e-5)
    assert ("samples" in answer) == isinstance(model, Sampler)
    if isinstance(model, Sampler):
        assert answer["samples"].shape == (B, 3, T, H, W)
        assert answer["samples"].dtype == torch.uint8


@pytest.mark.parametrize("name", catalog.MODELS)
def test_every_baseline_is_short_and_names_its_paper(name: Any) -> None:
    model = catalog.model_class(name)
    assert len(inspect.getsource(sys.modules[model.__module__]).splitlines()) < 150
    assert model.paper


@pytest.mark.parametrize("name", LEARNED)
def test_overfits_four_clips_and_beats_all_background(name: Any, four_clips: Any) -> None:
    video, target = four_clips
    torch.manual_seed(0)
    model = catalog.build(name, 8)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2 if name != "transformer" else 4e-3)
    digits = target != 10
    for _ in range(250):
        with torch.inference_mode():
            likeliest = model.predict(video, 8)["probabilities"].argmax(dim=2)
        right = (likeliest == target)[digits].float().mean()
        if right > 0.6:  # all-background gets 0
            return
        loss = model.loss(video, target)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    pytest.fail(f"{name} called {right:.0%} of the digit pixels right after 250 steps")


class Coin(Sampler):
    """Calls the whole clip a 6 or a 9: one throw for all frames and pixels."""

    def draws(self, video: Any, num_draws: Any) -> Any:
        B, T, _, H, W = video.shape
        faces = torch.randint(2, (B, num_draws, 1, 1, 1))
        classes = (6 + 3 * faces).expand(B, num_draws, T, H, W)
        return 20.0 * torch.nn.functional.one_hot(classes, 11).movedim(-1, 3).float()


def test_a_sampler_s_worlds_are_whole_and_do_not_depend_on_the_batch() -> None:
    video = np.random.default_rng(0).integers(0, 256, (3, 2, 16, 18), np.uint8)
    predict = predictor(Coin(), "cpu")
    answer, alone = predict(video), predict(video[1:2])
    assert answer["samples"].shape == (3, 16, 2, 16, 18)
    assert {len(np.unique(world)) for clip in answer["samples"] for world in clip} == {1}
    assert set(np.unique(answer["samples"])) == {6, 9}
    np.testing.assert_array_equal(answer["samples"][1], alone["samples"][0])
    np.testing.assert_array_equal(answer["probabilities"][1], alone["probabilities"][0])
    share = (answer["samples"][:, :, 0, 0, 0] == 6).mean(axis=1)
    np.testing.assert_allclose(answer["probabilities"][:, 0, 6, 0, 0], share, atol=1e-5)


def test_all_background_calls_everything_background() -> None:
    probabilities = predictor(catalog.build("all-background"), "cpu")(np.zeros((1, 2, 16, 18), np.uint8))
    assert probabilities.shape == (1, 2, 11, 16, 18)
    assert (probabilities.argmax(axis=2) == 10).all()


@pytest.mark.parametrize("name", LEARNED)
def test_each_sees_the_frames_that_it_says(name: Any) -> None:
    torch.manual_seed(1)
    model, video = catalog.build(name, 8).eval(), torch.rand(1, 4, 1, 16, 20)
    changed = video.clone()
    changed[:, 2] = 1 - changed[:, 2]

    def answer(seen: Any) -> Any:
        torch.manual_seed(2)  # a sampler draws the same worlds of both
        return model.predict(seen, 4)["probabilities"]

    with torch.inference_mode():
        moved = (answer(video) - answer(changed)).abs().amax(dim=(0, 2, 3, 4)) > 1e-7
    assert moved[2]
    assert bool(moved[1]) == (model.sees == "clip")
    assert bool(moved[3]) == (model.sees in ("past", "clip"))


SETTINGS = train.Settings("unet", "tiny-v1", steps=6, batch=2, width=8)


def losses_of(folder: Any, settings: Any = SETTINGS, **options: Any) -> Any:
    losses: dict[int, float] = {}
    train.train(settings, folder, device="cpu", report=losses.__setitem__, **options)
    return losses


class Stop(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_run_that_was_stopped_goes_on_to_the_same_losses(tmp_path: Path, stop_after: int) -> None:
    whole = losses_of(tmp_path / "whole")

    def stop(step: Any, loss: Any) -> None:
        if step == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train.train(SETTINGS, tmp_path / "cut", device="cpu", save_every=2, report=stop)
    rest = losses_of(tmp_path / "cut", resume=True)
    assert sorted(rest) == list(range(stop_after // 2 * 2, 6))
    assert all(whole[step] == loss for step, loss in rest.items())
    ours, theirs = (
        checkpoint.read_checkpoint(tmp_path / f / checkpoint.CHECKPOINT, torch.device("cpu"))
        for f in ("cut", "whole")
    )
    assert all(torch.equal(ours["model"][k], theirs["model"][k]) for k in theirs["model"])


KILLED = """
import os, signal
from segmnist.baselines import train
from segmnist.cli import main

save, saves = train.save, iter(range(10**9))

def killed(*arguments):
    save(*arguments)
    if next(saves) == 20:
        os.kill(os.getpid(), signal.SIGKILL)

train.save = killed
main()
"""


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_model(tmp_path: Path) -> None:
    def command(folder: Any, *more: Any, code: str = "from segmnist.cli import main; main()") -> Any:
        options = ["--suite", "tiny-v1", "--steps", "40", "--batch", "2", "--width", "8", "--save-every", "1"]
        return [sys.executable, "-c", code, "train", "unet", "--out", str(tmp_path / folder), *options, *more]

    subprocess.run(command("whole"), check=True)
    assert subprocess.run(command("cut", code=KILLED)).returncode == -signal.SIGKILL
    place = tmp_path / "cut" / checkpoint.CHECKPOINT
    assert checkpoint.read_checkpoint(place, torch.device("cpu"))["step"] == 21
    subprocess.run(command("cut", "--resume"), check=True)
    ours, theirs = (
        checkpoint.read_checkpoint(tmp_path / f / checkpoint.CHECKPOINT, torch.device("cpu"))["model"]
        for f in ("cut", "whole")
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_checkpoint_predicts_and_logs_are_there(tmp_path: Path) -> None:
    losses_of(tmp_path)
    predict, name = load_predictor(tmp_path / checkpoint.CHECKPOINT, "cpu")
    assert name == "unet"
    probabilities = predict(np.zeros((1, 2, 16, 20), np.uint8))
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    assert list((tmp_path / "logs").glob("events.out.tfevents.*"))


def test_a_disk_that_is_full_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses_of(tmp_path)
    place = tmp_path / checkpoint.CHECKPOINT
    before = place.read_bytes()

    def half(state: Any, file: Any) -> None:
        file.write(before[: len(before) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    model = catalog.build("all-background")
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(place, {}, 7, model, torch.optim.AdamW(model.parameters()))
    assert place.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.CHECKPOINT, "logs"]


def test_a_folder_with_a_checkpoint_is_not_overwritten_nor_resumed_with_other_settings(
    tmp_path: Path,
) -> None:
    losses_of(tmp_path)
    with pytest.raises(BadArgument, match="--resume"):
        losses_of(tmp_path)
    other = train.Settings("unet", "tiny-v1", steps=6, batch=4, width=8)
    with pytest.raises(BadArgument, match="batch=4"):
        losses_of(tmp_path, other, resume=True)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04" + bytes(100)])
def test_other_files_are_no_checkpoints(tmp_path: Path, content: Any) -> None:
    place = tmp_path / "model.pt"
    place.write_bytes(content)
    with pytest.raises(CorruptData, match=r"model\.pt"):
        load_predictor(place, "cpu")
    with pytest.raises(BadArgument, match=r"absent\.pt"):
        load_predictor(tmp_path / "absent.pt", "cpu")


def test_weights_of_another_build_are_refused(tmp_path: Path) -> None:
    model = catalog.build("all-background")
    state = {
        "settings": {"model": "unet", "width": 8},
        "step": 1,
        "model": model.state_dict(),
        "optimiser": {},
    }
    torch.save(state, tmp_path / "old.pt")
    with pytest.raises(CorruptData, match=r"old\.pt: its weights do not fit unet"):
        load_predictor(tmp_path / "old.pt", "cpu")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "unett"}, "did you mean unet"),
        ({"model": "unet", "width": 12}, "width=12"),
        ({"model": "unet", "steps": 0}, "steps=0"),
        ({"model": "unet", "frames": 0}, "frames=0"),
        ({"model": "unet", "learning_rate": 2.0}, "learning_rate"),
        ({"model": "unet", "suite": "tiny"}, "suite='tiny'"),
    ],
)
def test_bad_settings_are_refused(tmp_path: Path, arguments: Any, said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        train.train(train.Settings(**arguments), tmp_path, device="cpu")
    with pytest.raises(BadArgument, match="device"):
        train.device_named("gpu")


def first_loss(clips: Any, **changes: Any) -> Any:
    """The loss of all-background, whose logits are known, on these clips."""
    model = catalog.build("all-background", 8)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0)
    settings = train.Settings("all-background", "tiny-v1", **changes)
    return train._step(model, optimiser, clips, torch.device("cpu"), settings)


def test_only_the_frames_asked_for_count() -> None:
    clips = suite("tiny-v1").parts[0].source("train")[0:2]

    def expected(semantic: Any) -> Any:
        digits, bare = (semantic != 10).sum(), (semantic == 10).sum()
        return (-digits * np.log(0.009) - bare * np.log(0.91)) / semantic.size

    assert first_loss(clips) == pytest.approx(expected(clips.semantic), abs=1e-5)
    assert first_loss(clips, frames=3) == pytest.approx(expected(clips.semantic[:, :3]), abs=1e-5)


def test_a_suite_of_parts_takes_turns() -> None:
    settings = train.Settings("unet", "length-v1", steps=5, batch=1)
    lengths = [clips.video.shape[1] for _, clips in itertools.islice(train._batches(settings, 0), 5)]
    assert lengths == [5, 10, 30, 100, 5]
