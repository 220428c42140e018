// Requests to the server. Failures become Refusal, which says which parameter to mend.

import { unpack } from "./wire.js";

/** Whether a request was given up for a newer one. @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError";

export class Refusal extends Error {
  /** @param {{ error: string, argument?: string }} reply */
  constructor({ error, argument = "" }) {
    super(error);
    this.argument = argument;
  }
}

/**
 * @param {string} address
 * @param {AbortSignal} [signal]
 * @param {Blob} [body] What is posted; without it the address is only read.
 */
async function request(address, signal, body) {
  let reply;
  try {
    reply = await fetch(address, body ? { method: "POST", body, signal } : { signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Refusal({ error: "the explorer does not answer; is `segmnist explore` still running?" });
  }
  if (reply.ok) return reply;
  const isJson = reply.headers.get("content-type")?.startsWith("application/json");
  throw new Refusal(isJson ? await reply.json() : { error: `the explorer answers ${reply.status}` });
}

/** @type {(address: string, signal?: AbortSignal) => Promise<any>} */
export const fetchJson = async (address, signal) => (await request(address, signal)).json();
/** @type {(address: string, signal?: AbortSignal) => Promise<string>} */
export const fetchText = async (address, signal) => (await request(address, signal)).text();
/** @type {(address: string, signal?: AbortSignal) => Promise<Blob>} */
export const fetchBlob = async (address, signal) => (await request(address, signal)).blob();
/** @type {(address: string, signal?: AbortSignal) => Promise<ReturnType<typeof unpack>>} */
export const fetchArrays = async (address, signal) => unpack(await (await request(address, signal)).arrayBuffer());
/** @type {(address: string, body: Blob) => Promise<Blob>} */
export const postBlob = async (address, body) => (await request(address, undefined, body)).blob();
