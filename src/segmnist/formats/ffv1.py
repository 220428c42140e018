"""FFV1 in Matroska: lossless grey videos of frames, classes and instances."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import ModuleType

from segmnist.errors import MissingDependency
from segmnist.formats.card import sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.pictures import clips_of

TRUTHS = ("semantic", "instance")
FRAMES_PER_SECOND = 10


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without PyAV."""
    _av()


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: three videos per clip."""
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        for array in ("video", *TRUTHS):
            yield f"{array}/{name}.mkv", encode(clip[array])


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
