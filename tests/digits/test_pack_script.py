"""scripts/pack_mnist.py packs what it is given, refuses other files, and made the packaged file."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from segmnist.digits import DigitBank, packed
from segmnist.errors import CorruptData

SCRIPT = Path(__file__).parents[2] / "scripts" / "pack_mnist.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pack_mnist", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(
    tmp_path: Path,
    digits: tuple[np.ndarray, np.ndarray],
    write_idx: Callable[[Path, np.ndarray], Path],
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    parts = digits[0][:24], digits[1][:24], digits[0][24:], digits[1][24:]
    for name, part in zip(script.MD5, parts):
        content = write_idx(tmp_path / name, part).read_bytes()
        monkeypatch.setitem(script.MD5, name, hashlib.md5(content).hexdigest())
    return tmp_path


def test_packs_the_sources_and_prints_the_pins(
    script: ModuleType,
    sources: Path,
    digits: tuple[np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = sources / "small.xz"
    monkeypatch.setattr("sys.argv", ["pack_mnist.py", str(sources), "--target", str(target)])
    script.main()
    flat = packed.unpack(target.read_bytes(), digits[0].shape)
    assert flat.tobytes() == digits[0].tobytes() + digits[1].tobytes()
    printed = capsys.readouterr().out
    assert f'PACKED_SHA256 = "{hashlib.sha256(target.read_bytes()).hexdigest()}"' in printed
    assert f'ARRAY_SHA256 = "{hashlib.sha256(flat.tobytes()).hexdigest()}"' in printed
    assert f'MNIST_SHA256 = "{DigitBank.from_arrays(*digits).sha256}"' in printed


def test_refuses_other_files(script: ModuleType, sources: Path) -> None:
    path = sources / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(CorruptData, match=r"t10k-labels-idx1-ubyte\.gz: MD5 is"):
        script.build(sources, sources / "small.xz")
    assert not (sources / "small.xz").exists()


@pytest.mark.slow
def test_packing_again_gives_the_packaged_bytes(mnist: DigitBank) -> None:
    # 12 s. Another liblzma may find other matches: then the pin of the array is the one that counts.
    content = packed.pack(mnist.images, mnist.labels)
    unpacked = packed.unpack(content, (70_000, 28, 28))
    assert hashlib.sha256(unpacked.data).hexdigest() == packed.ARRAY_SHA256
    assert hashlib.sha256(content).hexdigest() == packed.PACKED_SHA256
