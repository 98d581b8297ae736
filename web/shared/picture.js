// The pixels of the viewer's picture and the ops that change them. The back buffer here is the
// truth, because a Copy reads it; canvases only show it. Pure: no DOM, runs in node and workers.
import { indexBits, OpCode } from './wire.js';

/** @typedef {import('./wire.js').Op} Op */
/** @typedef {{x: number, y: number, w: number, h: number}} Rect */

const OPAQUE = 0xff000000;
/** A list of more rectangles becomes their hull: one by one they cost more to paint. */
export const MAX_DIRTY = 48;

/**
 * Adds a rectangle to a list of what is to be painted, merged with another where that costs nothing.
 * @param {Rect[]} rects changed in place; at most MAX_DIRTY before and after
 * @param {Rect} rect
 */
export function addRect(rects, { x, y, w, h }) {
  for (let i = rects.length - 1; i >= 0; i--) {
    const d = rects[i];
    const left = Math.min(d.x, x);
    const top = Math.min(d.y, y);
    const hullW = Math.max(d.x + d.w, x + w) - left;
    const hullH = Math.max(d.y + d.h, y + h) - top;
    // Neighbours in a row, and what lies inside of another, become one at no cost.
    if (hullW * hullH > d.w * d.h + w * h) continue;
    rects[i] = { x: left, y: top, w: hullW, h: hullH };
    return;
  }
  rects.push({ x, y, w, h });
  if (rects.length <= MAX_DIRTY) return;
  const left = Math.min(...rects.map((d) => d.x));
  const top = Math.min(...rects.map((d) => d.y));
  const right = Math.max(...rects.map((d) => d.x + d.w));
  const bottom = Math.max(...rects.map((d) => d.y + d.h));
  rects.splice(0, rects.length, { x: left, y: top, w: right - left, h: bottom - top });
}

/**
 * A pixel as Uint32: R, G, B, A in memory on the little-endian machines that browsers run on.
 * @param {number} r
 * @param {number} g
 * @param {number} b
 */
const rgb = (r, g, b) => (OPAQUE | b << 16 | g << 8 | r) >>> 0;

/** A picture of fixed size; a resize makes a new one. */
export class Picture {
  /**
   * @param {number} width
   * @param {number} height within the caps of validSize
   * @param {number} layout
   * @param {number} [stream] that it is of
   */
  constructor(width, height, layout, stream = 0) {
    this.width = width;
    this.height = height;
    this.layout = layout;
    this.stream = stream;
    this.bytes = new Uint8ClampedArray(4 * width * height);
    this.pixels = new Uint32Array(this.bytes.buffer);
    this.pixels.fill(OPAQUE);
    /** @type {Rect[]} */
    this.dirty = [{ x: 0, y: 0, w: width, h: height }];
  }

  /** What has changed since the last call; the caller owns the list. */
  takeDirty() {
    const dirty = this.dirty;
    this.dirty = [];
    return dirty;
  }

  /**
   * Executes one op that is inside the picture.
   * @param {Op} op
   * @param {ArrayLike<number>} [image] RGBA bytes of op.w x op.h, for a JPEG
   */
  apply(op, image) {
    switch (op.code) {
      case OpCode.Fill: this.#fill(op); break;
      case OpCode.Copy: this.#copy(op); break;
      case OpCode.Palette: this.#palette(op); break;
      case OpCode.Delta: this.#delta(op); break;
      case OpCode.JPEG:
        if (!image) throw new Error('picture: a JPEG without its pixels');
        this.#image(op, image);
        break;
    }
    addRect(this.dirty, op);
  }

  /** @param {Op} op */
  #fill({ x, y, w, h, colours }) {
    const { pixels, width } = this;
    const colour = rgb(colours[2], colours[1], colours[0]);
    for (let at = y * width + x, end = at + h * width; at < end; at += width) pixels.fill(colour, at, at + w);
  }

  /** @param {Op} op */
  #copy({ x, y, w, h, sx, sy }) {
    const { pixels, width } = this;
    if (x === 0 && sx === 0 && w === width) {
      pixels.copyWithin(y * width, sy * width, (sy + h) * width);
      return;
    }
    const down = y > sy; // then the last row first, so that no source row is overwritten unread
    for (let i = 0; i < h; i++) {
      const row = down ? h - 1 - i : i;
      const from = (sy + row) * width + sx;
      pixels.copyWithin((y + row) * width + x, from, from + w);
    }
  }

  /** @param {Op} op */
  #palette({ x, y, w, h, colours, data }) {
    const { pixels, width } = this;
    const n = colours.length / 3;
    const bits = indexBits(n);
    // An index beyond n is no colour: it stays black, and no read leaves the table.
    const table = new Uint32Array(1 << bits).fill(OPAQUE);
    for (let i = 0; i < n; i++) table[i] = rgb(colours[3 * i + 2], colours[3 * i + 1], colours[3 * i]);
    const mask = (1 << bits) - 1;
    const stride = (w * bits + 7) >> 3;
    for (let row = 0; row < h; row++) {
      let to = (y + row) * width + x;
      let from = row * stride;
      if (bits === 8) {
        for (const end = to + w; to < end;) pixels[to++] = table[data[from++]];
        continue;
      }
      for (let left = w; left > 0;) {
        const byte = data[from++];
        for (let shift = 8 - bits; shift >= 0 && left > 0; shift -= bits, left--) {
          pixels[to++] = table[byte >> shift & mask];
        }
      }
    }
  }

  /** @param {Op} op */
  #delta({ x, y, w, h, data }) {
    const { pixels, width } = this;
    const size = w * h;
    // The row above of g, r-g and b-g.
    const upG = new Uint8Array(w);
    const upR = new Int8Array(w);
    const upB = new Int8Array(w);
    let at = 0;
    let g = 0;
    let r = 0;
    let b = 0;
    /**
     * The pixel at i of a row, from its prediction in g, r, b.
     * @param {number} to
     * @param {number} i
     */
    const put = (to, i) => {
      g = upG[i] = g + data[at] & 255;
      r = upR[i] = r + data[at + size] << 24 >> 24;
      b = upB[i] = b + data[at + 2 * size] << 24 >> 24;
      at++;
      pixels[to] = OPAQUE | (b + g & 255) << 16 | g << 8 | (r + g & 255);
    };
    for (let i = 0; i < w; i++) put(y * width + x + i, i);
    for (let row = 1; row < h; row++) {
      const to = (y + row) * width + x;
      g = upG[0];
      r = upR[0];
      b = upB[0];
      put(to, 0);
      for (let i = 1; i < w; i++) {
        g = g + upG[i] >> 1;
        r = r + upR[i] >> 1; // >> rounds down, also below zero
        b = b + upB[i] >> 1;
        put(to + i, i);
      }
    }
  }

  /**
   * @param {Op} op
   * @param {ArrayLike<number>} image
   */
  #image({ x, y, w, h }, image) {
    const { bytes, width } = this;
    const source = image instanceof Uint8ClampedArray ? image : Uint8ClampedArray.from(image);
    for (let row = 0; row < h; row++) {
      bytes.set(source.subarray(4 * row * w, 4 * (row + 1) * w), 4 * ((y + row) * width + x));
    }
  }
}
