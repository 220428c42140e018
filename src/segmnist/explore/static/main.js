// The page: reads the address, asks for the clip, and keeps controls, canvas and address in step.

import { Refusal, fetchArrays, fetchJson, isAbort } from "./api.js";
import { classNames, learnClasses, nameOf } from "./classes.js";
import { change, drawControls, markWrong, specOfAddress } from "./controls.js";
import { captionOf, difficultyOf, rowsOfDigits } from "./facts.js";
import { bindKeeping } from "./keep.js";
import { bindKeys } from "./keys.js";
import { Latest } from "./latest.js";
import { drawLegend } from "./legend.js";
import { OVERLAYS } from "./overlays.js";
import { Clock, describe } from "./player.js";
import { Predictions } from "./predictions.js";
import { bindControls, bindPointer } from "./pointer.js";
import { Stage } from "./stage.js";
import { addressOf, clipQuery, list, page, parameters, partOf, setParameters, wallQuery } from "./state.js";
import { labelOf, ui } from "./ui.js";
import { Wall } from "./wall.js";

/** @import { Changes } from "./state.js" */
/** @import { About, Clip, Point } from "./types.d.ts" */

const FPS = [1, 2, 5, 10, 15, 30];

export class Explorer {
  /** @param {About} about */
  constructor(about) {
    this.about = about;
    learnClasses(about);
    this.stage = new Stage();
    this.predictions = new Predictions(this.stage);
    this.frame = Number(parameters().get("frame") ?? 0) || 0;
    this.clock = new Clock((due) => this.go(this.frame + due));
    this.zoom = 1;
    /** @type {Point | null} */
    this.probe = null;
    this.clips = new Latest();
    this.entropy = new Latest();
    this.wall = new Wall(about, (error) => this.report(error), (link) => this.follow(link), () => this.look);
    this.fillChoices();
    bindControls(this);
    bindPointer(this);
    bindKeeping(this);
    bindKeys(this);
    addEventListener("popstate", () => this.arrive());
    addEventListener("resize", () => { this.resize(); this.draw(); });
    this.clock.set(!parameters().has("frame") && !matchMedia("(prefers-reduced-motion: reduce)").matches);
    this.arrive();
  }

  // ---- the address

  get main() { return this.stage.main; }
  get shown() { return new Set(list("show")); }
  /** What the overlays on show need beside the clip, as the server takes it. */
  get layers() {
    return OVERLAYS.filter(({ name, layer }) => layer && this.shown.has(name)).map(({ layer }) => layer).join(",");
  }
  get beside() { return parameters().get("beside") ?? "semantic"; }
  get look() {
    const mix = Number(parameters().get("mix") ?? 60) / 100;
    return { shown: this.shown, mix, beside: this.beside, said: this.said, about: this.about };
  }
  get said() { return parameters().get("said") ?? "classes"; }
  get part() { return partOf(this.about); }
  get stored() { return parameters().get("stored") === "true"; }
  get preset() {
    if (this.stored && this.about.dataset) return this.about.dataset.spec;
    if (this.part) return this.part.spec;
    return (this.about.presets[parameters().get("preset") ?? "standard"] ?? this.about.presets.standard).spec;
  }

  arrive() {
    const isWall = page() === "wall";
    document.body.classList.toggle("wall", isWall);
    ui.wallView.hidden = !isWall;
    ui.viewer.hidden = isWall;
    ui.toClip.ariaCurrent = isWall ? "false" : "page";
    ui.toWall.ariaCurrent = isWall ? "page" : "false";
    this.predictions.arrange(this.part);
    this.fillSource();
    const spec = specOfAddress(this.about, this.preset);
    drawControls(ui.controls, this.about, spec, this.preset, this.stored || !!this.part, (name, text) => this.changeField(name, text));
    this.wall.play(isWall && this.clock.playing !== false);
    this.load();
  }

  /**
   * @param {string} path
   * @param {Changes} [changes]
   */
  travel(path, changes = {}) {
    setParameters(changes, { push: true, path });
    this.arrive();
  }

  /**
   * @param {string | null} name
   * @param {string | null} text
   */
  changeField(name, text) {
    change(this.about, name, text);
    if (name === null) this.arrive();
    else this.load();
  }

  // ---- loading

  load() {
    this.updateLinks();
    this.entropy.drop();
    if (page() === "wall") {
      this.clips.drop();
      return this.wall.load();
    }
    this.wall.requests.drop();
    this.wall.failures.stop();
    return this.clips.ask((signal) => this.loadClip(signal));
  }

  /** @param {AbortSignal} signal */
  async loadClip(signal) {
    const { layers } = this, without = list("without");
    const started = performance.now();
    // The first clip ever drawn on a machine waits for the kernels to compile.
    const waiting = setTimeout(() => { ui.stage.dataset.waiting = "drawing …"; }, 400);
    try {
      const [clip, other] = await Promise.all([
        this.fetchClip({ layers, without: "" }, signal),
        without.length ? this.fetchClip({ layers, without: without.join(",") }, signal) : null,
      ]);
      if (this.part) await this.predictions.fetch(clip, this.said, signal);
      else this.predictions.clear();
      this.report(null);
      this.show(clip, other);
      document.body.dataset.loadMilliseconds = (performance.now() - started).toFixed(1);
      if (this.shown.has("entropy")) this.entropy.ask((later) => this.addEntropy(later));
    } catch (error) {
      if (isAbort(error)) throw error;
      this.report(error);
    } finally {
      clearTimeout(waiting);
      delete ui.stage.dataset.waiting;
    }
  }

  /**
   * @param {Changes} more
   * @param {AbortSignal} signal
   * @returns {Promise<Clip>}
   */
  async fetchClip(more, signal) {
    const { facts, arrays } = await fetchArrays(addressOf("/clip.bin", clipQuery(more)), signal);
    return { facts, arrays, width: facts.width, height: facts.height };
  }

  // The exact posterior takes longer than the clip and is known for one family only: it comes after the clip.
  /** @param {AbortSignal} signal */
  async addEntropy(signal) {
    const observer = ui.observer.value;
    const pairs = /** @type {const} */ ([[this.main.clip, ""], [this.stage.other.clip, list("without").join(",")]]);
    ui.legend.setAttribute("aria-busy", "true");
    try {
      for (const [clip, without] of pairs) {
        if (!clip) continue;
        const { arrays } = await fetchArrays(addressOf("/entropy.bin", clipQuery({ without, observer })), signal);
        clip.arrays.entropy = arrays.entropy;
      }
    } catch (error) {
      if (isAbort(error)) throw error;
      this.report(error);
    } finally {
      ui.legend.removeAttribute("aria-busy");
    }
    this.drawLegend();
    this.draw();
  }

  /**
   * @param {Clip} clip
   * @param {Clip | null} other
   */
  show(clip, other) {
    this.stage.show(clip, other, this.beside !== "nothing");
    const count = clip.facts.num_frames;
    ui.scrubber.max = `${count - 1}`;
    // A mark where the frames to come begin.
    const given = this.part?.given ?? 0;
    ui.firstAsked.replaceChildren(...(given ? [new Option("", `${given}`)] : []));
    // As in Python, frame -3 is the third from the end.
    this.frame = Math.min(Math.max(this.frame < 0 ? this.frame + count : this.frame, 0), count - 1);
    this.fillOverlays();
    this.fillWithout(clip);
    ui.caption.textContent = captionOf(clip);
    ui.truthCaption.textContent = this.beside === "instance" ? "true instances" : "true classes";
    if (other) ui.otherCaption.textContent = `without ${list("without").map((id) => `instance ${id}`).join(", ")}`;
    ui.difficulty.replaceChildren(...difficultyOf(clip));
    this.drawLegend();
    this.resize();
    this.draw();
    document.body.dataset.ready = `${clip.facts.clip}`;
  }

  /** @param {unknown} error */
  report(error) {
    const message = error === null ? "" : error instanceof Error ? error.message : `${error}`;
    markWrong(ui.controls, error instanceof Refusal ? error.argument : "", message);
    ui.alert.hidden = !message;
    ui.alert.textContent = message;
  }

  // ---- drawing

  draw() {
    const { frame, probe } = this;
    if (!this.main.clip) return;
    this.stage.draw(frame, this.look, probe);
    ui.scrubber.value = `${frame}`;
    const given = this.part?.given ?? 0, word = !given ? "" : frame < given ? ", given" : ", to come";
    ui.scrubber.setAttribute("aria-valuetext", `frame ${frame}${word}`);
    ui.frameNumber.textContent = `${frame} / ${this.main.clip.facts.num_frames - 1}${word}`;
    ui.play.textContent = this.clock.playing ? "Pause" : "Play";
    ui.readout.textContent = probe
      ? describe(this.main.clip, frame, probe, this.about) + this.predictions.describe(frame, probe)
      : "Point at a pixel (or Shift and arrow keys) to read what is there.";
    ui.digits.tBodies[0].replaceChildren(...rowsOfDigits(this.main.clip, frame));
    document.body.dataset.frame = `${frame}`;
  }

  drawLegend() {
    if (this.main.clip) drawLegend(ui.legend, this.main.clip, this.look, !!this.part);
  }

  resize() {
    if (this.main.clip) this.zoom = this.stage.resize(Number(parameters().get("zoom") ?? 0));
  }

  // ---- acts, by pointer and by key alike

  /** @param {number} frame */
  go(frame) {
    const count = this.main.clip?.facts.num_frames ?? 1;
    this.frame = ((frame % count) + count) % count;
    this.draw();
  }

  /** @param {number} by */
  step(by) {
    this.play(false);
    this.go(this.frame + by);
    setParameters({ frame: this.frame });
  }

  /** @param {boolean} playing */
  play(playing) {
    this.clock.set(playing);
    setParameters({ frame: playing ? null : this.frame });
    this.draw();
  }

  // Along the wall from which the clip was opened, where it is sorted or filtered; else by number.
  /** @param {number} by */
  async nextClip(by) {
    if (page() === "wall") return;
    const here = parameters().get("clip") || "0";
    try {
      const order = await this.wall.order();
      const place = order?.indexOf(here) ?? -1;
      const next = order && place >= 0 ? order[place + by] : BigInt(here) + BigInt(by);
      if (next === undefined) ui.kept.textContent = by > 0 ? "the last clip of the wall" : "the first clip of the wall";
      else if (BigInt(next) >= 0n) this.setSource({ clip: `${next}`, without: null });
    } catch (error) {
      this.report(error);
    }
  }

  /** @param {Changes} changes */
  setSource(changes) {
    setParameters(changes, { push: true });
    this.fillSource();
    this.load();
  }

  /** @param {string} name */
  toggle(name) {
    const shown = this.shown;
    if (!shown.delete(name)) shown.add(name);
    this.setShown(shown);
  }

  /** @param {Set<string>} shown */
  setShown(shown) {
    setParameters({ show: [...shown].join(",") });
    this.fillOverlays();
    this.updateLinks();
    if (page() === "wall") {
      this.wall.load();
      return;
    }
    const missing = ["flow", "rgb", "entropy"].some((name) => shown.has(name) && !this.main.clip?.arrays[name]);
    if (missing || !ui.alert.hidden) this.load();
    if (!this.main.clip) return;
    this.draw();
    this.drawLegend();
  }

  /** @param {number} by */
  zoomBy(by) {
    const zoom = Math.min(32, Math.max(1, Math.round(this.zoom) + by));
    setParameters({ zoom });
    ui.zoom.value = [...ui.zoom.options].some((o) => o.value === `${zoom}`) ? `${zoom}` : "";
    this.resize();
    this.draw();
  }

  nextWithout() {
    const count = this.main.clip?.facts.labels.length ?? 0;
    const next = Number(list("without")[0] ?? 0) + 1;
    this.setSource({ without: next > count ? null : next });
  }

  /**
   * @param {number} dy
   * @param {number} dx
   */
  moveProbe(dy, dx) {
    if (!this.main.clip) return;
    const { height, width } = this.main.clip;
    const { y, x } = this.probe ?? { y: height >> 1, x: width >> 1 };
    this.probe = { y: Math.min(Math.max(y + dy, 0), height - 1), x: Math.min(Math.max(x + dx, 0), width - 1) };
    this.draw();
  }

  /** @param {string} address */
  follow(address) {
    history.pushState(null, "", address);
    this.arrive();
    scrollTo(0, 0);
  }

  toggleWall() {
    this.travel(page() === "wall" ? "/clip" : "/wall");
  }

  switchTheme() {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  }

  // ---- filling in

  fillChoices() {
    for (const [name, { about }] of Object.entries(this.about.presets)) {
      ui.preset.append(Object.assign(new Option(name, name), { title: about }));
    }
    for (const { name } of this.about.parts) ui.part.append(new Option(name, name));
    for (const [place, word] of classNames().entries()) ui.said.append(new Option(`probability of ${word}`, `${place}`));
    for (const split of this.about.splits) ui.split.append(new Option(split, split));
    for (const fps of FPS) ui.fps.append(new Option(`${fps} frames/s`, `${fps}`));
    ui.zoom.append(new Option("to fit", ""), ...[1, 2, 3, 4, 6, 8, 12, 16, 24, 32].map((z) => new Option(`${z}×`, `${z}`)));
    OVERLAYS.forEach(({ name, label, about }, place) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
      button.title = `${about} (${place + 1})`;
      button.dataset.overlay = name;
      button.addEventListener("click", () => this.toggle(name));
      ui.overlays.append(button);
    });
    const theme = localStorage.getItem("theme");
    if (theme) document.documentElement.dataset.theme = theme;
  }

  fillSource() {
    const query = parameters();
    if (this.stored && this.about.dataset) {
      const { num_clips, split, seed, place } = this.about.dataset;
      ui.dataset.textContent = `${place}: ${num_clips} stored clips, split ${split}, seed ${seed}`;
    }
    if (this.part?.name) {
      const { num_clips, split, models } = this.part;
      ui.dataset.textContent = `${split}, ${num_clips} clips, predicted by ${models.join(" and ")}`;
    }
    ui.dataset.hidden = !this.stored && !this.part?.name;
    labelOf(ui.part).hidden = !this.part?.name || this.about.parts.length < 2;
    ui.part.value = this.part?.name ?? "";
    labelOf(ui.said).hidden = !this.part;
    ui.said.value = this.said;
    for (const control of [ui.preset, ui.split, ui.seed]) labelOf(control).hidden = this.stored || !!this.part;
    ui.preset.value = query.get("preset") ?? "standard";
    ui.split.value = query.get("split") ?? "train";
    ui.seed.value = query.get("seed") ?? "0";
    ui.clip.value = query.get("clip") ?? "0";
    ui.observer.value = query.get("observer") ?? "frame";
    ui.beside.value = this.beside;
    ui.mix.value = query.get("mix") ?? "60";
    ui.zoom.value = query.get("zoom") ?? "";
    this.clock.fps = Number(query.get("fps") ?? 10) || 10;
    ui.fps.value = `${this.clock.fps}`;
    this.fillOverlays();
  }

  fillOverlays() {
    for (const button of ui.overlays.querySelectorAll("button")) {
      const name = button.dataset.overlay ?? "", overlay = OVERLAYS.find((one) => one.name === name);
      button.setAttribute("aria-pressed", `${this.shown.has(name)}`);
      // Without an oracle there is no entropy to show; where the address asks for it, the server says why.
      button.hidden = (page() === "wall" && !overlay?.onWall)
        || (!!overlay?.predicted && (page() !== "wall" || !this.part))
        || (!!overlay?.solvable && !this.main.clip?.facts.solvable && !this.shown.has(name));
    }
    labelOf(ui.observer).hidden = !this.shown.has("entropy");
  }

  /** @param {Clip} clip */
  fillWithout({ facts }) {
    const chosen = list("without").join(",");
    const options = facts.labels.map((label, digit) => new Option(`instance ${digit + 1} (a ${nameOf(label)})`, `${digit + 1}`));
    ui.without.replaceChildren(new Option("nobody", ""), ...options);
    if (chosen && !facts.labels[Number(chosen) - 1]) ui.without.append(new Option(`instances ${chosen}`, chosen));
    ui.without.value = chosen;
  }

  updateLinks() {
    for (const kind of /** @type {const} */ (["png", "gif", "mp4"])) ui.save[kind].href = addressOf(`/clip.${kind}`, clipQuery({ layers: this.layers }));
    ui.twin.href = addressOf("/clip.json", clipQuery());
    const query = new URLSearchParams(clipQuery());
    ui.toClip.href = addressOf("/clip", query);
    ui.toWall.href = addressOf("/wall", wallQuery());
  }
}

try {
  Object.assign(window, { explorer: new Explorer(await fetchJson("/about.json")) });
} catch (error) {
  ui.alert.hidden = false;
  ui.alert.textContent = error instanceof Error ? error.message : `${error}`;
  throw error;
}
