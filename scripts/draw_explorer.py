"""Write docs/images/explorer.png and explorer-predictions.png: screenshots of the explorer in headless Chromium.

The predictions are those of the particle filter and of the exact posterior for the first clips of exact-v2, occluded.

Run: python scripts/draw_explorer.py (needs selenium, chromium and chromedriver)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from segmnist.suites import suite
from segmnist.suites.references import REFERENCES

IMAGES = Path(__file__).parents[1] / "docs" / "images"
VIEW = "clip?preset=crowded&clip=7&frame=12&num_digits_range=4,5&show=instance,amodal,boxes&mix=50&without=2"
SUITE, PART, NUM_CLIPS = "exact-v2", "occluded", 4
PREDICTED_VIEW = "clip?part=occluded&clip=2&frame=1"
MODELS = ("particle-filter", "exact-posterior")


def main() -> None:
    """Take both screenshots."""
    driver = browser()
    try:
        take(driver, [], VIEW, "explorer.png")
        with tempfile.TemporaryDirectory() as folder:
            options = ["--suite", SUITE, "--part", PART, "--clips", str(NUM_CLIPS)]
            for name in MODELS:
                options += ["--predictions", str(predicted(name, Path(folder)))]
            take(driver, options, PREDICTED_VIEW, "explorer-predictions.png")
    finally:
        driver.quit()


def predicted(name: str, folder: Path) -> Path:
    """Store what a reference says of the first clips, and return the file."""
    part = suite(SUITE).part(PART)
    model = REFERENCES[name][0](part)
    answer = model(part.source("test")[0:NUM_CLIPS].video)
    probabilities = answer["probabilities"] if isinstance(answer, dict) else answer
    file = folder / f"{name}.npy"
    np.save(file, np.asarray(probabilities, np.float32))
    return file


def browser() -> webdriver.Chrome:
    """Return a browser with a window of 1400x900."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-sync", "--hide-scrollbars"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    options.add_argument("--window-size=1400,900")
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp()}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def take(driver: webdriver.Chrome, options: Sequence[str], view: str, name: str) -> None:
    """Start an explorer with these options, open a view, and keep what the browser shows."""
    command = [sys.executable, "-m", "segmnist", "explore", "--no-open", "--port", "0", *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        driver.get(server.stdout.readline().split()[2] + view)
        WebDriverWait(driver, 120).until(
            lambda page: page.execute_script("return document.body.dataset.ready")
        )
        driver.save_screenshot(str(IMAGES / name))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
