"""Write docs/images/explorer.png: a screenshot of the explorer in headless Chromium, driven by selenium.

Run: python scripts/draw_explorer.py (needs chromium and chromedriver)
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "explorer.png"
VIEW = "clip?preset=crowded&clip=7&frame=12&num_digits_range=4,5&show=instance,amodal,boxes&mix=50&without=2"


def main() -> None:
    """Take the screenshot."""
    command = [sys.executable, "-m", "segmnist", "explore", "--no-open", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-sync", "--hide-scrollbars"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    options.add_argument("--window-size=1400,900")
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp()}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        assert server.stdout
        driver.get(server.stdout.readline().split()[2] + VIEW)
        WebDriverWait(driver, 60).until(
            lambda page: page.execute_script("return document.body.dataset.ready")
        )
        driver.save_screenshot(str(PICTURE))
    finally:
        driver.quit()
        server.terminate()


if __name__ == "__main__":
    main()
