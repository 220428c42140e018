"""Lightning: a DataModule that trains on an endless stream and resumes it exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from segmnist.errors import MissingDependency
from segmnist.load.reader import Source
from segmnist.load.tensors import Batch
from segmnist.load.torch import EndlessClips, SegMNIST, collate
from segmnist.load.transforms import Transforms

try:
    from lightning import LightningDataModule
except ImportError:
    raise MissingDependency("segmnist.load.lightning", "lightning") from None

from torch.utils.data import DataLoader


class SegMNISTModule(LightningDataModule):
    """Training batches without end, and num_eval_clips clips each of val and test.

    A batch is a dict of tensors. Training never ends by itself, so give the Trainer `max_steps`, or `max_epochs` and
    `limit_train_batches`. Every batch comes once: epochs, further fits and resumed runs go on with the clip after the last
    one that was trained on, which a checkpoint holds. source: a preset's name or a `SceneSpec`. transforms: of the
    training clips, eval_transforms: of the others, both as in `SegMNIST`. The ranks of a distributed run get different
    clips.
    """

    def __init__(
        self,
        source: Source = "standard",
        *,
        batch_size: int = 32,
        num_workers: int = 2,
        num_eval_clips: int = 1000,
        truth: str | Sequence[str] = ("semantic",),
        seed: int = 0,
        bank: Any = None,
        transforms: Transforms | None = None,
        eval_transforms: Transforms | None = None,
    ) -> None:
        super().__init__()
        self.source, self.batch_size, self.num_workers = source, batch_size, num_workers
        self.num_eval_clips = num_eval_clips
        self.options: dict[str, Any] = {"truth": truth, "seed": seed, "bank": bank}
        self.transforms, self.eval_transforms = transforms, eval_transforms
        self._progress = _Progress()

    def train_dataloader(self) -> Any:
        """Return the stream of this rank; each time it is iterated, it starts after the clips trained on."""
        self._progress = _Progress(self.next_clip, self.trainer, self.batch_size * self._world_size())
        stream = EndlessClips(
            self.source,
            transforms=self.transforms,
            batch_size=self.batch_size,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self._world_size(),
            **self.options,
        )
        return _TrainingStream(self, stream)

    def val_dataloader(self) -> Any:
        """Return the clips of val, in order."""
        return self._evaluation("val")

    def test_dataloader(self) -> Any:
        """Return the clips of test, in order."""
        return self._evaluation("test")

    @property
    def next_clip(self) -> int:
        """The first clip of the next training step."""
        return self._progress.next_clip

    def state_dict(self) -> dict[str, int]:
        """Return the first clip of the next step."""
        return {"next_clip": self.next_clip}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go to the checkpoint's clip; takes effect with the next `train_dataloader()`."""
        self._progress = _Progress(state_dict["next_clip"])

    def _evaluation(self, split: str) -> Any:
        dataset = SegMNIST(
            self.source, split, self.eval_transforms, length=self.num_eval_clips, **self.options
        )
        return DataLoader(dataset, self.batch_size, num_workers=self.num_workers, collate_fn=collate)

    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer else 1


class _Progress:
    """Clips trained on: those before, and a batch for each step that the trainer has taken since."""

    def __init__(self, first_clip: int = 0, trainer: Any = None, clips_per_step: int = 0) -> None:
        self.first_clip, self.trainer, self.clips_per_step = first_clip, trainer, clips_per_step
        self.steps_before = self._steps()

    @property
    def next_clip(self) -> int:
        return self.first_clip + (self._steps() - self.steps_before) * self.clips_per_step

    def _steps(self) -> int:
        # Not what the loader gave: the Trainer fetches ahead.
        return int(self.trainer.fit_loop.epoch_loop.batch_progress.total.processed) if self.trainer else 0


class _TrainingStream:
    """What the Trainer iterates once an epoch. Not a DataLoader, which would start at the same clip each time."""

    def __init__(self, module: SegMNISTModule, stream: EndlessClips) -> None:
        self.module, self.stream = module, stream

    def __iter__(self) -> Iterator[Batch]:
        self.stream.first_clip = self.module.next_clip
        return iter(DataLoader(self.stream, batch_size=None, num_workers=self.module.num_workers))
