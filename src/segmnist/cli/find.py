"""`segmnist find`: the clips of a data set that meet a condition."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.options import PlaceArgument
from segmnist.errors import BadArgument


def find(
    out: PlaceArgument,
    condition: Annotated[
        str, typer.Argument(help="An SQL condition on a digit in a frame, such as 'label = 6'.")
    ],
    limit: Annotated[
        int | None, typer.Option("--limit", help="The largest number of clips to print.")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="The split, if OUT holds several.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Also write a recipe (TOML) of exactly these clips.")
    ] = None,
) -> None:
    """Print the ids of the clips where some digit in some frame meets a condition.

    Columns for each digit in each frame: label, instance, frame, y, x, angle, scale, brightness, depth_order, visible_area,
    amodal_area, whole_area, visibility, truncation, box_x0, box_y0, box_x1, box_y1, occluder, hidden_by_occluder.
    Columns for its clip: clip_id, row, num_digits, min_visibility, mean_visibility, camouflaged_share, num_twins.
    """
    from segmnist.dataset.find import find as search
    from segmnist.dataset.find import selection
    from segmnist.dataset.locate import locate_one
    from segmnist.whole_file import check_target

    if save is not None:
        check_target(save)
        if save.exists():
            raise BadArgument("--save", str(save), "a path where no file is yet")
    clip_ids = search(out, condition, limit=limit, split=split)
    for clip_id in clip_ids:
        typer.echo(clip_id)
    if save is not None:
        selection(locate_one(out, split).recipe, clip_ids).to_toml(save)
        typer.echo(f"{save}: a recipe of {len(clip_ids)} clips", err=True)
