"""`segmnist find`: the clips of a data set that meet a condition."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.exit_codes import BAD_USE, INTERRUPTED
from segmnist.cli.options import PlaceArgument, StoredSplitOption
from segmnist.cli.output import Answer, say
from segmnist.errors import BadArgument, one_line


def find(
    dataset: PlaceArgument,
    condition: Annotated[
        str, typer.Argument(help="An SQL condition on a digit in a frame, such as 'label = 6'.")
    ],
    limit: Annotated[
        int | None, typer.Option("--limit", help="The largest number of clips to print.")
    ] = None,
    split: StoredSplitOption = None,
    timeout: Annotated[
        float, typer.Option("--timeout", help="The longest time that the search may take, in seconds.")
    ] = 600.0,
    save: Annotated[
        Path | None, typer.Option("--save", help="Also write a recipe (TOML) of exactly these clips.")
    ] = None,
) -> Answer:
    """Print the ids of the clips where some digit in some frame meets a condition.

    Columns for each digit in each frame: label, instance, frame, y, x, angle, scale, brightness, depth_order, visible_area,
    amodal_area, whole_area, visibility, truncation, box_x0, box_y0, box_x1, box_y1, occluder, hidden_by_occluder.

    Columns for its clip: clip_id, row, num_digits, min_visibility, mean_visibility, camouflaged_share, num_twins.
    """
    from segmnist.dataset.find import find as search
    from segmnist.dataset.find import selection
    from segmnist.dataset.locate import locate_one
    from segmnist.whole_file import check_target, create_file

    if save is not None:
        check_target(save)
        if save.exists():
            raise BadArgument("--save", str(save), "a path where no file is yet")
    with _ending_at_once():
        clip_ids = search(dataset, condition, limit=limit, split=split, timeout=timeout)
    if not clip_ids:
        unsaved = f"; {save} is not written" if save else ""
        say(f"no clip has a digit in a frame where {one_line(condition)}{unsaved}")
    elif save is not None:
        create_file(save, selection(locate_one(dataset, split).recipe, clip_ids).to_toml().encode())
        say(f"{save}: a recipe of {len(clip_ids)} clips")
    return Answer({"clip_ids": clip_ids}, tuple(map(str, clip_ids)))


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """End the process where the user or the clock gave up a query that DuckDB does not: Python's own end would wait for it."""
    from segmnist.dataset.find import is_at_work

    try:
        yield
    except (BadArgument, KeyboardInterrupt) as error:
        if not is_at_work():
            raise
        interrupted = isinstance(error, KeyboardInterrupt)
        typer.echo(f"segmnist: {'interrupted' if interrupted else one_line(error)}", err=True)
        os._exit(INTERRUPTED if interrupted else BAD_USE)
