"""MOTS: one line per frame and digit, with its run-length mask, in the folders of MOTChallenge.

The evaluation knows cars and pedestrians and scores class 2 alone. So every digit is of class 2 here, and
seqinfo.ini maps each id to its digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from segmnist.formats.card import sequence_name
from segmnist.formats.layout import Array, Clip, Clips, Layout, Pieces
from segmnist.formats.pictures import frames_of, png
from segmnist.formats.rle import check_pycocotools, encode, seen_in

TRUTHS = ("instance",)
BENCHMARK = "MOTS"
"""The benchmark name that TrackEval looks for."""
SCORED_CLASS = 2
IDS_PER_CLASS = 1000


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without pycocotools."""
    check_pycocotools()


def clip_paths(layout: Layout, name: str) -> Iterator[str]:
    """Iterate over the paths of a clip's frames, its tracks and its seqinfo.ini."""
    folder = f"{_root(layout)}/{name}"
    yield from (f"{folder}/img1/{number:06d}.png" for number in range(1, layout.num_frames + 1))
    yield f"{folder}/gt/gt.txt"
    yield f"{folder}/seqinfo.ini"


def clip_files(layout: Layout, clip: Clip) -> Iterator[bytes]:
    """Iterate over a clip's files: frames, tracks, seqinfo.ini."""
    yield from map(png, frames_of(clip))
    yield _tracks(clip["instance"])
    yield _seqinfo(sequence_name(layout, int(clip["clip_id"])), clip)


def root_paths(layout: Layout) -> tuple[str, ...]:
    """Return the path of the list of sequences."""
    return (f"seqmaps/{_root(layout)}.txt",)


def root_files(layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
    """Iterate over the one file of all clips, the list of sequences."""
    names = (sequence_name(layout, clip_id) for clip_id in layout.clip_ids(range(layout.num_clips)))
    yield root_paths(layout)[0], (f"{name}\n".encode() for name in chain(["name"], names))


def track_id(instance_id: int) -> int:
    """Return a digit's id in the file.

    >>> track_id(3)
    2003
    """
    return IDS_PER_CLASS * SCORED_CLASS + instance_id


def _root(layout: Layout) -> str:
    return f"{BENCHMARK}-{layout.recipe['split']}"


def _tracks(instance: Array) -> bytes:
    lines = []
    for frame, ids in enumerate(instance, 1):
        for instance_id, mask in seen_in(ids):
            H, W = mask.shape
            counts = encode(mask)["counts"]
            lines.append(f"{frame} {track_id(instance_id)} {SCORED_CLASS} {H} {W} {counts}\n")
    return "".join(lines).encode()


def _seqinfo(name: str, clip: Clip) -> bytes:
    T, H, W = clip["video"].shape
    digits = "".join(f"{track_id(i)}={label}\n" for i, label in enumerate(clip["labels"].tolist(), 1))
    return (
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate=10\nseqLength={T}\nimWidth={W}\nimHeight={H}\n"
        f"imExt=.png\n\n[Digits]\n{digits}"
    ).encode()
