// Requests to the server. Failures become Refusal, which says which parameter to mend.

import { unpack } from "./wire.js";

export class Refusal extends Error {
  constructor({ error, argument = "" }) {
    super(error);
    this.argument = argument;
  }
}

async function request(address, signal) {
  let reply;
  try {
    reply = await fetch(address, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ error: "the explorer does not answer; is `segmnist explore` still running?" });
  }
  if (reply.ok) return reply;
  const isJson = reply.headers.get("content-type")?.startsWith("application/json");
  throw new Refusal(isJson ? await reply.json() : { error: `the explorer answers ${reply.status}` });
}

export const fetchJson = async (address, signal) => (await request(address, signal)).json();
export const fetchText = async (address, signal) => (await request(address, signal)).text();
export const fetchBlob = async (address, signal) => (await request(address, signal)).blob();
export const fetchArrays = async (address, signal) => unpack(await (await request(address, signal)).arrayBuffer());
