"""What the page needs to know before it shows a clip: presets, fields, colours, and the data set if there is one."""

from __future__ import annotations

from typing import Any

import msgspec

from segmnist.classes import Classes
from segmnist.explore.clip import DIFFICULTY, FLOW_STEPS
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.fields import Field, fields
from segmnist.explore.scoreboard import PREDICTED_SORTS
from segmnist.explore.wall import sort_words
from segmnist.palette import INSTANCE_COLOURS, class_colours
from segmnist.render.derived import CAMOUFLAGE_LEVELS
from segmnist.scene.presets import PRESETS
from segmnist.scene.randomness import SPLITS
from segmnist.version import GENERATOR_VERSION, __version__
from segmnist.views.mistakes import ERRORS


class PresetFacts(msgspec.Struct, frozen=True):
    """A preset: what it is, and its spec."""

    about: str
    spec: dict[str, Any]


class DatasetFacts(msgspec.Struct, frozen=True):
    """The stored data set."""

    place: str
    plan_id: str
    num_clips: int
    first_clip: str
    split: str
    seed: str
    arrays: list[str]
    spec: dict[str, Any]


class PartFacts(msgspec.Struct, frozen=True):
    """A part whose clips are predicted; that of the stored data set has no name.

    given: frames that the models see, where they predict the others, 0 where they see all.
    """

    name: str
    split: str
    seed: str
    num_clips: int
    given: int
    models: list[str]
    spec: dict[str, Any]


class About(msgspec.Struct, frozen=True):
    """Everything that does not depend on the clip."""

    version: str
    generator_version: int
    presets: dict[str, PresetFacts]
    fields: list[Field]
    splits: list[str]
    sorts: dict[str, str]
    difficulty: list[str]
    class_names: list[str]
    class_colours: list[list[int]]
    instance_colours: list[list[int]]
    camouflage_levels: int
    flow_steps: int
    dataset: DatasetFacts | None
    parts: list[PartFacts]
    predicted_sorts: dict[str, str]
    errors: list[str]


def about(exhibit: Exhibit) -> About:
    """Return what the page needs to know."""
    presets = {
        name: PresetFacts((make.__doc__ or "").strip().splitlines()[0], make().to_dict())
        for name, make in PRESETS.items()
    }
    classes = exhibit.bank.classes
    return About(
        __version__, GENERATOR_VERSION, presets, _fields(classes), list(SPLITS), sort_words(),
        list(DIFFICULTY), list(classes.all_names), class_colours(classes)[: classes.num_classes].tolist(),
        INSTANCE_COLOURS.tolist(),
        CAMOUFLAGE_LEVELS, FLOW_STEPS, _dataset(exhibit), _parts(exhibit), _predicted_sorts(exhibit), list(ERRORS),
    )  # fmt: skip


def _predicted_sorts(exhibit: Exhibit) -> dict[str, str]:
    """Return what clips can be sorted by, by errors of frames only where frames are predicted."""
    of_frames = any(part.given for part in exhibit.parts)
    return {name: said for name, said in PREDICTED_SORTS.items() if of_frames or name != "frame_mse"}


def _fields(classes: Classes) -> list[Field]:
    """Return the spec's fields; the choices of `classes` are the names that the digits have."""
    named = msgspec.structs.replace(fields()["classes"], choices=classes.names)
    return [named if field.name == "classes" else field for field in fields().values()]


def _dataset(exhibit: Exhibit) -> DatasetFacts | None:
    if exhibit.dataset is None:
        return None
    recipe = exhibit.recipe
    return DatasetFacts(
        exhibit.place, recipe.plan_id, exhibit.num_clips, str(exhibit.ids(0, 1)[0]), recipe.split,
        str(recipe.seed), list(exhibit.stored.arrays), recipe.spec.to_dict(),
    )  # fmt: skip


def _parts(exhibit: Exhibit) -> list[PartFacts]:
    return [
        PartFacts(
            part.name,
            part.split,
            str(part.seed),
            len(part.clip_ids),
            part.given or 0,
            part.model_names,
            part.spec.to_dict(),
        )
        for part in exhibit.parts
    ]
