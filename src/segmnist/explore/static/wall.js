// The wall: many clips at once, each a link to its own page.

import { fetchArrays } from "./api.js";
import { addressOf, parameters, setParameters, wallQuery } from "./state.js";
import { Clock } from "./player.js";

const byId = (id) => document.getElementById(id);

export class Wall {
  constructor(about, report) {
    this.about = about;
    this.report = report;
    this.frame = 0;
    this.tiles = [];
    this.clock = new Clock((due) => { this.frame += due; this.draw(); });
    this.clock.fps = 5;
    for (const name of Object.keys(about.sorts)) byId("sort").append(new Option(name.replaceAll("_", " "), name));
    this.bind();
  }

  bind() {
    for (const name of ["start", "among", "sort", "low", "high", "where"]) {
      byId(name).addEventListener("change", () => this.set(name, byId(name).value.trim()));
    }
    byId("descending").addEventListener("change", () => this.set("descending", byId("descending").checked ? "true" : ""));
    byId("wall-play").addEventListener("click", () => this.play(!this.clock.playing));
    byId("further").addEventListener("click", () => {
      this.set("start", `${BigInt(parameters().get("start") || 0) + BigInt(this.facts?.examined ?? 100)}`);
    });
  }

  set(name, value) {
    setParameters({ [name]: value });
    this.load();
  }

  play(playing) {
    this.clock.set(playing);
    byId("wall-play").textContent = playing ? "Pause" : "Play";
  }

  fill() {
    const query = parameters();
    for (const [name, standard] of [["start", "0"], ["among", "100"], ["sort", "id"], ["low", ""], ["high", ""], ["where", ""]]) {
      byId(name).value = query.get(name) ?? standard;
    }
    byId("where").closest("label").hidden = query.get("stored") !== "true";
    byId("descending").checked = query.get("descending") === "true";
    byId("sort").title = this.about.sorts[byId("sort").value] ?? "";
    const unbounded = byId("sort").value === "id";
    byId("low").disabled = byId("high").disabled = unbounded;
  }

  async load() {
    this.fill();
    this.abort?.abort();
    this.abort = new AbortController();
    byId("wall").setAttribute("aria-busy", "true");
    byId("wall-twin").href = addressOf("/wall.json", wallQuery());
    try {
      const { facts, arrays } = await fetchArrays(addressOf("/wall.bin", wallQuery()), this.abort.signal);
      this.facts = facts;
      this.report(null);
      this.show(facts, arrays.pictures);
    } catch (error) {
      if (error.name !== "AbortError") this.report(error);
    }
    byId("wall").removeAttribute("aria-busy");
  }

  show(facts, pictures) {
    const sort = byId("sort").value;
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
      return { link, context: canvas.getContext("2d"), image: new ImageData(width, height), size,
        pixels: pictures.data.subarray(place * frames * size, (place + 1) * frames * size), frames };
    });
    byId("wall").replaceChildren(...this.tiles.map((tile) => tile.link));
    byId("wall-note").textContent = this.note(facts);
    this.draw();
  }

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
