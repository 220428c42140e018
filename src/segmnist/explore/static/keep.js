// Keeping a clip: its link, code and spec on the clipboard; what is on screen, a sheet of frames and films as files.

import { fetchBlob, fetchText } from "./api.js";
import { filmOf, nameOf, pageOf, pictureOf } from "./save_view.js";
import { addressOf, clipQuery } from "./state.js";
import { ui } from "./ui.js";

/** @import { Explorer } from "./main.js" */


/** @param {Explorer} explorer */
export function bindKeeping(explorer) {
  /**
   * @param {string} what
   * @param {() => Promise<string>} text
   */
  const copy = async (what, text) => {
    try {
      await navigator.clipboard.writeText(await text());
      ui.kept.textContent = `${what} copied`;
    } catch (error) {
      ui.kept.textContent = `not copied: ${error}`;
    }
  };
  ui.copyLink.addEventListener("click", () => copy("link", async () => location.href));
  ui.copyPython.addEventListener("click", () => copy("Python", () => fetchText(addressOf("/clip.py", clipQuery({ layers: explorer.layers })))));
  ui.copyToml.addEventListener("click", () => copy("TOML", () => fetchText(addressOf("/clip.toml", clipQuery()))));
  for (const kind of /** @type {const} */ (["png", "gif", "mp4"])) {
    // Through fetch, so that a refusal is told on the page instead of saved as a file.
    ui.save[kind].addEventListener("click", (event) => {
      event.preventDefault();
      if (kind === "png") save(explorer, () => fetchBlob(ui.save.png.href), "-sheet.png");
      else save(explorer, () => filmOf(explorer, kind), `.${kind}`);
    });
  }
  ui.saveFrame.addEventListener("click", () => save(explorer, () => pictureOf(explorer), `-frame-${explorer.frame}.png`));
  ui.savePage.addEventListener("click", () => save(explorer, () => pageOf(explorer), ".html"));
}

/**
 * @param {Explorer} explorer
 * @param {() => Promise<Blob>} make
 * @param {string} end
 */
async function save(explorer, make, end) {
  const name = nameOf(explorer) + end;
  ui.kept.textContent = `drawing ${name} …`;
  try {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await make()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    ui.kept.textContent = `${name} saved`;
  } catch (error) {
    ui.kept.textContent = "";
    explorer.report(error);
  }
}
