// What is on show, held in the address alone: a view is a link.

/** @import { About } from "./types.d.ts" */
/** @typedef {Record<string, string | number | null | undefined>} Changes */

// What the server knows of an address; everything else in it is about how the page shows it.
const SHOWN = ["show", "mix", "frame", "fps", "zoom", "beside", "observer", "said"];
const CLIP_ONLY = ["clip", "without", "layers"];
const WALL_ONLY = ["where", "start", "among", "count", "sort", "descending", "low", "high", "frames", "model", "cell", "bucket"];

export const parameters = () => new URLSearchParams(location.search);
/**
 * Return the predicted part that the address names, if any.
 * @param {About} about
 */
export function partOf({ parts }) {
  const name = parameters().get("part") ?? (parameters().get("stored") === "true" ? "" : null);
  return parts.find((part) => part.name === name);
}
export const page = () => (location.pathname === "/wall" ? "wall" : "clip");

// `speed_range=1%2C3` is hard to read; commas may stand in a query as they are.
/** @param {URLSearchParams} query */
const text = (query) => query.toString().replaceAll("%2C", ",");

/**
 * @param {string} path
 * @param {URLSearchParams} query
 */
export function addressOf(path, query) {
  const search = text(query);
  return search ? `${path}?${search}` : path;
}

/**
 * @param {Changes} changes
 * @param {{ push?: boolean, path?: string }} [how]
 */
export function setParameters(changes, { push = false, path = location.pathname } = {}) {
  const query = parameters();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, `${value}`);
  }
  const address = addressOf(path, query);
  if (address === location.pathname + location.search) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

/**
 * @param {string[]} names
 * @param {Changes} [more]
 */
function without(names, more = {}) {
  const query = parameters();
  for (const name of names) query.delete(name);
  for (const [name, value] of Object.entries(more)) {
    if (value) query.set(name, `${value}`);
    else query.delete(name);
  }
  return query;
}

/** @param {Changes} [more] */
export const clipQuery = (more) => without([...SHOWN, ...WALL_ONLY, ...Object.keys(more ?? {})], more);
/** @param {Changes} [more] */
export const wallQuery = (more) => without([...SHOWN, ...CLIP_ONLY], more);
/** @param {string} name */
export const list = (name) => (parameters().get(name) ?? "").split(",").filter(Boolean);
