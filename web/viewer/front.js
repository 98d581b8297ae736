// A picture in memory that a worker and its page share: the engine writes what has changed, the
// page takes it for its canvas. The page never waits: while the engine writes, there is nothing to
// take yet. Shared memory is what the page can look at inside of an animation frame; messages it
// gets only after that frame when a key or a button was pressed shortly before (see
// docs/decisions/0004-engine-in-a-worker.md).
import { addRect, MAX_DIRTY } from '../shared/picture.js';

/** @typedef {import('../shared/picture.js').Picture} Picture */
/** @typedef {import('../shared/picture.js').Rect} Rect */

// Words of the head; the rectangles follow, then the pixels.
const LOCK = 0;
const TOKEN = 1;
const COUNT = 2;
const RECTS = 3;
const HEAD = RECTS + 4 * MAX_DIRTY;

const FREE = 0;
const TAKING = 1;
const WRITING = 2;
const PATIENCE = 100; // ms that the engine sleeps at most before it looks at the lock again

/** A picture's size and layout never change; another picture is another Front. */
export class Front {
  /**
   * @param {number} width
   * @param {number} height
   * @param {SharedArrayBuffer} [memory] of the same picture's Front in the other thread
   */
  constructor(width, height, memory = new SharedArrayBuffer(4 * (HEAD + width * height))) {
    this.width = width;
    this.height = height;
    this.memory = memory;
    this.head = new Int32Array(memory, 0, HEAD);
    this.pixels = new Uint32Array(memory, 4 * HEAD, width * height);
  }

  /**
   * Writes what has changed in a picture of this size since the last call. Engine only: waits
   * while the page takes, which is as long as it takes to copy that.
   * @param {Picture} picture
   * @param {number} token names the newest update in it; never 0
   */
  write(picture, token) {
    const { head } = this;
    while (Atomics.compareExchange(head, LOCK, FREE, WRITING) !== FREE) Atomics.wait(head, LOCK, TAKING, PATIENCE);
    const rects = this.#rects();
    for (const rect of picture.takeDirty()) {
      copy(picture.pixels, this.pixels, this.width, rect);
      addRect(rects, rect);
    }
    rects.forEach(({ x, y, w, h }, i) => head.set([x, y, w, h], RECTS + 4 * i));
    head[COUNT] = rects.length;
    Atomics.store(head, TOKEN, token);
    Atomics.store(head, LOCK, FREE);
  }

  /** The token of the newest write; 0 before the first. */
  get token() {
    return Atomics.load(this.head, TOKEN);
  }

  /**
   * Copies what was written since the last call. Page only.
   * @param {Uint32Array} pixels of the whole picture
   * @returns {{token: number, rects: Rect[]} | null} null while the engine writes
   */
  take(pixels) {
    const { head } = this;
    if (Atomics.compareExchange(head, LOCK, FREE, TAKING) !== FREE) return null;
    const token = Atomics.load(head, TOKEN);
    const rects = this.#rects();
    for (const rect of rects) copy(this.pixels, pixels, this.width, rect);
    head[COUNT] = 0;
    Atomics.store(head, LOCK, FREE);
    Atomics.notify(head, LOCK);
    return { token, rects };
  }

  #rects() {
    /** @type {Rect[]} */
    const rects = [];
    for (let i = 0, at = RECTS; i < this.head[COUNT]; i++, at += 4) {
      const [x, y, w, h] = this.head.subarray(at, at + 4);
      rects.push({ x, y, w, h });
    }
    return rects;
  }
}

/**
 * Copies a rectangle between two pictures of the same width.
 * @param {Uint32Array} from
 * @param {Uint32Array} to
 * @param {number} width
 * @param {Rect} rect
 */
function copy(from, to, width, { x, y, w, h }) {
  if (w === width) {
    to.set(from.subarray(y * width, (y + h) * width), y * width);
    return;
  }
  for (let at = y * width + x, end = at + h * width; at < end; at += width) to.set(from.subarray(at, at + w), at);
}
