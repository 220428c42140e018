"""FFV1 in Matroska: lossless videos of frames, classes and instances."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import ModuleType

import numpy as np

from segmnist.errors import MissingDependency
from segmnist.formats.layout import Array, Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of

TRUTHS = ("semantic", "instance")
FOLDERS = ("video", *TRUTHS)
FRAMES_PER_SECOND = 10


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without PyAV."""
    _av()


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's three videos."""
    return (f"{array}/{name}.mkv" for array in FOLDERS)


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's three videos."""
    yield encode(frames_of(clip))
    yield from (encode(clip[array]) for array in TRUTHS)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return nothing: no file is about all clips."""
    return ()


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over nothing."""
    return iter(())


def encode(frames: Array) -> bytes:
    """Return `(T,H,W)` or `(T,H,W,3)` uint8 frames as a Matroska file, grey or RGB. Raises `MissingDependency` without PyAV."""
    av = _av()
    file = io.BytesIO()
    H, W = frames.shape[1:3]
    given, kept = ("gray", "gray") if frames.ndim == 3 else ("rgb24", "bgr0")
    # Without bitexact, the Matroska header has a random number and the name of the library.
    with av.open(file, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(
            "ffv1", rate=FRAMES_PER_SECOND, options={"flags": "+bitexact", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = W, H, kept
        for frame in frames:
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=given))
            )
        container.mux(stream.encode(None))
    return file.getvalue()


def _av() -> ModuleType:
    try:
        import av
    except ImportError:
        raise MissingDependency("the format ffv1", "video") from None
    module: ModuleType = av
    return module
