"""Lightning: a DataModule that trains on an endless stream and resumes it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segmnist.errors import MissingDependency
from segmnist.load.reader import Source
from segmnist.load.torch import EndlessClips, SegMNIST, collate

try:
    from lightning import LightningDataModule
except ImportError:
    raise MissingDependency("segmnist.load.lightning", "lightning") from None

from torch.utils.data import DataLoader


class SegMNISTModule(LightningDataModule):
    """Training batches without end, and num_eval_clips clips each of val and test.

    A batch is a dict of tensors. Training never ends by itself, so give the Trainer `max_steps`. source: a preset's
    name or a `SceneSpec`. A checkpoint holds the first clip of the next step, where a resumed run goes on. The
    ranks of a distributed run get different clips.
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
    ) -> None:
        super().__init__()
        self.source, self.batch_size, self.num_workers = source, batch_size, num_workers
        self.num_eval_clips = num_eval_clips
        self.options: dict[str, Any] = {"truth": truth, "seed": seed}
        self.first_clip = 0
        self._steps_before = 0

    def train_dataloader(self) -> Any:
        """Return the stream of this rank, from the checkpoint's clip on."""
        self._steps_before = self._steps()
        stream = EndlessClips(
            self.source,
            batch_size=self.batch_size,
            first_clip=self.first_clip,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self._world_size(),
            **self.options,
        )
        # Not an EndlessLoader: the Trainer fetches ahead, so the loader counts batches not yet trained on.
        return DataLoader(stream, batch_size=None, num_workers=self.num_workers)

    def val_dataloader(self) -> Any:
        """Return the clips of val, in order."""
        return self._evaluation("val")

    def test_dataloader(self) -> Any:
        """Return the clips of test, in order."""
        return self._evaluation("test")

    def state_dict(self) -> dict[str, int]:
        """Return the first clip of the next step."""
        steps = self._steps() - self._steps_before
        return {"next_clip": self.first_clip + steps * self.batch_size * self._world_size()}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go to the checkpoint's clip; takes effect with the next `train_dataloader()`."""
        self.first_clip = state_dict["next_clip"]

    def _evaluation(self, split: str) -> Any:
        dataset = SegMNIST(self.source, split, length=self.num_eval_clips, **self.options)
        return DataLoader(dataset, self.batch_size, num_workers=self.num_workers, collate_fn=collate)

    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    def _steps(self) -> int:
        """Return how many batches this run and the runs that it resumes have trained on."""
        if not self.trainer:
            return 0
        progress: Any = self.trainer.fit_loop.epoch_loop.batch_progress.total
        return int(progress.processed)
