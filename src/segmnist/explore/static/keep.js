// Keeping a clip: its link, code and spec on the clipboard, its pictures and film as files.

import { fetchBlob, fetchText } from "./api.js";
import { addressOf, clipQuery } from "./state.js";

const byId = (id) => document.getElementById(id);

export function bindKeeping(explorer) {
  const copy = async (what, text) => {
    try {
      await navigator.clipboard.writeText(await text());
      byId("kept").textContent = `${what} copied`;
    } catch (error) {
      byId("kept").textContent = `not copied: ${error.message}`;
    }
  };
  byId("copy-link").addEventListener("click", () => copy("link", async () => location.href));
  byId("copy-python").addEventListener("click", () => copy("Python", () => fetchText(addressOf("/clip.py", clipQuery()))));
  byId("copy-toml").addEventListener("click", () => copy("TOML", () => fetchText(addressOf("/clip.toml", clipQuery()))));
  for (const kind of ["png", "gif", "mp4"]) {
    byId(`save-${kind}`).addEventListener("click", (event) => { event.preventDefault(); save(explorer, kind); });
  }
}

// Through fetch, so that a refusal is told on the page instead of saved as a file.
async function save(explorer, kind) {
  byId("kept").textContent = `drawing ${kind.toUpperCase()} …`;
  try {
    const blob = await fetchBlob(byId(`save-${kind}`).href);
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob) });
    link.download = `segmnist-clip-${explorer.main.clip.facts.clip}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    byId("kept").textContent = `${link.download} saved`;
  } catch (error) {
    byId("kept").textContent = "";
    explorer.report(error);
  }
}
