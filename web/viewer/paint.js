// Brings the screen's picture onto the canvas and acks it. The first update after an animation
// frame is painted at once: it is on the glass as soon as one painted in the next frame's callback
// would be, but on the canvas and acked up to a frame earlier. What comes until that frame waits
// for it. A hidden page is not painted but acked at once, so that it never holds back the presenter.
import { encodeAck } from '../shared/wire.js';

/** @typedef {import('../shared/picture.js').Picture} Picture */
/** @typedef {import('../shared/screen.js').Applied} Applied */

// Some browsers stop animation frames without calling the page hidden (a covered window).
const FRAME_TIMEOUT = 250; // ms

export class Painter {
  /** @type {Applied | null} newest not acked yet */
  #applied = null;
  #took = 0; // ms of work since the last ack
  #frame = 0;
  #timer = 0;
  /** @type {ImageData | null} a view of the picture's bytes, no copy */
  #image = null;
  /** @type {Picture | null} */
  #shown = null;

  /**
   * @param {HTMLCanvasElement} canvas its backing store becomes the picture's size
   * @param {() => Picture | null} picture
   * @param {object} events
   * @param {(seq: number, body: Uint8Array) => void} events.onAck
   * @param {(picture: Picture, resized: boolean, took: number) => void} events.onPainted took: ms
   */
  constructor(canvas, picture, events) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('no 2d canvas');
    this.context = context;
    this.canvas = canvas;
    this.picture = picture;
    this.events = events;
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#ack();
      else this.#paint();
    });
  }

  /** @param {Applied} applied */
  applied(applied) {
    this.#applied = applied;
    this.#took += applied.took;
    if (!document.hidden) {
      if (this.#frame === 0) this.#paint();
      this.#schedule();
    } else if (this.#shown !== this.picture()) this.#paint(); // a first picture, or another size
    else this.#ack();
  }

  /** Acks of what came before would be of another socket or epoch. */
  forget() {
    this.#applied = null;
    this.#took = 0;
  }

  /** Makes the canvas black: the view grant is gone. */
  clear() {
    this.forget();
    this.#unschedule();
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#shown = null;
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
    const picture = this.picture();
    if (!picture || (!this.#applied && this.#shown === picture && picture.dirty.length === 0)) return;
    const begun = performance.now();
    const resized = this.canvas.width !== picture.width || this.canvas.height !== picture.height;
    if (resized) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
    }
    if (this.#shown !== picture || !this.#image) {
      this.#shown = picture;
      this.#image = new ImageData(picture.bytes, picture.width, picture.height);
    }
    for (const { x, y, w, h } of picture.takeDirty()) this.context.putImageData(this.#image, 0, 0, x, y, w, h);
    const took = performance.now() - begun;
    this.#took += took;
    this.events.onPainted(picture, resized, took);
    this.#ack();
  }

  #ack() {
    const a = this.#applied;
    if (!a) return;
    this.#applied = null;
    this.events.onAck(a.seq, encodeAck({ captured: a.captured, part: a.part, took: 10 * this.#took, hidden: document.hidden }));
    this.#took = 0;
  }
}
