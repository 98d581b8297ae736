// The newest frame of what is shared, and its pixels. Frames come by one of the ways that
// source.js finds; older ones are dropped unseen. Runs in the worker.

/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {VideoFrame | ImageBitmap} Picture a frame that must be closed */

export class Frames {
  /** @type {Picture | null} not looked at yet */
  #newest = null;
  /** @type {Pixels} */
  #pixels = { width: 0, height: 0, pixels: new Uint32Array(0) };
  #canvas = new OffscreenCanvas(1, 1);
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
   * The pixels of the newest frame, in memory that the next call uses again; null if there was
   * no new one.
   * @returns {Promise<Pixels | null>}
   */
  async take() {
    const frame = this.#newest;
    if (!frame) return null;
    this.#newest = null;
    try {
      await this.#read(frame);
    } finally {
      frame.close();
    }
    return this.#pixels;
  }

  /** @param {Picture} frame */
  async #read(frame) {
    const [width, height] = 'displayWidth' in frame ? [frame.displayWidth, frame.displayHeight] : [frame.width, frame.height];
    if (width !== this.#pixels.width || height !== this.#pixels.height) {
      this.#pixels = { width, height, pixels: new Uint32Array(width * height) };
    }
    const { pixels } = this.#pixels;
    if (this.#direct && 'copyTo' in frame && frame.visibleRect?.width === width && frame.visibleRect?.height === height) {
      try {
        await frame.copyTo(pixels, /** @type {any} */ ({ format: 'RGBA', colorSpace: 'srgb' }));
        return;
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
    pixels.set(new Uint32Array(c.getImageData(0, 0, width, height).data.buffer));
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
