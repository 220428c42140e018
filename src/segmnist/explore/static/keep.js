// Keeping a clip: its link, code and spec on the clipboard, its pictures and film as files.

import { fetchBlob, fetchText } from "./api.js";
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
  ui.copyPython.addEventListener("click", () => copy("Python", () => fetchText(addressOf("/clip.py", clipQuery()))));
  ui.copyToml.addEventListener("click", () => copy("TOML", () => fetchText(addressOf("/clip.toml", clipQuery()))));
  for (const kind of /** @type {const} */ (["png", "gif", "mp4"])) {
    ui.save[kind].addEventListener("click", (event) => { event.preventDefault(); save(explorer, kind); });
  }
}

// Through fetch, so that a refusal is told on the page instead of saved as a file.
/**
 * @param {Explorer} explorer
 * @param {"png" | "gif" | "mp4"} kind
 */
async function save(explorer, kind) {
  ui.kept.textContent = `drawing ${kind.toUpperCase()} …`;
  try {
    const blob = await fetchBlob(ui.save[kind].href);
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob) });
    link.download = `segmnist-clip-${explorer.main.clip?.facts.clip}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    ui.kept.textContent = `${link.download} saved`;
  } catch (error) {
    ui.kept.textContent = "";
    explorer.report(error);
  }
}
