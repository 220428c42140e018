// Where models fail, over all clips that were scored: confusion and breakdowns, each count a way to its clips.

import { fetchJson } from "./api.js";
import { classNames, nameOf } from "./classes.js";
import { parameters } from "./state.js";
import { ui } from "./ui.js";

/** @import { Changes } from "./state.js" */
/** @import { BoardFacts, ModelScores } from "./types.d.ts" */

const OUTCOME_COLOURS = ["#8d8d8d", "#d55e00", "#e69f00", "#0072b2"];

export class Failures {
  /**
   * @param {(changes: Changes) => void} show
   * @param {(board: BoardFacts) => void} told
   */
  constructor(show, told) {
    this.show = show;
    this.told = told;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    ui.failures.addEventListener("toggle", () => this.load());
  }

  /** Fetch the counts, and again as long as clips are being scored. */
  async load() {
    clearTimeout(this.timer);
    const query = new URLSearchParams(parameters().has("part") ? { part: parameters().get("part") ?? "" } : { stored: "true" });
    if (ui.failures.hidden) return;
    /** @type {BoardFacts} */
    const board = await fetchJson(`/scores.json?${query}`);
    this.draw(board);
    this.told(board);
    if (board.scored < board.num_clips && !ui.failures.hidden) this.timer = setTimeout(() => this.load(), 3000);
  }

  stop() { clearTimeout(this.timer); }

  /** @param {BoardFacts} board */
  draw(board) {
    const model = board.models[Number(parameters().get("model") ?? 0)] ?? board.models[0];
    const done = board.scored < board.num_clips ? `, ${board.scored} of ${board.num_clips} clips scored so far` : `, ${board.num_clips} clips`;
    ui.failuresTitle.textContent = `Where ${model.name} fails${done}`;
    if (!ui.failures.open) return;
    const scores = Object.entries(model.scores).map(([name, value]) => `${board.titles[name]} ${value.toFixed(3)}`);
    ui.failuresScores.textContent = scores.join(" · ");
    ui.confusion.replaceChildren(...this.confusion(model));
    ui.breakdowns.replaceChildren(...Object.entries(model.breakdowns).map(([name, buckets]) => this.breakdown(name, buckets, board.outcomes)));
  }

  /** @param {ModelScores} model */
  confusion({ confusion }) {
    const words = [...classNames().slice(0, -1), "bg"];
    const head = document.createElement("tr");
    head.append(cell("td", "truth ↓"), ...words.map((word) => heading(word, "col")));
    const rows = confusion.map((counts, truth) => {
      const tr = document.createElement("tr"), total = counts.reduce((sum, n) => sum + n, 0);
      tr.append(heading(words[truth], "row"), ...counts.map((count, called) => {
        const td = document.createElement("td"), share = total ? count / total : 0;
        if (!count) return td;
        const title = `${nameOf(truth)} called ${nameOf(called)}: ${count} pixels, ${(100 * share).toFixed(1)} %`;
        const button = this.button(percent(share), title, { sort: "cell", cell: `${truth}-${called}`, bucket: null });
        if (truth !== called) td.style.setProperty("--share", `${Math.min(80, Math.round(300 * share))}%`);
        button.ariaPressed = `${parameters().get("cell") === `${truth}-${called}` && parameters().get("sort") === "cell"}`;
        td.append(button);
        return td;
      }));
      return tr;
    });
    return [head, ...rows];
  }

  /**
   * @param {string} name
   * @param {{ name: string, counts: number[] }[]} buckets
   * @param {string[]} outcomes
   */
  breakdown(name, buckets, outcomes) {
    const box = document.createElement("div"), title = document.createElement("h2");
    title.textContent = name;
    box.append(title, ...buckets.map(({ name: bucket, counts }, place) => {
      const line = document.createElement("div"), bar = document.createElement("div");
      const total = counts.reduce((sum, n) => sum + n, 0);
      line.className = "bar-line";
      bar.className = "bar";
      counts.forEach((count, outcome) => {
        if (!count) return;
        const words = `${name} ${bucket}, ${outcomes[outcome]}: ${percent(count / total)} % of ${total} pixels`;
        const part = this.button("", words, { sort: "bucket", bucket: `${name}-${place}-${outcome}`, cell: null });
        part.style.flex = `${count} 0 6px`;
        part.style.background = OUTCOME_COLOURS[outcome];
        part.ariaLabel = words;
        bar.append(part);
      });
      line.append(cell("span", bucket), total ? bar : cell("span", "no pixels"));
      return line;
    }));
    return box;
  }

  /**
   * @param {string} text
   * @param {string} title
   * @param {Changes} changes
   */
  button(text, title, changes) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title });
    button.addEventListener("click", () => this.show({ descending: "true", start: null, low: null, high: null, show: "error", ...changes }));
    return button;
  }
}

/** @param {number} share */
const percent = (share) => (share >= 0.0995 ? (100 * share).toFixed(0) : (100 * share).toFixed(1));

/**
 * @param {string} tag
 * @param {string} textContent
 */
const cell = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });

/**
 * @param {string} text
 * @param {string} scope
 */
const heading = (text, scope) => Object.assign(document.createElement("th"), { textContent: text, scope });
