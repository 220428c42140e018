// What is said of a clip in words and numbers: its caption, its digits at a frame, how hard it is.

import { nameOf } from "./classes.js";

/** @import { Clip } from "./types.d.ts" */

/**
 * @param {string} tag
 * @param {string | number} text
 */
const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: `${text}` });

/** @param {Clip} clip */
export function captionOf({ facts }) {
  const digits = facts.labels.length ? `digits ${facts.labels.map(nameOf).join(", ")}` : "no digits";
  const stored = facts.matches_recipe === null ? "" : facts.matches_recipe
    ? " · as stored, equal to its recipe" : " · AS STORED, NOT WHAT ITS RECIPE GIVES";
  return `clip ${facts.clip} of ${facts.split}: ${digits}${stored}`;
}

/**
 * @param {Clip} clip
 * @param {number} t
 */
export function rowsOfDigits({ facts, arrays }, t) {
  return facts.labels.map((label, digit) => {
    const k = digit * facts.num_frames + t, pose = arrays.pose.data.subarray(k * 5, k * 5 + 5);
    const cells = [digit + 1, label === null ? "" : nameOf(label), `${Math.round(arrays.visibility.data[k] * 100)} %`, arrays.depth.data[k],
      `${pose[0].toFixed(1)}, ${pose[1].toFixed(1)}`, `${pose[2].toFixed(0)}°`, pose[4].toFixed(2)];
    const row = document.createElement("tr");
    row.append(...cells.map((text) => element("td", text)));
    return row;
  });
}

/** @param {Clip} clip */
export function difficultyOf({ facts }) {
  return Object.entries(facts.difficulty).map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(element("dt", name.replaceAll("_", " ")), element("dd", value));
    return pair;
  });
}
