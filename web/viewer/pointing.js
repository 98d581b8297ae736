// When it is told where this viewer points: at most so often, the newest place only, again
// while it rests, and its end. Pure.

const EVERY = 34; // ms
const AGAIN = 1000; // ms; a place counts for 3 s, see doc.go of internal/wire

/** @typedef {{x: number, y: number}} Place in pixels of the picture */

export class Pointing {
  /** @type {Place | null} */
  #at = null;
  #sent = -Infinity;
  #timer = 0;

  /**
   * @param {(at: Place | null) => void} send null: points no more
   * @param {object} env
   * @param {(f: () => void, ms: number) => number} env.setTimeout
   * @param {(id: number) => void} env.clearTimeout
   * @param {() => number} env.now ms
   */
  constructor(send, env) {
    this.send = send;
    this.env = env;
  }

  /** Where it points now; null: nowhere. */
  get at() {
    return this.#at;
  }

  /** @param {Place} at */
  to(at) {
    if (this.#at && this.#at.x === at.x && this.#at.y === at.y) return;
    this.#at = at;
    this.#plan(Math.max(0, this.#sent + EVERY - this.env.now()));
  }

  end() {
    if (!this.#at) return;
    this.#at = null;
    this.env.clearTimeout(this.#timer);
    this.send(null);
  }

  /** @param {number} ms */
  #plan(ms) {
    this.env.clearTimeout(this.#timer);
    if (ms > 0) {
      this.#timer = this.env.setTimeout(() => this.#plan(0), ms);
      return;
    }
    this.#sent = this.env.now();
    this.send(this.#at);
    this.#timer = this.env.setTimeout(() => this.#plan(0), AGAIN);
  }
}
