"""A view as text that makes the same clip elsewhere: Python, and TOML."""

from __future__ import annotations

from segmnist.digits.bank import DigitBank
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.view import View
from segmnist.render.arrays import arrays_of

EDIT = """\
from segmnist import render
from segmnist.counterfactual import without_digits

# Rows count from 0, instance ids from 1.
edited = render(without_digits(clip.scene, {rows}), source.truth)[0]
"""


STORED = """\
from segmnist.dataset import open_dataset

dataset = open_dataset({place!r}, {split!r})
clip = dataset[{row}]  # clip {clip}; its arrays as they lie on disk, such as clip["video"]
"""


def python_of(view: View, exhibit: Exhibit) -> str:
    """Return Python that draws the view's clip, its layers too, from the same digits, or reads it from the data set."""
    if view.stored and not view.without and set(arrays_of(view.layers)) <= set(exhibit.stored.arrays):
        return STORED.format(
            place=exhibit.place, split=view.split, row=exhibit.row_of(view.clip), clip=view.clip
        )
    bank = exhibit.bank
    names = [] if bank == DigitBank.mnist() else ["DigitBank"]
    if view.stored or view.part:
        spec = f"SceneSpec.from_toml('''\n{view.spec.to_toml()}''')"
        names += ["ClipSource", "SceneSpec"]
    else:
        arguments = "".join(f",\n    {name}={_literal(value)}" for name, value in view.changes.items())
        spec = f'preset(\n    "{view.preset}"{arguments},\n)' if arguments else f'preset("{view.preset}")'
        names += ["ClipSource", "preset"]
    digits = f"bank = {bank.expression}\n" if "DigitBank" in names else ""
    with_bank = ", bank=bank" if digits else ""
    truth = _literal(["semantic", "instance", *view.layers])
    lines = f'''\
from segmnist import {", ".join(sorted(names, key=str.lower))}

{digits}spec = {spec}
source = ClipSource(spec, split="{view.split}", seed={view.seed}, truth={truth}{with_bank})
clip = source[{view.clip}]
'''
    if view.without:
        rows = sorted({instance - 1 for instance in view.without})
        lines += "\n" + EDIT.format(rows=rows)
    return lines


def toml_of(view: View) -> str:
    """Return the view's spec as TOML; a comment names the clip."""
    return f"# split {view.split!r}, seed {view.seed}, clip {view.clip}\n{view.spec.to_toml()}"


def _literal(value: object) -> str:
    if isinstance(value, list):
        inner = ", ".join(map(_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
