"""Build src/segmnist/digits/mnist.xz from the four files in which MNIST is published, and print the pins.

    python scripts/pack_mnist.py FOLDER

The file holds all 70,000 digits and labels in the published order. The same liblzma writes the same bytes. Another
version may write other bytes that unpack to the same digits; then only PACKED_SHA256 changes.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from segmnist.digits import files, packed
from segmnist.digits.bank import DigitBank
from segmnist.errors import CorruptData

MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
TARGET = Path(__file__).parents[1] / "src" / "segmnist" / "digits" / packed.PACKED_NAME


def check_sources(folder: Path) -> None:
    """Raise CorruptData for the first file whose MD5 is not the published one."""
    for name, md5 in MD5.items():
        found = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
        if found != md5:
            raise CorruptData(f"{folder / name}: MD5 is {found}, expected {md5}")


def build(folder: Path, target: Path) -> dict[str, str]:
    """Write the packed file and return the pins by their names in the code."""
    check_sources(folder)
    pairs = [files.read_pair(folder / images, folder / labels) for images, labels in zip(*[iter(MD5)] * 2)]
    images, labels = (
        np.concatenate([getattr(pair, name) for pair in pairs]) for name in ("images", "labels")
    )
    content = packed.pack(images, labels)
    flat = packed.unpack(content, images.shape)
    if flat.tobytes() != images.tobytes() + labels.tobytes():
        raise AssertionError("unpacking does not give back what was packed")
    target.write_bytes(content)
    return {
        "PACKED_SHA256": hashlib.sha256(content).hexdigest(),
        "ARRAY_SHA256": hashlib.sha256(flat.data).hexdigest(),
        "MNIST_SHA256": DigitBank.from_arrays(images, labels).sha256,
    }


def main() -> None:
    """Parse the command line, build, and print sizes and pins."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="folder with the four published .gz files")
    parser.add_argument(
        "--target", type=Path, default=TARGET, help="the packed file to write (default: %(default)s)"
    )
    options = parser.parse_args()
    pins = build(options.source, options.target)
    published = sum((options.source / name).stat().st_size for name in MD5)
    print(f"{options.target}: {options.target.stat().st_size:,} bytes (published: {published:,})")
    for name, value in pins.items():
        print(f'{name} = "{value}"')


if __name__ == "__main__":
    main()
