// Brings the picture onto the page's canvas. The first news after an animation frame are painted
// at once: they are on the glass as soon as in the next frame's callback, but on the canvas and
// acked up to a frame earlier. What comes until that frame waits for it.
import { Front } from './front.js';

/** @typedef {import('./messages.js').Frame} Frame */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {{width: number, height: number, layout: number, stream: number}} Size of a picture, and whose it is */
/** @typedef {{front: Front, image: ImageData, pixels: Uint32Array, layout: number, stream: number}} Shared */

// Some browsers stop animation frames without calling the page hidden (a covered window).
const FRAME_TIMEOUT = 250; // ms

export class Painter {
  #frame = 0;
  #timer = 0;
  /** @type {Size | null} of what is on the canvas */
  #size = null;
  /** @type {Shared | null} */
  #shared = null;
  #token = 0; // of the newest update that was taken from shared memory
  /** @type {Frame | null} with copies, not painted yet */
  #copies = null;

  /**
   * @param {HTMLCanvasElement} canvas its backing store becomes the picture's size
   * @param {(token: number, took: number, buffer: ArrayBuffer | null, resized: boolean) => void} onPainted
   *   took in ms
   */
  constructor(canvas, onPainted) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('no 2d canvas');
    this.context = context;
    this.canvas = canvas;
    this.onPainted = onPainted;
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#paint(); // there will be no frame
    });
  }

  /** The size of the picture on the canvas; null before the first, and after clear. */
  get size() {
    return this.#size;
  }

  /** @param {Frame} frame */
  frame(frame) {
    const { width, height, layout, stream, memory } = frame;
    if (memory) {
      const image = new ImageData(width, height);
      this.#shared = { front: new Front(width, height, memory), image, pixels: new Uint32Array(image.data.buffer), layout, stream };
      this.#token = 0;
    } else if (frame.buffer) {
      this.#copies = frame;
    }
    if (this.#frame === 0 || document.hidden) this.#paint();
    if (!document.hidden) this.#schedule();
  }

  /**
   * Looks for news in the next animation frame. The browser may hold their message back until
   * after it: Chromium does so when a key or a button was pressed.
   */
  look() {
    if (this.#shared && !document.hidden) this.#schedule();
  }

  /** Makes the canvas black: the picture may not be seen any more. */
  clear() {
    this.#unschedule();
    this.#shared = this.#size = null;
    if (this.#copies) this.#give(this.#copies, 0, false);
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #schedule() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
    if (this.#timer === 0) this.#timer = window.setTimeout(() => this.#paint(), FRAME_TIMEOUT);
  }

  #unschedule() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = 0;
  }

  #paint() {
    this.#unschedule();
    if (this.#copies) this.#paintCopies(this.#copies);
    else if (this.#shared) this.#paintShared(this.#shared);
  }

  /** @param {Shared} shared */
  #paintShared({ front, image, pixels, layout, stream }) {
    if (front.token === this.#token) return;
    const begun = performance.now();
    const taken = front.take(pixels);
    if (!taken) return; // it is being written: the message about it follows
    const resized = this.#fit({ width: front.width, height: front.height, layout, stream });
    for (const { x, y, w, h } of taken.rects) this.context.putImageData(image, 0, 0, x, y, w, h);
    this.#token = taken.token;
    this.onPainted(taken.token, performance.now() - begun, null, resized);
  }

  /** @param {Frame} frame */
  #paintCopies(frame) {
    const begun = performance.now();
    const resized = this.#fit(frame);
    const { rects = [], buffer = new ArrayBuffer(0) } = frame;
    let at = 0;
    for (const { x, y, w, h } of rects) {
      this.context.putImageData(new ImageData(new Uint8ClampedArray(buffer, at, 4 * w * h), w, h), x, y);
      at += 4 * w * h;
    }
    this.#give(frame, performance.now() - begun, resized);
  }

  /**
   * @param {Frame} frame
   * @param {number} took
   * @param {boolean} resized
   */
  #give(frame, took, resized) {
    this.#copies = null;
    this.onPainted(frame.token, took, frame.buffer ?? null, resized);
  }

  /**
   * Makes the canvas as large as the picture.
   * @param {Size} size
   * @returns {boolean} whether it had another size
   */
  #fit({ width, height, layout, stream }) {
    const size = this.#size;
    if (size?.layout !== layout || size.stream !== stream || size.width !== width || size.height !== height) this.#size = { width, height, layout, stream };
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }
}
