// The stage: pictures of one moment side by side, in step, as large as the room allows.

import { paintPixels, paintTruth } from "./overlays.js";
import { Picture } from "./player.js";
import { ui } from "./ui.js";

/** @import { Clip, Look, Point } from "./types.d.ts" */

const GAP = 12, CAPTION = 30, PADDING = 28;

export class Stage {
  constructor() {
    this.main = new Picture(ui.mainFigure, ui.pixels, ui.lines, paintPixels);
    this.truth = new Picture(ui.truthFigure, ui.truthPixels, ui.truthLines, paintTruth);
    this.other = new Picture(ui.otherFigure, ui.otherPixels, ui.otherLines, paintPixels);
    /** @type {Picture[]} */
    this.predicted = [];
  }

  get pictures() { return [this.main, this.truth, this.other, ...this.predicted]; }
  get visible() { return this.pictures.filter(({ clip }) => clip); }

  // `asked` is screen pixels a pixel, 0 for as many as fit. Returns how many they are.
  /** @param {number} asked */
  resize(asked) {
    const { clip } = this.main, count = this.visible.length;
    if (!clip) return 1;
    const phone = innerWidth < 700;
    const width = ui.stage.clientWidth - PADDING, height = innerHeight * (phone ? 0.42 : 0.62);
    /** @param {number} columns */
    const fit = (columns) => {
      const rows = Math.ceil(count / columns);
      const across = (width - GAP * (columns - 1)) / columns / clip.width;
      return Math.min(across, ((height - GAP * (rows - 1)) / rows - CAPTION) / clip.height);
    };
    const choices = Array.from({ length: count }, (_, place) => place + 1);
    let columns = choices.reduce((best, one) => (fit(one) > fit(best) + 1e-9 ? one : best));
    if (asked) columns = Math.max(1, Math.min(count, Math.floor((width + GAP) / (asked * clip.width + GAP))));
    const room = Math.max(fit(columns), 0.25);
    // Whole pixels where they are large enough to be told apart.
    const zoom = asked || (room >= 4 ? Math.floor(room) : Math.floor(room * 8) / 8);
    ui.stage.style.gridTemplateColumns = `repeat(${columns}, max-content)`;
    // In two rows every error stands under its prediction, and the truth under the video.
    const paired = this.predicted.length > 0 && count === 2 * columns && !this.other.clip;
    ui.stage.style.gridTemplateRows = paired ? "auto auto" : "";
    ui.stage.style.gridAutoFlow = paired ? "column" : "row";
    for (const picture of this.visible) picture.resize(zoom);
    return zoom;
  }

  /**
   * @param {number} frame
   * @param {Look} look
   * @param {Point | null} probe
   */
  draw(frame, look, probe) {
    for (const picture of this.visible) picture.draw(frame, look, probe);
  }

  /**
   * @param {Clip} clip
   * @param {Clip | null} other
   * @param {boolean} beside
   */
  show(clip, other, beside) {
    this.main.show(clip);
    this.truth.show(beside ? clip : null);
    this.other.show(other);
  }
}
