"""Put an image classifier's features to work on videos: each frame an image, features at two scales, one head.

    python examples/own_image_model.py [steps] [validation clips]

Needs the extra `train`. With torchvision, the features are those of a ResNet-18 trained on ImageNet, whose weights
torchvision downloads once and which stay as they are. Without it, or without a network, an untrained stand-in takes its
place and is trained along. 40 steps show how it is done and learn little; the rows of the benchmark had more.
"""

import dataclasses
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from segmnist.baselines.predict import as_input, predictor
from segmnist.evaluate.reports.table import score_text
from segmnist.html_page import page
from segmnist.suites import Suite, evaluate, suite
from segmnist.suites.results import load_suite_result
from segmnist.suites.worst import worst_clips
from segmnist.views.mistakes import mistakes_html

MEAN, DEVIATION = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 3, 1, 1)  # of ImageNet


def stages() -> tuple[nn.Module, nn.Module, int, int]:
    """Return what makes fine and coarse features of images `(N, 3, H, W)`, and their numbers of channels."""
    try:
        from torchvision.models import ResNet18_Weights, resnet18

        net = resnet18(weights=ResNet18_Weights.DEFAULT).eval().requires_grad_(False)
        return nn.Sequential(net.conv1, net.bn1, net.relu), nn.Sequential(net.maxpool, net.layer1), 64, 64
    except (ImportError, OSError):  # not installed, or no weights and no network
        fine = nn.Sequential(nn.Conv2d(3, 32, 7, 2, 3), nn.BatchNorm2d(32), nn.ReLU())
        return fine, nn.Sequential(nn.Conv2d(32, 48, 3, 2, 1), nn.BatchNorm2d(48), nn.ReLU()), 32, 48


class FromImages(nn.Module):
    """Both features at the size of the frame, and two layers that read the classes off them."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse, a, b = stages()
        self.head = nn.Sequential(nn.Conv2d(1 + a + b, 48, 3, padding=1), nn.ReLU(), nn.Conv2d(48, 11, 1))

    def forward(self, video: Tensor) -> Tensor:
        """Return logits (B, T, 11, H, W) of videos (B, T, 1, H, W) in 0..1."""
        frames = video.flatten(0, 1)
        fine = self.fine((frames - MEAN) / DEVIATION)  # grey becomes three channels
        grown = [interpolate(features, frames.shape[-2:]) for features in (fine, self.coarse(fine))]
        return self.head(torch.cat([frames, *grown], dim=1)).unflatten(0, video.shape[:2])


steps, num_clips = (int(number) for number in (*sys.argv[1:], 40, 20)[:2])
torch.manual_seed(0)
model, tiny = FromImages(), suite("tiny-v1")
optimiser, source = torch.optim.AdamW(model.parameters(), 3e-3), tiny.parts[0].source("train")
for step in range(steps):
    clips = source[8 * step : 8 * step + 8]
    # One frame of each clip: the others are much alike.
    logits = model(as_input(clips.video[:, :1], torch.device("cpu")))
    loss = cross_entropy(logits.flatten(0, 1), torch.from_numpy(clips.semantic[:, 0]).long())
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
