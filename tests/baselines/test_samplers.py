"""Models that express ambiguity: after a few seconds on digits that are a 6 or a 9, their samples toss the coin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the `train` extra")

from segmnist import ClipSource, preset  # noqa: E402
from segmnist.baselines import catalog  # noqa: E402
from segmnist.baselines.baseline import Sampler  # noqa: E402
from segmnist.baselines.optimiser import Optimiser  # noqa: E402
from segmnist.baselines.predict import as_input  # noqa: E402
from segmnist.baselines.settings import Settings  # noqa: E402

SPEC = preset("ambigram").replace(
    height=20,
    width=24,
    num_frames=3,
    num_digits_range=(1, 1),
    scale_range=(0.5, 0.5),
    num_shapes_range=(0, 0),
    noise_density=0.0,
    brightness_range=(0.9, 0.9),
)
SAMPLERS = [name for name in catalog.MODELS if issubclass(catalog.model_class(name), Sampler)]

UNDECIDED = ("ensemble", "mc-dropout")
"""Their draws differ in what the weights may be, and not in what the world may be."""

COUNTS = ("sprites",)
"""Too few clips to count what comes again; tests/baselines/test_sprites.py has its samples."""

STEPS = {"probabilistic-unet": 200}
"""Of training, where 100 are too few."""


def tensors(source: Any, first: int, last: int) -> Any:
    clips = source[first:last]
    return as_input(clips.video, torch.device("cpu")), torch.from_numpy(clips.semantic).long()


def trained(name: str, steps: int) -> tuple[Any, list[float]]:
    torch.manual_seed(0)
    model, source = catalog.build(name, 8), ClipSource(SPEC, split="train")
    optimiser = Optimiser(model, Settings.of(name, steps=1, warmup=0.0))
    losses = []
    for step in range(steps):
        loss = model.loss(*tensors(source, 8 * step, 8 * step + 8))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(0.2)
        losses.append(loss.item())
    return model, losses


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in UNDECIDED + COUNTS])
def test_samples_toss_the_coin_once_for_all_frames(name: str) -> None:
    model, losses = trained(name, STEPS.get(name, 100))
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) / 2
    video, _ = tensors(ClipSource(SPEC, split="test"), 0, 4)
    with torch.inference_mode():
        answer = model.eval().predict(video, 16)
    samples = answer["samples"].flatten(2)
    sixes, nines, digits = ((samples == 6).sum(2), (samples == 9).sum(2), (samples != 10).sum(2))
    # Nearly all digit pixels of a world, in all its frames, are of one class.
    assert (torch.maximum(sixes, nines) / digits.clamp(min=1)).median() > 0.9
    # Over the worlds of a clip, both are seen, and neither is rare.
    assert ((sixes > nines).float().mean(dim=1) - 0.5).abs().max() < 0.45
