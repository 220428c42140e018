"""Checksums of suites, stored in the package, so that no other pixels get scored."""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
from collections.abc import Iterable

import msgspec
import numpy as np

from segmnist.errors import BadArgument, CorruptData
from segmnist.render.clips import Clip
from segmnist.suites.catalog import Part, Suite

BLOCK = 100
"""Clips to one SHA-256 checksum."""

HASHED = ("video", "semantic", "instance", "labels")
"""The arrays of a clip that a checksum covers, in this order."""

Sums = dict[str, dict[str, list[str]]]
"""Part, split, and the checksums of its blocks in order."""


@functools.cache
def stored_checksums() -> dict[str, Sums]:
    """Return the package's checksums of every suite."""
    data = importlib.resources.files("segmnist.suites").joinpath("checksums.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Sums])


def clip_digest(clip: Clip) -> bytes:
    """Return the SHA-256 of a clip's arrays, each with its dtype and shape."""
    digest = hashlib.sha256()
    for name in HASHED:
        array = np.ascontiguousarray(clip[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.digest()


def block_checksum(digests: Iterable[bytes]) -> str:
    """Return the SHA-256, in hex, of the digests of a block's clips in order."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def part_checksums(part: Part, split: str) -> list[str]:
    """Draw a part's clips and return the checksums of its blocks."""
    source = part.source(split, ("semantic", "instance"))
    ends = range(0, len(source), BLOCK)
    return [block_checksum(map(clip_digest, source[first : first + BLOCK])) for first in ends]


def is_frozen(suite: Suite) -> bool:
    """Return whether the package has checksums of this suite; a suite of your own has none."""
    return suite.name in stored_checksums()


def check_block(suite: Suite, part: Part, split: str, block: int, checksum: str) -> None:
    """Raise `CorruptData` unless this is the stored checksum of the block; a suite of your own has none."""
    if not is_frozen(suite):
        return
    stored = stored_checksums().get(suite.name, {}).get(part.name, {}).get(split, [])
    if block >= len(stored) or stored[block] != checksum:
        last = min((block + 1) * BLOCK, part.num_clips(split)) - 1
        raise CorruptData(
            f"suite {suite.name}, part {part.name}, {split} clips {block * BLOCK}..{last}: the pixels drawn here have "
            f"checksum {checksum[:12]}, not the suite's; another generator version?"
        )


def verify(suite: Suite, split: str) -> int:
    """Draw a split of a suite and return how many clips match their checksums.

    Raises `CorruptData` if any differs, `BadArgument` for a suite without checksums.
    """
    if not is_frozen(suite):
        raise BadArgument("suite", suite.name, "a suite with checksums", "one of your own has none")
    for part in suite.parts:
        for block, checksum in enumerate(part_checksums(part, split)):
            check_block(suite, part, split, block, checksum)
    return suite.num_clips(split)


def suite_sha256(suite: Suite) -> str:
    """Return the SHA-256 that names a suite in result files: its recipe and its checksums."""
    recipe = [
        [p.name, p.spec.to_canonical(), p.val_clips, p.test_clips]
        + ([p.bank.sha256] if p.bank else [])
        + ([] if p.given is None else [p.given])
        for p in suite.parts
    ]
    content = [suite.name, recipe, stored_checksums().get(suite.name, {})]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
