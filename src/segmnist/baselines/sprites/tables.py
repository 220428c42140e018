"""What the tables of sprites may hold: those of a checkpoint could hold anything."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from segmnist.baselines.sprites.views import sizes_of

NO_LIMIT = torch.iinfo(torch.int64).max
COUNTS = ("counts", "numbers")


def check_tables(
    tables: Mapping[str, Tensor], rows: Tensor, num_digits: int, clip_shape: tuple[int, int, int]
) -> None:
    """Raise `ValueError` for a negative count, or a digit that has no class or grey level, or leaves the clip.

    tables: the buffers of `Collected` by name; rows: of the views of each path, -1 where they are not in the table,
    `(paths, T)` int64; num_digits: classes without the background.
    """
    room = torch.tensor(clip_shape[1:], device=rows.device) - sizes_of(tables["masks"])[rows]
    highest: dict[str, int | Tensor] = {
        "classes": num_digits - 1,
        "corners": torch.where(rows[..., None] < 0, NO_LIMIT, room),
        "light": 255 * tables["views.counts"][:, None, None],
        "backgrounds.light": 255 * tables["backgrounds.counts"],
    }
    # Their sum is to be a number, too.
    highest |= {name: NO_LIMIT // table.numel() for name, table in tables.items() if name.endswith(COUNTS)}
    highest |= {"brightness.variance": NO_LIMIT, "brightness.shares": 1}
    for name, limit in highest.items():
        if not ((tables[name] >= 0) & (tables[name] <= limit)).all():
            raise ValueError(f"{name} is out of range")
