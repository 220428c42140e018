// The pointer: buttons, choices and links, and the pixel that is pointed at.

import { setParameters } from "./state.js";
import { ui } from "./ui.js";

/** @import { Explorer } from "./main.js" */


/** @param {Explorer} explorer */
export function bindControls(explorer) {
  ui.preset.addEventListener("change", () => {
    const fields = Object.fromEntries(explorer.about.fields.map(({ name }) => [name, null]));
    explorer.travel(location.pathname, { ...fields, preset: ui.preset.value, without: null });
  });
  for (const name of /** @type {const} */ (["split", "seed", "clip"])) {
    ui[name].addEventListener("change", () => explorer.setSource({ [name]: ui[name].value.trim(), without: null }));
  }
  ui.previous.addEventListener("click", () => explorer.nextClip(-1));
  ui.next.addEventListener("click", () => explorer.nextClip(1));
  ui.play.addEventListener("click", () => explorer.play(!explorer.clock.playing));
  ui.stepBack.addEventListener("click", () => explorer.step(-1));
  ui.stepOn.addEventListener("click", () => explorer.step(1));
  ui.scrubber.addEventListener("input", () => explorer.step(Number(ui.scrubber.value) - explorer.frame));
  ui.mix.addEventListener("input", () => { setParameters({ mix: ui.mix.value }); explorer.draw(); });
  ui.fps.addEventListener("change", () => { setParameters({ fps: ui.fps.value }); explorer.clock.fps = Number(ui.fps.value); });
  ui.zoom.addEventListener("change", () => { setParameters({ zoom: ui.zoom.value }); explorer.resize(); explorer.draw(); });
  ui.observer.addEventListener("change", () => explorer.setSource({ observer: ui.observer.value }));
  ui.beside.addEventListener("change", () => {
    setParameters({ beside: ui.beside.value });
    if (explorer.main.clip) explorer.show(explorer.main.clip, explorer.stage.other.clip);
  });
  ui.part.addEventListener("change", () => explorer.travel(location.pathname, { part: ui.part.value, clip: null, without: null }));
  ui.said.addEventListener("change", () => explorer.setSource({ said: ui.said.value }));
  ui.without.addEventListener("change", () => explorer.setSource({ without: ui.without.value }));
  ui.theme.addEventListener("click", () => explorer.switchTheme());
  ui.helpButton.addEventListener("click", () => ui.help.showModal());
  // What the pointer has pressed gives the keyboard back to the page.
  addEventListener("click", ({ target, detail }) => {
    const pressed = target instanceof Element && target.closest("button, a, summary, input[type=checkbox]");
    if (detail > 0 && pressed instanceof HTMLElement) pressed.blur();
  });
  addEventListener("change", ({ target }) => {
    if (target instanceof HTMLSelectElement && !target.matches(":focus-visible")) target.blur();
  });
  for (const [link, path] of /** @type {const} */ ([[ui.toClip, "/clip"], [ui.toWall, "/wall"]])) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      explorer.travel(path);
    });
  }
}

// A finger that has rested for so long, in ms, reads pixels where it goes; one that moves at once scrolls the page.
const REST = 200;

/** @param {Explorer} explorer */
export function bindPointer(explorer) {
  /** @param {Event} event */
  const pictureOf = (event) => explorer.stage.pictures.find(({ pixels }) => pixels === event.target);
  /** @param {PointerEvent} event */
  const read = (event) => {
    const picture = pictureOf(event);
    if (!picture) return;
    explorer.probe = picture.pixelAt(event);
    explorer.draw();
  };
  // On the stage, since pictures of predictions come and go.
  ui.stage.addEventListener("pointermove", read);
  ui.stage.addEventListener("pointerdown", read);
  // A finger that is lifted leaves, too: what it pointed at stays told.
  ui.stage.addEventListener("pointerout", (event) => {
    if (event.pointerType !== "mouse" || !pictureOf(event)) return;
    explorer.probe = null;
    explorer.draw();
  });
  let touched = 0;
  ui.stage.addEventListener("touchstart", ({ timeStamp }) => { touched = timeStamp; }, { passive: true });
  ui.stage.addEventListener("touchmove", (event) => {
    const reads = event.touches.length === 1 && pictureOf(event) && event.timeStamp - touched >= REST;
    if (reads && event.cancelable) event.preventDefault();
  }, { passive: false });
}
