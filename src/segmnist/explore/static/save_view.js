// What is on screen as a file: a picture of the frame, a film of all frames, or one page with them that plays by itself.

import { postBlob } from "./api.js";
import { parameters } from "./state.js";
import { ui } from "./ui.js";

/** @import { Explorer } from "./main.js" */

const GAP = 12, CAPTION = 22, MAX_PIXELS = 24e6;
// Pixels of all frames of a film, and the most that the server takes.
const FILM_PIXELS = 12e6, MOST_PIXELS = 48 * 2 ** 20;

/** The name of a file that tells the clip. @param {Explorer} explorer */
export function nameOf({ main, part, stored }) {
  const facts = main.clip?.facts, query = parameters();
  const source = part?.name ?? (stored ? "stored" : query.get("preset") ?? "standard");
  return `segmnist-${source}-${facts?.split}-${query.get("seed") ?? 0}-${facts?.clip}`;
}

/**
 * The size of a picture of the stage, where each of its pictures has this size.
 * @param {Explorer["stage"]} stage
 * @param {number} width
 * @param {number} height
 */
function layoutOf(stage, width, height) {
  const columns = Number(/repeat\((\d+)/.exec(ui.stage.style.gridTemplateColumns)?.[1] ?? 1);
  const rows = Math.ceil(stage.visible.length / columns);
  return { columns, rows, width: columns * (width + GAP) + GAP, height: rows * (height + CAPTION + GAP) + GAP };
}

/**
 * Draw every picture that is on the stage, captions included, with its upper left corner there.
 * @param {OffscreenCanvasRenderingContext2D} context
 * @param {Explorer["stage"]} stage
 * @param {number} width Of one picture.
 * @param {number} height
 * @param {number} left
 * @param {number} top
 */
function drawStage(context, stage, width, height, left, top) {
  const { columns, rows, ...page } = layoutOf(stage, width, height), style = getComputedStyle(document.body);
  const down = ui.stage.style.gridAutoFlow === "column";
  context.fillStyle = style.backgroundColor;
  context.fillRect(left, top, page.width, page.height);
  context.font = "14px system-ui, sans-serif";
  context.textAlign = "center";
  for (const [place, { pixels, lines, figure }] of stage.visible.entries()) {
    const column = down ? Math.floor(place / rows) : place % columns, row = down ? place % rows : Math.floor(place / columns);
    const x = left + GAP + column * (width + GAP), y = top + GAP + row * (height + CAPTION + GAP);
    context.imageSmoothingEnabled = false;
    context.drawImage(pixels, x, y, width, height);
    context.imageSmoothingEnabled = width < lines.width;
    context.drawImage(lines, x, y, width, height);
    context.fillStyle = style.color;
    context.fillText(figure.querySelector("figcaption")?.textContent ?? "", x + width / 2, y + height + 16, width);
  }
}

/**
 * A canvas to draw on that is not on the page, and what draws on it.
 * @param {number} width
 * @param {number} height
 */
function canvasOf(width, height) {
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return { canvas, context };
}

/**
 * Draw the frame with every picture that is on the stage.
 * @param {Explorer} explorer
 * @returns {Promise<Blob>}
 */
export async function pictureOf({ stage }) {
  const { width, height } = stage.visible[0].lines, page = layoutOf(stage, width, height);
  const { canvas, context } = canvasOf(page.width, page.height);
  drawStage(context, stage, width, height, 0, 0);
  return canvas.convertToBlob();
}

/**
 * Draw all frames with every picture that is on the stage; the server makes a film of them.
 * @param {Explorer} explorer
 * @param {"gif" | "mp4"} kind
 * @returns {Promise<Blob>}
 */
export async function filmOf(explorer, kind) {
  const { stage, main, frame, clock } = explorer, count = main.clip?.facts.num_frames ?? 1, probe = explorer.probe;
  const { pixels, lines } = stage.visible[0], area = count * stage.visible.length * pixels.width * pixels.height;
  const scale = Math.max(1, Math.min(Math.floor(Math.sqrt(FILM_PIXELS / area)), Math.round(lines.width / pixels.width)));
  const width = scale * pixels.width, height = scale * pixels.height, page = layoutOf(stage, width, height);
  const columns = Math.ceil(Math.sqrt(count * page.height / page.width)), rows = Math.ceil(count / columns);
  if (columns * page.width * rows * page.height > MOST_PIXELS) throw new Error("the clip is too long for a film; save the page");
  const { canvas, context } = canvasOf(columns * page.width, rows * page.height);
  for (let t = 0; t < count; t++) {
    stage.draw(t, explorer.look, null);
    drawStage(context, stage, width, height, (t % columns) * page.width, Math.floor(t / columns) * page.height);
  }
  stage.draw(frame, explorer.look, probe);
  const query = new URLSearchParams({ frames: `${count}`, width: `${page.width}`, height: `${page.height}`, fps: `${clock.fps}` });
  return postBlob(`/clip.${kind}?${query}`, await canvas.convertToBlob());
}

/**
 * Return a page that needs nothing else: every picture of the stage as a sheet of its frames, and a small player.
 * @param {Explorer} explorer
 * @returns {Promise<Blob>}
 */
export async function pageOf(explorer) {
  const { stage, main, frame } = explorer, facts = main.clip?.facts;
  const count = facts?.num_frames ?? 1, probe = explorer.probe;
  const pictures = stage.visible, { width, height } = pictures[0].pixels;
  const scale = Math.max(1, Math.min(4, Math.floor(Math.sqrt(MAX_PIXELS / (count * width * height)))));
  const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
  const sheets = pictures.map(() => new OffscreenCanvas(columns * width * scale, rows * height * scale));
  for (let t = 0; t < count; t++) {
    stage.draw(t, explorer.look, null);
    pictures.forEach(({ pixels, lines }, place) => {
      const context = sheets[place].getContext("2d");
      if (!context) return;
      context.imageSmoothingEnabled = false;
      const box = /** @type {const} */ ([(t % columns) * width * scale, Math.floor(t / columns) * height * scale, width * scale, height * scale]);
      context.drawImage(pixels, ...box);
      context.imageSmoothingEnabled = true;
      context.drawImage(lines, ...box);
    });
  }
  stage.draw(frame, explorer.look, probe);
  const urls = await Promise.all(sheets.map(async (sheet) => dataUrl(await sheet.convertToBlob({ type: "image/webp", quality: 1 }))));
  const figures = pictures.map(({ figure }, place) => `<figure><div class="sheet" style="background-image:url(${urls[place]})"></div>`
    + `<figcaption>${safe(figure.querySelector("figcaption")?.textContent ?? "")}</figcaption></figure>`);
  const shown = Math.max(2, Math.min(6, Math.round(320 / width)));
  return new Blob([`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe(nameOf(explorer))}</title><style>
:root { color-scheme: light dark; --w: min(${width * shown}px, 92vw); }
body { font: 15px/1.4 system-ui, sans-serif; margin: 1rem; }
.stage { display: flex; flex-wrap: wrap; gap: 0.8rem; }
figure { margin: 0; width: var(--w); }
.sheet { width: var(--w); aspect-ratio: ${width} / ${height}; background-size: ${columns * 100}% ${rows * 100}%; image-rendering: pixelated; }
figcaption { text-align: center; opacity: 0.8; }
.play { display: flex; gap: 0.6rem; align-items: center; margin: 0.8rem 0; max-width: 40rem; }
.play input { flex: 1; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 0.15rem 1rem 0.15rem 0; }
#legend ul { list-style: none; padding: 0; margin: 0.2rem 0; display: flex; flex-wrap: wrap; gap: 0.3rem 0.8rem; }
#legend li { display: flex; align-items: center; }
caption { text-align: left; opacity: 0.8; }
.swatch { display: inline-grid; place-items: center; width: 1.5em; height: 1.5em; margin-right: 0.3em; border: 1px solid #8888; border-radius: 3px; }
</style></head><body>
<main><h1>Clip ${safe(facts?.clip ?? "")}</h1>
<div class="stage">${figures.join("")}</div>
<div class="play"><button id="play">Pause</button><input id="at" type="range" min="0" max="${count - 1}" value="${frame}" aria-label="Frame"><output id="t"></output></div>
<div id="legend">${ui.legend.innerHTML}</div>
${ui.scores.hidden ? "" : ui.scores.outerHTML}
<p>Made by <code>segmnist explore</code>: ${safe(location.pathname + location.search)}</p></main>
<script>
const at = document.getElementById("at"), play = document.getElementById("play"), count = ${count}, columns = ${columns}, rows = ${rows};
let playing = ${explorer.clock.playing};
function draw() {
  const t = Number(at.value), part = (k, n) => (n > 1 ? (100 * k) / (n - 1) : 0);
  for (const sheet of document.querySelectorAll(".sheet"))
    sheet.style.backgroundPosition = part(t % columns, columns) + "% " + part(Math.floor(t / columns), rows) + "%";
  document.getElementById("t").textContent = t + " / " + (count - 1);
  play.textContent = playing ? "Pause" : "Play";
}
at.oninput = () => { playing = false; draw(); };
play.onclick = () => { playing = !playing; draw(); };
setInterval(() => { if (playing) { at.value = (Number(at.value) + 1) % count; draw(); } }, ${1000 / explorer.clock.fps});
draw();
</script></body></html>
`], { type: "text/html" });
}

/** @param {Blob} blob @returns {Promise<string>} */
const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(`${reader.result}`);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

/** @param {string} text */
const safe = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
