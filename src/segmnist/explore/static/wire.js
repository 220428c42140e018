// One reply: "SGMN", the header's length, JSON, then the arrays (see segmnist/explore/wire.py).

const TYPES = { uint8: Uint8Array, int16: Int16Array, float32: Float32Array };

export function unpack(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0) !== 0x53474d4e) throw new Error("not a reply of the segmnist explorer");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(header.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { shape, data: new TYPES[dtype](buffer, 8 + length + offset, count) };
  }
  return { facts: header.facts, arrays };
}
