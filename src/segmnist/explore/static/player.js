// The player: one clip on two canvases, one of the clip's own pixels and one for lines at the screen's resolution.

import { nameOf } from "./classes.js";
import { contextOf, drawLines, isInside } from "./overlays.js";

/** @import { About, Clip, Look, Painter, Point } from "./types.d.ts" */

export class Picture {
  /**
   * @param {HTMLElement} figure
   * @param {HTMLCanvasElement} pixels
   * @param {HTMLCanvasElement} lines
   * @param {Painter} paint
   */
  constructor(figure, pixels, lines, paint) {
    this.paint = paint;
    this.figure = figure;
    this.pixels = pixels;
    this.lines = lines;
    /** @type {Clip | null} */
    this.clip = null;
    /** @type {ImageData | null} */
    this.image = null;
  }

  /** @param {string} text */
  set caption(text) {
    const caption = this.figure.querySelector("figcaption");
    if (caption) caption.textContent = text;
  }

  /** @param {Clip | null} clip */
  show(clip) {
    this.clip = clip;
    this.figure.hidden = clip === null;
    if (!clip) return;
    if (this.pixels.width !== clip.width || this.pixels.height !== clip.height) {
      this.pixels.width = clip.width;
      this.pixels.height = clip.height;
    }
    this.image = contextOf(this.pixels).createImageData(clip.width, clip.height);
  }

  // `zoom` is screen pixels a pixel of the clip, in CSS pixels.
  /** @param {number} zoom */
  resize(zoom) {
    if (!this.clip) return;
    const { width, height } = this.clip;
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    for (const canvas of [this.pixels, this.lines]) {
      canvas.style.width = `${width * zoom}px`;
      canvas.style.height = `${height * zoom}px`;
    }
    const [w, h] = [Math.round(width * zoom * dense), Math.round(height * zoom * dense)];
    if (this.lines.width !== w || this.lines.height !== h) [this.lines.width, this.lines.height] = [w, h];
  }

  /**
   * @param {number} t
   * @param {Look} look
   * @param {Point | null} probe
   */
  draw(t, look, probe) {
    if (!this.clip || !this.image) return;
    const frame = Math.min(t, this.clip.facts.num_frames - 1);
    this.paint(this.image, this.clip, frame, look);
    contextOf(this.pixels).putImageData(this.image, 0, 0);
    drawLines(this.lines, this.clip, frame, look.shown, look.about);
    if (probe) this.drawProbe(this.clip, probe);
  }

  /**
   * @param {Clip} clip
   * @param {Point} probe
   */
  drawProbe(clip, { y, x }) {
    const context = contextOf(this.lines);
    const scale = this.lines.width / clip.width;
    for (const [colour, width] of /** @type {const} */ ([["#000", 4], ["#fff", 1.5]])) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(x * scale - 1, y * scale - 1, scale + 2, scale + 2);
    }
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point | null}
   */
  pixelAt(event) {
    if (!this.clip) return null;
    const box = this.pixels.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * this.clip.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.clip.height);
    return x >= 0 && y >= 0 && x < this.clip.width && y < this.clip.height ? { y, x } : null;
  }
}

// What is true of one pixel, as a sentence.
/**
 * @param {Clip} clip
 * @param {number} t
 * @param {Point} point
 * @param {About} about
 */
export function describe(clip, t, { y, x }, about) {
  const { width, height, arrays, facts } = clip;
  const p = y * width + x;
  /** @param {string} name */
  const at = (name) => arrays[name].data[t * width * height + p];
  const id = at("instance");
  const under = facts.labels
    .map((label, digit) => ({ label, digit }))
    .filter(({ digit }) => digit + 1 !== id && isInside(clip, digit, t, p));
  /** @param {number} digit */
  const depth = (digit) => arrays.depth.data[digit * facts.num_frames + t];
  /** @param {number} digit */
  const name = (digit) => `instance ${digit + 1} (a ${nameOf(facts.labels[digit])}, depth ${depth(digit)})`;
  const parts = [`y ${y}, x ${x}: value ${at("video")}`];
  parts.push(id ? `class ${nameOf(facts.labels[id - 1])}, ${name(id - 1)}` : "background");
  if (id) parts.push(`beneath: ${[...under.map(({ digit }) => name(digit)), `grey ${at("beneath")}`].join(", ")}`);
  if (arrays.flow) {
    const f = 2 * (t * width * height + p), { data } = arrays.flow;
    const flow = [data[f], data[f + 1]].map((step) => (step / about.flow_steps).toFixed(1));
    parts.push(at("flow_valid") ? `flow ${flow.join(", ")}` : "flow unknown");
  }
  if (arrays.rgb) {
    const o = 3 * (t * width * height + p);
    parts.push(`red, green, blue ${arrays.rgb.data.subarray(o, o + 3).join(", ")}`);
  }
  if (arrays.entropy) parts.push(`entropy ${at("entropy").toFixed(3)} nats`);
  return parts.join(" · ");
}

// Time: calls `step` at the given rate while playing, and never more often than the screen draws.
export class Clock {
  /** @param {(due: number) => void} step */
  constructor(step) {
    this.step = step;
    this.fps = 10;
    this.playing = false;
    this.last = 0;
  }

  /** @param {boolean} playing */
  set(playing) {
    if (playing && !this.playing) {
      this.last = performance.now();
      requestAnimationFrame((now) => this.tick(now));
    }
    this.playing = playing;
  }

  /** @param {number} now */
  tick(now) {
    if (!this.playing) return;
    const due = Math.floor(((now - this.last) * this.fps) / 1000);
    if (due > 0) {
      this.last += (due * 1000) / this.fps;
      this.step(due);
    }
    requestAnimationFrame((next) => this.tick(next));
  }
}
