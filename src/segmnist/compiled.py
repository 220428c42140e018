"""How loops are compiled, and where their compiled form is kept.

Numba's own cache goes by a file's path and content. So it keeps a loop that has another file's loop inside it when only that
other file changes, it compiles anew for every copy of the package, and it raises where it finds no folder to write. Here
a compiled loop has a key: the content of the files that go into it. The first folder that can be written takes
them: NUMBA_CACHE_DIR if set, `cache_folder`, `private_temporary_folder`. Without any, each process compiles for itself.

What a user waits for on a new machine is kept short in three ways. Most compiled loops allocate nothing, so that Numba counts
no references to arrays: that is half of the instructions that it would write for a struct of 20 arrays. Functions that only
they call become machine code as parts of them, not for themselves, too. An edit compiles anew what depends on it alone.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba import njit, types

from segmnist.cache_folder import cache_folder, private_temporary_folder
from segmnist.compile_notice import say_that_it_compiles

try:
    from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler, compile_result
    from numba.core.runtime import rtsys
except ImportError:  # a Numba that has other names for them: its own cache must do
    CompileResultCacheImpl = FunctionCache = _CacheLocator = Compiler = None

PACKAGE = Path(__file__).parent
IMPORT = re.compile(r"^from segmnist\.([\w.]+) import", re.MULTILINE)
"""How a module names another whose constants, structs or kernels it takes."""
HOLDS_KERNELS = re.compile(r"^from segmnist\.compiled import", re.MULTILINE)

Function = Callable[..., Any]


def kernel(function: Function | None = None, *, allocates: bool = False, **options: Any) -> Any:
    """Compile a function when Python first calls it, and keep its compiled form; a decorator, with or without options.

    options: of `numba.njit`. The function runs without the interpreter's lock; uncompiled it is `.py_func`. It divides
    as NumPy does, without an error. What only kernels call is a `subroutine`.

    allocates: whether it makes arrays. One that takes a large struct should not, but be given its scratch: Numba then counts
    references to all arrays.
    """
    if function is None:
        return functools.partial(kernel, allocates=allocates, **options)
    compiled = njit(nogil=True, _nrt=allocates, error_model="numpy", **options)(function)
    if not hasattr(compiled, "enable_caching"):  # NUMBA_DISABLE_JIT
        return compiled
    if FunctionCache is not None and hasattr(compiled, "_cache"):
        compiled._cache = KernelCache(function)
    else:
        with contextlib.suppress(RuntimeError):  # no folder that it may write to
            compiled.enable_caching()
    return compiled


def subroutine(function: Function | None = None, *, is_apart: bool = False, **options: Any) -> Any:
    """Compile a function that kernels call, as `kernel` does; called from Python it runs uncompiled.

    It has no wrapper that takes Python's objects: for a struct of 20 arrays, that takes longer to compile than the function.
    It becomes machine code as a part of the kernels that call it. Nor is it compiled anew for each constant that it is called
    with.

    is_apart: LLVM improves it for itself as well, and no kernel takes it into its own loops: for loops over many pixels, which
    may take a fifth longer otherwise.
    """
    if function is None:
        return functools.partial(subroutine, is_apart=is_apart, **options)
    if Compiler is not None:
        options["pipeline_class"] = _ApartCompiler if is_apart else _SubroutineCompiler
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
    named = Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else None
    return [
        folder / "segmnist-kernels"
        for folder in (named, cache_folder(), private_temporary_folder())
        if folder
    ]


@functools.cache
def sources_of(module: str) -> frozenset[str]:
    """Return the modules whose content goes into the kernels of a module of this package: itself, and what they import.

    Imports of modules without kernels are not followed: what kernels take from them is defined there.
    """
    found, todo = {"segmnist.compiled"}, [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            text = _source(name).decode()
            if HOLDS_KERNELS.search(text):
                todo += [f"segmnist.{taken}" for taken in IMPORT.findall(text)]
    return frozenset(found)


@functools.cache
def key_of(module: str) -> str:
    """Return the checksum of all that goes into the kernels of a module. Raises `OSError` if a source is missing."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in sorted(sources_of(module)):
        content = _source(name)
        digest.update(f"\n{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@functools.cache
def _source(module: str) -> bytes:
    """Return the content of a module of this package, or of any that was imported."""
    path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return path.read_bytes()


class KernelCache:
    """What Numba asks for the compiled forms of one function: its `FunctionCache` over several folders, without errors."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._caches: dict[Path, Any] = {}

    @property
    def cache_path(self) -> str:
        """The best of the folders, for `stats`."""
        return str(next(iter(self._places), ""))

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return a compiled form, or None, upon which Numba compiles."""
        for place in self._places:
            try:
                found = self._at(place).load_overload(signature, target_context)
            except Exception:  # out of reach or damaged, which unpickling shows in many ways
                continue
            if found is not None:
                return found
        say_that_it_compiles(tuple(self._places))
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled form in the first folder that takes it."""
        for place in self._places:
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
        for place in self._places:
            try:
                self._at(place).flush()
            except OSError:
                continue

    @property
    def _places(self) -> list[Path]:
        """The folders, the best first; none if the key is not known."""
        try:
            key_of(self._function.__module__)
        except OSError:  # a package without its sources
            return []
        return places()

    def _at(self, place: Path) -> Any:
        if place not in self._caches:
            self._caches[place] = _PlacedCache(self._function, place)
        return self._caches[place]


if FunctionCache is not None:

    class _SubroutineLibrary(JITCodeLibrary):  # type: ignore[misc]
        """The code of a subroutine and of what it calls, as it was written; LLVM improves and compiles it in kernels only."""

        def _optimize_functions(self, module: Any) -> None:
            module.data_layout = self._codegen._data_layout

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            # Addresses of this process that would forbid to keep the code (those of the functions it calls) are never used.
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            """Return 0, Numba's sign for a function that is not there."""
            self._ensure_finalized()
            return 0

        @property
        def codegen(self) -> Any:
            """What Numba tells where the function's Python objects are: there is nothing that would use them."""
            return self

        def set_env(self, name: str, environment: Any) -> None:
            """Do nothing."""

        def serialize_using_object_code(self) -> tuple[str, str, bytes]:
            """Return the code in the form that `_CacheImpl.rebuild` reads."""
            return self.serialize_using_bitcode()

        @classmethod
        def read(cls, codegen: Any, state: tuple[str, str, bytes]) -> _SubroutineLibrary:
            """Return what `serialize_using_object_code` was called on."""
            name, _, bitcode = state
            library = cls(codegen, name)
            library._final_module = llvmlite.binding.parse_bitcode(bitcode)
            library._finalized = True
            return library

    class _ApartLibrary(_SubroutineLibrary):
        """The code of a subroutine that LLVM improves before it goes into a kernel, where it stays a function."""

        def add_ir_module(self, module: Any) -> None:
            """Add functions, which are to stay functions."""
            for function in module.functions:
                if not function.is_declaration:
                    function.attributes.add("noinline")
            super().add_ir_module(module)

        def _optimize_functions(self, module: Any) -> None:
            JITCodeLibrary._optimize_functions(self, module)

        def _optimize_final_module(self) -> None:
            JITCodeLibrary._optimize_final_module(self)

    class _SubroutineCompiler(Compiler):  # type: ignore[misc]
        """Numba's compiler, which is given another library to write into."""

        library_class = _SubroutineLibrary

        def define_pipelines(self) -> Any:
            """Return the usual passes."""
            codegen, name = self.state.targetctx.codegen(), self.state.func_id.func_qualname
            self.state.library = self.library_class(codegen, name)
            return super().define_pipelines()

    class _ApartCompiler(_SubroutineCompiler):
        """The same for a subroutine that is optimised apart."""

        library_class = _ApartLibrary

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
        """How compiled forms become bytes: Numba's way, under names that tell functions and their keys apart."""

        def __init__(self, function: Function, place: Path) -> None:
            self._lineno = function.__code__.co_firstlineno
            self._locator = _Locator(function, place)
            name = f"{function.__module__}.{function.__qualname__}-{key_of(function.__module__)[:16]}"
            self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))

        def rebuild(self, target_context: Any, payload: Any) -> Any:
            """Return the compiled form of which these are the parts."""
            state, description, environment, signature, *_ = payload
            if state[1] != "bitcode":
                return super().rebuild(target_context, payload)
            library = _SubroutineLibrary.read(target_context.codegen(), state)
            return compile_result(
                typing_context=target_context.typing_context,
                target_context=target_context,
                library=library,
                entry_point=target_context.get_executable(library, description, environment),
                fndesc=description,
                environment=environment,
                signature=signature,
                objectmode=False,
                lifted=(),
            )

    class _Locator(_CacheLocator):  # type: ignore[misc]
        """Says where, and that what lies there is never stale: its name has the key of its sources."""

        def __init__(self, function: Function, place: Path) -> None:
            self._py_file = function.__code__.co_filename
            self._lineno = function.__code__.co_firstlineno
            self._key = key_of(function.__module__)
            self._place = place

        def get_cache_path(self) -> str:
            return str(self._place)

        def get_source_stamp(self) -> str:
            return self._key

        def get_disambiguator(self) -> str:
            return str(self._lineno)
