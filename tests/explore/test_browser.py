"""The page in a real browser: every overlay on the canvas is the mask, everything works by key, nothing is logged."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.explore.conftest import PREDICTED_SPEC

from segmnist import ClipSource, preset
from segmnist.palette import CLASS_COLOURS, INSTANCE_COLOURS

selenium = pytest.importorskip("selenium", reason="the browser is driven by selenium")

from selenium.webdriver import ActionChains, Keys  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

SECONDS = 20
CLIP = "preset=crowded&seed=4&clip=3&height=48&width=72&num_frames=9"
SPEC = preset("crowded", height=48, width=72, num_frames=9)
PHONE, DESK = (390, 844), (1280, 1000)


def decoded(url: str) -> np.ndarray:
    """A canvas's data URL as `(H,W,3)`."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))[..., :3]


class Page:
    """A browser on one page of the explorer."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver, self.address = driver, address

    def open(self, path: str) -> Page:
        self.driver.get("about:blank")
        self.driver.get(self.address + path)
        settled = "document.body.dataset.ready || explorer.wall.tiles.length"
        return self.until(f"window.explorer && ({settled} || !document.getElementById('alert').hidden)")

    def until(self, condition: str) -> Page:
        WebDriverWait(self.driver, SECONDS, 0.02).until(
            lambda driver: driver.execute_script(f"return !!({condition})"), condition
        )
        return self

    def js(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def keys(self, *keys: str) -> Page:
        ActionChains(self.driver).send_keys(*keys).perform()
        return self

    def pixels(self, canvas: str = "pixels") -> np.ndarray:
        """The canvas as `(H,W,3)`, or `(H,W,4)` where it is transparent."""
        url = self.js(f"document.getElementById('{canvas}').toDataURL('image/png')")
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        return (
            np.asarray(picture)[..., :3] if canvas.endswith("pixels") else np.asarray(picture.convert("RGBA"))
        )

    @property
    def query(self) -> str:
        return self.js("location.search")


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Page]:
    size(browser, *DESK)
    browser.get("about:blank")
    browser.get_log("browser")
    yield Page(browser, address)
    worst = [entry for entry in browser.get_log("browser") if "status of 4" not in entry["message"]]
    assert worst == []


def size(browser: Any, width: int, height: int, dark: bool = False) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


@pytest.fixture(scope="module")
def clip() -> Any:
    truths = ("semantic", "instance", "amodal", "boxes", "flow", "noiseless", "beneath", "rgb")
    return ClipSource(SPEC, seed=4, truth=truths)[3]


# ---- pixels


@pytest.mark.parametrize("frame", [0, 5, 8])
def test_without_overlays_the_canvas_is_the_video(page: Page, clip: Any, frame: int) -> None:
    page.open(f"/clip?{CLIP}&frame={frame}")
    expected = np.repeat(clip.video[frame][..., None], 3, axis=2)
    np.testing.assert_array_equal(page.pixels(), expected)


def test_full_strength_classes_are_the_semantic_mask(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=semantic&mix=100")
    np.testing.assert_array_equal(page.pixels(), CLASS_COLOURS[clip["semantic"][5]])


def test_full_strength_instances_are_the_instance_mask(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=instance&mix=100")
    instance = clip["instance"][5]
    grey = np.repeat(clip.video[5][..., None], 3, axis=2)
    expected = np.where(instance[..., None] > 0, INSTANCE_COLOURS[instance], grey)
    np.testing.assert_array_equal(page.pixels(), expected)


def test_full_strength_camouflage(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=camouflage&mix=100")
    contrast = np.abs(clip["noiseless"][5].astype(int) - clip["beneath"][5])
    hidden = (clip["instance"][5] > 0) & (contrast <= 5)
    assert hidden.any()
    np.testing.assert_array_equal((page.pixels() == (0, 229, 255)).all(axis=2), hidden)


def test_the_hidden_part_is_hatched_and_nothing_else(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=amodal&zoom=8")
    lines = page.pixels("lines")[..., 3] > 0
    # The middle of a pixel of the clip: outlines run along its edges, hatches right across.
    blocks = lines.reshape(48, 8, 72, 8)[:, 3:5, :, 3:5]
    drawn = blocks.any(axis=(1, 3))
    hidden = (
        clip["amodal"][:, 5] & (clip["instance"][5] != np.arange(1, len(clip.labels) + 1)[:, None, None])
    ).any(0)
    assert hidden.sum() > 50
    assert not drawn[~hidden].any()
    assert drawn[hidden].mean() > 0.25


def test_boxes_frame_the_digits(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=boxes&zoom=8")
    lines = page.pixels("lines")[..., 3] > 0
    shown = 0
    for x0, y0, x1, y1 in clip["boxes_xyxy"][:, 5].astype(int) * 8:
        if x0 < 0:
            continue
        shown += 1
        left, bottom = max(x0, 1), min(y1, 48 * 8 - 2)
        assert lines[y0 + 2 : y1 - 2, left].all()
        assert lines[bottom, x0 + 2 : x1 - 2].all()
    assert shown > 3


def test_arrows_start_where_the_flow_is_known(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=flow&zoom=8").until("explorer.main.clip.arrays.flow")
    lines = page.pixels("lines")[..., 3] > 0
    gap = 4  # 72 pixels over some twenty arrows
    moving = np.hypot(*np.moveaxis(clip["flow_forward"][5], -1, 0)) > 0.3
    known = clip["flow_forward_valid"][5] & moving
    starts = [(y, x) for y in range(gap // 2, 48, gap) for x in range(gap // 2, 72, gap) if known[y, x]]
    assert len(starts) > 10
    assert all(lines[y * 8 + 3 : y * 8 + 6, x * 8 + 3 : x * 8 + 6].any() for y, x in starts)
    still = ClipSource(preset("noise", num_digits_range=(0, 0)))[0]
    assert not still.labels.size
    page.open("/clip?preset=noise&num_digits_range=0,0&show=flow&frame=2").until(
        "explorer.main.clip.arrays.flow"
    )
    assert not page.pixels("lines")[..., 3].any()


def test_colour_is_the_video_in_colour_beneath_the_overlays(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=rgb").until("explorer.main.clip.arrays.rgb")
    np.testing.assert_array_equal(page.pixels(), clip["rgb"][5])
    page.open(f"/clip?{CLIP}&frame=5&show=rgb,instance&mix=50")
    tint = INSTANCE_COLOURS[clip["instance"][5]].astype(float)
    mixed = np.where(clip["instance"][5][..., None] > 0, (clip["rgb"][5] + tint) / 2, clip["rgb"][5])
    assert np.abs(page.pixels() - mixed).max() <= 0.5


def test_colour_goes_on_and_off_by_key_and_is_read(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5")
    button = page.find("[data-overlay=rgb]")
    assert (button.text, button.get_attribute("aria-pressed")) == ("Colour", "false")
    page.keys("8").until("explorer.main.clip.arrays.rgb")
    assert "show=rgb" in page.query
    assert button.get_attribute("aria-pressed") == "true"
    assert "nothing of the class" in page.find("#legend").text
    np.testing.assert_array_equal(page.pixels(), clip["rgb"][5])
    page.driver.execute_script("explorer.probe = {y: 20, x: 31}; explorer.draw()")
    assert f"red, green, blue {', '.join(map(str, clip['rgb'][5, 20, 31]))}" in page.find("#readout").text
    page.keys("8")
    np.testing.assert_array_equal(page.pixels(), np.repeat(clip.video[5][..., None], 3, axis=2))
    assert "show" not in page.query


def test_a_video_without_colours_says_so(page: Page) -> None:
    page.open("/clip?frame=0&show=rgb&saturation_range=0,0").until("explorer.main.clip.arrays.rgb")
    assert "saturation_range is 0" in page.find("#legend").text


def test_what_is_kept_of_a_clip_in_colour_is_in_colour(page: Page, client: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=0").keys("8").until("explorer.main.clip.arrays.rgb")
    page.driver.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.find("#copy-python").click()
    page.until("window.copied")
    assert page.js("window.copied") == client.get(f"/clip.py?{CLIP}&layers=rgb").text
    for kind in ("png", "gif", "mp4"):
        assert page.find(f"#save-{kind}").get_attribute("href").endswith("&layers=rgb")
    page.keys("8")
    assert "layers" not in page.find("#save-png").get_attribute("href")


def test_entropy_brightens_what_is_open(page: Page) -> None:
    query = "preset=exact&num_frames=3&classes=6,9&frame=1&clip=2"
    plain = page.open(f"/clip?{query}").pixels().astype(int)
    page.open(f"/clip?{query}&show=entropy&mix=100").until("explorer.main.clip.arrays.entropy")
    page.until("document.getElementById('legend').getAttribute('aria-busy') === null")
    assert (page.pixels().astype(int)[..., 0] - plain[..., 0]).max() > 60


def test_no_entropy_elsewhere_is_told_and_the_clip_is_shown(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=0&show=entropy").until("!document.getElementById('alert').hidden")
    assert "exactly solvable family" in page.find("#alert").text
    np.testing.assert_array_equal(page.pixels()[..., 0], clip.video[0])


# ---- playing, and everything by key


def test_it_plays_and_stops(page: Page) -> None:
    page.open(f"/clip?{CLIP}&fps=30").until("document.body.dataset.frame > 3")
    page.find("#play").click()
    frame = page.js("explorer.frame")
    assert f"frame={frame}" in page.query
    assert page.js("explorer.clock.playing") is False
    page.find("#play").click()
    page.until(f"explorer.frame !== {frame}")
    assert "frame=" not in page.query


def test_scrubbing(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    page.find("#scrubber").send_keys(*[Keys.ARROW_RIGHT] * 6)
    np.testing.assert_array_equal(page.pixels()[..., 0], clip.video[6])
    assert page.find("#frame-number").text == "6 / 8"


def test_the_keyboard_alone(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=4")
    assert page.keys(Keys.ARROW_RIGHT).js("explorer.frame") == 5
    assert page.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT).js("explorer.frame") == 3
    assert page.keys(Keys.END).js("explorer.frame") == 8
    assert page.keys(Keys.ARROW_RIGHT).js("explorer.frame") == 0
    for place, name in enumerate(["semantic", "instance", "amodal", "boxes"], start=1):
        page.keys(str(place))
        assert name in page.query
        assert page.find(f"[data-overlay={name}]").get_attribute("aria-pressed") == "true"
    assert "show" not in page.keys("0").query
    page.keys("]").until("document.body.dataset.ready === '4'")
    page.keys("[").until("document.body.dataset.ready === '3'")
    page.keys("x").until("!document.getElementById('other-figure').hidden")
    assert "without=1" in page.query
    zoom = page.js("explorer.zoom")
    assert page.keys("-").js("explorer.zoom") == zoom - 1
    page.keys("?").until("document.getElementById('help').open")
    page.keys(Keys.ESCAPE).until("!document.getElementById('help').open")
    page.keys(" ").until("explorer.clock.playing")
    page.keys("w").until("explorer.wall.tiles.length > 0")
    assert page.js("location.pathname") == "/wall"


def test_every_control_is_reached_by_tab(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    reached = set()
    for _ in range(150):
        page.keys(Keys.TAB)
        reached.add(page.js("document.activeElement.id || document.activeElement.dataset.overlay || ''"))
    wanted = {"preset", "split", "seed", "clip", "stage", "play", "scrubber", "mix", "fps", "zoom", "without",
              "semantic", "flow", "copy-python", "save-gif", "twin", "theme", "reset"}  # fmt: skip
    assert wanted <= reached


def test_the_probe_reads_pixels(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5")
    y, x = np.argwhere(clip["instance"][5] > 0)[30]
    page.driver.execute_script(f"explorer.probe = {{y: {y}, x: {x}}}; explorer.draw()")
    text, instance = page.find("#readout").text, clip["instance"][5][y, x]
    assert f"y {y}, x {x}: value {clip.video[5][y, x]}" in text
    assert f"class {clip.labels[instance - 1]}, instance {instance}" in text
    assert f"grey {clip['beneath'][5][y, x]}" in text
    page.find("#stage").send_keys(Keys.SHIFT + Keys.ARROW_DOWN)
    assert page.find("#readout").text.startswith(f"y {y + 1}, x {x}:")


def test_hovering_reads_pixels(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5&zoom=8")
    # Selenium counts from the middle of the element: y 24, x 36.
    ActionChains(page.driver).move_to_element_with_offset(
        page.find("#pixels"), -8 * 16 + 4, 8 * 10 + 4
    ).perform()
    assert page.find("#readout").text.startswith(f"y 34, x 20: value {clip.video[5][34, 20]}")


def touch(page: Page, kind: str, *points: tuple[float, float]) -> None:
    """Send one event of a finger, in pixels of the window."""
    told = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", told)


def place_of(
    page: Page, y: int, x: int, canvas: str = "document.getElementById('pixels')"
) -> tuple[float, float]:
    """Return where the middle of a pixel is in the window."""
    left, top, zoom = page.js(
        f"(() => {{ const box = {canvas}.getBoundingClientRect(); return [box.left, box.top, box.width / {canvas}.width]; }})()"
    )
    return left + (x + 0.5) * zoom, top + (y + 0.5) * zoom


def test_a_finger_reads_pixels(page: Page, clip: Any) -> None:
    """A tap reads one, and it stays told in view; a finger that rests reads where it goes; one that moves at once scrolls."""
    size(page.driver, *PHONE)
    page.open(f"/clip?{CLIP}&frame=5")
    touch(page, "touchStart", place_of(page, 20, 10))
    touch(page, "touchEnd")
    said = f"y 20, x 10: value {clip.video[5][20, 10]}"
    page.until(f"document.getElementById('readout').textContent.startsWith({said!r})")
    low = page.js("document.getElementById('readout').getBoundingClientRect().bottom")
    assert low <= PHONE[1], "the words are on the screen"
    # It rests, then goes down and to the right.
    touch(page, "touchStart", place_of(page, 8, 8))
    time.sleep(0.3)
    for step in range(1, 6):
        touch(page, "touchMove", place_of(page, 8 + 5 * step, 8 + 6 * step))
    said = f"y 33, x 38: value {clip.video[5][33, 38]}"
    page.until(f"document.getElementById('readout').textContent.startsWith({said!r})")
    touch(page, "touchEnd")
    assert page.js("scrollY") == 0
    assert page.find("#readout").text.startswith(said)
    # A swipe scrolls, although it begins on the frame.
    y, x = place_of(page, 40, 30)[::-1]
    touch(page, "touchStart", (x, y))
    for step in range(1, 6):
        touch(page, "touchMove", (x, y - 40 * step))
    touch(page, "touchEnd")
    page.until("scrollY > 0")


# ---- the spec, the address, links


def test_a_control_draws_another_clip_at_once(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    field = page.find("[data-name=num_frames] input[type=number]")
    field.clear()
    field.send_keys("5")
    page.until("explorer.main.clip.facts.num_frames === 5")
    assert "num_frames=5" in page.query
    assert "changed" in page.find("[data-name=num_frames]").get_attribute("class")


def test_a_change_is_shown_fast(page: Page) -> None:
    page.open("/clip?frame=0")
    times = []
    for frames in range(20, 30):
        page.driver.execute_script(
            f"delete document.body.dataset.loadMilliseconds; explorer.changeField('num_frames', '{frames}')"
        )
        page.until("document.body.dataset.loadMilliseconds")
        times.append(float(page.js("document.body.dataset.loadMilliseconds")))
    assert np.median(times) < 500


DRAG = """
const done = arguments[arguments.length - 1];
const slider = document.querySelector(`input[type=range][aria-label="${arguments[0]}"]`);
const told = { moves: 0, asked: 0, atOnce: 0, shown: 0, shownBeforeTheEnd: 0, errors: 0 };
const fetch = window.fetch, show = explorer.show.bind(explorer);
let open = 0, released = false;
window.fetch = async (...request) => {
  told.asked++;
  told.atOnce = Math.max(told.atOnce, ++open);
  const reply = await fetch(...request);
  const whole = reply.arrayBuffer.bind(reply);
  reply.arrayBuffer = () => whole().finally(() => open--);
  return reply;
};
explorer.show = (...clips) => {
  show(...clips);
  told.shown++;
  if (!released) told.shownBeforeTheEnd++;
};
const move = () => {
  for (let k = 0; k < 3; k++) {
    slider.value = 0.1 + told.moves++ / 3000;
    slider.dispatchEvent(new Event("input"));
  }
  if (told.shownBeforeTheEnd < 5) requestAnimationFrame(move);
  else {
    released = true;
    wait();
  }
};
const wait = () => open || explorer.clips.waiting ? setTimeout(wait, 5) : setTimeout(() => {
  told.errors += !document.getElementById("alert").hidden;
  window.fetch = fetch;
  done(told);
}, 100);
move();
"""


@pytest.mark.parametrize("query", ["preset=standard", "preset=large&show=flow"])
def test_dragging_shows_clips_all_the_while(page: Page, query: str) -> None:
    page.open(f"/clip?{query}&frame=0")
    page.driver.set_script_timeout(120)
    told = page.driver.execute_async_script(DRAG, "ink_threshold")
    assert told["atOnce"] == 1, "a newer request waits for the one that is under way"
    assert told["shown"] == told["asked"], "what was drawn is shown"
    assert told["asked"] < told["moves"], "only the newest of those that wait is asked for"
    assert told["errors"] == 0
    threshold = page.js("document.querySelector('[data-name=ink_threshold] input[type=number]').value")
    assert f"ink_threshold={threshold}" in page.query
    assert f"ink_threshold={threshold}" in page.js(
        "performance.getEntriesByType('resource').filter((e) => e.name.includes('/clip.bin')).at(-1).name"
    )


def test_pushing_one_end_of_a_range_takes_the_other_along(page: Page) -> None:
    page.open("/clip?frame=0")
    low = page.find("[data-name=num_digits_range] input[type=number]")
    low.clear()
    low.send_keys("5")
    page.until("explorer.main.clip.facts.labels.length === 5")
    assert "num_digits_range=5,5" in page.query


def test_every_field_has_its_control(page: Page) -> None:
    import dataclasses

    page.open("/clip?frame=0")
    names = page.js("[...document.querySelectorAll('.field')].map((field) => field.dataset.name)")
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(SPEC))


def test_a_view_is_a_link(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=boxes,semantic&mix=80&zoom=6&without=2")
    first = page.pixels()
    link = page.js("location.href")
    page.open("/clip").driver.get(link)
    page.until("document.body.dataset.ready")
    np.testing.assert_array_equal(page.pixels(), first)
    assert page.js("location.href") == link


def test_back_and_forward(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    page.find("#next").click()
    page.until("document.body.dataset.ready === '4'")
    page.driver.back()
    page.until("document.body.dataset.ready === '3'")


def test_a_preset_resets_the_fields(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    Select(page.find("#preset")).select_by_value("clean")
    page.until("explorer.main.clip.facts.height === 64")
    assert "height" not in page.query


def test_seeds_beyond_what_numbers_hold_in_javascript(page: Page) -> None:
    page.open("/clip?seed=18446744073709551615&clip=9223372036854775806&frame=0")
    page.find("#next").click()
    page.until("document.body.dataset.ready === '9223372036854775807'")
    assert page.js("explorer.main.clip.facts.seed") == "18446744073709551615"


def test_bad_input_is_told_beside_the_control_and_mended(page: Page) -> None:
    page.open("/clip?num_frames=20000&frame=0")
    assert "1..10000" in page.find("#alert").text
    assert "1..10000" in page.find("[data-name=num_frames] .wrong").text
    page.find("#reset").click()
    page.until("document.body.dataset.ready && document.getElementById('alert').hidden")


@pytest.mark.parametrize(
    "query", ["preset=nothing", "clip=-4", "seed=abc", "nonsense=1", "stored=true&clip=99"]
)
def test_absurd_addresses_are_told(page: Page, query: str) -> None:
    page.open(f"/clip?{query}").until("!document.getElementById('alert').hidden")
    assert query.split("&")[-1].split("=")[0] in page.find("#alert").text


# ---- keeping, the wall, the data set, shapes of the page


def test_copying(page: Page, client: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=0")
    page.driver.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    for button, path in (("copy-python", "/clip.py"), ("copy-toml", "/clip.toml")):
        page.find(f"#{button}").click()
        page.until("window.copied")
        assert page.js("window.copied") == client.get(f"{path}?{CLIP}").text
        page.driver.execute_script("window.copied = ''")
    page.find("#copy-link").click()
    page.until("window.copied")
    assert page.js("window.copied === location.href")


def test_saving(page: Page, tmp_path: Path) -> None:
    page.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.open(f"/clip?{CLIP}&frame=0")
    for kind, end in (("frame", "-frame-0.png"), ("png", "-sheet.png"), ("gif", ".gif")):
        page.find(f"#save-{kind}").click()
        file = tmp_path / f"segmnist-crowded-train-4-3{end}"
        WebDriverWait(page.driver, SECONDS, 0.05).until(
            lambda _, file=file: file.exists() and file.stat().st_size  # type: ignore[misc]
        )
        assert Image.open(file).format == end[-3:].upper()


def test_a_saved_film_shows_what_is_on_screen(page: Page, tmp_path: Path) -> None:
    """With an overlay that only the page can draw, and all pictures of the stage."""
    page.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.open(f"/clip?{CLIP}&frame=0&show=boxes")
    picture, film = (tmp_path / f"segmnist-crowded-train-4-3{end}" for end in ("-frame-0.png", ".gif"))
    for file, button in ((picture, "frame"), (film, "gif")):
        page.find(f"#save-{button}").click()
        WebDriverWait(page.driver, SECONDS, 0.05).until(
            lambda _, file=file: file.exists() and file.stat().st_size  # type: ignore[misc]
        )
    moving = Image.open(film)
    assert moving.n_frames == page.js("explorer.main.clip.facts.num_frames")  # type: ignore[attr-defined]
    first, saved = (image.convert("RGB") for image in (moving, Image.open(picture)))
    # Both have the same pictures and captions; the film may be smaller.
    near = np.abs(
        np.asarray(first.resize((64, 32), Image.Resampling.BOX)).astype(int)
        - np.asarray(saved.resize((64, 32), Image.Resampling.BOX)).astype(int)
    )
    assert near.mean() < 12
    moving.seek(0)
    colours = page.js("explorer.about.instance_colours.slice(1, 3)")
    pixels = np.asarray(first).astype(int)
    for colour in colours:
        assert (np.abs(pixels - colour).sum(axis=-1) < 60).sum() > 50, "a box of this digit"


def test_the_json_twin_is_linked(page: Page, client: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=0&show=boxes")
    twin = page.find("#twin").get_attribute("href").removeprefix(page.address)
    assert client.get(twin).json()["facts"]["clip"] == "3"


def test_a_clip_without_a_digit_side_by_side(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=5&show=instance&mix=100&without=2")
    left, right = page.pixels(), page.pixels("other-pixels")
    colour = tuple(INSTANCE_COLOURS[2])
    assert (left == colour).all(axis=2).any()
    assert not (right == colour).all(axis=2).any()


def test_the_wall(page: Page) -> None:
    page.open("/wall?sort=min_visibility&among=120")
    assert page.js("explorer.wall.tiles.length") == 100
    values = [
        float(text)
        for text in page.js("[...document.querySelectorAll('#wall .value')].map((v) => v.textContent)")
    ]
    assert values == sorted(values)
    Select(page.find("#sort")).select_by_value("camouflaged_share")
    page.until(
        "location.search.includes('camouflaged_share') && !document.getElementById('wall').hasAttribute('aria-busy')"
    )
    link = page.find("#wall a")
    clip_id = link.get_attribute("href").split("clip=")[1].split("&")[0]
    link.click()
    page.until(f"document.body.dataset.ready === '{clip_id}'")


def test_the_wall_plays(page: Page) -> None:
    page.open("/wall?count=6&among=6")
    before = page.js("document.querySelector('#wall canvas').toDataURL()")
    page.until(f"document.querySelector('#wall canvas').toDataURL() !== {json.dumps(before)}")


def test_a_stored_data_set(page: Page) -> None:
    page.open("/clip?stored=true&clip=9&frame=0")
    assert "as stored, equal to its recipe" in page.find("#caption").text
    assert "12 stored clips" in page.find("#dataset").text
    assert page.find("[data-name=height]").get_attribute("disabled")


@pytest.mark.parametrize("path", [f"/clip?{CLIP}&frame=5&show=amodal,boxes", "/wall?count=12&among=12"])
def test_phone_width(page: Page, path: str) -> None:
    size(page.driver, *PHONE)
    page.open(path)
    assert page.js("document.documentElement.scrollWidth") <= PHONE[0]
    wide = page.js("[...document.querySelectorAll('header *, #source *, #transport *, #overlays *, #wall-controls *')]"
                   ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length")  # fmt: skip
    assert wide == 0


def test_dark_and_light(page: Page) -> None:
    shade = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    size(page.driver, *DESK, dark=True)
    page.open(f"/clip?{CLIP}&frame=0")
    assert page.js(shade) < 60
    page.keys("t")
    assert page.js(shade) > 200
    page.driver.execute_script("localStorage.clear()")


@pytest.mark.parametrize("shape", [DESK, PHONE], ids=["desk", "phone"])
def test_the_clip_stays_in_view_while_the_controls_scroll(page: Page, shape: tuple[int, int]) -> None:
    size(page.driver, *shape)
    page.open("/clip?frame=0")
    page.driver.execute_script(
        "document.querySelectorAll('#controls details').forEach((d) => { d.open = true; });"
        "document.querySelector('#controls details:last-child').scrollIntoView({ block: 'end', behavior: 'instant' })"
    )
    top, bottom = page.js(
        "(({ top, bottom }) => [top, bottom])(explorer.main.pixels.getBoundingClientRect())"
    )
    assert 0 <= top < bottom <= shape[1]
    last = page.js("document.querySelector('#controls details:last-child').getBoundingClientRect().bottom")
    assert last <= shape[1] + 1


def test_the_truth_stands_beside_the_video(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=5")
    np.testing.assert_array_equal(page.pixels("truth-pixels"), CLASS_COLOURS[clip["semantic"][5]])
    Select(page.find("#beside")).select_by_value("instance")
    np.testing.assert_array_equal(page.pixels("truth-pixels"), INSTANCE_COLOURS[clip["instance"][5]])
    Select(page.find("#beside")).select_by_value("nothing")
    assert not page.find("#truth-figure").is_displayed()


def test_large_clips_fill_the_stage(page: Page) -> None:
    page.open("/clip?preset=large&frame=0")
    assert (
        page.js(
            "explorer.main.pixels.getBoundingClientRect().width * 2 / document.getElementById('stage').clientWidth"
        )
        > 0.8
    )


def test_frames_count_from_the_end(page: Page, clip: Any) -> None:
    page.open(f"/clip?{CLIP}&frame=-3")
    np.testing.assert_array_equal(page.pixels()[..., 0], clip.video[6])


def test_keys_work_after_a_click(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=4")
    page.find("[data-overlay=boxes]").click()
    page.keys(" ").until("explorer.clock.playing")
    page.keys(" ").until("!explorer.clock.playing")
    page.find("#scrubber").click()
    page.keys("2")
    assert "instance" in page.query
    page.find("#step-on").click()
    page.keys("]").until("document.body.dataset.ready === '4'")


def test_sliders_tell_their_values(page: Page) -> None:
    page.open("/clip?frame=0")
    slider = page.find("[data-name=num_frames] input[type=range]")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "31 frames"
    low, high = page.driver.find_elements(By.CSS_SELECTOR, "[data-name=scale_range] input[type=range]")
    page.driver.execute_script(
        "arguments[0].value = 0.5; arguments[0].dispatchEvent(new Event('input'))", low
    )
    # Half the way from a quarter to 32 is the geometric mean, and who pushes one end past the other takes it along.
    assert low.get_attribute("aria-valuetext").startswith("2.83")
    assert high.get_attribute("aria-valuetext").startswith("2.83")


def test_an_alert_moves_nothing(page: Page) -> None:
    page.open("/clip?frame=0")
    place = "document.getElementById('stage').getBoundingClientRect().top"
    before = page.js(place)
    page.driver.execute_script("explorer.report(new Error('something is wrong'))")
    assert page.find("#alert").is_displayed()
    assert page.js(place) == before


def test_entropy_is_offered_where_there_is_an_oracle(page: Page) -> None:
    assert not page.open("/clip?frame=0").find("[data-overlay=entropy]").is_displayed()
    assert page.open("/clip?preset=exact&frame=0").find("[data-overlay=entropy]").is_displayed()
    query = "preset=exact&num_frames=2&sensor_sigma=2&classes=1,7&glyphs_per_class=1&twins="
    page.open(f"/clip?{query}&frame=0&show=entropy")
    page.until("explorer.main.clip.arrays.entropy")
    assert "0 everywhere" in page.find("#legend").text


def test_the_way_along_the_wall(page: Page) -> None:
    page.open("/wall?sort=min_visibility&among=20&height=32&width=32&num_frames=4")
    order = page.js("explorer.wall.facts.clips.map((clip) => clip.clip)")
    assert order != sorted(order, key=int)
    page.find("#wall a:nth-child(3)").click()
    page.until(f"document.body.dataset.ready === '{order[2]}'")
    page.find("#next").click()
    page.until(f"document.body.dataset.ready === '{order[3]}'")
    page.driver.refresh()
    page.until(f"document.body.dataset.ready === '{order[3]}'")
    page.keys("[", "[").until(f"['{order[1]}', '{order[2]}'].includes(document.body.dataset.ready)")
    page.find("#to-wall").click()
    page.until("explorer.wall.tiles.length === 20")
    assert "sort=min_visibility" in page.query
    assert page.js("explorer.wall.facts.clips.map((clip) => clip.clip)") == order


def test_colour_on_the_wall(page: Page) -> None:
    page.open("/wall?among=3&frames=1&height=40&width=56&num_frames=3&preset=colour")
    batch = ClipSource(preset("colour", height=40, width=56, num_frames=3), truth="rgb").batch(range(3))
    canvas = "document.querySelector('#wall a:nth-child(3) canvas').toDataURL('image/png')"
    np.testing.assert_array_equal(decoded(page.js(canvas))[..., 0], batch.video[2, 0])
    page.find("[data-overlay=rgb]").click()
    page.until("explorer.wall.tiles[0]?.rgb && !document.getElementById('wall').hasAttribute('aria-busy')")
    np.testing.assert_array_equal(decoded(page.js(canvas)), batch["rgb"][2, 0])


def test_overlays_on_the_wall(page: Page) -> None:
    page.open("/wall?among=2&frames=1&height=32&width=32&num_frames=3&preset=crowded&show=semantic&mix=100")
    clip = ClipSource(preset("crowded", height=32, width=32, num_frames=3))[0]
    picture = page.js("document.querySelector('#wall canvas').toDataURL('image/png')")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))))[..., :3]
    digit = clip.semantic[0] != 10
    np.testing.assert_array_equal(shown[digit], CLASS_COLOURS[clip.semantic[0][digit]])


def test_labels_of_boxes_cover_no_other(page: Page) -> None:
    page.open("/clip?preset=crowded&num_digits_range=9,9&frame=0")
    page.driver.execute_script(
        "window.rects = []; const fill = CanvasRenderingContext2D.prototype.fillRect;"
        "CanvasRenderingContext2D.prototype.fillRect = function (...box) { rects.push(box); return fill.apply(this, box); };"
        "explorer.stage.truth.show(null); explorer.setShown(new Set(['boxes']))"
    )
    boxes = page.js("window.rects.slice(-explorer.main.clip.facts.labels.length)")
    assert len(boxes) > 5
    overlaps = [
        (i, j)
        for i, (x, y, w, h) in enumerate(boxes)
        for j, (x2, y2, w2, h2) in enumerate(boxes[:i])
        if x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h
    ]
    assert overlaps == []


AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "clip": f"/clip?{CLIP}&frame=5&show=semantic,instance,amodal,boxes&without=2",
    "entropy": "/clip?preset=exact&num_frames=2&frame=0&show=entropy",
    "wall": "/wall?among=6&show=semantic&sort=min_visibility",
    "refused": "/clip?num_frames=20000",
}


def violations(page: Page) -> list[str]:
    """What axe finds on the page, in a word each."""
    if not AXE.exists():
        pytest.skip("needs `npm ci` in the project's folder")
    # The page's own policy lets no such script in, so the driver hands it over.
    page.driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.driver.execute_async_script(
        "axe.run(document, { resultTypes: ['violations'] }).then((found) => arguments[arguments.length - 1](found.violations))"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("shape", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(page: Page, path: str, dark: bool, shape: tuple[int, int]) -> None:
    size(page.driver, *shape, dark=dark)
    page.open(path)
    page.driver.execute_script(
        "document.querySelectorAll('#controls details').forEach((d) => { d.open = true; })"
    )
    assert violations(page) == []


# ---- predictions


@pytest.fixture
def predicted_page(page: Page, predicted_address: str) -> Page:
    return Page(page.driver, predicted_address)


def test_predictions_and_errors_stand_beside_the_truth(predicted_page: Page, predicted_files: Any) -> None:
    page = predicted_page.open("/clip?part=all&clip=4&frame=2")
    said = np.load(predicted_files[1])[4, 2]
    shown = page.js(
        "explorer.predictions.models.map(({ said, error }) => [said.pixels.toDataURL(), error.pixels.toDataURL()])"
    )
    pictures = [[decoded(url) for url in pair] for pair in shown]
    assert len(pictures) == 2
    np.testing.assert_array_equal(pictures[1][0], CLASS_COLOURS[said])
    truth = ClipSource(PREDICTED_SPEC, split="test")[4].semantic[2]
    coloured = (pictures[1][1] == INSTANCE_COLOURS[1:4, None, None]).all(-1).any(0)
    np.testing.assert_array_equal(coloured, truth != said)
    scores = page.find("#scores").text
    assert "mIoU, digits" in scores
    assert "soft" in scores
    Select(page.find("#said")).select_by_value("truth")
    page.until("explorer.predictions.models[0].said.clip.arrays.plane")
    assert "said=truth" in page.query


def test_a_prediction_is_pointed_at_like_the_video(predicted_page: Page, predicted_files: Any) -> None:
    page = predicted_page.open("/clip?part=all&clip=4&frame=2")
    page.until("explorer.predictions.models[1].said.clip")
    canvas = "explorer.predictions.models[1].said.pixels"
    page.driver.execute_script(f"{canvas}.scrollIntoView({{block: 'center'}})")
    x, y = place_of(page, 12, 30, canvas)
    for kind in ("mouseMoved", "mousePressed"):
        told = {"type": kind, "x": x, "y": y, "button": "left" if kind == "mousePressed" else "none"}
        page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", told)
    page.until("document.getElementById('readout').textContent.startsWith('y 12, x 30:')")
    assert (
        f"hard: {np.load(predicted_files[1])[4, 2, 12, 30]}".replace("10", "background")
        in page.find("#readout").text
    )


def test_a_cell_of_the_confusion_shows_its_clips(predicted_page: Page) -> None:
    page = predicted_page.open("/wall?part=all")
    page.find("#failures summary").click()
    page.until("document.querySelector('#confusion button')")
    page.find("#confusion tr:nth-child(3) td:last-child button").click()
    page.until("location.search.includes('cell=1-10') && explorer.wall.facts.clips[0].value > 0")
    values = page.js("explorer.wall.facts.clips.map((clip) => clip.value)")
    assert values == sorted(values, reverse=True)
    order = page.js("explorer.wall.facts.clips.map((clip) => clip.clip)")
    page.find(".bar button:nth-child(2)").click()
    page.until("location.search.includes('bucket=') && !location.search.includes('cell=')")
    page.driver.back()
    page.until("location.search.includes('cell=1-10')")
    page.until(f"explorer.wall.facts.clips.map((clip) => clip.clip).join() === '{','.join(order)}'")
    page.find("#wall a").click()
    page.until(f"document.body.dataset.ready === '{order[0]}'")
    page.find("#next").click()
    page.until(f"document.body.dataset.ready === '{order[1]}'")


def test_a_view_is_kept_as_one_page(predicted_page: Page, tmp_path: Path) -> None:
    page = predicted_page.open("/clip?part=all&clip=4&frame=2")
    page.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.find("#save-page").click()
    file = tmp_path / "segmnist-all-test-0-4.html"
    WebDriverWait(page.driver, SECONDS, 0.05).until(lambda _: file.exists() and file.stat().st_size)
    text = file.read_text(encoding="utf-8")
    assert "http" not in text.replace("http-equiv", "")
    page.driver.get(file.as_uri())
    assert len(page.driver.find_elements(By.CSS_SELECTOR, ".sheet")) == 6
    assert page.find("#t").text == "2 / 4"
    page.find("#play").click()
    page.until("document.getElementById('t').textContent !== '2 / 4'")
    assert "mIoU, digits" in page.find("#scores").text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/clip?part=all&frame=2&said=entropy", "/wall?part=all&sort=error&show=error"]
)
@pytest.mark.parametrize("shape", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_beside_predictions(
    predicted_page: Page, path: str, dark: bool, shape: tuple[int, int]
) -> None:
    size(predicted_page.driver, *shape, dark=dark)
    page = predicted_page.open(path)
    if path.startswith("/wall"):
        page.driver.execute_script("document.getElementById('failures').open = true")
        page.until("document.querySelector('#confusion button')")
    assert page.js("document.documentElement.scrollWidth") <= shape[0]
    assert violations(page) == []


def test_the_legend_names_every_colour(page: Page) -> None:
    page.open(f"/clip?{CLIP}&frame=0&show=semantic,instance,amodal,boxes,flow,camouflage")
    text = page.find("#legend").text
    for name in ("Classes", "Instances", "Hidden part", "Boxes", "Flow", "Camouflage"):
        assert name in text
    marks = page.js("[...document.querySelectorAll('#legend ul')][0].textContent")
    assert all(str(digit) in marks for digit in range(10))
