// Keyframes: the whole shadow in at most 128 kB, exactly where that fits, else as JPEGs of lower
// and lower quality. As Go's internal/screen/keyframe.go. Pure.
import { encodeUpdate, HEADER_SIZE, OpCode, UPDATE_HEAD_SIZE } from '../shared/wire.js';
import { Bytes } from './bytes.js';
import { area, JPEG_HEAD, mergeCheap, union } from './grid.js';
import { Fills, MAX_COLOURS, putOp } from './tiles.js';
import { sizeOfQuality } from './turn.js';

/** @typedef {import('./grid.js').Grid} Grid */
/** @typedef {import('./tiles.js').Palette} Palette */
/** @typedef {import('./tiles.js').PaletteWriter} PaletteWriter */
/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('./zstdenc.js').Compressor} Compressor */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/**
 * Makes JPEGs: w and h of the result are the rectangle's divided by scale, rounded up.
 * @typedef {object} Jpegs
 * @property {(pic: Pixels, r: Rect, scale: number, quality: number) => Promise<Uint8Array>} encode
 */

export const MAX_KEY = 128 << 10; // of a whole message
const SPACE = MAX_KEY - HEADER_SIZE - UPDATE_HEAD_SIZE;
const MAX_OPS = 65535;
const MOST_JPEGS = 48; // above it one around all
const MOST_RAW = 8 << 20; // what packs worse than 64 times does not fit anyway
const MEASURE = 8 << 10; // bytes of ops after which their packed size is looked at

// Ways to make a keyframe, from the best to the smallest: exact tiles take at most that share of
// it, all others come as JPEGs of one of the levels [scale, quality]. The last is at most 128x128
// pixels, so that it always fits.
/** @type {{exact: number, levels: [number, number][]}[]} */
const STAGES = [
  { exact: 1, levels: [[1, 75], [1, 50], [1, 30], [2, 60], [2, 40], [4, 50]] },
  { exact: 0.5, levels: [[2, 50], [4, 60], [4, 40], [8, 40]] },
  { exact: 0, levels: [[4, 40], [8, 40], [16, 35], [32, 30], [64, 30], [128, 30]] },
];

/** Builds keyframes of one stream. */
export class KeyBuilder {
  /** The tiles that are not exact in the last keyframe that was built. */
  lossy = new Uint8Array(0);
  ops = 0;
  /** The JPEGs. @type {Uint8Array[]} */
  blobs = [];

  #exact = new Bytes();
  #jpegOps = new Bytes(256);
  #fills = new Fills();
  /** @type {Rect[]} */
  #rects = [];

  /**
   * @param {Jpegs} jpegs
   * @param {Palette} palette
   * @param {PaletteWriter} writer
   */
  constructor(jpegs, palette, writer) {
    this.jpegs = jpegs;
    this.palette = palette;
    this.writer = writer;
  }

  /**
   * Packs the ops of a whole picture as a frame, which is flushed and not ended; together with
   * blobs it stays within size.
   * @param {Pixels} pic not to be changed meanwhile
   * @param {Grid} grid
   * @param {Compressor} pack
   * @param {{size: number, quality: number}} p size: bytes, as far as possible; 0: MAX_KEY
   */
  async build(pic, grid, pack, { size, quality }) {
    const space = size > 0 ? Math.min(size, SPACE) : SPACE;
    for (const { exact, levels } of STAGES) {
      this.#split(pic, grid, pack, exact * space);
      const room = space - this.#pack(pack, null);
      const pixels = this.#rects.reduce((n, r) => n + area(r), 0);
      let perPixel = 0; // at DEFAULT_QUALITY, by what was tried
      for (const [scale, best] of levels) {
        const q = Math.min(best, quality);
        const guess = perPixel * sizeOfQuality(q) * pixels / scale ** 2 + this.#rects.length * JPEG_HEAD;
        if (perPixel > 0 && guess > room * 9 / 8) continue;
        const made = await this.#try(pic, pack, scale, q, room);
        if (made <= room) return;
        perPixel ||= Math.max(1e-9, made - this.#rects.length * JPEG_HEAD) * scale ** 2 / Math.max(1, pixels) / sizeOfQuality(q);
      }
    }
    // Only guesses, or a wish for fewer bytes, were in the way of the last level.
    const [scale, q] = /** @type {[number, number]} */ (STAGES[STAGES.length - 1].levels.at(-1));
    if (await this.#try(pic, pack, scale, Math.min(q, quality), SPACE) > SPACE) throw new Error('the smallest keyframe does not fit');
  }

  /**
   * Writes exact ops of tiles, from the top, as long as they take at most space bytes packed, and
   * finds the rectangles that JPEGs must cover: anything, as the exact ops come after them.
   * @param {Pixels} pic
   * @param {Grid} grid
   * @param {Compressor} pack
   * @param {number} space
   */
  #split(pic, grid, pack, space) {
    const exact = this.#exact;
    exact.clear();
    this.#fills.clear();
    this.lossy = new Uint8Array(grid.n);
    this.ops = 0;
    pack.begin(true);
    let packed = 0;
    for (let t = 0; t < grid.n; t++) {
      if (t % grid.across === 0 && space > 0) {
        if (exact.length - packed > MEASURE) {
          pack.add(exact.view().subarray(packed));
          pack.flush();
          packed = exact.length;
        }
        if (pack.out.length > space - pack.out.length / 16 || exact.length > MOST_RAW) space = 0;
      }
      const r = grid.rect(t);
      if (space === 0 || this.ops + this.#fills.length + MOST_JPEGS >= MAX_OPS || !this.palette.build(pic, r, MAX_COLOURS)) {
        this.lossy[t] = 1;
      } else if (this.palette.n === 1) {
        this.#fills.add(r, this.palette.colours.list[0]);
      } else {
        this.writer.put(exact, r, this.palette);
        this.ops++;
      }
    }
    this.ops += this.#fills.put(exact);
    this.#rects = mergeCheap(grid, grid.runs(this.lossy), null);
    if (this.#rects.length > MOST_JPEGS) this.#rects = [this.#rects.reduce(union)];
  }

  /**
   * Packs the exact ops, behind those of JPEGs, into a new frame.
   * @param {Compressor} pack
   * @param {Bytes | null} before
   * @returns {number} its length, with that of its end
   */
  #pack(pack, before) {
    pack.begin(true);
    if (before) pack.add(before.view());
    pack.add(this.#exact.view());
    pack.flush();
    return pack.out.length + 3;
  }

  /**
   * Makes the JPEGs, and if they fit into room the frame.
   * @param {Pixels} pic
   * @param {Compressor} pack
   * @param {number} scale
   * @param {number} quality
   * @param {number} room
   * @returns {Promise<number>} bytes of the JPEGs; Infinity if all is longer than a keyframe may be
   */
  async #try(pic, pack, scale, quality, room) {
    this.blobs = await Promise.all(this.#rects.map((r) => this.jpegs.encode(pic, r, scale, quality)));
    const made = total(this.blobs);
    if (made > room) return made;
    this.#jpegOps.clear();
    this.#rects.forEach((r, i) => putJpeg(this.#jpegOps, r, this.blobs[i].length));
    if (this.#pack(pack, this.#jpegOps) + made > SPACE) return Infinity;
    this.ops += this.#rects.length;
    return made;
  }
}

/** @param {Uint8Array[]} blobs */
export const total = (blobs) => blobs.reduce((n, b) => n + b.length, 0);

/**
 * @param {Bytes} out
 * @param {Rect} r
 * @param {number} size of its blob in bytes
 */
export function putJpeg(out, r, size) {
  const { bytes, at } = putOp(out, OpCode.JPEG, r, 4);
  bytes.set([size & 255, size >> 8 & 255, size >> 16 & 255, size >> 24 & 255], at);
}

/**
 * An update's body.
 * @param {import('../shared/wire.js').UpdateHead} head
 * @param {Uint8Array} packed
 * @param {Uint8Array[]} blobs
 */
export function updateBody(head, packed, blobs) {
  const all = new Uint8Array(total(blobs));
  let at = 0;
  for (const b of blobs) {
    all.set(b, at);
    at += b.length;
  }
  return encodeUpdate(head, packed, all);
}
