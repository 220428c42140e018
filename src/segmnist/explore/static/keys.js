// The keyboard. Keys typed into a field belong to the field.

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const FIELDS = "input:not([type=checkbox]), select, textarea, dialog[open] *";

export function bindKeys(explorer) {
  const overlays = [...document.querySelectorAll("[data-overlay]")].map((button) => button.dataset.overlay);
  const acts = {
    " ": () => explorer.play(!explorer.clock.playing),
    ArrowLeft: () => explorer.step(-1),
    ArrowRight: () => explorer.step(1),
    Home: () => explorer.step(-explorer.frame),
    End: () => explorer.step(-explorer.frame - 1),
    "[": () => explorer.nextClip(-1),
    "]": () => explorer.nextClip(1),
    0: () => explorer.setShown(new Set()),
    "+": () => explorer.zoomBy(1),
    "=": () => explorer.zoomBy(1),
    "-": () => explorer.zoomBy(-1),
    x: () => explorer.nextWithout(),
  };
  overlays.forEach((name, place) => (acts[place + 1] = () => explorer.toggle(name)));
  const anywhere = {
    w: () => explorer.toggleWall(),
    t: () => explorer.switchTheme(),
    "?": () => document.getElementById("help").showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(FIELDS)) return;
    // Space and Enter press the button that has the focus.
    if (event.key === " " && event.target.closest("button, a, summary, input")) return;
    const onWall = document.body.classList.contains("wall");
    const probing = event.shiftKey && ARROWS[event.key] && event.target.closest("#stage");
    const act = probing ? () => explorer.moveProbe(...ARROWS[event.key])
      : anywhere[event.key] ?? (onWall || !explorer.main.clip ? undefined : acts[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
