"""The golden sums: SHA-256 of what each preset draws, by generator version, in tests/golden/golden.json.

    python scripts/golden.py            check the sums of this generator version
    python scripts/golden.py --write    record the sums that are missing

A recorded sum never changes. A change of any pixel needs a new GENERATOR_VERSION, whose sums are added beside
the old ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segmnist import GENERATOR_VERSION, PRESETS, Clips, preset, render, sample
from segmnist.scene.randomness import SPLITS
from segmnist.whole_file import replace_file

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "golden.json"
SEEDS = (0, 0xFEDCBA9876543210)
CLIP_IDS = range(4)
TRUTHS = ("semantic", "instance")

Sums = dict[str, dict[str, str]]
"""`{"train/0": {"scene": ..., "video": ..., "semantic": ..., "instance": ...}, ...}` by split and seed."""


def sum_of(arrays: list[np.ndarray]) -> str:
    """Return the SHA-256 over the dtype, the shape and the little-endian bytes of each array."""
    digest = hashlib.sha256()
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{array.dtype.name} {array.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def sums_of(name: str, draw: Callable[..., Clips] = render) -> Sums:
    """Return the sums of a preset's first clips, for every split and two seeds, as one renderer draws them."""
    sums = {}
    for split in SPLITS:
        for seed in SEEDS:
            scene = sample(preset(name), CLIP_IDS, split=split, seed=seed)
            clips = draw(scene, TRUTHS)
            drawn = {array: sum_of([clips[array]]) for array in ("video", *TRUTHS)}
            sums[f"{split}/{seed}"] = {"scene": sum_of(list(scene.arrays().values())), **drawn}
    return sums


def recorded(path: Path = GOLDEN) -> dict[str, dict[str, Sums]]:
    """Return the recorded sums by generator version and preset."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def differences(expected: dict[str, Sums], found: dict[str, Sums]) -> list[str]:
    """Return a line for each sum of `found` that differs from the recorded one or is not recorded."""
    lines = []
    for name, sums in found.items():
        for address, arrays in sums.items():
            known = expected.get(name, {}).get(address, {})
            lines += [f"{name} {address} {a}" for a, value in arrays.items() if known.get(a) != value]
    return lines


def write(path: Path, version: str, found: dict[str, Sums]) -> None:
    """Record sums; raise `ValueError` if this version has one that differs."""
    versions = recorded(path)
    known = versions.setdefault(version, {})
    changed = differences(known, {name: sums for name, sums in found.items() if name in known})
    if changed:
        raise ValueError(f"generator version {version} has other sums recorded: {', '.join(changed[:3])} ...")
    known.update(found)
    replace_file(path, (json.dumps(versions, indent=1) + "\n").encode())


def main() -> int:
    """Check or write; return the exit code."""
    parser = argparse.ArgumentParser(description="Check or record the golden sums.")
    parser.add_argument("--write", action="store_true", help="record the sums that are not there yet")
    parser.add_argument("--check", action="store_true", help="compare with the recorded sums (the default)")
    arguments = parser.parse_args()
    found = {name: sums_of(name) for name in PRESETS}
    version = str(GENERATOR_VERSION)
    if arguments.write:
        try:
            write(GOLDEN, version, found)
        except ValueError as error:
            print(f"{error}\nraise GENERATOR_VERSION in src/segmnist/version.py first", file=sys.stderr)
            return 1
        print(f"{GOLDEN}: version {version}, {len(found)} presets")
        return 0
    changed = differences(recorded().get(version, {}), found)
    print("\n".join(changed) or f"all sums of generator version {version} agree")
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
