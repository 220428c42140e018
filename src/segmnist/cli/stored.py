"""What `--json` says of a data set that was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmnist.dataset import Recipe


def stored(place: str, recipe: Recipe) -> dict[str, Any]:
    """Return where a data set lies and what it is: `content_id` names its clips, `plan_id` its files."""
    return {
        "place": place,
        "format": recipe.format,
        "split": recipe.split,
        "num_clips": recipe.num_clips,
        "content_id": recipe.content_id,
        "plan_id": recipe.plan_id,
    }
