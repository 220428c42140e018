"""What was counted of each clip, packed into a result file, for paired comparisons."""

from __future__ import annotations

import lzma
import math

import msgspec
import numpy as np

from segmnist.errors import CorruptData
from segmnist.evaluate.arithmetic import Counts
from segmnist.evaluate.sums import NUM_REPLICATES, ClipSums, replicates_of

_DTYPE = np.dtype("<i8")


class ClipCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The counts of each clip that have bootstrap replicates.

    shapes: the shape of each count by name. packed: xz of `(1 + K, num_clips)` little-endian int64; the first row
    is the clip ids, the others the K numbers of all counts, in the order of `shapes`.
    """

    shapes: dict[str, tuple[int, ...]]
    packed: bytes

    @classmethod
    def of(cls, sums: ClipSums) -> ClipCounts:
        """Return the counts of all clips that were added to these sums."""
        ids = sorted(sums.of_clip)
        rows = np.column_stack([ids, [sums.of_clip[clip_id] for clip_id in ids]]).astype(_DTYPE)
        shapes = {name: sums.totals[name].shape for name in sums.names}
        # Numbers of one kind lie together, so that xz finds them alike.
        return cls(shapes, lzma.compress(np.ascontiguousarray(rows.T).tobytes()))

    def replicates(self) -> dict[str, Counts]:
        """Return the sums over these clips under each bootstrap replicate's weights, `(R, *shape)` int64 by name.

        The weights of a clip are a function of its id, so two results on the same clips resample the same ones.
        Raises `CorruptData` for bytes that are not the counts of such shapes.
        """
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        try:
            numbers = np.frombuffer(lzma.decompress(self.packed), _DTYPE).astype(np.int64)
            rows = numbers.reshape(1 + sum(sizes), -1)
        except (lzma.LZMAError, ValueError) as error:
            raise CorruptData(f"the counts of clips are not readable: {error}") from None
        return replicates_of(rows[0].tolist(), rows[1:].T, self.shapes, NUM_REPLICATES)
