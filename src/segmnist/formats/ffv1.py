"""FFV1 in Matroska: lossless grey videos of frames, classes and instances."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import ModuleType

from segmnist.errors import MissingDependency
from segmnist.formats.layout import Array, Clip, Clips, Layout, Pieces

TRUTHS = ("semantic", "instance")
VIDEOS = ("video", *TRUTHS)
FRAMES_PER_SECOND = 10


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without PyAV."""
    _av()


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's three videos."""
    return (f"{array}/{name}.mkv" for array in VIDEOS)


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's three videos."""
    return (encode(clip[array]) for array in VIDEOS)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return nothing: no file is about all clips."""
    return ()


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over nothing."""
    return iter(())


def encode(frames: Array) -> bytes:
    """Return `(T,H,W)` uint8 frames as a Matroska file. Raises `MissingDependency` without PyAV."""
    av = _av()
    file = io.BytesIO()
    _, H, W = frames.shape
    # Without bitexact, the Matroska header has a random number and the name of the library.
    with av.open(file, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(
            "ffv1", rate=FRAMES_PER_SECOND, options={"flags": "+bitexact", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = W, H, "gray"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _av() -> ModuleType:
    try:
        import av
    except ImportError:
        raise MissingDependency("the format ffv1", "video") from None
    module: ModuleType = av
    return module
