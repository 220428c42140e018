// The elements of index.html that the scripts work with, found once.

/**
 * Return the element with this id; raise an error where the page has none of this kind.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id ${id}`);
  return element;
}

/**
 * Return the label around a control.
 * @param {HTMLElement} control
 */
export function labelOf(control) {
  const label = control.closest("label");
  if (!label) throw new Error(`index.html has no label around ${control.id}`);
  return label;
}

export const ui = {
  toClip: find("to-clip", HTMLAnchorElement),
  toWall: find("to-wall", HTMLAnchorElement),
  theme: find("theme", HTMLButtonElement),
  helpButton: find("help-button", HTMLButtonElement),
  alert: find("alert", HTMLDivElement),
  preset: find("preset", HTMLSelectElement),
  split: find("split", HTMLSelectElement),
  seed: find("seed", HTMLInputElement),
  previous: find("previous", HTMLButtonElement),
  clip: find("clip", HTMLInputElement),
  next: find("next", HTMLButtonElement),
  dataset: find("dataset", HTMLParagraphElement),
  viewer: find("viewer", HTMLElement),
  stage: find("stage", HTMLDivElement),
  mainFigure: find("main-figure", HTMLElement),
  pixels: find("pixels", HTMLCanvasElement),
  lines: find("lines", HTMLCanvasElement),
  caption: find("caption", HTMLElement),
  truthFigure: find("truth-figure", HTMLElement),
  truthPixels: find("truth-pixels", HTMLCanvasElement),
  truthLines: find("truth-lines", HTMLCanvasElement),
  truthCaption: find("truth-caption", HTMLElement),
  otherFigure: find("other-figure", HTMLElement),
  otherPixels: find("other-pixels", HTMLCanvasElement),
  otherLines: find("other-lines", HTMLCanvasElement),
  otherCaption: find("other-caption", HTMLElement),
  play: find("play", HTMLButtonElement),
  stepBack: find("step-back", HTMLButtonElement),
  scrubber: find("scrubber", HTMLInputElement),
  stepOn: find("step-on", HTMLButtonElement),
  firstAsked: find("first-asked", HTMLDataListElement),
  frameNumber: find("frame-number", HTMLOutputElement),
  overlays: find("overlays", HTMLDivElement),
  mix: find("mix", HTMLInputElement),
  fps: find("fps", HTMLSelectElement),
  part: find("part", HTMLSelectElement),
  said: find("said", HTMLSelectElement),
  scores: find("scores", HTMLTableElement),
  model: find("model", HTMLSelectElement),
  failures: find("failures", HTMLDetailsElement),
  failuresTitle: find("failures-title", HTMLElement),
  failuresScores: find("failures-scores", HTMLParagraphElement),
  confusion: find("confusion", HTMLTableSectionElement),
  breakdowns: find("breakdowns", HTMLDivElement),
  beside: find("beside", HTMLSelectElement),
  zoom: find("zoom", HTMLSelectElement),
  without: find("without", HTMLSelectElement),
  observer: find("observer", HTMLSelectElement),
  readout: find("readout", HTMLParagraphElement),
  legend: find("legend", HTMLDivElement),
  copyLink: find("copy-link", HTMLButtonElement),
  copyPython: find("copy-python", HTMLButtonElement),
  copyToml: find("copy-toml", HTMLButtonElement),
  saveFrame: find("save-frame", HTMLButtonElement),
  savePage: find("save-page", HTMLButtonElement),
  twin: find("twin", HTMLAnchorElement),
  kept: find("kept", HTMLSpanElement),
  digits: find("digits", HTMLTableElement),
  difficulty: find("difficulty", HTMLDListElement),
  wallView: find("wall-view", HTMLElement),
  start: find("start", HTMLInputElement),
  among: find("among", HTMLInputElement),
  sort: find("sort", HTMLSelectElement),
  descending: find("descending", HTMLInputElement),
  low: find("low", HTMLInputElement),
  high: find("high", HTMLInputElement),
  where: find("where", HTMLInputElement),
  wallPlay: find("wall-play", HTMLButtonElement),
  further: find("further", HTMLButtonElement),
  wallTwin: find("wall-twin", HTMLAnchorElement),
  wallNote: find("wall-note", HTMLParagraphElement),
  wall: find("wall", HTMLDivElement),
  controls: find("controls", HTMLElement),
  help: find("help", HTMLDialogElement),
  save: {
    png: find("save-png", HTMLAnchorElement),
    gif: find("save-gif", HTMLAnchorElement),
    mp4: find("save-mp4", HTMLAnchorElement),
  },
};
