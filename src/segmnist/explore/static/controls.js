// A control for every field of the spec, made from the server's table of fields.

import { parameters, setParameters } from "./state.js";

/** @import { About, Field, Spec } from "./types.d.ts" */
/** @typedef {{ elements: HTMLElement[], read: () => string }} Body */
/** @typedef {(name: string | null, text: string | null) => void} OnChange */

/** @type {(value: unknown) => string} */
const format = (value) =>
  Array.isArray(value) ? value.map((v) => (Array.isArray(v) ? v.join("-") : `${v}`)).join(",") : `${value}`;

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties]
 * @param {(Node | string)[]} children
 */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const TURNS = new Map([["ArrowRight", 1], ["ArrowUp", 1], ["ArrowLeft", -1], ["ArrowDown", -1]]);

/** @typedef {{ toValue: (place: number, low: number, high: number) => number, toPlace: (value: number, low: number, high: number) => number }} Scale */

/** @type {Scale} */
const EVEN = {
  toValue: (place, low, high) => low + (high - low) * place,
  toPlace: (value, low, high) => (value - low) / (high - low),
};
/** @type {Scale} */
const SQUARES = {
  toValue: (place, low, high) => EVEN.toValue(place * place, low, high),
  toPlace: (value, low, high) => Math.sqrt(EVEN.toPlace(value, low, high)),
};
/** @type {Scale} */
const RATIOS = {
  toValue: (place, low, high) => low * (high / low) ** place,
  toPlace: (value, low, high) => Math.log(value / low) / Math.log(high / low),
};

// Ranges over several powers of two go by ratios, wide ones from zero by squares, so that small values can be hit.
/** @param {Field} field */
function slider(field) {
  const low = field.low ?? 0, high = field.high ?? 1;
  const whole = field.kind.startsWith("integer");
  const scale = low > 0 && high / low > 50 ? RATIOS : low >= 0 && high > 100 ? SQUARES : EVEN;
  const step = whole ? 1 : high - low > 50 ? 0.1 : 0.01;
  /** @param {number} value */
  const snap = (value) => Number((Math.round(value / step) * step).toFixed(4));
  return {
    low,
    high,
    step,
    /** @param {number} place */
    toValue: (place) => Math.min(high, Math.max(low, snap(scale.toValue(place, low, high)))),
    /** @param {number} value */
    toPlace: (value) => scale.toPlace(value, low, high),
  };
}

/**
 * @param {Field} field
 * @param {number} value
 * @param {string} name
 * @param {() => void} emit
 */
function numberControl(field, value, name, emit) {
  const { low, high, step, toValue, toPlace } = slider(field);
  const title = `${field.name}${name ? `, ${name}` : ""}`;
  const range = make("input", { type: "range", min: 0, max: 1, step: 0.0005, value: toPlace(value) });
  const number = make("input", { type: "number", min: low, max: high, step, value });
  range.setAttribute("aria-label", title);
  /** @param {number | string} v */
  const place = (v) => {
    range.value = `${toPlace(Number(v))}`;
    range.setAttribute("aria-valuetext", `${v} ${field.unit}`.trim());
  };
  place(value);
  number.setAttribute("aria-label", `${title}, in ${field.unit || "no unit"}`);
  number.dataset.field = field.name;
  // The arrow keys go by one step of the value, not by one of the slider's places.
  range.addEventListener("keydown", (event) => {
    const turn = TURNS.get(event.key);
    if (!turn) return;
    event.preventDefault();
    number.value = `${Math.min(high, Math.max(low, Number((Number(number.value) + turn * step).toFixed(4))))}`;
    place(number.value);
    emit();
  });
  range.addEventListener("input", () => {
    number.value = `${toValue(Number(range.value))}`;
    range.setAttribute("aria-valuetext", `${number.value} ${field.unit}`.trim());
    emit();
  });
  number.addEventListener("input", () => {
    if (number.value === "") return;
    place(number.value);
    emit();
  });
  const row = make("div", { className: name ? "number" : "number alone" });
  if (name) row.append(make("span", { textContent: name }));
  row.append(range, number);
  /** @param {number} v */
  const write = (v) => {
    number.value = `${v}`;
    place(v);
  };
  return { element: row, read: () => number.value, write };
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {() => void} emit
 * @returns {Body}
 */
function bodyOf(field, value, emit) {
  switch (field.kind) {
    case "integer":
    case "number": {
      const control = numberControl(field, value, "", emit);
      return { elements: [control.element], read: control.read };
    }
    case "integer_range":
    case "number_range": {
      // Whoever pushes one end past the other takes it along.
      /** @type {ReturnType<typeof numberControl>[]} */
      const ends = [];
      /** @param {0 | 1} mover */
      const pushed = (mover) => () => {
        const [low, high] = ends.map((end) => Number(end.read()));
        if (low > high) ends[1 - mover].write(mover === 0 ? low : high);
        emit();
      };
      ends.push(numberControl(field, value[0], "low", pushed(0)), numberControl(field, value[1], "high", pushed(1)));
      return { elements: ends.map((end) => end.element), read: () => ends.map((end) => end.read()).join(",") };
    }
    case "switch": {
      const box = make("input", { type: "checkbox", checked: value });
      box.addEventListener("change", emit);
      return { elements: [make("div", { className: "many" }, make("label", {}, box, "on"))], read: () => `${box.checked}` };
    }
    case "choice": {
      const select = make("select", {}, ...field.choices.map((word) => new Option(word, word, false, word === value)));
      select.setAttribute("aria-label", field.name);
      select.addEventListener("change", emit);
      return { elements: [select], read: () => select.value };
    }
    case "words":
      return boxes(field.choices, value, emit);
    default:
      if (field.name === "classes") return classBoxes(field.choices, value, emit);
      return textControl(field, value, emit);
  }
}

/**
 * @param {string[]} words
 * @param {string[]} chosen
 * @param {() => void} emit
 * @returns {Body}
 */
function boxes(words, chosen, emit) {
  return namedBoxes(words.map((word) => ({ value: word, name: word, checked: chosen.includes(word) })), emit);
}

/**
 * Boxes of classes by their names. A spec that names none has all.
 * @param {string[]} names
 * @param {number[]} chosen
 * @param {() => void} emit
 * @returns {Body}
 */
function classBoxes(names, chosen, emit) {
  const items = names.map((name, c) => ({ value: `${c}`, name, checked: chosen.length === 0 || chosen.includes(c) }));
  const { elements, read } = namedBoxes(items, emit);
  const every = items.map(({ value }) => value).join(",");
  return { elements, read: () => (read() === every ? "" : read()) };
}

/**
 * @param {{ value: string; name: string; checked: boolean }[]} items
 * @param {() => void} emit
 * @returns {Body}
 */
function namedBoxes(items, emit) {
  const inputs = items.map(({ value, checked }) => make("input", { type: "checkbox", value, checked }));
  for (const input of inputs) input.addEventListener("change", emit);
  const labels = inputs.map((input, i) => make("label", {}, input, items[i].name));
  const read = () => inputs.filter((input) => input.checked).map((input) => input.value).join(",");
  return { elements: [make("div", { className: "many" }, ...labels)], read };
}

/**
 * @param {Field} field
 * @param {unknown} value
 * @param {() => void} emit
 * @returns {Body}
 */
function textControl(field, value, emit) {
  const placeholder = field.kind === "pairs" ? "none, or 6-9,2-5" : "none, or 60,120";
  const input = make("input", { type: "text", value: format(value), placeholder, autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-label", field.name);
  input.addEventListener("change", emit);
  return { elements: [input], read: () => input.value.replaceAll(" ", "") };
}

/**
 * @param {Field} field
 * @param {unknown} value
 * @param {unknown} preset
 * @param {OnChange} onChange
 */
function fieldset(field, value, preset, onChange) {
  const set = make("fieldset", { className: "field" });
  set.dataset.name = field.name;
  const limits = field.low === null ? "" : `${field.low}…${field.high} ${field.unit}`.trim();
  const body = bodyOf(field, value, () => {
    const text = body.read();
    const isDefault = text === format(preset);
    set.classList.toggle("changed", !isDefault);
    onChange(field.name, isDefault ? null : text);
  });
  set.classList.toggle("changed", format(value) !== format(preset));
  set.append(
    make("legend", {}, make("span", { className: "label", textContent: field.name }),
      make("span", { className: "limits", textContent: limits })),
    make("p", { className: "about", textContent: field.about }), ...body.elements);
  return set;
}

// `spec` is the spec on show, `preset` the one that it differs from; `onChange(name, text or null)`.
/**
 * @param {HTMLElement} element
 * @param {About} about
 * @param {Spec} spec
 * @param {Spec} preset
 * @param {boolean} locked
 * @param {OnChange} onChange
 */
export function drawControls(element, about, spec, preset, locked, onChange) {
  const open = new Set([...element.querySelectorAll("details")].filter((d) => d.open).map((d) => d.dataset.group));
  const first = !element.childElementCount;
  const groups = grouped(about.fields);
  const parts = [...groups].map(([group, fields], place) => {
    const details = make("details", { open: first ? place < 2 && innerWidth > 960 : open.has(group) });
    details.dataset.group = group;
    const sets = fields.map((field) => fieldset(field, spec[field.name], preset[field.name], onChange));
    for (const set of sets) set.disabled = locked;
    details.append(make("summary", { textContent: group }), ...sets);
    return details;
  });
  const reset = make("button", { type: "button", id: "reset", textContent: "Reset", disabled: locked });
  reset.addEventListener("click", () => onChange(null, null));
  element.replaceChildren(make("div", { className: "top" }, make("h2", { textContent: locked ? "Recipe" : "Spec" }), reset), ...parts);
}

/**
 * @param {Field[]} fields
 * @returns {Map<string, Field[]>}
 */
function grouped(fields) {
  const groups = new Map();
  for (const field of fields) groups.set(field.group, [...(groups.get(field.group) ?? []), field]);
  return groups;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string} message
 */
export function markWrong(element, name, message) {
  for (const note of element.querySelectorAll(".wrong")) note.remove();
  const set = name && element.querySelector(`[data-name="${CSS.escape(name)}"]`);
  if (!set) return false;
  set.append(make("p", { className: "wrong", textContent: message }));
  set.closest("details")?.setAttribute("open", "");
  return true;
}

// The spec that the address asks for, as far as the page can tell without the server.
/**
 * @param {About} about
 * @param {Spec} preset
 * @returns {Spec}
 */
export function specOfAddress(about, preset) {
  const query = parameters(), spec = { ...preset };
  for (const field of about.fields) {
    const text = query.get(field.name);
    if (text !== null) spec[field.name] = parse(field, text);
  }
  return spec;
}

/**
 * @param {Field} field
 * @param {string} text
 * @returns {unknown}
 */
function parse(field, text) {
  const parts = text ? text.split(",") : [];
  switch (field.kind) {
    case "switch": return text === "true";
    case "choice": return text;
    case "words": return parts;
    case "pairs": return parts.map((part) => part.split("-").map(Number));
    case "integer":
    case "number": return Number(text);
    default: return parts.map(Number);
  }
}

/**
 * @param {About} about
 * @param {string | null} name
 * @param {string | null} text
 */
export function change(about, name, text) {
  if (name) setParameters({ [name]: text });
  else setParameters(Object.fromEntries(about.fields.map((field) => [field.name, null])));
}
