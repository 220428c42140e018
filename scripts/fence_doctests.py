"""An extension of griffe for the docs site: it renders examples in docstrings as code, not as quotations."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Module, Object

EXAMPLE = re.compile(r"^(>>> .*?)(?=\n\n(?!>>> )|\Z)", re.S | re.M)


class FenceDoctests(Extension):
    """Puts a code fence around every example, once the whole package has been read."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Change the docstrings of a package and of everything in it."""
        _fence(pkg)


def _fence(found: Object) -> None:
    if found.docstring:
        found.docstring.value = EXAMPLE.sub(r"```pycon\n\1\n```", found.docstring.value)
    for member in found.members.values():
        if isinstance(member, Object):
            _fence(member)
