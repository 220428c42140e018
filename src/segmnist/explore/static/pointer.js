// The pointer: buttons, choices and links, and the pixel that is pointed at.

import { setParameters } from "./state.js";

const byId = (id) => document.getElementById(id);

export function bindControls(explorer) {
  byId("preset").addEventListener("change", () => {
    const fields = Object.fromEntries(explorer.about.fields.map(({ name }) => [name, null]));
    explorer.travel(location.pathname, { ...fields, preset: byId("preset").value, without: null });
  });
  for (const name of ["split", "seed", "clip"]) {
    byId(name).addEventListener("change", () => explorer.setSource({ [name]: byId(name).value.trim(), without: null }));
  }
  byId("previous").addEventListener("click", () => explorer.nextClip(-1));
  byId("next").addEventListener("click", () => explorer.nextClip(1));
  byId("play").addEventListener("click", () => explorer.play(!explorer.clock.playing));
  byId("step-back").addEventListener("click", () => explorer.step(-1));
  byId("step-on").addEventListener("click", () => explorer.step(1));
  byId("scrubber").addEventListener("input", () => explorer.step(Number(byId("scrubber").value) - explorer.frame));
  byId("mix").addEventListener("input", () => { setParameters({ mix: byId("mix").value }); explorer.draw(); });
  byId("fps").addEventListener("change", () => { setParameters({ fps: byId("fps").value }); explorer.clock.fps = Number(byId("fps").value); });
  byId("zoom").addEventListener("change", () => { setParameters({ zoom: byId("zoom").value }); explorer.resize(); explorer.draw(); });
  byId("observer").addEventListener("change", () => explorer.setSource({ observer: byId("observer").value }));
  byId("without").addEventListener("change", () => explorer.setSource({ without: byId("without").value }));
  byId("theme").addEventListener("click", () => explorer.switchTheme());
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  for (const [id, path] of [["to-clip", "/clip"], ["to-wall", "/wall"]]) {
    byId(id).addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      explorer.travel(path);
    });
  }
}

export function bindPointer(explorer) {
  for (const picture of [explorer.main, explorer.other]) {
    picture.pixels.addEventListener("pointermove", (event) => { explorer.probe = picture.pixelAt(event); explorer.draw(); });
    picture.pixels.addEventListener("pointerdown", (event) => { explorer.probe = picture.pixelAt(event); explorer.draw(); });
    picture.pixels.addEventListener("pointerleave", () => { explorer.probe = null; explorer.draw(); });
  }
}
