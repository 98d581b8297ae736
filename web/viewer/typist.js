// Types a long text as keystrokes: piece by piece, so that slow programs on the other side keep
// up and it can be stopped. Pure; timers are injected.

/** Characters of a piece, and how often one goes out: about 160 characters a second. */
export const PIECE = 16;
export const PACE = 100; // ms
/** The longest text that is typed, in characters. */
export const MOST = 100_000;

/** @typedef {{done: number, total: number}} Progress in characters */

/**
 * What of a text has a key: line ends become one Enter, other control characters but Tab go.
 * @param {string} text
 */
export const typable = (text) => text.replace(/\r\n?/g, '\n').replace(/[\0-\x08\x0b-\x1f\x7f]/g, '');

export class Typist {
  /** @type {string[]} characters */
  #text = [];
  #done = 0;
  #timer = 0;

  /**
   * @param {(text: string) => void} type sends one piece
   * @param {{setTimeout: (f: () => void, ms: number) => number, clearTimeout: (id: number) => void}} timers
   * @param {(progress: Progress | null, stopped: boolean) => void} onProgress null: it has ended, whole or stopped
   */
  constructor(type, timers, onProgress) {
    this.type = type;
    this.timers = timers;
    this.onProgress = onProgress;
  }

  get busy() {
    return this.#text.length > 0;
  }

  /**
   * Begins to type; what is being typed is stopped.
   * @param {string} text
   * @returns {boolean} whether there is anything to type, and not too much
   */
  start(text) {
    const characters = [...typable(text)];
    if (characters.length === 0 || characters.length > MOST) return false;
    this.stop();
    this.#text = characters;
    this.#done = 0;
    this.#next();
    return true;
  }

  stop() {
    if (!this.busy) return;
    this.#end(true);
  }

  #next() {
    if (this.#done >= this.#text.length) {
      this.#end(false);
      return;
    }
    const piece = this.#text.slice(this.#done, this.#done + PIECE);
    this.#done += piece.length;
    this.#timer = this.timers.setTimeout(() => this.#next(), PACE);
    this.type(piece.join(''));
    if (this.busy) this.onProgress({ done: this.#done, total: this.#text.length }, false);
  }

  /** @param {boolean} stopped */
  #end(stopped) {
    this.timers.clearTimeout(this.#timer);
    this.#text = [];
    this.onProgress(null, stopped);
  }
}
