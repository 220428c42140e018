"""Baselines: shapes, overfitting four clips, the frames that each sees, the worlds that a sampler draws."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist.baselines import catalog  # noqa: E402
from segmnist.baselines.baseline import Sampler  # noqa: E402
from segmnist.baselines.optimiser import Optimiser  # noqa: E402
from segmnist.baselines.predict import as_input, predictor  # noqa: E402
from segmnist.baselines.settings import Settings  # noqa: E402
from segmnist.suites import suite  # noqa: E402

BY_GRADIENT = [name for name in catalog.LEARNED if name != "sprites"]
"""`sprites` counts what it sees in thousands of clips; test_sprites.py has what it learns."""

SPEC = suite("tiny-v1").parts[0].spec.replace(height=24, width=32, num_frames=3, num_digits_range=(1, 2))


@pytest.fixture(scope="module")
def four_clips() -> Any:
    from segmnist import ClipSource

    clips = ClipSource(SPEC, split="train")[0:4]
    return as_input(clips.video, torch.device("cpu")), torch.from_numpy(clips.semantic).long()


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
    page = Path(__file__).parents[2] / "docs" / "baselines.md"
    assert f"| `{name}` |" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", catalog.LEARNED)
def test_every_part_of_a_model_learns(name: Any, four_clips: Any) -> None:
    """Each weight has a gradient, and a few steps lower the loss."""
    video, target = (tensor[:2] for tensor in four_clips)
    torch.manual_seed(0)
    model = catalog.build(name, 8)
    optimiser = Optimiser(model, Settings.of(name, steps=1, warmup=0.0))
    losses = []
    for step in range(6):
        torch.manual_seed(step)
        loss = model.loss(video, target)
        loss.backward()
        assert step or all(weight.grad is not None for weight in model.parameters())
        optimiser.step(0.2)
        losses.append(loss.item())
    assert min(losses[3:]) < losses[0]


@pytest.mark.parametrize("num_frames", [1, 2, 3])
@pytest.mark.parametrize("name", BY_GRADIENT)
def test_gradients_in_bfloat16_are_near_those_in_float32(name: Any, num_frames: int, four_clips: Any) -> None:
    video, target = (clips[:, :num_frames] for clips in four_clips)
    model = catalog.build(name, 8, clip_shape=(num_frames, 24, 32)).train()
    found = []
    for bf16 in (False, True):
        for size in range(8, 22):  # what is freed here is not zero where it is used again unwritten
            _ = torch.full((1 << size,), torch.nan), torch.full((1 << size,), torch.nan, dtype=torch.bfloat16)
        torch.manual_seed(0)
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model.loss(video, target)
        loss.backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    exact, rounded = found
    assert torch.isfinite(rounded).all()
    assert torch.nn.functional.cosine_similarity(exact, rounded, dim=0) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_GRADIENT)
def test_overfits_four_clips_and_beats_all_background(name: Any, four_clips: Any) -> None:
    video, target = four_clips
    torch.manual_seed(0)
    model = catalog.build(name, 8)
    optimiser = Optimiser(model, Settings.of(name, steps=1, warmup=0.0))
    digits = target != 10
    for step in range(200):
        if step % 10 == 0:
            with torch.inference_mode():
                likeliest = model.predict(video, 8)["probabilities"].argmax(dim=2)
            right = (likeliest == target)[digits].float().mean()
            if right > 0.6:  # all-background gets 0
                return
        model.loss(video, target).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(0.2)
    pytest.fail(f"{name} called {right:.0%} of the digit pixels right after 200 steps")


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


@pytest.mark.parametrize("name", BY_GRADIENT)
def test_each_sees_the_frames_that_it_says(name: Any) -> Any:
    torch.manual_seed(1)
    model, video = catalog.build(name, 8).eval(), torch.rand(1, 4, 1, 16, 20)
    with torch.no_grad():  # weights that begin at zero become others in training
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
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


@pytest.mark.parametrize("num_frames", [1, 2, 9])
def test_frame_stack_learns_from_what_it_answers_from(num_frames: int) -> None:
    model = catalog.build("frame-stack", 8)
    video, target = torch.rand(4, num_frames, 1, 16, 19), torch.randint(11, (4, num_frames, 16, 19))
    torch.manual_seed(5)
    frames = torch.randint(num_frames, (4,))
    torch.manual_seed(5)
    loss = model.loss(video, target)
    logits = torch.stack([model(clip[None])[0, frame] for clip, frame in zip(video, frames, strict=True)])
    truth = torch.stack([labels[frame] for labels, frame in zip(target, frames, strict=True)])
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(logits, truth), atol=1e-5)


def test_frame_stack_repeats_the_first_and_the_last_frame() -> None:
    model = catalog.build("frame-stack", 8).eval()
    video = torch.rand(1, 5, 1, 16, 19)
    longer = torch.cat([video[:, :1]] * 3 + [video] + [video[:, -1:]] * 3, dim=1)
    with torch.inference_mode():
        assert torch.allclose(model(video), model(longer)[:, 3:-3], atol=1e-5)
