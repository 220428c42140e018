// The wall: many clips at once, each a link to its own page.

import { fetchArrays, isAbort } from "./api.js";
import { Latest } from "./latest.js";
import { contextOf } from "./overlays.js";
import { addressOf, parameters, setParameters, wallQuery } from "./state.js";
import { Clock } from "./player.js";
import { labelOf, ui } from "./ui.js";

/** @import { About, Arrays, Numbers, WallFacts } from "./types.d.ts" */


const STANDARD = { start: "0", among: "100", sort: "id", low: "", high: "", where: "" };

/** @typedef {{ link: HTMLAnchorElement, context: CanvasRenderingContext2D, image: ImageData, size: number, pixels: Numbers, frames: number }} Tile */

export class Wall {
  /**
   * @param {About} about
   * @param {(error: unknown) => void} report
   */
  constructor(about, report) {
    this.about = about;
    this.report = report;
    this.frame = 0;
    /** @type {Tile[]} */
    this.tiles = [];
    /** @type {WallFacts | null} */
    this.facts = null;
    this.requests = new Latest();
    this.clock = new Clock((due) => { this.frame += due; this.draw(); });
    this.clock.fps = 5;
    for (const name of Object.keys(about.sorts)) ui.sort.append(new Option(name.replaceAll("_", " "), name));
    this.bind();
  }

  bind() {
    for (const name of /** @type {(keyof typeof STANDARD)[]} */ (Object.keys(STANDARD))) {
      ui[name].addEventListener("change", () => this.set(name, ui[name].value.trim()));
    }
    ui.descending.addEventListener("change", () => this.set("descending", ui.descending.checked ? "true" : ""));
    ui.wallPlay.addEventListener("click", () => this.play(!this.clock.playing));
    ui.further.addEventListener("click", () => {
      this.set("start", `${BigInt(parameters().get("start") || 0) + BigInt(this.facts?.examined ?? 100)}`);
    });
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  set(name, value) {
    setParameters({ [name]: value });
    this.load();
  }

  /** @param {boolean} playing */
  play(playing) {
    this.clock.set(playing);
    ui.wallPlay.textContent = playing ? "Pause" : "Play";
  }

  fill() {
    const query = parameters();
    for (const [name, standard] of Object.entries(STANDARD)) {
      ui[/** @type {keyof typeof STANDARD} */ (name)].value = query.get(name) ?? standard;
    }
    labelOf(ui.where).hidden = query.get("stored") !== "true";
    ui.descending.checked = query.get("descending") === "true";
    ui.sort.title = this.about.sorts[ui.sort.value] ?? "";
    const unbounded = ui.sort.value === "id";
    ui.low.disabled = ui.high.disabled = unbounded;
  }

  load() {
    this.fill();
    ui.wallTwin.href = addressOf("/wall.json", wallQuery());
    return this.requests.ask((signal) => this.fetch(signal));
  }

  /** @param {AbortSignal} signal */
  async fetch(signal) {
    ui.wall.setAttribute("aria-busy", "true");
    try {
      const { facts, arrays } = await fetchArrays(addressOf("/wall.bin", wallQuery()), signal);
      this.facts = facts;
      this.report(null);
      this.show(facts, arrays.pictures);
    } catch (error) {
      if (isAbort(error)) throw error;
      this.report(error);
    } finally {
      ui.wall.removeAttribute("aria-busy");
    }
  }

  /**
   * @param {WallFacts} facts
   * @param {Arrays[string]} pictures
   */
  show(facts, pictures) {
    const sort = ui.sort.value;
    const [, frames, height, width] = pictures.shape;
    this.tiles = facts.clips.map((clip, place) => {
      const link = document.createElement("a");
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const query = new URLSearchParams(wallQuery());
      for (const name of ["where", "start", "among", "count", "sort", "descending", "low", "high", "frames"]) query.delete(name);
      query.set("clip", clip.clip);
      link.href = addressOf("/clip", query);
      link.setAttribute("aria-label", `Clip ${clip.clip}, digits ${clip.labels.join(" ") || "none"}`);
      const value = Object.assign(document.createElement("span"), { className: "value" });
      value.textContent = sort === "id" ? clip.labels.join(" ") : `${Number(clip.difficulty[sort].toFixed(3))}`;
      link.append(canvas, value, `${clip.clip}`);
      const size = height * width;
      return { link, context: contextOf(canvas), image: new ImageData(width, height), size,
        pixels: pictures.data.subarray(place * frames * size, (place + 1) * frames * size), frames };
    });
    ui.wall.replaceChildren(...this.tiles.map((tile) => tile.link));
    ui.wallNote.textContent = this.note(facts);
    this.draw();
  }

  /** @param {WallFacts} facts */
  note(facts) {
    const shown = `${facts.clips.length} clips shown of ${facts.matching} that match; ${facts.examined} examined`;
    const fewer = facts.examined < facts.asked ? `, not ${facts.asked}, because these clips are large or there are no more` : "";
    return `${shown}${fewer}.`;
  }

  draw() {
    for (const { context, image, size, pixels, frames } of this.tiles) {
      const start = (this.frame % frames) * size, out = image.data;
      for (let p = 0, o = 0; p < size; p++, o += 4) {
        out[o] = out[o + 1] = out[o + 2] = pixels[start + p];
        out[o + 3] = 255;
      }
      context.putImageData(image, 0, 0);
    }
  }
}
