// The keyboard. Keys typed into a field belong to the field.

import { OVERLAYS } from "./overlays.js";
import { ui } from "./ui.js";

/** @import { Explorer } from "./main.js" */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const FIELDS = "input:not([type=checkbox], [type=range]), select, textarea, dialog[open] *";

const SLIDING = new Set([...Object.keys(ARROWS), "Home", "End", "PageUp", "PageDown"]);

/** @param {Explorer} explorer */
export function bindKeys(explorer) {
  /** @type {Record<string, () => void>} */
  const acts = {
    " ": () => explorer.play(!explorer.clock.playing),
    ArrowLeft: () => explorer.step(-1),
    ArrowRight: () => explorer.step(1),
    Home: () => explorer.step(-explorer.frame),
    End: () => explorer.step(-explorer.frame - 1),
    "[": () => explorer.nextClip(-1),
    "]": () => explorer.nextClip(1),
    0: () => explorer.setShown(new Set()),
    "+": () => explorer.zoomBy(1),
    "=": () => explorer.zoomBy(1),
    "-": () => explorer.zoomBy(-1),
    x: () => explorer.nextWithout(),
  };
  OVERLAYS.forEach(({ name }, place) => {
    acts[place + 1] = () => explorer.toggle(name);
  });
  /** @type {Record<string, () => void>} */
  const anywhere = {
    w: () => explorer.toggleWall(),
    t: () => explorer.switchTheme(),
    "?": () => ui.help.showModal(),
  };
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey || target.closest(FIELDS)) return;
    // Space and Enter press the button that has the focus.
    if (event.key === " " && target.closest("button, a, summary, input[type=checkbox]")) return;
    // A slider takes the keys that move it, and no others.
    if (SLIDING.has(event.key) && target.closest("input[type=range]")) return;
    const onWall = document.body.classList.contains("wall");
    const probing = event.shiftKey && ARROWS[event.key] && target.closest("#stage");
    const act = probing ? () => explorer.moveProbe(...ARROWS[event.key])
      : anywhere[event.key] ?? (onWall || !explorer.main.clip ? undefined : acts[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
