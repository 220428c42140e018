"""How the explorer follows a slider: clips shown a second while it is dragged, and how soon after its release the last.

    python benchmarks/drag.py

It needs selenium, Chromium and its driver, as the browser tests do. A slider moves at every frame of the screen for some
seconds. Best of three drags.
"""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from selenium import webdriver

import explore
import history

PAGES = ("preset=standard", "preset=large", "preset=large&show=flow")
SECONDS = 3.0

DRAG = """
const done = arguments[arguments.length - 1], seconds = arguments[1];
const slider = document.querySelector(`input[type=range][aria-label="${arguments[0]}"]`);
const show = explorer.show.bind(explorer);
let shown = 0, moves = 0, released = 0;
explorer.show = (...clips) => { show(...clips); shown += !released; };
const began = performance.now();
const move = () => {
  slider.value = 0.1 + moves++ / 3000;
  slider.dispatchEvent(new Event("input"));
  if (performance.now() - began < 1000 * seconds) requestAnimationFrame(move);
  else { released = performance.now(); wait(); }
};
const wait = () => explorer.clips.waiting || explorer.clips.underWay
  ? setTimeout(wait, 2)
  : requestAnimationFrame(() => {
      explorer.show = show;
      done({ moves, rate: 1000 * shown / (released - began), after: performance.now() - released });
    });
move();
"""


def browser() -> Any:
    """Return Chromium without a window."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(120)
    return driver


def main() -> None:
    """Measure, record and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    history.add_option(parser)
    arguments = parser.parse_args()
    measures: dict[str, float] = {}
    server, port, _ = explore.start()
    driver = browser()
    try:
        for page in PAGES:
            driver.get(f"http://127.0.0.1:{port}/clip?{page}&frame=0")
            driver.implicitly_wait(20)
            driver.find_element("css selector", 'input[type=range][aria-label="ink_threshold"]')
            told = [driver.execute_async_script(DRAG, "ink_threshold", SECONDS) for _ in range(3)]
            rate, after = max(one["rate"] for one in told), min(one["after"] for one in told)
            print(f"{page}: {rate:.1f} clips/s while dragged, the last {after:.0f} ms after the release")
            measures |= {f"{page}, clips/s": rate, f"{page}, ms after release": after}
    finally:
        driver.quit()
        server.terminate()
    history.record("drag", measures, arguments.history)


if __name__ == "__main__":
    main()
