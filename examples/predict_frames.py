"""Train a small network that predicts frames and their label maps, and score it on a part of `prediction-v1`.

    python examples/predict_frames.py [PART] [CPU MINUTES] [RESULT.json]

Needs the extras `train` and `prediction`. Half a minute shows how it is done and learns little.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from segmnist.evaluate.reports.results import save_result
from segmnist.evaluate.reports.table import score_text
from segmnist.suites import evaluate, suite
from segmnist.suites.results import result_of
from segmnist.torch import EndlessClips, EndlessLoader, split_frames

BLOCK = 4
"""Pixels along each side of a block: the network works on blocks, which is cheap, and sees far."""
BATCH = 16


class ConvPredictor(nn.Module):
    """All given frames in, all others out: convolutions over blocks of pixels, with time among the channels."""

    def __init__(self, given: int, asked: int, channels: int = 96, depth: int = 5) -> None:
        super().__init__()
        self.asked = asked
        self.read = nn.Sequential(
            nn.PixelUnshuffle(BLOCK), nn.Conv2d(given * BLOCK**2, channels, 3, padding=1)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(8, channels), nn.GELU(), nn.Conv2d(channels, channels, 5, padding=2, groups=8),
                nn.Conv2d(channels, channels, 1),
            )
            for _ in range(depth)
        )  # fmt: skip
        self.write = nn.Sequential(nn.Conv2d(channels, asked * 12 * BLOCK**2, 1), nn.PixelShuffle(BLOCK))

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return levels (B, asked, H, W), 0..1 where they are right, and logits (B, asked, 11, H, W)."""
        state = self.read(frames)
        for block in self.blocks:
            state = state + block(state)
        out = self.write(state).unflatten(1, (self.asked, 12))
        return out[:, :, 0], out[:, :, 1:]


def main(name: str = "moving-mnist", minutes: float = 0.5, target: str = "") -> None:
    """Train for so many minutes of processor time, score the test split, and write the result if asked."""
    torch.manual_seed(0)
    prediction = suite("prediction-v1")
    part = prediction.part(name)
    given = part.given or 0
    model = ConvPredictor(given, part.scored_frames)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    began, steps = time.process_time(), 0
    for batch in EndlessLoader(EndlessClips(part.source("train"), batch_size=BATCH)):
        spent = (time.process_time() - began) / 60 / minutes
        if spent >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1, 2 * (1 - spent))
        frames, coming = (half[:, :, 0] / 255 for half in split_frames(batch, given))
        _, maps = split_frames(batch, given, target="semantic")
        levels, logits = model(frames)
        squared = nn.functional.mse_loss(levels, coming)
        loss = 10 * squared + nn.functional.cross_entropy(logits.flatten(0, 1), maps.long().flatten(0, 1))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if steps % 50 == 0:
            print(f"step {steps}: squared error {squared.item():.4f}, loss {loss.item():.3f}", flush=True)
        steps += 1

    @torch.no_grad()
    def predict(video: np.ndarray) -> dict[str, np.ndarray]:
        levels, logits = model.eval()(torch.from_numpy(video) / 255)
        return {"video": levels.clamp(0, 1).numpy(), "probabilities": logits.softmax(dim=2).numpy()}

    parts = evaluate(predict, prediction.only(name))
    for score in ("frame_mse", "ssim", "miou", "nll"):
        print(f"{score}: {score_text(parts[0].scores[score])}")
    if target:
        weights = sum(weight.numel() for weight in model.parameters())
        notes = f"examples/predict_frames.py: {steps} steps of {BATCH} clips; frames and label maps from one network."
        result = result_of(
            prediction,
            parts,
            "test",
            "conv-predictor",
            seed=0,
            notes=notes,
            minutes=minutes,
            parameters=weights,
        )
        save_result(result, Path(target))


if __name__ == "__main__":
    arguments = dict(zip(("name", "minutes", "target"), sys.argv[1:]))
    main(**{key: float(value) if key == "minutes" else value for key, value in arguments.items()})
