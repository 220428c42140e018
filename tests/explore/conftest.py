"""The explorer in-process, on a port, and in a browser; and a small stored data set."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmnist import ClipSource, preset
from segmnist.dataset import generate, recipe_for
from segmnist.digits.bank import DigitBank

pytest.importorskip("starlette", reason="the explorer needs segmnist[explore]")
pytest.importorskip("uvicorn", reason="the explorer needs segmnist[explore]")
pytest.importorskip("httpx", reason="starlette's test client needs httpx")

from starlette.testclient import TestClient

from segmnist.explore import Exhibit, create_app
from segmnist.explore.server import server_of
from segmnist.suites import suite_of

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 12 clips whose ids start at 5."""
    folder = tmp_path_factory.mktemp("explored") / "data"
    spec = preset("standard", height=40, width=56, num_frames=6)
    recipe = recipe_for(
        spec, num_clips=12, first_clip=5, split="test", seed=3, truth=("semantic", "instance"),
        bank=DigitBank.mnist(), clips_per_shard=4,
    )  # fmt: skip
    generate(recipe, folder, num_workers=1)
    return folder


@pytest.fixture(scope="session")
def exhibit(place: Path) -> Exhibit:
    return Exhibit.of(place)


PREDICTED_SPEC = preset("standard", height=32, width=40, num_frames=5, num_digits_range=(1, 3))
NUM_PREDICTED = 10


@pytest.fixture(scope="session")
def predicted_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Probabilities that are nearly right, and classes that are shifted, of ten clips."""
    folder, rng = tmp_path_factory.mktemp("predicted"), np.random.default_rng(8)
    truth = ClipSource(PREDICTED_SPEC, split="test").batch(range(NUM_PREDICTED)).semantic
    soft = rng.gamma(0.3, size=(*truth.shape[:2], 11, *truth.shape[2:]))
    np.put_along_axis(soft, truth[:, :, None].astype(int), 2.0, axis=2)
    np.save(folder / "soft.npy", (soft / soft.sum(2, keepdims=True)).astype(np.float32))
    np.save(folder / "hard.npy", np.roll(truth, 1, axis=3))
    return folder / "soft.npy", folder / "hard.npy"


@pytest.fixture(scope="session")
def predicted(predicted_files: tuple[Path, Path]) -> Exhibit:
    """An exhibit with two models."""
    suite = suite_of(PREDICTED_SPEC, NUM_PREDICTED)
    return Exhibit.of().with_predictions([(file.stem, file) for file in predicted_files], suite)


@pytest.fixture(scope="session")
def predicted_address(predicted: Exhibit) -> Iterator[str]:
    predicted.parts[0].scores.run()
    with serving(create_app(predicted)) as url:
        yield url


@pytest.fixture(scope="session")
def client(exhibit: Exhibit) -> Iterator[TestClient]:
    # As a context manager the client keeps one event loop, and so the app keeps its limiters.
    with TestClient(create_app(exhibit), base_url="http://127.0.0.1:8008") as opened:
        yield opened


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on a free port; gives its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def address(exhibit: Exhibit) -> Iterator[str]:
    with serving(create_app(exhibit)) as url:
        yield url


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window, which nothing reaches but this machine."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="the browser is driven by selenium")
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if chromium is None or driver_path is None:
        pytest.skip("no Chromium with its chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    yield driver
    driver.quit()
