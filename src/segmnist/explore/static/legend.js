// The legend: every colour with its name or number beside it, so that nothing is told by hue alone.

import { background, nameOf } from "./classes.js";
import { doubtOf, isBright, isGrey } from "./overlays.js";

/** @import { Clip, Look, Rgb } from "./types.d.ts" */

/** @param {Rgb} rgb */
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/**
 * @param {string} text
 * @param {Rgb | string} fill
 * @param {string} [mark]
 */
function item(text, fill, mark = "") {
  const li = document.createElement("li");
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  if (Array.isArray(fill)) {
    swatch.style.background = css(fill);
    swatch.style.color = isBright(fill) ? "#000" : "#fff";
  } else swatch.style.background = fill;
  swatch.textContent = mark;
  li.append(swatch);
  if (text) li.append(text);
  return li;
}

/**
 * A short name stands in its colour, a long one beside it.
 * @param {number} c
 * @param {Rgb} colour
 */
function classItem(c, colour) {
  const name = nameOf(c), inside = c !== background() && name.length < 3;
  return item(inside ? "" : name, colour, inside ? name : "");
}

/** @param {Clip} clip */
function entropyItem(clip) {
  if (!clip.arrays.entropy) return item("is worked out …", "transparent");
  const most = doubtOf(clip);
  if (!most) return item("0 everywhere: this observer is certain of every pixel", "#444");
  return item(`0 to ${most.toPrecision(2)} nats`, "linear-gradient(90deg, #444, rgb(255 225 60))");
}

/**
 * @param {string} name
 * @param {HTMLElement[]} items
 */
function row(name, items) {
  const ul = document.createElement("ul");
  const title = document.createElement("li");
  title.className = "name";
  title.textContent = name;
  ul.append(title, ...items);
  return ul;
}

/**
 * @param {HTMLElement} element
 * @param {Clip} clip
 * @param {Look} look
 * @param {boolean} predicted
 */
export function drawLegend(element, clip, { shown, beside, about, said }, predicted) {
  const digits = clip.facts.labels.map((label, digit) => ({ id: digit + 1, label }));
  const colours = about.instance_colours;
  const rows = [];
  if (shown.has("semantic") || beside === "semantic" || predicted) {
    const classes = about.class_colours.map((colour, c) => classItem(c, colour));
    rows.push(row("Classes", classes));
  }
  if (beside === "instance" || ["instance", "amodal", "boxes"].some((name) => shown.has(name))) {
    rows.push(row("Instances", digits.map(({ id, label }) => item(`is a ${nameOf(label)}`, colours[id], `${id}`))));
  }
  if (shown.has("amodal")) {
    /** @param {number} lean */
    const stripes = (lean) => `repeating-linear-gradient(${lean}deg, #888 0 3px, transparent 3px 6px)`;
    rows.push(row("Hidden part", [item("odd ids", stripes(135)), item("even ids", stripes(45))]));
  }
  if (shown.has("boxes")) rows.push(row("Boxes", [item("solid: seen; dashed: whole extent", "transparent", "▢")]));
  if (shown.has("flow")) rows.push(row("Flow", [item("to the next frame, where it is known", "transparent", "→")]));
  if (shown.has("camouflage")) {
    const text = `within ${about.camouflage_levels} grey levels of what it hides`;
    rows.push(row("Camouflage", [item(text, [0, 229, 255])]));
  }
  if (shown.has("rgb") && clip.arrays.rgb) {
    rows.push(row("Colour", [isGrey(clip)
      ? item("none: saturation_range is 0, so the video is grey", "#888")
      : item("hues say nothing of the class", "conic-gradient(red, yellow, lime, cyan, blue, magenta, red)")]));
  }
  if (shown.has("entropy")) {
    rows.push(row("Entropy", [entropyItem(clip)]));
  }
  if (predicted) {
    rows.push(row("Errors", about.errors.map((kind, place) => item(kind, colours[place + 1]))));
    const scale = said === "entropy" ? `0 to ln ${about.class_names.length} = ${Math.log(about.class_names.length).toFixed(1)} nats` : "0 to 100 %";
    if (said !== "classes" && said !== "frames") rows.push(row("Prediction", [item(scale, "linear-gradient(90deg, #333, rgb(255 225 60))")]));
  }
  element.replaceChildren(...rows);
}
