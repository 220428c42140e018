// Overlays: those that tint pixels, and those that draw lines above them at the screen's own resolution.

import { background, nameOf } from "./classes.js";

/** @import { About, Clip, Look, Rgb } from "./types.d.ts" */
/** @typedef {CanvasRenderingContext2D} Context */

/** @type {{ name: string, label: string, about: string, layer?: string, solvable?: boolean, onWall?: boolean, predicted?: boolean }[]} */
export const OVERLAYS = [
  { name: "semantic", label: "Classes", about: "class of the digit seen", onWall: true },
  { name: "instance", label: "Instances", about: "which digit is seen", onWall: true },
  { name: "amodal", label: "Amodal", about: "each digit's whole extent, its hidden part hatched" },
  { name: "boxes", label: "Boxes", about: "solid: what is seen; dashed: the whole extent" },
  { name: "flow", label: "Flow", about: "where each surface goes until the next frame", layer: "flow" },
  { name: "camouflage", label: "Camouflage", about: "digit pixels close to what they hide" },
  { name: "entropy", label: "Entropy", about: "entropy of the exact posterior of each pixel's class", solvable: true },
  { name: "rgb", label: "Colour", about: "the video in colour, beneath the others", layer: "rgb", onWall: true },
  { name: "error", label: "Errors", about: "pixels that the model calls wrong", onWall: true, predicted: true },
];

/** @type {Rgb} */
const CAMOUFLAGE = [0, 229, 255];
/** @param {Rgb} rgb */
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
/** @param {Rgb} rgb */
export const isBright = ([r, g, b]) => 0.3 * r + 0.59 * g + 0.11 * b > 120;

/**
 * Return what draws on a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}

// Colours of the pixels of frame t as RGBA; `mix` in 0..1 is the strength of the tints.
/**
 * @param {ImageData} image
 * @param {Clip} clip
 * @param {number} t
 * @param {Look} look
 */
export function paintPixels(image, clip, t, { shown, mix, about }) {
  const size = clip.height * clip.width;
  /** @param {string} name */
  const at = (name) => clip.arrays[name].data.subarray(t * size, (t + 1) * size);
  const video = at("video"), instance = at("instance"), contrast = at("contrast");
  const rgb = shown.has("rgb") ? clip.arrays.rgb?.data.subarray(3 * t * size, 3 * (t + 1) * size) : null;
  const entropy = shown.has("entropy") && clip.arrays.entropy ? at("entropy") : null;
  const most = entropy ? mostOf(clip) : 1;
  const out = image.data;
  for (let p = 0, o = 0; p < size; p++, o += 4) {
    const id = instance[p];
    let r = video[p], g = r, b = r;
    if (rgb) [r, g, b] = [rgb[3 * p], rgb[3 * p + 1], rgb[3 * p + 2]];
    if (id) {
      /** @type {Rgb[]} */
      const tints = [];
      if (shown.has("semantic")) tints.push(about.class_colours[clip.facts.labels[id - 1] ?? background()]);
      if (shown.has("instance")) tints.push(about.instance_colours[id]);
      if (shown.has("camouflage") && contrast[p] <= about.camouflage_levels) tints.push(CAMOUFLAGE);
      for (const [tr, tg, tb] of tints) {
        r += (tr - r) * mix; g += (tg - g) * mix; b += (tb - b) * mix;
      }
    } else if (shown.has("semantic")) {
      r *= 1 - mix; g *= 1 - mix; b *= 1 - mix;
    }
    if (entropy) {
      // From what is known (unchanged) to what is open (yellow); the root makes small doubts visible.
      const share = Math.sqrt(entropy[p] / most) * mix;
      r += (255 - r) * share; g += (225 - g) * share; b += (60 - b) * share;
    }
    out[o] = Math.round(r); out[o + 1] = Math.round(g); out[o + 2] = Math.round(b); out[o + 3] = 255;
  }
}

/** Whether no pixel of the video has a colour. @param {Clip} clip */
export function isGrey({ arrays }) {
  const { data } = arrays.rgb;
  for (let o = 0; o < data.length; o += 3) if (data[o] !== data[o + 1] || data[o] !== data[o + 2]) return false;
  return true;
}

// What below is open to doubt is what the numbers of the sums in the oracle are not exact enough for.
const CERTAIN = 1e-6;

/** Return the largest entropy of a clip in nats, 0 where every pixel is certain. @param {Clip} clip */
export function doubtOf({ arrays }) {
  let most = 0;
  for (const nats of arrays.entropy.data) if (nats > most) most = nats;
  return most < CERTAIN ? 0 : most;
}

/** @type {WeakMap<object, number>} */
const doubts = new WeakMap();

/** @param {Clip} clip */
function mostOf(clip) {
  const { entropy } = clip.arrays;
  const most = doubts.get(entropy) ?? doubtOf(clip);
  doubts.set(entropy, most);
  return most || Infinity;
}

// The truth alone, in full colours: classes, or instances.
/**
 * @param {ImageData} image
 * @param {Clip} clip
 * @param {number} t
 * @param {Look} look
 */
export function paintTruth(image, clip, t, { beside, about }) {
  const size = clip.height * clip.width;
  const instance = clip.arrays.instance.data.subarray(t * size, (t + 1) * size);
  const classes = clip.facts.labels.map((label) => about.class_colours[label ?? background()]);
  const table = beside === "instance" ? about.instance_colours : [about.class_colours[background()], ...classes];
  fill(image, instance, table);
}

/**
 * @param {ImageData} image
 * @param {ArrayLike<number>} ids
 * @param {Rgb[]} table
 */
export function fill({ data }, ids, table) {
  for (let p = 0, o = 0; p < ids.length; p++, o += 4) {
    const [r, g, b] = table[ids[p]];
    data[o] = r; data[o + 1] = g; data[o + 2] = b; data[o + 3] = 255;
  }
}

/**
 * @param {Clip} clip
 * @param {number} digit
 * @param {number} t
 * @param {number} p
 */
export function isInside(clip, digit, t, p) {
  const size = clip.height * clip.width, frames = clip.facts.num_frames;
  const plane = (digit >> 3) * frames * size;
  return (clip.arrays.amodal.data[plane + t * size + p] >> (digit & 7)) & 1;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Clip} clip
 * @param {number} t
 * @param {Set<string>} shown
 * @param {About} about
 */
export function drawLines(canvas, clip, t, shown, about) {
  const context = contextOf(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.width / clip.width;
  if (shown.has("amodal")) drawAmodal(context, clip, t, scale, about);
  if (shown.has("boxes")) drawBoxes(context, clip, t, scale, about);
  if (shown.has("flow") && clip.arrays.flow) drawFlow(context, clip, t, scale, about);
}

/**
 * @param {Clip} clip
 * @param {number} t
 * @param {(digit: number) => void} visit
 */
function eachDigit(clip, t, visit) {
  const order = clip.facts.labels.map((_, digit) => digit);
  /** @param {number} digit */
  const depth = (digit) => clip.arrays.depth.data[digit * clip.facts.num_frames + t];
  for (const digit of order.sort((a, b) => depth(a) - depth(b))) visit(digit);
}

/**
 * @param {Context} context
 * @param {Clip} clip
 * @param {number} t
 * @param {number} scale
 * @param {About} about
 */
function drawAmodal(context, clip, t, scale, about) {
  const { width, height } = clip, size = width * height;
  const instance = clip.arrays.instance.data.subarray(t * size, (t + 1) * size);
  eachDigit(clip, t, (digit) => {
    const hidden = new Path2D(), outline = new Path2D();
    /**
     * @param {number} y
     * @param {number} x
     */
    const inside = (y, x) => y >= 0 && x >= 0 && y < height && x < width && isInside(clip, digit, t, y * width + x);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!inside(y, x)) continue;
        if (instance[y * width + x] !== digit + 1) hidden.rect(x * scale, y * scale, scale, scale);
        const edges = [[y - 1, x, 0, 0, 1, 0], [y + 1, x, 0, 1, 1, 1], [y, x - 1, 0, 0, 0, 1], [y, x + 1, 1, 0, 1, 1]];
        for (const [ny, nx, x0, y0, x1, y1] of edges) {
          if (inside(ny, nx)) continue;
          outline.moveTo((x + x0) * scale, (y + y0) * scale);
          outline.lineTo((x + x1) * scale, (y + y1) * scale);
        }
      }
    }
    const colour = about.instance_colours[digit + 1];
    hatch(context, hidden, css(colour), scale, digit % 2 ? -1 : 1);
    stroke(context, outline, colour, Math.max(1.5, scale / 7));
  });
}

// Odd ids lean one way and even ids the other, so that hatches can be told apart without colour.
/**
 * @param {Context} context
 * @param {Path2D} region
 * @param {string} colour
 * @param {number} scale
 * @param {number} slope
 */
function hatch(context, region, colour, scale, slope) {
  const { width, height } = context.canvas;
  const gap = Math.max(5, scale * 1.2);
  context.save();
  context.clip(region);
  context.beginPath();
  for (let start = -height; start < width + height; start += gap) {
    context.moveTo(start, slope > 0 ? height : 0);
    context.lineTo(start + height, slope > 0 ? 0 : height);
  }
  context.strokeStyle = colour;
  context.lineWidth = gap / 2.6;
  context.stroke();
  context.restore();
}

// A rim of the other brightness keeps every line visible on bright and on dark pixels.
/**
 * @param {Context} context
 * @param {Path2D} path
 * @param {Rgb} rgb
 * @param {number} width
 * @param {number[]} [dash]
 */
function stroke(context, path, rgb, width, dash = []) {
  context.setLineDash(dash);
  context.lineJoin = "round";
  context.strokeStyle = isBright(rgb) ? "rgb(0 0 0 / 0.75)" : "rgb(255 255 255 / 0.75)";
  context.lineWidth = width * 2.2;
  context.stroke(path);
  context.strokeStyle = css(rgb);
  context.lineWidth = width;
  context.stroke(path);
  context.setLineDash([]);
}

/**
 * @param {Context} context
 * @param {Clip} clip
 * @param {number} t
 * @param {number} scale
 * @param {About} about
 */
function drawBoxes(context, clip, t, scale, about) {
  const line = Math.max(1.5, scale / 5);
  context.font = `600 ${Math.max(11, Math.min(20, scale * 2.6))}px system-ui, sans-serif`;
  context.textBaseline = "bottom";
  /** @type {[number, number[]][]} */
  const seen = [];
  eachDigit(clip, t, (digit) => {
    const colour = about.instance_colours[digit + 1];
    for (const [name, dash] of Object.entries({ amodal_boxes: [line * 3, line * 2.5], boxes: [] })) {
      const start = (digit * clip.facts.num_frames + t) * 4;
      const [x0, y0, x1, y1] = clip.arrays[name].data.subarray(start, start + 4);
      if (x0 < 0) continue;
      const path = new Path2D();
      path.rect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
      stroke(context, path, colour, line, dash);
      if (name === "boxes") seen.push([digit, [x0, y0, x1, y1].map((v) => v * scale)]);
    }
  });
  // Labels come after all lines, so that no box crosses them.
  /** @type {Box[]} */
  const labels = [];
  for (const [digit, box] of seen) {
    label(context, `${digit + 1}: ${nameOf(clip.facts.labels[digit])}`, box, about.instance_colours[digit + 1], labels);
  }
}

/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

// At the first corner of the box where it covers no other label, above the box if there is none.
/**
 * @param {Context} context
 * @param {string} text
 * @param {number[]} box
 * @param {Rgb} rgb
 * @param {Box[]} others
 */
function label(context, text, [x0, y0, x1, y1], rgb, others) {
  const height = parseFloat(context.font.split(" ")[1]) + 4;
  const width = context.measureText(text).width + 6;
  const corners = [[x0, y0 - height], [x1 - width, y0 - height], [x0, y1], [x1 - width, y1], [x1, y0], [x0 - width, y0]];
  const places = corners.map(([x, y]) => ({
    left: Math.min(Math.max(x, 0), context.canvas.width - width),
    top: Math.min(Math.max(y, 0), context.canvas.height - height),
    width,
    height,
  }));
  const place = places.find((one) => !others.some((other) => overlap(one, other))) ?? places[0];
  others.push(place);
  context.fillStyle = css(rgb);
  context.fillRect(place.left, place.top, width, height);
  context.fillStyle = isBright(rgb) ? "#000" : "#fff";
  context.fillText(text, place.left + 3, place.top + height - 1);
}

/**
 * @param {Box} one
 * @param {Box} other
 */
const overlap = (one, other) =>
  one.left < other.left + other.width && other.left < one.left + one.width
  && one.top < other.top + other.height && other.top < one.top + one.height;

/**
 * @param {Context} context
 * @param {Clip} clip
 * @param {number} t
 * @param {number} scale
 * @param {About} about
 */
function drawFlow(context, clip, t, scale, about) {
  const { width, height } = clip, size = width * height;
  const flow = clip.arrays.flow.data, valid = clip.arrays.flow_valid.data;
  const gap = Math.max(2, Math.round(Math.max(width, height) / 20));
  const path = new Path2D();
  for (let y = gap >> 1; y < height; y += gap) {
    for (let x = gap >> 1; x < width; x += gap) {
      const p = t * size + y * width + x;
      const dx = flow[2 * p] / about.flow_steps, dy = flow[2 * p + 1] / about.flow_steps;
      if (valid[p] && Math.hypot(dx, dy) > 0.05) arrow(path, (x + 0.5) * scale, (y + 0.5) * scale, dx * scale, dy * scale);
    }
  }
  stroke(context, path, [255, 255, 255], Math.max(1.2, scale / 6));
}

/**
 * @param {Path2D} path
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} dy
 */
function arrow(path, x, y, dx, dy) {
  const length = Math.hypot(dx, dy), head = Math.min(length * 0.5, 7);
  const angle = Math.atan2(dy, dx);
  path.moveTo(x, y);
  path.lineTo(x + dx, y + dy);
  for (const turn of [2.6, -2.6]) {
    path.moveTo(x + dx, y + dy);
    path.lineTo(x + dx + head * Math.cos(angle + turn), y + dy + head * Math.sin(angle + turn));
  }
}
