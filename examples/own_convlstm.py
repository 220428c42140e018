"""Train an own ConvLSTM, score it on a suite, compare it with a row of the benchmark, and look at a failure.

    python examples/own_convlstm.py [steps] [validation clips]

Needs the extra `train`. 30 steps show how it is done and learn little; the rows of the benchmark had more.
"""

import dataclasses
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from segmnist.baselines.predict import as_input, predictor
from segmnist.evaluate.reports.table import score_text
from segmnist.html_page import page
from segmnist.suites import Suite, evaluate, suite
from segmnist.suites.results import load_suite_result
from segmnist.suites.worst import worst_clips
from segmnist.views.mistakes import mistakes_html


class ConvLSTM(nn.Module):
    """One convolutional LSTM at full resolution, and a layer that reads the classes off its state."""

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        self.gates = nn.Conv2d(1 + channels, 4 * channels, 5, padding=2)
        self.classes = nn.Conv2d(channels, 11, 3, padding=1)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits (B, T, 11, H, W) of videos (B, T, 1, H, W) in 0..1."""
        state = video.new_zeros(len(video), self.classes.in_channels, *video.shape[-2:])
        cell, logits = state, []
        for frame in video.unbind(dim=1):
            keep, write, show, value = self.gates(torch.cat([frame, state], dim=1)).chunk(4, dim=1)
            cell = keep.sigmoid() * cell + write.sigmoid() * value.tanh()
            state = show.sigmoid() * cell.tanh()
            logits.append(self.classes(state))
        return torch.stack(logits, dim=1)


steps, num_clips = (int(number) for number in (*sys.argv[1:], 30, 20)[:2])
torch.manual_seed(0)
model, tiny = ConvLSTM(), suite("tiny-v1")
optimiser, source = torch.optim.AdamW(model.parameters(), 1e-2), tiny.parts[0].source("train")
for step in range(steps):
    clips = source[4 * step : 4 * step + 4]
    logits = model(as_input(clips.video, torch.device("cpu")))
    truth = torch.from_numpy(clips.semantic).long()
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), truth.flatten(0, 1))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    print(f"step {step}: loss {loss.item():.3f}")

predict = predictor(model.eval(), "cpu")
# With another name it is a suite of one's own: fewer clips than the frozen one, and no checksums.
few = Suite("few clips of tiny-v1", tiny.about, (dataclasses.replace(tiny.parts[0], val_clips=num_clips),))
parts = evaluate(predict, few, split="val")
[row] = load_suite_result(Path(__file__).parents[1] / "results" / "tiny-v1-unet-0.json").parts
for name in ("information_gained", "miou"):
    ours, theirs = (score_text(result.scores[name]) for result in (parts[0], row))
    print(f"{name}: ours {ours} on {num_clips} val clips, the table's unet {theirs} on test")
worst = mistakes_html(worst_clips(predict, few, parts, split="val")["all"])
Path("failures.html").write_text(page("The worst clips", worst), encoding="utf-8")
print("The worst clips are in failures.html.")
