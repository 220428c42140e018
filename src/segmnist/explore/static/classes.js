// The names of the classes: those of the digits that the server draws, and the background's, the last.

/** @import { About } from "./types.d.ts" */

/** @type {string[]} */
let names = [];

/** Take the names that the server told. @param {About} about */
export function learnClasses(about) {
  names = about.class_names;
}

/** @returns {readonly string[]} */
export const classNames = () => names;

export const background = () => names.length - 1;

/** Return the name of a class; of a digit that was taken out, "none". @param {number | null | undefined} label */
export const nameOf = (label) => (label === null || label === undefined ? "none" : names[label] ?? `${label}`);
