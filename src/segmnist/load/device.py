"""DeviceClips: an endless stream of batches that are born on the device which trains on them."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from segmnist.errors import BadArgument, whole_number
from segmnist.load.stream import checked_first, next_clip_of, place_among_ranks
from segmnist.load.tensors import Batch, with_channel
from segmnist.render.tensors.renderer import sample_and_draw
from segmnist.source import ClipSource


class DeviceClips:
    """Batches of clips without end, drawn on a device: no workers, no pinned memory, no copies of pixels.

    source: a `ClipSource` with a device and without a length. A batch is a dict of tensors on that device, the batch that
    `EndlessClips` gives for the same source, batch_size, first_clip, rank and world_size. The state is one integer, too: each
    says where the other goes on. Iterators share it, so no batch comes twice. Scenes are sampled there, too, and all work is
    queued, so a next batch may be asked for while a model trains. Raises `BadArgument` for any other source.

    >>> source = ClipSource("clean", truth=("semantic", "boxes"), device="cpu")
    >>> stream = DeviceClips(source, batch_size=2)
    >>> for step, batch in zip(range(2), stream):
    ...     print(batch["clip_id"].tolist(), batch["video"].shape, batch["video"].device)
    [0, 1] torch.Size([2, 30, 1, 64, 64]) cpu
    [2, 3] torch.Size([2, 30, 1, 64, 64]) cpu
    >>> stream.state_dict()
    {'next_clip': 4}
    """

    def __init__(
        self,
        source: ClipSource,
        *,
        batch_size: int = 32,
        first_clip: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        if not isinstance(source, ClipSource) or source.device is None or source.length is not None:
            fix = 'for instance ClipSource("standard", device="cuda")'
            raise BadArgument("source", source, "a ClipSource with a device and without a length", fix)
        self.source, self.batch_size = source, whole_number("batch_size", batch_size, 1)
        self.rank, self.world_size = place_among_ranks(rank, world_size)
        self.first_clip = checked_first(first_clip)

    @property
    def clips_per_step(self) -> int:
        """Number of clips that all ranks together take in one step."""
        return self.batch_size * self.world_size

    def __iter__(self) -> Iterator[Batch]:
        source = self.source
        while True:
            first = self.first_clip + self.rank * self.batch_size
            ids = torch.arange(first, first + self.batch_size, device=source.device)
            tensors = sample_and_draw(
                source.spec, ids, source.truth, split=source.split, seed=source.seed, bank=source.bank,
                compiled=source.compiled,
            )  # fmt: skip
            self.first_clip += self.clips_per_step
            yield Batch(with_channel({"clip_id": ids, **tensors}))

    def state_dict(self) -> dict[str, int]:
        """Return where the stream stands: the first clip of the next step over all ranks."""
        return {"next_clip": self.first_clip}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go to where another stream stood; takes effect with the next batch."""
        self.first_clip = next_clip_of(state)
