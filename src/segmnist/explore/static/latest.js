// One request at a time. While one is under way, only the newest of those that follow waits.

import { isAbort } from "./api.js";

/** @typedef {(signal: AbortSignal) => Promise<void>} Job */

export class Latest {
  constructor() {
    /** @type {Job | null} */
    this.waiting = null;
    /** @type {AbortController | null} */
    this.underWay = null;
  }

  // What is under way is finished and shown: during a drag, these are the pictures that the hand follows.
  /** @param {Job} job */
  async ask(job) {
    this.waiting = job;
    if (this.underWay) return;
    while (this.waiting) {
      const next = this.waiting;
      this.waiting = null;
      this.underWay = new AbortController();
      try {
        await next(this.underWay.signal);
      } catch (error) {
        if (!isAbort(error)) throw error;
      } finally {
        this.underWay = null;
      }
    }
  }

  /** Give up what is under way and what waits. */
  drop() {
    this.waiting = null;
    this.underWay?.abort();
  }
}
