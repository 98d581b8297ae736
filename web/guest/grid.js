// The tiles of a picture: what of each has changed, who holds it exactly, and rectangles made of
// them. As Go's internal/screen has it in damage.go, lossy.go and merge.go. Pure.
import { TILE } from './tiles.js';

/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {import('./tiles.js').Pixels} Pixels */

/**
 * For whom a tile may differ from the shadow. A larger one includes the smaller: what is lossy
 * for all is rebuilt by numbered updates, which viewers that catch up get, too.
 */
export const Mark = Object.freeze({ Exact: 0, New: 1, All: 2 });
/** Time without a change after which a lossy tile is rebuilt: four frames at 30 a second. */
export const QUIET = 133; // ms

/**
 * The smallest rectangle around both.
 * @param {Rect} a
 * @param {Rect} b
 * @returns {Rect}
 */
export function union(a, b) {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

/**
 * @param {Rect} a
 * @param {Rect} b
 */
export const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
/** @param {Rect} r */
export const area = (r) => r.w * r.h;

/**
 * Copies a rectangle between pictures of the same size.
 * @param {Pixels} to
 * @param {Pixels} from
 * @param {Rect} r
 */
export function copyRect(to, from, { x, y, w, h }) {
  const { width } = to;
  if (w === width) {
    to.pixels.set(from.pixels.subarray(y * width, (y + h) * width), y * width);
    return;
  }
  for (let at = y * width + x, end = at + h * width; at < end; at += width) to.pixels.set(from.pixels.subarray(at, at + w), at);
}

/** The tiles of a picture of one size. */
export class Grid {
  /** @type {(Rect | null)[]} what has changed in each tile; null for nothing */
  boxes;
  /** @type {number[]} the tiles with a box */
  dirty = [];

  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.across = Math.ceil(width / TILE);
    this.n = this.across * Math.ceil(height / TILE);
    this.boxes = new Array(this.n).fill(null);
    this.marks = new Uint8Array(this.n);
    this.changed = new Uint32Array(this.n); // presenter's clock at the last change
    this.count = [this.n, 0, 0]; // tiles of each mark
    /** How often in a row a tile was sent as JPEG. */
    this.restless = new Uint8Array(this.n);
  }

  /**
   * Tile t, cut at the picture's edge.
   * @param {number} t
   * @returns {Rect}
   */
  rect(t) {
    const x = t % this.across * TILE;
    const y = Math.floor(t / this.across) * TILE;
    return { x, y, w: Math.min(TILE, this.width - x), h: Math.min(TILE, this.height - y) };
  }

  /**
   * Calls f with every tile that r overlaps.
   * @param {Rect} r
   * @param {(t: number) => void} f
   */
  each({ x, y, w, h }, f) {
    const last = Math.floor((x + w - 1) / TILE);
    for (let ty = Math.floor(y / TILE); ty <= Math.floor((y + h - 1) / TILE); ty++) {
      for (let tx = Math.floor(x / TILE); tx <= last; tx++) f(ty * this.across + tx);
    }
  }

  /**
   * Finds where two pictures differ inside of rectangles, and adds it to the boxes.
   * @param {Uint32Array} cur
   * @param {Uint32Array} shadow
   * @param {Rect[]} rects
   */
  compare(cur, shadow, rects) {
    const { width, across } = this;
    for (const { x, y: top, w, h } of rects) {
      for (let y = top; y < top + h; y++) {
        const row = y * width;
        const end = row + x + w;
        for (let i = row + x; ;) {
          while (i < end && cur[i] === shadow[i]) i++;
          if (i >= end) break;
          const tx = i - row >> 5;
          const next = Math.min(end, row + (tx + 1) * TILE);
          let last = next - 1;
          while (cur[last] === shadow[last]) last--;
          this.#touch((y >> 5) * across + tx, { x: i - row, y, w: last - i + 1, h: 1 });
          i = next;
        }
      }
    }
    this.dirty.sort((a, b) => a - b);
  }

  /**
   * @param {number} t
   * @param {Rect} r inside of it
   */
  #touch(t, r) {
    const box = this.boxes[t];
    if (!box) this.dirty.push(t);
    this.boxes[t] = box ? union(box, r) : r;
  }

  /** Nothing has changed any more. */
  settle() {
    for (const t of this.dirty) this.boxes[t] = null;
    this.dirty = [];
  }

  /**
   * @param {number} t
   * @param {number} mark
   */
  mark(t, mark) {
    this.count[this.marks[t]]--;
    this.count[mark]++;
    this.marks[t] = mark;
  }

  /** No viewer is catching up any more. */
  dropNew() {
    if (this.count[Mark.New] === 0) return;
    for (let t = 0; t < this.n; t++) if (this.marks[t] === Mark.New) this.mark(t, Mark.Exact);
  }

  /**
   * How many ms a tile must still stay as it is to count as quiet.
   * @param {number} t
   * @param {number} now
   */
  unquiet(t, now) {
    return Math.max(0, QUIET - (now - this.changed[t] >>> 0));
  }

  /**
   * Notes that all viewers got a rectangle: a tile covered whole gets this mark, one covered in
   * part keeps a worse one.
   * @param {Rect} r
   * @param {number} mark
   * @param {number} now
   */
  drawn(r, mark, now) {
    this.each(r, (t) => {
      this.changed[t] = now;
      if (this.marks[t] < mark || this.covers(r, t)) this.mark(t, mark);
    });
  }

  /**
   * Reports whether r covers all of a tile.
   * @param {Rect} r
   * @param {number} t
   */
  covers(r, t) {
    const tile = this.rect(t);
    return r.x <= tile.x && r.y <= tile.y && r.x + r.w >= tile.x + tile.w && r.y + r.h >= tile.y + tile.h;
  }

  /**
   * Moves the marks with a copy into r from sx, sy: each tile gets the worst mark of the tiles
   * that its pixels came from, and keeps its own unless all of it was overwritten.
   * @param {Rect} r
   * @param {number} sx
   * @param {number} sy
   * @param {number} now
   */
  carry(r, sx, sy, now) {
    /** @type {[number, number][]} read before any is written, as the pixels are */
    const marks = [];
    this.each(r, (t) => {
      const tile = this.rect(t);
      const x = Math.max(tile.x, r.x);
      const y = Math.max(tile.y, r.y);
      const w = Math.min(tile.x + tile.w, r.x + r.w) - x;
      const h = Math.min(tile.y + tile.h, r.y + r.h) - y;
      let worst = this.covers(r, t) ? Mark.Exact : this.marks[t];
      this.each({ x: x - r.x + sx, y: y - r.y + sy, w, h }, (from) => { worst = Math.max(worst, this.marks[from]); });
      marks.push([t, worst]);
    });
    for (const [t, mark] of marks) {
      this.mark(t, mark);
      this.changed[t] = now;
    }
  }

  /**
   * Disjoint rectangles that cover exactly the wanted tiles: runs in a row, and equal runs of
   * adjacent rows as one.
   * @param {Uint8Array} wanted of each tile
   * @returns {Rect[]}
   */
  runs(wanted) {
    /** @type {Rect[]} */
    const done = [];
    /** @type {Map<string, Rect>} that end right above the row in hand */
    let open = new Map();
    for (let ty = 0; ty * this.across < this.n; ty++) {
      /** @type {Map<string, Rect>} */
      const next = new Map();
      for (let tx = 0; tx < this.across; tx++) {
        if (!wanted[ty * this.across + tx]) continue;
        const from = tx;
        while (tx < this.across && wanted[ty * this.across + tx]) tx++;
        const x = from * TILE;
        const r = { x, y: ty * TILE, w: Math.min(tx * TILE, this.width) - x, h: Math.min(TILE, this.height - ty * TILE) };
        const key = `${r.x} ${r.w}`;
        const above = open.get(key);
        if (above) above.h += r.h;
        else done.push(r);
        next.set(key, above ?? r);
      }
      open = next;
    }
    return done;
  }

  /**
   * Reports whether all tiles of r are in a set; null is all.
   * @param {Rect} r
   * @param {Uint8Array | null} may
   */
  inside(r, may) {
    let all = true;
    if (may) this.each(r, (t) => { all = all && may[t] !== 0; });
    return all;
  }
}

// Costs of a JPEG in bytes, to weigh one large against several small ones: its tables, and about a
// fifth of a byte for each pixel.
export const JPEG_HEAD = 620; // browsers write the standard tables into each
const JPEG_FIXED = JPEG_HEAD + 80;
const PIXELS_A_BYTE = 5;
const MERGE_AT_MOST = 192;

/**
 * Joins rectangles where one around both costs less, as long as it lies inside the tiles of may.
 * @param {Grid} grid
 * @param {Rect[]} rects
 * @param {Uint8Array | null} may
 */
export function mergeCheap(grid, rects, may) {
  if (rects.length > MERGE_AT_MOST) return rects;
  /** @param {Rect} r */
  const cost = (r) => JPEG_FIXED + area(r) / PIXELS_A_BYTE;
  for (let again = true; again;) {
    again = false;
    for (let i = 0; i < rects.length; i++) {
      for (let j = i + 1; j < rects.length; j++) {
        const u = union(rects[i], rects[j]);
        if (cost(u) >= cost(rects[i]) + cost(rects[j]) || !grid.inside(u, may)) continue;
        rects[i] = u;
        rects[j] = rects[rects.length - 1];
        rects.pop();
        j = i;
        again = true;
      }
    }
  }
  return rects;
}
