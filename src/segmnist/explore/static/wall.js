// The wall: many clips at once, each a link to its own page.

import { fetchArrays, fetchJson, isAbort } from "./api.js";
import { nameOf } from "./classes.js";
import { Latest } from "./latest.js";
import { contextOf } from "./overlays.js";
import { Failures } from "./failures.js";
import { addressOf, parameters, partOf, setParameters, wallQuery } from "./state.js";
import { Clock } from "./player.js";
import { labelOf, ui } from "./ui.js";

/** @import { About, Arrays, BoardFacts, Look, Numbers, Rgb, WallFacts } from "./types.d.ts" */


const STANDARD = { start: "0", among: "100", sort: "id", low: "", high: "", where: "" };

/** @typedef {{ link: HTMLAnchorElement, context: CanvasRenderingContext2D, image: ImageData, size: number, pixels: Numbers, instance: Numbers | undefined, rgb: Numbers | undefined, error: Numbers | undefined, labels: number[], frames: number }} Tile */

const ORDERING = ["sort", "descending", "where", "low", "high", "cell", "bucket"];
/** @type {Record<string, string>} */
const WORDS = { clip_miou_foreground: "mIoU of the digits", nll: "NLL", cell: "a cell of the confusion", bucket: "a bar of a breakdown" };
const STOPPED = {
  "": "",
  size: " (a wall draws no more of clips this large; \u201cFurther clips\u201d goes on)",
  end: " (there are no more)",
};

export class Wall {
  /**
   * @param {About} about
   * @param {(error: unknown) => void} report
   * @param {(address: string) => void} follow
   * @param {() => Look} look
   */
  constructor(about, report, follow, look) {
    this.failures = new Failures((changes) => {
      setParameters(changes, { push: true });
      this.load();
    }, (board) => this.follows(board));
    this.follow = follow;
    this.look = look;
    this.about = about;
    this.report = report;
    this.frame = 0;
    /** @type {Tile[]} */
    this.tiles = [];
    /** @type {WallFacts | null} */
    this.facts = null;
    /** The address of the facts. */
    this.shows = "";
    this.requests = new Latest();
    this.clock = new Clock((due) => { this.frame += due; this.draw(); });
    this.clock.fps = 5;
    const sorts = about.parts.length ? { ...about.sorts, ...about.predicted_sorts } : about.sorts;
    for (const name of Object.keys(sorts)) ui.sort.append(new Option(WORDS[name] ?? name.replaceAll("_", " "), name));
    this.sorts = sorts;
    this.bind();
  }

  bind() {
    for (const name of /** @type {(keyof typeof STANDARD)[]} */ (Object.keys(STANDARD))) {
      ui[name].addEventListener("change", () => this.set(name, ui[name].value.trim()));
    }
    ui.descending.addEventListener("change", () => this.set("descending", ui.descending.checked ? "true" : ""));
    ui.model.addEventListener("change", () => this.set("model", ui.model.value));
    ui.wallPlay.addEventListener("click", () => this.play(!this.clock.playing));
    ui.further.addEventListener("click", () => {
      this.set("start", `${BigInt(parameters().get("start") || 0) + BigInt(this.step)}`);
    });
  }

  get step() {
    const scored = ui.sort.value in this.about.predicted_sorts;
    return (scored ? this.facts?.clips.length : this.facts?.examined) ?? 100;
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
    ui.sort.title = this.sorts[ui.sort.value] ?? "";
    const part = partOf(this.about), scored = ui.sort.value in this.about.predicted_sorts;
    ui.failures.hidden = labelOf(ui.model).hidden = !part;
    if (part && ui.model.options.length !== part.models.length) {
      ui.model.replaceChildren(...part.models.map((name, place) => new Option(name, `${place}`)));
    }
    ui.model.value = query.get("model") ?? "0";
    labelOf(ui.among).hidden = scored;
    for (const option of ui.sort.options) {
      option.hidden = option.value in this.about.predicted_sorts && !part;
      option.disabled = ["cell", "bucket"].includes(option.value) && !query.get(option.value);
    }
    const unbounded = ui.sort.value === "id";
    ui.low.disabled = ui.high.disabled = unbounded;
  }

  load() {
    this.fill();
    ui.wallTwin.href = addressOf("/wall.json", wallQuery());
    this.failures.load().catch(this.report);
    return this.requests.ask((signal) => this.fetch(signal));
  }

  // While clips are being scored the wall fills up, and once all are scored it is put in order.
  /** @param {BoardFacts} board */
  follows({ scored, num_clips }) {
    if (!this.facts || !(ui.sort.value in this.about.predicted_sorts) || scored <= this.facts.examined) return;
    if (scored === num_clips || this.facts.clips.length < 100) this.requests.ask((signal) => this.fetch(signal));
  }

  /** @param {AbortSignal} signal */
  async fetch(signal) {
    ui.wall.setAttribute("aria-busy", "true");
    const instances = ["semantic", "instance"].some((name) => this.look().shown.has(name)) ? "true" : "";
    const rgb = this.look().shown.has("rgb") ? "true" : "";
    const errors = partOf(this.about) && this.look().shown.has("error") ? "true" : "";
    const address = addressOf("/wall.json", wallQuery());
    try {
      const { facts, arrays } = await fetchArrays(addressOf("/wall.bin", wallQuery({ instances, rgb, errors })), signal);
      this.facts = facts;
      this.shows = address;
      this.report(null);
      this.show(facts, arrays);
    } catch (error) {
      if (isAbort(error)) throw error;
      this.report(error);
    } finally {
      ui.wall.removeAttribute("aria-busy");
    }
  }

  /** The ids of the clips on the wall that the address holds; null where the wall is in the order of the ids. */
  async order() {
    const query = wallQuery();
    if (!ORDERING.some((name) => query.has(name))) return null;
    const address = addressOf("/wall.json", query);
    if (address !== this.shows) [this.facts, this.shows] = [await fetchJson(address), address];
    return this.facts?.clips.map(({ clip }) => clip) ?? null;
  }

  /**
   * @param {WallFacts} facts
   * @param {Arrays} arrays
   */
  show(facts, arrays) {
    const sort = ui.sort.value;
    const [, frames, height, width] = arrays.pictures.shape;
    const size = height * width;
    this.tiles = facts.clips.map((clip, place) => {
      const link = document.createElement("a");
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      link.href = addressOf("/clip", withClip(clip.clip));
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.follow(link.href);
      });
      canvas.role = "img";
      canvas.ariaLabel = `Clip ${clip.clip}, digits ${clip.labels.map(nameOf).join(" ") || "none"}`;
      const value = Object.assign(document.createElement("span"), { className: "value" });
      value.textContent = sort === "id" ? clip.labels.map(nameOf).join(" ") : `${Number((clip.value ?? clip.difficulty[sort]).toFixed(3))}`;
      link.append(canvas, value, `${clip.clip}`);
      /**
       * @param {string} name
       * @param {number} [values] Of a pixel.
       */
      const part = (name, values = 1) =>
        arrays[name]?.data.subarray(place * frames * size * values, (place + 1) * frames * size * values);
      return { link, context: contextOf(canvas), image: new ImageData(width, height), size, frames,
        labels: clip.labels, pixels: part("pictures"), instance: part("instance"), rgb: part("rgb", 3), error: part("error") };
    });
    ui.wall.replaceChildren(...this.tiles.map((tile) => tile.link));
    ui.wallNote.textContent = this.note(facts);
    this.draw();
  }

  /** @param {WallFacts} facts */
  note(facts) {
    if (ui.sort.value in this.about.predicted_sorts) {
      const waits = facts.examined < facts.asked ? " so far" : "";
      return `${facts.clips.length} clips shown of ${facts.matching} that match; ${facts.examined} of ${facts.asked} scored${waits}.`;
    }
    const shown = `${facts.clips.length} clips shown of ${facts.matching} that match; ${facts.examined} examined`;
    return `${shown}${STOPPED[facts.stopped]}.`;
  }

  draw() {
    const { shown, mix, about } = this.look();
    for (const { context, image, size, pixels, instance, rgb, error, labels, frames } of this.tiles) {
      const start = (this.frame % frames) * size, out = image.data;
      const classes = shown.has("semantic") ? labels.map((label) => about.class_colours[label]) : null;
      for (let p = 0, o = 0; p < size; p++, o += 4) {
        const grey = pixels[start + p], id = instance ? instance[start + p] : 0;
        /** @type {Rgb} */
        let colour = [grey, grey, grey];
        if (rgb && shown.has("rgb")) colour = [rgb[3 * (start + p)], rgb[3 * (start + p) + 1], rgb[3 * (start + p) + 2]];
        if (id) {
          if (classes) colour = mixed(colour, classes[id - 1], mix);
          if (shown.has("instance")) colour = mixed(colour, about.instance_colours[id], mix);
        }
        if (error) colour = error[start + p] ? about.instance_colours[error[start + p]] : mixed(colour, [0, 0, 0], 0.6);
        [out[o], out[o + 1], out[o + 2]] = colour;
        out[o + 3] = 255;
      }
      context.putImageData(image, 0, 0);
    }
  }
}

/**
 * @param {Rgb} from
 * @param {Rgb} to
 * @param {number} share
 * @returns {Rgb}
 */
const mixed = ([r, g, b], [r2, g2, b2], share) => [r + (r2 - r) * share, g + (g2 - g) * share, b + (b2 - b) * share];

// The clip's address keeps the wall's, so that the way back leads to the same wall.
/** @param {string} clip */
function withClip(clip) {
  const query = parameters();
  for (const name of ["without", "frame"]) query.delete(name);
  query.set("clip", clip);
  return query;
}
