// The newest frame of what is shared, and its pixels. Frames come by one of the ways that
// share.js finds; older ones are dropped unseen. Runs in the worker.
import { changed, planes } from './planes.js';

/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {VideoFrame | ImageBitmap} Picture a frame that must be closed */

export class Frames {
  /** @type {Picture | null} not looked at yet */
  #newest = null;
  /** @type {Pixels} */
  #pixels = { width: 0, height: 0, pixels: new Uint32Array(0) };
  #canvas = new OffscreenCanvas(1, 1);
  /** @type {Uint32Array | null} planes of the frame that pixels holds */
  #before = null;
  /** @type {Uint32Array | null} memory for the next one's */
  #spare = null;
  /** @type {string | null} of before */
  #format = null;
  #direct = true; // the browser converts a frame's pixels itself
  #ended = false;

  /**
   * @param {() => void} onFrame there is a new one
   * @param {() => void} onEnd there will be none any more
   */
  constructor(onFrame, onEnd) {
    this.onFrame = onFrame;
    this.onEnd = onEnd;
  }

  /** Whether there is one that take has not given yet. */
  get fresh() {
    return this.#newest !== null;
  }

  /** @param {Picture} frame ours from now on */
  put(frame) {
    if (this.#ended) {
      frame.close();
      return;
    }
    this.#newest?.close();
    this.#newest = frame;
    this.onFrame();
  }

  /**
   * Reads frames until their stream ends.
   * @param {ReadableStream<VideoFrame>} stream
   */
  async read(stream) {
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done || !value) break;
      this.put(value);
      if (this.#ended) {
        await reader.cancel().catch(() => {});
        return;
      }
    }
    this.end();
  }

  /**
   * The pixels of the newest frame, in memory that the next call uses again, and where they may
   * have changed since the last call. Null if there is no new frame, or it is the same.
   * @returns {Promise<{picture: Pixels, damage: Rect[]} | null>}
   */
  async take() {
    const frame = this.#newest;
    if (!frame) return null;
    this.#newest = null;
    try {
      const damage = await this.#read(frame);
      return damage.length > 0 ? { picture: this.#pixels, damage } : null;
    } finally {
      frame.close();
    }
  }

  /**
   * @param {Picture} frame
   * @returns {Promise<Rect[]>} what may have changed
   */
  async #read(frame) {
    const [width, height] = 'displayWidth' in frame ? [frame.displayWidth, frame.displayHeight] : [frame.width, frame.height];
    if (width !== this.#pixels.width || height !== this.#pixels.height) {
      this.#pixels = { width, height, pixels: new Uint32Array(width * height) };
      this.#before = null;
    }
    const all = [{ x: 0, y: 0, w: width, h: height }];
    if (this.#direct && 'copyTo' in frame && frame.visibleRect?.width === width && frame.visibleRect?.height === height) {
      try {
        const damage = await this.#compare(frame, width, height) ?? all;
        for (const r of damage) await this.#convert(frame, r);
        return damage;
      } catch (err) {
        // Older browsers copy the frame's own format only; by a canvas it takes some ms more.
        if (!(err instanceof DOMException || err instanceof TypeError)) throw err;
        this.#direct = false;
      }
    }
    if (this.#canvas.width !== width || this.#canvas.height !== height) this.#canvas = new OffscreenCanvas(width, height);
    const c = this.#canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    if (!c) throw new Error('no canvas');
    c.drawImage(frame, 0, 0, width, height);
    this.#pixels.pixels.set(new Uint32Array(c.getImageData(0, 0, width, height).data.buffer));
    return all;
  }

  /**
   * Where a frame's planes are not those of the one before; null if that cannot be told.
   * @param {VideoFrame} frame
   * @param {number} width
   * @param {number} height
   */
  async #compare(frame, width, height) {
    const how = planes(frame.format, width, height);
    if (!how) {
      this.#before = null;
      return null;
    }
    const spare = this.#spare?.length === how.size >> 2 ? this.#spare : new Uint32Array(how.size >> 2);
    await frame.copyTo(spare, { layout: how.layout });
    const before = this.#before;
    const known = before && this.#format === frame.format;
    this.#before = spare;
    this.#spare = before;
    this.#format = frame.format;
    return known ? changed(before, spare, how, width, height) : null;
  }

  /**
   * Reads the rows of a rectangle into their place: whole ones, as Chromium wants room for a whole
   * stride in the last row, too.
   * @param {VideoFrame} frame
   * @param {Rect} r
   */
  async #convert(frame, { y, h }) {
    const { pixels, width } = this.#pixels;
    const visible = /** @type {DOMRectReadOnly} */ (frame.visibleRect);
    const options = { format: 'RGBA', colorSpace: 'srgb', rect: { x: visible.x, y: visible.y + y, width, height: h },
      layout: [{ offset: 4 * y * width, stride: 4 * width }] };
    await frame.copyTo(pixels, /** @type {any} */ (options));
  }

  /** Which way pixels are read, for measurements. */
  get way() {
    return this.#direct ? 'copy' : 'canvas';
  }

  /** Takes no frames any more. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#newest?.close();
    this.#newest = null;
    this.onEnd();
  }
}
