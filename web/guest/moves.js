// The search for content that has only moved: scrolled text, a dragged window. Short runs of pixels
// of the old picture go into a table, a rolling hash over the new one looks them up, and each hit
// votes for a move. As Go's internal/screen/copysearch.go. Nothing that it finds is certain. Pure.

/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {{dx: number, dy: number}} Move what stood at x, y now stands at x+dx, y+dy */

/** Changed pixels below which the search does not pay. */
export const LEAST_AREA = 60_000;
const RUN = 16; // pixels
const EDGES = 4; // colour changes that a run needs to tell something
const INDEX_X = 24;
const INDEX_Y = 7;
const ROLL_Y = 3; // coprime to INDEX_Y, so that every offset meets
const ROLL_BIG = 11;
const BIG = 4 << 20; // pixels
const LEAST_VOTES = 8;
const MOST_MOVES = 3;
const TABLE_BITS = 16;
const MUL = 0x01000193;
const SPREAD = 0x85ebca6b;
const TWICE = -1; // of a run that occurs more than once

let top = 1; // MUL to the power RUN - 1
for (let i = 1; i < RUN; i++) top = Math.imul(top, MUL);

/**
 * Spreads the colour of a pixel.
 * @param {number} p
 */
const pixelHash = (p) => {
  const c = p & 0xffffff;
  return Math.imul(c ^ c >>> 11, 0x9e3779b1);
};

/** Finds moves; keeps its table for the next time. */
export class MoveSearch {
  #table = new Int32Array(1 << TABLE_BITS); // place + 1 in the old picture

  /**
   * Up to three likely moves from old to cur inside of a rectangle, the best first.
   * @param {Pixels} old
   * @param {Pixels} cur of the same size
   * @param {Rect} r
   * @param {(x: number, y: number) => boolean} changed of a tile: only there cur is looked at
   * @returns {Move[]}
   */
  find(old, cur, r, changed) {
    if (r.w < RUN || r.h < 2 || this.#index(old, r) === 0) return [];
    /** @type {Map<number, number>} */
    const votes = new Map();
    const step = r.w * r.h > BIG ? ROLL_BIG : ROLL_Y;
    const right = r.x + r.w;
    for (let y = r.y; y < r.y + r.h; y += step) {
      for (let x = r.x; x < right;) {
        let end = (x >> 5) + 1 << 5;
        if (changed(x, y)) {
          while (end < right && changed(end, y)) end += 32;
          this.#roll(old, cur, x, Math.min(end, right), y, votes);
        }
        x = end;
      }
    }
    return [...votes].filter(([, n]) => n >= LEAST_VOTES).sort((a, b) => b[1] - a[1]).slice(0, MOST_MOVES)
      .map(([key]) => ({ dx: (key & 0xffff) - 0x8000, dy: Math.floor(key / 0x10000) - 0x8000 }));
  }

  /**
   * Enters runs of the old picture.
   * @param {Pixels} old
   * @param {Rect} r
   * @returns {number} how many
   */
  #index({ pixels, width }, r) {
    const table = this.#table.fill(0);
    let n = 0;
    for (let y = r.y + 1; y < r.y + r.h; y += INDEX_Y) {
      for (let x = r.x; x + RUN <= r.x + r.w; x += INDEX_X) {
        const at = y * width + x;
        let h = 0;
        let edges = 0;
        for (let i = at; i < at + RUN; i++) {
          if (i > at && pixels[i] !== pixels[i - 1]) edges++;
          h = Math.imul(h, MUL) + pixelHash(pixels[i]) | 0;
        }
        if (edges < EDGES) continue;
        const k = Math.imul(h, SPREAD) >>> 32 - TABLE_BITS;
        if (table[k] !== 0) {
          table[k] = TWICE;
          continue;
        }
        table[k] = at + 1;
        n++;
      }
    }
    return n;
  }

  /**
   * Looks up every run of a row.
   * @param {Pixels} old
   * @param {Pixels} cur
   * @param {number} x0
   * @param {number} x1
   * @param {number} y
   * @param {Map<number, number>} votes
   */
  #roll(old, cur, x0, x1, y, votes) {
    if (x1 - x0 < RUN) return;
    const { pixels, width } = cur;
    const from = old.pixels;
    const row = y * width;
    let h = 0;
    for (let i = row + x0; i < row + x0 + RUN; i++) h = Math.imul(h, MUL) + pixelHash(pixels[i]) | 0;
    for (let at = row + x0; ; at++) {
      const place = this.#table[Math.imul(h, SPREAD) >>> 32 - TABLE_BITS] - 1;
      if (place >= 0 && place !== at) {
        let i = 0;
        while (i < RUN && from[place + i] === pixels[at + i]) i++;
        if (i === RUN) {
          const oy = Math.floor(place / width);
          const key = (at - row - (place - oy * width) + 0x8000) + (y - oy + 0x8000) * 0x10000;
          votes.set(key, (votes.get(key) ?? 0) + 1);
        }
      }
      if (at + RUN >= row + x1) return;
      h = Math.imul(h - Math.imul(pixelHash(pixels[at]), top) | 0, MUL) + pixelHash(pixels[at + RUN]) | 0;
    }
  }
}
