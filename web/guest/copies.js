// Copy ops: of what has changed, what only stands elsewhere now. Every one is compared pixel by
// pixel before it is sent, and again once another may have overwritten its source. As Go's
// internal/screen/copies.go. Pure.
import { OpCode } from '../shared/wire.js';
import { area, overlap, union } from './grid.js';
import { LEAST_AREA, MoveSearch } from './moves.js';
import { putOp } from './tiles.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./grid.js').Grid} Grid */
/** @typedef {import('./moves.js').Move} Move */
/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('../shared/picture.js').Rect} Rect */

const MOST = 256; // copies of one move; above it choosing an order costs more than they save
const MOST_OPS = 16_000; // of an update
/** Times in a row that a tile had too many colours, after which its like is not looked for: a film plays. */
export const PLAYING = 3;

/** Finds copies; remembers the last move, because who scrolls goes on for a while. */
export class Copies {
  #search = new MoveSearch();
  /** @type {Move | null} */
  #last = null;
  #ops = 0;

  /**
   * Writes Copy ops for dirty tiles that have only moved, and makes them in the shadow, marks
   * included. What it could not explain stays dirty.
   * @param {Pixels} cur
   * @param {Pixels} shadow
   * @param {Grid} grid
   * @param {number} now presenter's clock
   * @param {Bytes} out
   * @returns {number} how many ops
   */
  put(cur, shadow, grid, now, out) {
    this.#ops = 0;
    const last = this.#last;
    this.#last = null;
    if (last && this.#copyBy(cur, shadow, grid, last, now, out)) this.#last = last;
    let changed = 0;
    /** @type {Rect | null} */
    let hull = null;
    for (const t of grid.dirty) {
      const box = /** @type {Rect} */ (grid.boxes[t]);
      if (grid.restless[t] < PLAYING) changed += area(box);
      hull = hull ? union(hull, box) : box;
    }
    if (!hull || changed <= LEAST_AREA) return this.#ops;
    const isDirty = (/** @type {number} */ x, /** @type {number} */ y) => grid.boxes[(y >> 5) * grid.across + (x >> 5)] !== null;
    for (const move of this.#search.find(shadow, cur, hull, isDirty)) {
      if (this.#copyBy(cur, shadow, grid, move, now, out)) this.#last ??= move;
    }
    return this.#ops;
  }

  /**
   * Copies all dirty tiles, or at least their boxes, that stand in the shadow at a move's distance.
   * @param {Pixels} cur
   * @param {Pixels} shadow
   * @param {Grid} grid
   * @param {Move} move
   * @param {number} now
   * @param {Bytes} out
   * @returns {boolean} whether there was any
   */
  #copyBy(cur, shadow, grid, move, now, out) {
    /** @type {Rect[]} */
    const rects = [];
    const whole = new Uint8Array(grid.n);
    for (const t of grid.dirty) {
      const box = /** @type {Rect} */ (grid.boxes[t]);
      if (matches(cur, shadow, grid.rect(t), move)) whole[t] = 1;
      else if (rects.length < MOST / 2 && matches(cur, shadow, box, move)) rects.push(box);
    }
    rects.push(...grid.runs(whole));
    if (rects.length === 0 || rects.length > MOST) return false;
    let done = false;
    let moved = false; // a source has been overwritten: only what is still right is sent
    while (rects.length > 0) {
      const { i, free } = nextCopy(rects, move);
      const r = rects[i];
      rects[i] = rects[rects.length - 1];
      rects.pop();
      if (this.#ops >= MOST_OPS || (moved && !matches(cur, shadow, r, move))) continue;
      moved ||= !free;
      const sx = r.x - move.dx;
      const sy = r.y - move.dy;
      const { bytes, at } = putOp(out, OpCode.Copy, r, 4);
      bytes.set([sx & 255, sx >> 8, sy & 255, sy >> 8], at);
      this.#ops++;
      grid.carry(r, sx, sy, now);
      movePixels(shadow, r, sx, sy);
      grid.each(r, (t) => { // whole tiles or one box: nothing else of them had changed
        grid.boxes[t] = null;
        grid.restless[t] = 0;
      });
      done = true;
    }
    if (done) grid.dirty = grid.dirty.filter((t) => grid.boxes[t]);
    return done;
  }
}

/**
 * Reports whether the shadow, as it is now, holds cur's r at a move's distance.
 * @param {Pixels} cur
 * @param {Pixels} shadow
 * @param {Rect} r
 * @param {Move} move
 */
function matches(cur, shadow, { x, y, w, h }, { dx, dy }) {
  const { width, height } = cur;
  if (x < dx || y < dy || x - dx + w > width || y - dy + h > height) return false;
  const a = cur.pixels;
  const b = shadow.pixels;
  const by = dy * width + dx;
  for (let row = y * width + x, end = row + h * width; row < end; row += width) {
    for (let i = row; i < row + w; i++) if (a[i] !== b[i - by]) return false;
  }
  return true;
}

/**
 * Picks a copy that overwrites no source of the others, if there is one. Disjoint rectangles can
 * nearly always be moved in some such order.
 * @param {Rect[]} rects
 * @param {Move} move
 */
function nextCopy(rects, { dx, dy }) {
  for (let i = rects.length - 1; i >= 0; i--) {
    if (!rects.some((s, j) => j !== i && overlap({ x: s.x - dx, y: s.y - dy, w: s.w, h: s.h }, rects[i]))) return { i, free: true };
  }
  return { i: rects.length - 1, free: false };
}

/**
 * Copies the rectangle at sx, sy onto r as if through a second buffer.
 * @param {Pixels} pic
 * @param {Rect} r
 * @param {number} sx
 * @param {number} sy
 */
function movePixels({ pixels, width }, { x, y, w, h }, sx, sy) {
  for (let i = 0; i < h; i++) {
    const row = sy < y ? h - 1 - i : i;
    const from = (sy + row) * width + sx;
    pixels.copyWithin((y + row) * width + x, from, from + w);
  }
}
