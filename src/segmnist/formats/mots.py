"""MOTS: one line per frame and digit, with its run-length mask, in the folders of MOTChallenge.

The evaluation knows cars and pedestrians and scores class 2 alone. So every digit is of class 2 here, and
seqinfo.ini maps each id to its digit.
"""

from __future__ import annotations

from collections.abc import Iterator

from segmnist.formats.card import sequence_name
from segmnist.formats.layout import Array, Arrays, Layout
from segmnist.formats.pictures import clips_of, png_grey
from segmnist.formats.rle import check_pycocotools, encode, seen_in

TRUTHS = ("instance",)
BENCHMARK = "MOTS"
"""The benchmark name that TrackEval looks for."""
SCORED_CLASS = 2
IDS_PER_CLASS = 1000


def check(layout: Layout) -> None:
    """Raise `MissingDependency` without pycocotools."""
    check_pycocotools()


def files(layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files: PNG frames, gt.txt and seqinfo.ini of each clip, the seqmap."""
    root = f"{BENCHMARK}-{layout.recipe['split']}"
    names = []
    for clip in clips_of(shards):
        name = sequence_name(layout, int(clip["clip_id"]))
        names.append(name)
        for index, frame in enumerate(clip["video"], 1):
            yield f"{root}/{name}/img1/{index:06d}.png", png_grey(frame)
        yield f"{root}/{name}/gt/gt.txt", _tracks(clip["instance"])
        yield f"{root}/{name}/seqinfo.ini", _seqinfo(name, clip)
    yield f"seqmaps/{root}.txt", "".join(f"{name}\n" for name in ("name", *names)).encode()


def track_id(instance_id: int) -> int:
    """Return a digit's id in the file.

    >>> track_id(3)
    2003
    """
    return IDS_PER_CLASS * SCORED_CLASS + instance_id


def _tracks(instance: Array) -> bytes:
    lines = []
    for frame, ids in enumerate(instance, 1):
        for instance_id, mask in seen_in(ids):
            H, W = mask.shape
            counts = encode(mask)["counts"]
            lines.append(f"{frame} {track_id(instance_id)} {SCORED_CLASS} {H} {W} {counts}\n")
    return "".join(lines).encode()


def _seqinfo(name: str, clip: dict[str, Array]) -> bytes:
    T, H, W = clip["video"].shape
    digits = "".join(f"{track_id(i)}={label}\n" for i, label in enumerate(clip["labels"].tolist(), 1))
    return (
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate=10\nseqLength={T}\nimWidth={W}\nimHeight={H}\n"
        f"imExt=.png\n\n[Digits]\n{digits}"
    ).encode()
