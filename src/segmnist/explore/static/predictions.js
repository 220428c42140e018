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
      facts: { model, scores: {}, has_probabilities: false, wrong: 0, given: 0 },
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
      const shown = this.models[place], merged = { ...clip, given: facts.given, arrays: { ...clip.arrays, ...arrays } };
      shown.facts = facts;
      shown.said.show(merged);
      shown.error.show(merged);
      const plane = WORDS[said] ?? `probability of ${nameOf(Number(said))}`;
      shown.said.caption = `${facts.model}: ${arrays.frames ? "frames" : arrays.plane ? plane : "classes"}`;
      shown.error.caption = `${facts.model}: ${arrays.frames || facts.wrong === null
        ? "difference to the true frames" : `${(100 * facts.wrong).toFixed(2)} % wrong`}`;
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
    return this.models.filter(({ said }) => said.clip && t >= (said.clip.given ?? 0)).map(({ facts, said }) => {
      const { width, height, arrays } = /** @type {Clip} */ (said.clip);
      const p = t * width * height + y * width + x;
      const plane = arrays.plane ? ` (${Math.round((arrays.plane.data[p] / 255) * 100)} %)` : "";
      return ` · ${facts.model}: ${arrays.frames ? `value ${arrays.frames.data[p]}` : nameOf(arrays.semantic.data[p])}${plane}`;
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
  if (t < (clip.given ?? 0)) dim(image, at("video"));
  else if (clip.arrays.frames) grey(image, at("frames"));
  else if (!clip.arrays.plane) fill(image, at("semantic"), about.class_colours);
  else glow(image, at("video"), at("plane"));
}

/**
 * @param {ImageData} image
 * @param {ArrayLike<number>} levels
 * @param {number} [share]
 */
function grey({ data }, levels, share = 1) {
  for (let p = 0, o = 0; p < levels.length; p++, o += 4) {
    data[o] = data[o + 1] = data[o + 2] = levels[p] * share;
    data[o + 3] = 255;
  }
}

/** A frame that was given: nothing is predicted of it. @param {ImageData} image @param {ArrayLike<number>} video */
const dim = (image, video) => grey(image, video, 0.3);

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
  const video = clip.arrays.video.data, error = clip.arrays.error.data, frames = clip.arrays.frames?.data;
  if (frames && t >= (clip.given ?? 0)) {
    const [said, true_] = [frames, video].map((levels) => levels.subarray(t * size, (t + 1) * size));
    return grey(image, said.map((level, p) => Math.abs(level - true_[p])));
  }
  for (let p = t * size, o = 0; o < 4 * size; p++, o += 4) {
    const grey = video[p] * 0.3;
    [data[o], data[o + 1], data[o + 2]] = error[p] ? about.instance_colours[error[p]] : [grey, grey, grey];
    data[o + 3] = 255;
  }
}
