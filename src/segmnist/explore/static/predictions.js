// What models say of a clip: pictures of predictions and errors beside the truth, and a table of scores.

import { fetchArrays } from "./api.js";
import { nameOf } from "./classes.js";
import { fill } from "./overlays.js";
import { Picture } from "./player.js";
import { addressOf, clipQuery } from "./state.js";
import { ui } from "./ui.js";

/** @import { Stage } from "./stage.js" */
/** @import { Clip, Look, Part, PredictionFacts } from "./types.d.ts" */
/** @typedef {{ facts: PredictionFacts, said: Picture, error: Picture }} Shown */

export class Predictions {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Shown[]} */
    this.models = [];
  }

  // Two figures a model, made when the part comes into view.
  /** @param {Part | undefined} part */
  arrange(part) {
    const names = part?.models ?? [];
    if (names.join("\n") === this.models.map(({ facts }) => facts.model).join("\n")) return;
    for (const { said, error } of this.models) for (const { figure } of [said, error]) figure.remove();
    this.models = names.map((model) => ({
      facts: { model, scores: {}, has_probabilities: false, wrong: 0 },
      said: picture(paintSaid),
      error: picture(paintError),
    }));
    this.stage.predicted = this.models.flatMap(({ said, error }) => [said, error]);
  }

  /**
   * @param {Clip} clip
   * @param {string} said
   * @param {AbortSignal} signal
   */
  async fetch(clip, said, signal) {
    const replies = this.models.map((_, model) => {
      const address = addressOf("/prediction.bin", clipQuery({ without: "", model: `${model}`, said }));
      return fetchArrays(address, signal);
    });
    for (const [place, { facts, arrays }] of (await Promise.all(replies)).entries()) {
      const shown = this.models[place], merged = { ...clip, arrays: { ...clip.arrays, ...arrays } };
      shown.facts = facts;
      shown.said.show(merged);
      shown.error.show(merged);
      shown.said.caption = `${facts.model}: ${arrays.plane ? WORDS[said] ?? `probability of ${nameOf(Number(said))}` : "classes"}`;
      shown.error.caption = `${facts.model}: ${(100 * facts.wrong).toFixed(2)} % wrong`;
    }
    this.drawScores();
  }

  clear() {
    for (const picture of this.stage.predicted) picture.show(null);
    this.drawScores();
  }

  drawScores() {
    const shown = this.models.filter(({ said }) => said.clip);
    ui.scores.hidden = !shown.length;
    const titles = [...new Set(shown.flatMap(({ facts }) => Object.keys(facts.scores)))];
    ui.scores.tHead?.replaceChildren(row("th", ["score", ...shown.map(({ facts }) => facts.model)]));
    ui.scores.tBodies[0].replaceChildren(...titles.map((title) =>
      row("td", [title, ...shown.map(({ facts }) => facts.scores[title]?.toFixed(3) ?? "-")])));
  }

  // What each model says of a pixel, in words.
  /**
   * @param {number} t
   * @param {{ y: number, x: number }} point
   */
  describe(t, { y, x }) {
    return this.models.filter(({ said }) => said.clip).map(({ facts, said }) => {
      const { width, height, arrays } = /** @type {Clip} */ (said.clip);
      const p = t * width * height + y * width + x;
      const plane = arrays.plane ? ` (${Math.round((arrays.plane.data[p] / 255) * 100)} %)` : "";
      return ` · ${facts.model}: ${nameOf(arrays.semantic.data[p])}${plane}`;
    }).join("");
  }
}

/** @type {Record<string, string>} */
const WORDS = { entropy: "entropy", truth: "probability of the truth" };

/**
 * @param {string} cell
 * @param {string[]} texts
 */
function row(cell, texts) {
  const tr = document.createElement("tr");
  tr.append(...texts.map((textContent) => Object.assign(document.createElement(cell), { textContent })));
  return tr;
}

/** @param {import("./types.d.ts").Painter} paint */
function picture(paint) {
  const figure = document.createElement("figure"), box = document.createElement("div");
  const [pixels, lines] = [document.createElement("canvas"), document.createElement("canvas")];
  box.className = "picture";
  box.append(pixels, lines);
  figure.append(box, document.createElement("figcaption"));
  figure.hidden = true;
  ui.stage.append(figure);
  return new Picture(figure, pixels, lines, paint);
}

/**
 * @param {ImageData} image
 * @param {Clip} clip
 * @param {number} t
 * @param {Look} look
 */
function paintSaid(image, clip, t, { about }) {
  const size = clip.width * clip.height;
  /** @param {string} name */
  const at = (name) => clip.arrays[name].data.subarray(t * size, (t + 1) * size);
  if (!clip.arrays.plane) fill(image, at("semantic"), about.class_colours);
  else glow(image, at("video"), at("plane"));
}

// From the dimmed video, 0, to bright yellow, 255.
/**
 * @param {ImageData} image
 * @param {ArrayLike<number>} video
 * @param {ArrayLike<number>} plane
 */
function glow({ data }, video, plane) {
  for (let p = 0, o = 0; p < video.length; p++, o += 4) {
    const share = plane[p] / 255, grey = video[p] * 0.3 * (1 - share);
    data[o] = grey + 255 * share; data[o + 1] = grey + 225 * share; data[o + 2] = grey + 60 * share; data[o + 3] = 255;
  }
}

/**
 * @param {ImageData} image
 * @param {Clip} clip
 * @param {number} t
 * @param {Look} look
 */
function paintError(image, clip, t, { about }) {
  const size = clip.width * clip.height, { data } = image;
  const video = clip.arrays.video.data, error = clip.arrays.error.data;
  for (let p = t * size, o = 0; o < 4 * size; p++, o += 4) {
    const grey = video[p] * 0.3;
    [data[o], data[o + 1], data[o + 2]] = error[p] ? about.instance_colours[error[p]] : [grey, grey, grey];
    data[o + 3] = 255;
  }
}
