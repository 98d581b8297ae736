// The engine's ways to hand its picture to the page's canvas. Both give the page messages "frame"
// (see messages.js), and hear of each in a message "painted". Pure.
import { Front } from './front.js';

/** @typedef {import('../shared/picture.js').Picture} Picture */
/** @typedef {import('./messages.js').Frame} Frame */

/**
 * @typedef {object} Outlet
 * @property {(picture: Picture, token: number) => void} offer there is something new to paint; token
 *   is above 0 and grows
 * @property {(buffer: ArrayBuffer | null) => void} taken the page painted a frame
 * @property {() => void} forget what was offered may not be seen any more
 */

/** Through shared memory: the page may look before it is told. @implements {Outlet} */
export class SharedOutlet {
  /** @type {Picture | null} */
  #picture = null;
  /** @type {Front | null} */
  #front = null;

  /** @param {(frame: Frame) => void} post */
  constructor(post) {
    this.post = post;
  }

  /** @type {Outlet['offer']} */
  offer(picture, token) {
    const { width, height, layout, stream } = picture;
    const fresh = picture !== this.#picture || !this.#front;
    if (fresh) this.#front = new Front(width, height);
    this.#picture = picture;
    this.#front?.write(picture, token);
    this.post({ token, width, height, layout, stream, memory: fresh ? this.#front?.memory : undefined });
  }

  taken() {}

  forget() {
    this.#picture = this.#front = null;
  }
}

/**
 * By copies of what has changed. There is one on its way at most: what comes meanwhile goes with
 * the next one, so a busy page costs no memory. @implements {Outlet}
 */
export class CopyOutlet {
  #busy = false;
  /** @type {{picture: Picture, token: number} | null} */
  #due = null;
  /** @type {ArrayBuffer} comes back from the page to be used again */
  #buffer = new ArrayBuffer(0);

  /** @param {(frame: Frame, transfer: Transferable[]) => void} post */
  constructor(post) {
    this.post = post;
  }

  /** @type {Outlet['offer']} */
  offer(picture, token) {
    this.#due = { picture, token };
    if (!this.#busy) this.#send();
  }

  /** @type {Outlet['taken']} */
  taken(buffer) {
    this.#busy = false;
    if (buffer) this.#buffer = buffer;
    this.#send();
  }

  forget() {
    this.#due = null;
  }

  #send() {
    if (!this.#due) return;
    const { picture, token } = this.#due;
    this.#due = null;
    const { width, height, layout, stream } = picture;
    const rects = picture.takeDirty();
    const size = rects.reduce((sum, { w, h }) => sum + w * h, 0);
    // Neither made anew for each frame nor kept for ever because one frame was large.
    if (this.#buffer.byteLength < 4 * size || this.#buffer.byteLength > 16 * size + 65536) this.#buffer = new ArrayBuffer(4 * size);
    const buffer = this.#buffer;
    const pixels = new Uint32Array(buffer);
    let at = 0;
    for (const { x, y, w, h } of rects) {
      for (let row = y; row < y + h; row++, at += w) pixels.set(picture.pixels.subarray(row * width + x, row * width + x + w), at);
    }
    this.#busy = true;
    this.#buffer = new ArrayBuffer(0);
    this.post({ token, width, height, layout, stream, rects, buffer }, [buffer]);
  }
}
