// Exact ops of tiles: one colour, palettes, deltas. The same choices as Go's internal/screen
// (tiles.go, shared.go). A pixel is a Uint32: R, G, B, A in memory. Pure.
import { indexBits, OpCode } from '../shared/wire.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {{width: number, height: number, pixels: Uint32Array}} Pixels rows without gaps */

export const TILE = 32; // pixels of a tile's side
/** The largest palette of a changed tile; with more, deltas of neighbours pack better. */
export const MAX_COLOURS = 192;
const SHARED_FROM = 17; // colours: from here on indices are whole bytes
const SHARED_SETS = 4;
const SLOTS = 1024;
const RGB = 0xffffff;

/** @param {number} c */
const slotOf = (c) => Math.imul(c, 0x9e3779b1) >>> 22;

/** Colours with numbers in the order in which they came, found by an open hash. */
class Colours {
  n = 0;
  list = new Uint32Array(256);
  #round = 1;
  #rounds = new Uint32Array(SLOTS);
  #keys = new Uint32Array(SLOTS);
  #values = new Uint8Array(SLOTS);

  clear() {
    this.n = 0;
    this.#round++;
  }

  /**
   * The slot of colour c, or the one that it would take.
   * @param {number} c
   */
  #slot(c) {
    let at = slotOf(c);
    while (this.#rounds[at] === this.#round && this.#keys[at] !== c) at = at + 1 & SLOTS - 1;
    return at;
  }

  /**
   * @param {number} c
   * @returns {number} its number, or -1
   */
  find(c) {
    const at = this.#slot(c);
    return this.#rounds[at] === this.#round ? this.#values[at] : -1;
  }

  /**
   * @param {number} c one that is not there yet; fewer than 256 are
   * @returns {number} its number
   */
  enter(c) {
    const at = this.#slot(c);
    this.#rounds[at] = this.#round;
    this.#keys[at] = c;
    this.#values[at] = this.n;
    this.list[this.n] = c;
    return this.n++;
  }
}

/** The colours of a rectangle of at most one tile, and its pixels as indices. */
export class Palette {
  colours = new Colours();
  indices = new Uint8Array(TILE * TILE);

  get n() {
    return this.colours.n;
  }

  /**
   * @param {Pixels} pic
   * @param {Rect} r
   * @param {number} limit at most 256
   * @returns {boolean} false if there are more colours than limit
   */
  build({ pixels, width }, { x, y, w, h }, limit) {
    const { colours, indices } = this;
    colours.clear();
    let last = -1;
    let index = 0;
    let k = 0;
    for (let row = y * width + x, end = row + h * width; row < end; row += width) {
      for (let i = row; i < row + w; i++) {
        const c = pixels[i] & RGB;
        if (c !== last) {
          index = colours.find(c);
          if (index < 0) {
            if (colours.n === limit) return false;
            index = colours.enter(c);
          }
          last = c;
        }
        indices[k++] = index;
      }
    }
    return true;
  }

  /**
   * Guesses from a few pixels whether a rectangle has too many colours for a palette. Asked only
   * where there were too many the last time: it can only take a picture for one that is not
   * exact for a while.
   * @param {Pixels} pic
   * @param {Rect} r
   */
  crowded({ pixels, width }, { x, y, w, h }) {
    if (w * h < TILE * TILE / 2) return false;
    const { colours } = this;
    colours.clear();
    let seen = 0;
    let i = 0;
    for (let j = 0; j < h; j += 3, i -= w) {
      for (; i < w; i += 5, seen++) { // prime to a tile's side: each row is looked at elsewhere
        const c = pixels[(y + j) * width + x + i] & RGB;
        if (colours.find(c) < 0 && colours.n < 256) colours.enter(c);
      }
    }
    return colours.n > seen * 3 / 4;
  }
}

/**
 * Palettes in common for tiles of more than 16 colours: the same glyph then has the same bytes in
 * every tile, and the compressor finds it again. Screens of smoothed text take half the bytes.
 */
class SharedPalettes {
  #sets = Array.from({ length: SHARED_SETS }, () => ({ colours: new Colours(), used: 0 }));
  #clock = 0;
  #to = new Uint8Array(256);

  /**
   * Changes a palette's indices to those of the set that needs the fewest new colours, or if none
   * has room, of the longest unused one, which begins anew.
   * @param {Palette} p
   * @returns {Colours} the set
   */
  apply(p) {
    this.#clock++;
    let best = null;
    let fewest = 257;
    for (const set of this.#sets) {
      let missing = 0;
      for (let i = 0; i < p.n && missing < fewest; i++) if (set.colours.find(p.colours.list[i]) < 0) missing++;
      if (missing >= fewest || set.colours.n + missing > 256) continue;
      best = set;
      fewest = missing;
    }
    if (!best) {
      best = this.#sets.reduce((a, b) => (b.used < a.used ? b : a));
      best.colours.clear();
    }
    best.used = this.#clock;
    const { colours } = best;
    for (let i = 0; i < p.n; i++) {
      const c = p.colours.list[i];
      const at = colours.find(c);
      this.#to[i] = at < 0 ? colours.enter(c) : at;
    }
    for (let i = 0; i < p.indices.length; i++) p.indices[i] = this.#to[p.indices[i]];
    return colours;
  }
}

/**
 * Writes an op's code and rectangle.
 * @param {Bytes} out
 * @param {number} code
 * @param {Rect} r
 * @param {number} more bytes that follow
 * @returns {{bytes: Uint8Array, at: number}} the memory, and where those begin
 */
export function putOp(out, code, { x, y, w, h }, more) {
  let at = out.length;
  const bytes = out.grow(9 + more);
  bytes[at++] = code;
  for (const v of [x, y, w, h]) {
    bytes[at++] = v & 255;
    bytes[at++] = v >> 8;
  }
  return { bytes, at };
}

/**
 * @param {Bytes} out
 * @param {Rect} r
 * @param {number} colour
 */
export function putFill(out, r, colour) {
  const { bytes, at } = putOp(out, OpCode.Fill, r, 3);
  putColour(bytes, at, colour);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} c
 */
function putColour(bytes, at, c) {
  bytes[at] = c >> 16 & 255;
  bytes[at + 1] = c >> 8 & 255;
  bytes[at + 2] = c & 255;
}

/** Writes Palette ops. */
export class PaletteWriter {
  #shared = new SharedPalettes();

  /**
   * Writes the Fill or Palette op of a rectangle.
   * @param {Bytes} out
   * @param {Rect} r
   * @param {Palette} p built of it; its indices may be others afterwards
   */
  put(out, r, p) {
    if (p.n === 1) {
      putFill(out, r, p.colours.list[0]);
      return;
    }
    const colours = p.n >= SHARED_FROM ? this.#shared.apply(p) : p.colours;
    const { n } = colours;
    const bits = indexBits(n);
    const stride = r.w * bits + 7 >> 3;
    let { bytes, at } = putOp(out, OpCode.Palette, r, 1 + 3 * n + stride * r.h);
    bytes[at++] = n - 1;
    for (let i = 0; i < n; i++, at += 3) putColour(bytes, at, colours.list[i]);
    if (bits === 8) {
      bytes.set(p.indices.subarray(0, r.w * r.h), at);
      return;
    }
    for (let row = 0, k = 0; row < r.h; row++) {
      let acc = 0;
      let have = 0;
      for (let i = 0; i < r.w; i++) {
        acc = acc << bits | p.indices[k++];
        if ((have += bits) < 8) continue;
        bytes[at++] = acc;
        acc = have = 0;
      }
      if (have > 0) bytes[at++] = acc << 8 - have;
    }
  }
}

/**
 * Writes the Delta op of a rectangle.
 * @param {Bytes} out
 * @param {Pixels} pic
 * @param {Rect} r
 */
export function putDelta(out, { pixels, width }, r) {
  const n = r.w * r.h;
  const { bytes, at } = putOp(out, OpCode.Delta, r, 3 * n);
  let k = at;
  for (let row = 0; row < r.h; row++) {
    let lg = 0;
    let lr = 0; // red and blue as differences from green, signed bytes
    let lb = 0;
    const from = (r.y + row) * width + r.x;
    for (let i = from; i < from + r.w; i++, k++) {
      const c = pixels[i];
      const g = c >> 8 & 255;
      const red = (c & 255) - g << 24 >> 24;
      const blue = (c >> 16 & 255) - g << 24 >> 24;
      if (row > 0) {
        const up = pixels[i - width];
        const ug = up >> 8 & 255;
        const ur = (up & 255) - ug << 24 >> 24;
        const ub = (up >> 16 & 255) - ug << 24 >> 24;
        if (i === from) {
          lg = ug;
          lr = ur;
          lb = ub;
        } else {
          lg = lg + ug >> 1;
          lr = lr + ur >> 1;
          lb = lb + ub >> 1;
        }
      }
      bytes[k] = g - lg;
      bytes[k + n] = red - lr;
      bytes[k + 2 * n] = blue - lb;
      lg = g;
      lr = red;
      lb = blue;
    }
  }
}

/**
 * One-coloured rectangles, joined with those that go on to the right of or below an earlier one.
 * They come in the order of rows, then columns, of their tiles.
 */
export class Fills {
  /** @type {{x: number, y: number, w: number, h: number, colour: number}[]} */
  #all = [];
  #row = -1; // of the tiles in hand
  #above = 0; // first of the row above it
  #last = 0; // first of the row in hand

  clear() {
    this.#all = [];
    this.#row = -1;
    this.#above = this.#last = 0;
  }

  get length() {
    return this.#all.length;
  }

  /**
   * @param {Rect} r
   * @param {number} colour
   */
  add({ x, y, w, h }, colour) {
    const row = Math.floor(y / TILE);
    if (row !== this.#row) {
      this.#endRow();
      this.#row = row;
    }
    const p = this.#all.at(-1);
    if (p && this.#all.length > this.#last && p.colour === colour && p.y === y && p.h === h && p.x + p.w === x) {
      p.w += w;
      return;
    }
    this.#all.push({ x, y, w, h, colour });
  }

  #endRow() {
    for (let k = this.#last, i = this.#above; k < this.#all.length; k++) {
      const r = this.#all[k];
      while (i < this.#last && this.#all[i].x < r.x) i++;
      const p = this.#all[i];
      if (i < this.#last && p.colour === r.colour && p.x === r.x && p.w === r.w && p.y + p.h === r.y) {
        r.y = p.y; // the older one goes on as part of the newer, so that rows stay in order
        r.h += p.h;
        p.h = 0;
      }
    }
    this.#above = this.#last;
    this.#last = this.#all.length;
  }

  /**
   * Writes the ops of all.
   * @param {Bytes} out
   * @returns {number} how many
   */
  put(out) {
    this.#endRow();
    let n = 0;
    for (const r of this.#all) {
      if (r.h === 0) continue;
      putFill(out, r, r.colour);
      n++;
    }
    return n;
  }
}
