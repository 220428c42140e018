// One reply: "SGMN", the header's length, JSON, then the arrays (see segmnist/explore/wire.py).

/** @import { Arrays, Numbers } from "./types.d.ts" */
/** @typedef {Record<string, { dtype: string, shape: number[], offset: number }>} Places */

/** @type {Record<string, new (buffer: ArrayBuffer, offset: number, count: number) => Numbers>} */
const TYPES = { uint8: Uint8Array, int16: Int16Array, float32: Float32Array };

/**
 * @param {ArrayBuffer} buffer
 * @returns {{ facts: any, arrays: Arrays }}
 */
export function unpack(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0) !== 0x53474d4e) throw new Error("not a reply of the segmnist explorer");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  /** @type {Arrays} */
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(/** @type {Places} */ (header.arrays))) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { shape, data: new TYPES[dtype](buffer, 8 + length + offset, count) };
  }
  return { facts: header.facts, arrays };
}
