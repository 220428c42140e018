"""How loops are compiled, and where their compiled form is kept.

Numba's own cache goes by a file's path and content. So it keeps a loop that has another file's loop inside it when only that
other file changes, it compiles anew for every copy of the package, and it raises where it finds no folder to write. Here
compiled loops are kept under one key: the content of all that goes into them. The first folder that can be written takes
them: NUMBA_CACHE_DIR if set, `cache_folder`, `private_temporary_folder`. Without any, each process compiles for itself.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit, types

from segmnist.cache_folder import cache_folder, private_temporary_folder
from segmnist.compile_notice import say_that_it_compiles

try:
    from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
    from numba.core.runtime import rtsys
except ImportError:  # a Numba that has other names for them: its own cache must do
    CompileResultCacheImpl = FunctionCache = _CacheLocator = None

SOURCES = (
    "classes.py",
    "compiled.py",
    "evaluate/kernels/*.py",
    "oracle/kernels.py",
    "render/numba_kernels/*.py",
    "scene/kernels.py",
    "scene/parameters.py",
    "scene/randomness.py",
    "scene/scene.py",
)
"""The files that hold kernels, and those that kernels take constants and structs from."""

Function = Callable[..., Any]


def kernel(function: Function | None = None, **options: Any) -> Any:
    """Compile a function when Python first calls it, and keep its compiled form; a decorator, with or without options.

    options: of `numba.njit`. The function runs without the interpreter's lock; uncompiled it is `.py_func`. What only kernels
    call is a `subroutine`.
    """
    if function is None:
        return functools.partial(kernel, **options)
    compiled = njit(nogil=True, **options)(function)
    if not hasattr(compiled, "enable_caching"):  # NUMBA_DISABLE_JIT
        return compiled
    if FunctionCache is not None and hasattr(compiled, "_cache"):
        compiled._cache = KernelCache(function)
    else:
        with contextlib.suppress(RuntimeError):  # no folder that it may write to
            compiled.enable_caching()
    return compiled


def subroutine(function: Function | None = None, **options: Any) -> Any:
    """Compile a function that kernels call, as `kernel` does; called from Python it runs uncompiled.

    It has no wrapper that takes Python's objects: for a struct of 20 arrays, that takes longer to compile than the function.
    Nor is it compiled anew for each constant that it is called with.
    """
    if function is None:
        return functools.partial(subroutine, **options)
    compiled = kernel(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)
    if hasattr(compiled, "get_call_template"):
        # Numba would call the wrapper that is not there, and crash: it must not find the compiled forms from Python.
        compiled.add_overload = lambda form: compiled.overloads.update({tuple(form.signature.args): form})
        compiled._compile_for_args = lambda *given, **named: function
        template_of = compiled.get_call_template
        compiled.get_call_template = lambda given, named: template_of(
            tuple(map(types.unliteral, given)), {name: types.unliteral(kind) for name, kind in named.items()}
        )
    return compiled


@functools.cache
def places() -> list[Path]:
    """Return the folders that may hold compiled kernels, the best first."""
    try:
        name = f"segmnist-kernels-{sources_sha256()[:16]}"
    except OSError:  # a package without its sources
        return []
    named = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else None
    return [folder / name for folder in (named, cache_folder(), private_temporary_folder()) if folder]


@functools.cache
def sources_sha256() -> str:
    """Return the checksum of all that goes into compiled kernels. Raises `OSError` if a source is missing."""
    package = Path(__file__).parent
    files = sorted(path for pattern in SOURCES for path in package.glob(pattern))
    if not files:
        raise FileNotFoundError(package)
    digest = hashlib.sha256(numba.__version__.encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


class KernelCache:
    """What Numba asks for the compiled forms of one function: its `FunctionCache` over several folders, without errors."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._caches: dict[Path, Any] = {}

    @property
    def cache_path(self) -> str:
        """The best of the folders, for `stats`."""
        return str(next(iter(places()), ""))

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return a compiled form, or None, upon which Numba compiles."""
        for place in places():
            try:
                found = self._at(place).load_overload(signature, target_context)
            except Exception:  # out of reach or damaged, which unpickling shows in many ways
                continue
            if found is not None:
                return found
        say_that_it_compiles(tuple(places()))
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled form in the first folder that takes it."""
        for place in places():
            cache = self._at(place)
            try:
                cache.save_overload(signature, compiled)
            except OSError:  # read-only, full, another user's
                continue
            except Exception:  # a damaged list of what is there
                with contextlib.suppress(OSError):
                    cache.flush()
                    cache.save_overload(signature, compiled)
            return

    def flush(self) -> None:
        """Forget the compiled forms; `recompile` asks for it."""
        for place in places():
            try:
                self._at(place).flush()
            except OSError:
                continue

    def _at(self, place: Path) -> Any:
        if place not in self._caches:
            self._caches[place] = _PlacedCache(self._function, place)
        return self._caches[place]


if FunctionCache is not None:

    class _PlacedCache(FunctionCache):  # type: ignore[misc]
        """Numba's cache of one function, in a given folder."""

        def __init__(self, function: Function, place: Path) -> None:
            self._impl_class = functools.partial(_CacheImpl, place=place)
            super().__init__(function)

        def load_overload(self, signature: Any, target_context: Any) -> Any:
            """Return a compiled form, or None; leave alone what only compiling needs, which takes half a second to import."""
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                return self._load_overload(signature, target_context)

    class _CacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
        """How compiled forms become bytes: Numba's way, under names that tell functions apart without their folders."""

        def __init__(self, function: Function, place: Path) -> None:
            self._lineno = function.__code__.co_firstlineno
            self._locator = _Locator(function, place)
            name = f"{function.__module__}.{function.__qualname__}"
            self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))

    class _Locator(_CacheLocator):  # type: ignore[misc]
        """Says where, and that what lies there is never stale: its folder has the key of its sources."""

        def __init__(self, function: Function, place: Path) -> None:
            self._py_file = function.__code__.co_filename
            self._lineno = function.__code__.co_firstlineno
            self._place = place

        def get_cache_path(self) -> str:
            return str(self._place)

        def get_source_stamp(self) -> str:
            return sources_sha256()

        def get_disambiguator(self) -> str:
            return str(self._lineno)
