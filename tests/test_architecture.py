"""The directions of dependencies, read off the imports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import segmnist

ROOT = Path(segmnist.__file__).parent
HEAVY = ("numba", "torch", "ray", "zarr", "matplotlib", "h5py", "av", "PIL")

FINE_PARTS = {"scene.randomness": "randomness", "render.arrays": "arrays"}
"""Modules that know nothing of the rest of their folder, so that parts which may not see it may import them."""

EVERYWHERE = {
    "errors",
    "version",
    "classes",
    "palette",
    "html_hooks",
    "html_page",
    "text_file",
    "numpy_files",
    "urls",
    "whole_file",
    "cache_folder",
    "quiet",
    "hardware",
}
"""What every part may import."""

MAY_IMPORT: dict[str, set[str]] = {
    "segmnist": {"digits", "scene", "render", "source"},
    "compiled": {"compile_notice"},
    "corruptions": {"randomness"},
    "scene": {"compiled", "digits"},
    "render": {"compiled", "corruptions", "digits", "scene"},
    "source": {"digits", "scene", "render"},
    "counterfactual": {"digits", "scene", "render"},
    "formats": {"arrays"},
    "dataset": {"digits", "scene", "render", "source", "formats", "executors"},
    "load": {"digits", "scene", "render", "source", "dataset"},
    "evaluate": {"compiled", "corruptions", "randomness", "arrays"},
    "oracle": {"compiled", "digits", "scene", "render", "source", "evaluate", "executors"},
    "suites": {
        "corruptions",
        "digits",
        "scene",
        "render",
        "source",
        "dataset",
        "evaluate",
        "executors",
        "oracle",
    },
    "baselines": {"digits", "scene", "render", "source", "dataset", "suites", "evaluate"},
    "scoring": {"digits", "scene", "evaluate", "suites", "baselines", "views"},
    "views": {"digits", "scene", "render", "source", "dataset", "oracle", "evaluate", "suites"},
    "origin": {"scene", "source", "formats", "views"},
    "preview": {"views"},
    "report": {"views"},
    "torch": {"load"},
}
"""The directions of dependencies: what each part may import, at the start or inside functions."""

TOP = {"cli", "explore", "__main__"}
"""What may import anything, and is imported by nothing below."""


class Import(NamedTuple):
    module: str
    """Who imports, for instance `segmnist.scene.sample`."""
    target: str
    """What, for instance `segmnist.errors.BadArgument` or `numpy`."""
    at_start: bool
    """Outside functions, and not for type checkers only: it happens when the module is imported."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = {module_name(path) for path in ROOT.rglob("__init__.py")}
MODULES = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))
}


def imports_of(module: str) -> Iterator[Import]:
    def walk(node: ast.AST, at_start: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, at_start) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the direction"
            yield from (Import(module, f"{node.module}.{alias.name}", at_start) for alias in node.names)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, at_start and not for_types and not in_function)

    return walk(MODULES[module], True)


IMPORTS = [found for module in MODULES for found in imports_of(module)]


def package(name: str) -> str:
    """The file or folder of segmnist that a module or a target belongs to: `scene`, `render`, `source`, ..."""
    parts = name.split(".")
    return parts[1] if parts[0] == "segmnist" and len(parts) > 1 else parts[0]


def owner(target: str) -> str:
    """The module that an import names, or whose part it names."""
    return target if target in MODULES else target.rpartition(".")[0]


def parts_of(name: str) -> set[str]:
    """The parts that a module or a target belongs to, as `MAY_IMPORT` names them: one, or a part and its fine part."""
    fine = FINE_PARTS.get(owner(name).removeprefix("segmnist."))
    return {package(owner(name)), *([fine] if fine else [])}


def circle_in(graph: dict[str, set[str]]) -> list[str] | None:
    """The nodes of one circle, the first again at the end, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def users_of(*targets: str) -> set[str]:
    """Modules that import one of these libraries, or parts of segmnist, from outside it."""
    return {i.module for i in IMPORTS if package(i.target) in targets and package(i.module) not in targets}


def asked_package(target: str) -> str:
    """The package that an import statement names, be it for what its `__init__` or what its folder holds."""
    asked = target if target in PACKAGES else target.rpartition(".")[0]
    return asked if asked in PACKAGES else "none"


def test_the_imports_were_found() -> None:
    assert ("segmnist.scene.sample", "segmnist.scene.spec.SceneSpec", True) in IMPORTS
    assert ("segmnist.scene.sample", "segmnist.scene.kernels.sample_clips", False) in IMPORTS
    assert len(IMPORTS) > 200


@pytest.mark.parametrize("part", sorted({package(module) for module in MODULES} - TOP))
def test_a_part_imports_only_what_it_may(part: str) -> None:
    permitted = {part} | EVERYWHERE | MAY_IMPORT.get(part, set())
    ours = [i for i in IMPORTS if package(i.module) == part and i.target.startswith("segmnist.")]
    others = {(i.module, i.target) for i in ours if not parts_of(i.target) & permitted}
    assert others == set(), f"{part} may import {sorted(permitted)}; for another direction change MAY_IMPORT"


def test_what_parts_may_import_forms_no_circle() -> None:
    assert circle_in({part: seen - {part} for part, seen in MAY_IMPORT.items()}) is None


def test_only_the_data_set_joins_scenes_and_formats() -> None:
    """So do the parts at the top, and the class of the 2020 package, which is a small data set."""
    joining = {part for part, seen in MAY_IMPORT.items() if seen & {"scene", "render"} and "formats" in seen}
    assert joining == {"dataset", "origin"}


def test_nothing_imports_the_top() -> None:
    assert {package(m) for m in users_of("cli")} <= {"__main__"}
    assert {package(m) for m in users_of("explore")} <= {"cli"}


def test_nothing_below_imports_the_views() -> None:
    """`preview` and `report` are the views' public names; the class of 2020 shows pictures, a trial its worst clips."""
    seeing = {part for part, seen in MAY_IMPORT.items() if "views" in seen}
    assert seeing == {"preview", "report", "origin", "scoring"}


KERNELS = {module for module in MODULES if {"kernels", "numba_kernels"} & set(module.split("."))}


def test_numba_is_in_kernels_only() -> None:
    assert users_of("numba", "llvmlite") <= KERNELS | {"segmnist.compiled", "segmnist.hardware"}
    assert {i.module for i in IMPORTS if i.target == "numba.njit"} == {"segmnist.compiled"}


def test_python_calls_no_subroutine() -> None:
    """It has no wrapper that takes Python's objects: calling it would end the process."""
    for i in IMPORTS:
        if owner(i.target) in KERNELS and i.module not in KERNELS:
            function = getattr(importlib.import_module(owner(i.target)), i.target.rpartition(".")[2], None)
            assert not getattr(function, "targetoptions", {}).get("no_cpython_wrapper"), i


def test_compiled_modules_are_imported_when_they_are_needed() -> None:
    """Numba takes two seconds to import."""
    compiled = users_of("numba", "compiled") | {"segmnist.compiled"}
    early = [i for i in IMPORTS if i.at_start and owner(i.target) in compiled and i.module not in compiled]
    assert early == []


def test_the_key_of_a_kernel_has_all_that_it_takes_from_other_files() -> None:
    """And what it takes is defined there, of nothing that comes from elsewhere: imports of other files are not followed."""
    from segmnist.compiled import sources_of

    for module in sorted(KERNELS - PACKAGES):
        taken = {i.target for i in IMPORTS if i.module == module and i.target.startswith("segmnist.")}
        assert {owner(target) for target in taken} <= sources_of(module), module
        for target in taken - {t for t in taken if owner(t) in KERNELS | {"segmnist.compiled"}}:
            [definition] = definitions_of(owner(target), target.rpartition(".")[2])
            used = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
            foreign = {i.target.rpartition(".")[2] for i in IMPORTS if i.module == owner(target)}
            assert not used & foreign - TYPING, f"{module} takes {target}, which is made of {used & foreign}"


TYPING = {"NamedTuple", "Any", "NDArray"}
"""What structs are declared with."""


def definitions_of(module: str, name: str) -> list[ast.stmt]:
    """The statements at the top of a module that define a name."""

    def names(statement: ast.stmt) -> set[str]:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            return {statement.name}
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}

    return [statement for statement in MODULES[module].body if name in names(statement)]


def test_torch_is_in_its_places_only() -> None:
    places = ("segmnist.load", "segmnist.baselines", "segmnist.render.tensors", "segmnist.oracle.arrays")
    elsewhere = [
        m for m in users_of("torch", "torchvision") if not f"{m}.".startswith(tuple(f"{p}." for p in places))
    ]
    assert elsewhere == []


def test_ray_is_in_its_place_only() -> None:
    assert users_of("ray") <= {"segmnist.executors.run_ray"}


def test_no_part_is_named_for_nothing() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "base", "misc", "core"}
    assert [m for m in MODULES if vague & set(m.split("."))] == []


def test_imports_form_no_circle() -> None:
    """Neither imports at the start, nor those inside functions, nor those that only type checkers follow."""
    graph: dict[str, set[str]] = {}
    for found in (i for i in IMPORTS if i.target.startswith("segmnist.")):
        if owner(found.target) != found.module:
            graph.setdefault(found.module, set()).add(owner(found.target))
    circle = circle_in(graph)
    assert circle is None, f"{len(circle) - 1} modules import one another: {' -> '.join(circle)}"


def test_no_part_of_a_package_asks_the_package() -> None:
    """A package gathers names from its modules, which name one another: the other way round is a circle."""
    asked = [
        (i.module, i.target)
        for i in IMPORTS
        if i.at_start and i.module.startswith(f"{asked_package(i.target)}.")
    ]
    assert asked == []


def test_randomness_comes_from_one_place() -> None:
    """No generator with a state, not NumPy's, not Python's, not torch's; but scripts of 2020 call np.random.seed."""
    assert users_of("random") == set()
    found = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random", "numpy.random")
    }
    assert found == {"segmnist.origin"}


def test_the_package_imports_nothing_heavy() -> None:
    code = "import sys, segmnist; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(done.stdout.split()) == set()


def test_the_public_names_are_few_and_real() -> None:
    assert len(segmnist.__all__) <= 20
    assert [name for name in segmnist.__all__ if not hasattr(segmnist, name)] == []
