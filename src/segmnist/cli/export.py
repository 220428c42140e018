"""`segmnist export`: clips in the formats of other libraries."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.completion import preset_names
from segmnist.cli.options import (
    BankOption,
    FormatOption,
    SeedOption,
    SetOption,
    SplitOption,
    TruthOption,
    WorkersOption,
    refuse_beside,
    spec_from,
)
from segmnist.cli.output import Answer
from segmnist.cli.stored import stored
from segmnist.errors import BadArgument
from segmnist.urls import is_url, local_path

if TYPE_CHECKING:
    from segmnist.dataset import Recipe
    from segmnist.digits.bank import DigitBank


def export(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="The folder of a data set, a recipe (TOML or JSON), a URL of either, or the name of a preset.",
            autocompletion=preset_names,
        ),
    ],
    out: Annotated[str, typer.Argument(help="The folder to write into, created if needed.")],
    format_: FormatOption,
    set_: SetOption = None,
    split: SplitOption = "",
    clips: Annotated[
        int | None, typer.Option("--clips", "-n", help="The number of clips; required with a preset.")
    ] = None,
    seed: SeedOption = 0,
    truth: TruthOption = None,
    workers: WorkersOption = None,
    bank: BankOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Allow more than 100 GB.")] = False,
) -> Answer:
    """Write the clips of a data set, a recipe or a preset in another format.

    The clips of a data set are drawn again from its recipe, so the export can hold ground truth that the
    data set does not store.
    """
    from segmnist.cli.progress import reporting
    from segmnist.dataset.export import export as write
    from segmnist.dataset.generate import LIMIT_BYTES
    from segmnist.dataset.locate import check_is_no_place
    from segmnist.digits.bank import DigitBank
    from segmnist.scene.presets import PRESETS

    digits = DigitBank.from_path(bank) if bank else DigitBank.mnist()
    if source in PRESETS:
        check_is_no_place(source)
        recipe = _recipe_of_preset(source, set_, split or "train", clips, seed, truth, digits)
    else:
        recipe = _stored_recipe(source, split)
        refuse_beside(ctx, "this SOURCE", "set_", "seed")
        if clips is not None:
            recipe = _shortened(recipe, clips)
        if truth:
            recipe = dataclasses.replace(recipe, truths=(*recipe.truths, *truth))
    limit = None if yes else LIMIT_BYTES
    with reporting("export") as report:
        place = write(
            recipe, out, format_, bank=digits, num_workers=workers, limit_bytes=limit, report=report
        )
    written = dataclasses.replace(recipe, format=format_)
    return Answer(stored(place, written), (f"{place}: {recipe.num_clips} clips as {format_}",))


def _recipe_of_preset(
    name: str,
    changes: list[str] | None,
    split: str,
    clips: int | None,
    seed: int,
    truth: list[str] | None,
    bank: DigitBank,
) -> Recipe:
    from segmnist.dataset import recipe_for
    from segmnist.render.arrays import check_truths
    from segmnist.scene.randomness import check_split

    if clips is None:
        raise BadArgument("--clips", clips, "1 or more beside a preset", "for example --clips 100")
    spec = spec_from(name, None, changes)
    truths = ("semantic", *(truth or ()))
    return recipe_for(
        spec, num_clips=clips, split=check_split(split), seed=seed, truth=check_truths(truths), bank=bank
    )


def _stored_recipe(source: str, split: str) -> Recipe:
    """Return the recipe in a file, or the one that the data set in a folder carries."""
    from segmnist.dataset import Recipe
    from segmnist.dataset.locate import locate_one
    from segmnist.scene.presets import PRESETS

    is_recipe = source.endswith((".toml", ".json"))
    if local_path(source).is_dir() or (is_url(source) and not is_recipe):
        return locate_one(source, split or None).recipe
    if not is_url(source) and not local_path(source).exists():
        raise BadArgument("SOURCE", source, f"a folder, a recipe's file, or one of {', '.join(PRESETS)}")
    recipe = Recipe.from_file(source)
    return dataclasses.replace(recipe, split=split) if split else recipe


def _shortened(recipe: Recipe, clips: int) -> Recipe:
    if not 1 <= clips <= recipe.num_clips:
        raise BadArgument("--clips", clips, f"1..{recipe.num_clips}", "the data set has no more")
    return dataclasses.replace(recipe, num_clips=clips, clip_ids=recipe.clip_ids[:clips])
