"""Train a tiny U-Net on clips that never repeat, frame by frame, and look at its answers on clips of other digits.

    python examples/train_unet.py [steps]

Needs the extra `torch`. 60 steps learn where digits are; telling them apart takes far more. A checkpoint needs the
weights and one integer. unet.png shows eight frames above their true classes and the model's.
"""

import sys

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import cross_entropy, interpolate
from torch.utils.data import DataLoader

from segmnist.preview import colourise
from segmnist.torch import EndlessClips, EndlessLoader, SegMNIST, collate


def block(inputs: int, outputs: int) -> nn.Module:
    """Convolution, normalisation, ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class TinyUNet(nn.Module):
    """Three resolutions, 24,000 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse, self.coarsest = block(1, 16), block(16, 32), block(32, 32)
        self.up, self.classes = block(64, 16), nn.Conv2d(32, 11, 1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return logits `(F,11,H,W)` of frames `(F,1,H,W)`."""
        fine = self.fine(frames)
        coarse = self.coarse(fine[:, :, ::2, ::2])
        wide = interpolate(self.coarsest(coarse[:, :, ::2, ::2]), coarse.shape[2:])
        up = interpolate(self.up(torch.cat([coarse, wide], 1)), fine.shape[2:])
        return self.classes(torch.cat([fine, up], 1))


def frames_of(batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every sixth frame of every clip: pictures `(F,1,H,W)` in 0..1, classes `(F,H,W)` int64."""
    return batch["video"][:, ::6].flatten(0, 1) / 255, batch["semantic"][:, ::6].flatten(0, 1).long()


steps = int(sys.argv[1]) if len(sys.argv) > 1 else 60
torch.manual_seed(0)
model = TinyUNet()
optimiser = torch.optim.Adam(model.parameters(), 3e-3)
train = EndlessLoader(EndlessClips("clean", batch_size=4), num_workers=1)
for step, batch in zip(range(steps), train):
    pictures, classes = frames_of(batch)
    loss = cross_entropy(model(pictures), classes)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if step % 10 == 0:
        print(f"step {step}: loss {loss.item():.3f}, next clip {train.state_dict()['next_clip']}")

model.eval()
pictures, classes = frames_of(next(iter(DataLoader(SegMNIST("clean", "val"), 16, collate_fn=collate))))
with torch.no_grad():
    guesses = model(pictures).argmax(1)
digits = classes < 10
found, right = guesses[digits] < 10, (guesses == classes)[digits]
print(
    f"validation: {found.float().mean():.1%} of digit pixels are seen as a digit, {right.float().mean():.1%} as the right one"
)

shown = np.random.default_rng(0).choice(len(pictures), 8, replace=False)
grey = np.repeat((pictures[shown, 0].numpy() * 255).astype(np.uint8)[..., None], 3, axis=-1)
rows = [grey, *(colourise(one[shown].numpy().astype(np.uint8)) for one in (classes, guesses))]
sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
Image.fromarray(sheet.repeat(2, axis=0).repeat(2, axis=1)).save("unet.png")
