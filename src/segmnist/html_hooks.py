"""How objects show themselves in a notebook: `_repr_html_` asks here, and `segmnist.views.notebook` answers.

This module knows the views by name only, so that the classes below them import no notebook code.
"""

from __future__ import annotations

import importlib
from functools import singledispatch

VIEWS = "segmnist.views.notebook"
"""The module that registers a function for each class that it can show, with `@show.register`."""


@singledispatch
def show(thing: object) -> str:
    """Return an object as HTML; raise `TypeError` for a class that has no view."""
    raise TypeError(f"{VIEWS} has no view of {type(thing).__name__}")


def html_of(thing: object) -> str:
    """Return an object as HTML that loads nothing from elsewhere, importing the views on first use."""
    importlib.import_module(VIEWS)
    return show(thing)
