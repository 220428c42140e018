"""Draw every suite and write its checksums into the package.

    python scripts/suite_checksums.py [SUITE ...]

A suite's checksums change only together with GENERATOR_VERSION; `segmnist suites --verify NAME` checks them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from segmnist.suites.catalog import SUITES, suite
from segmnist.suites.checksums import part_checksums

PLACE = Path(__file__).parents[1] / "src" / "segmnist" / "suites" / "checksums.json"


def main(names: list[str]) -> None:
    """Compute the sums of the named suites, or of all, and keep the others."""
    sums = msgspec.json.decode(PLACE.read_bytes()) if PLACE.exists() else {}
    for name in names or SUITES:
        sums[name] = {
            part.name: {split: part_checksums(part, split) for split in ("val", "test")}
            for part in suite(name).parts
        }
        print(name, flush=True)
    ordered = {name: sums[name] for name in SUITES if name in sums}
    PLACE.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
