// Turns pictures of a shared screen into updates of the protocol: the twin of Go's package
// internal/screen, whose documentation tells the why. One invariant holds all together: a tile that
// is not marked lossy has, at every viewer that the mark counts for, the pixels of the shadow; and
// the shadow takes on a captured picture exactly where an op of the update says so.
//
// Two things are different from Go's. What did not fit into one update is found again by comparing
// all of the picture. And JPEGs are made by the browser, which takes a while: calls return
// promises, and the next call waits for the last one.
// Pure: no DOM, JPEGs are injected.
import { Flag, Kind, message, validSize } from '../shared/wire.js';
import { Bytes } from './bytes.js';
import { Copies, PLAYING } from './copies.js';
import { area, copyRect, Grid, Mark, mergeCheap, QUIET, union } from './grid.js';
import { KeyBuilder, putJpeg, updateBody } from './keyframe.js';
import { Fills, MAX_COLOURS, Palette, PaletteWriter, putDelta, TILE } from './tiles.js';
import { DEFAULT_QUALITY, Turn } from './turn.js';
import { Compressor } from './zstdenc.js';

/** @typedef {import('./keyframe.js').Jpegs} Jpegs */
/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('../shared/picture.js').Rect} Rect */
/**
 * @typedef {object} Params of one call
 * @property {number} captured presenter's ms clock, as a Uint32; also the encoder's only clock
 * @property {number} [input] copied into the update
 * @property {number} [quality] of JPEGs, 1..100
 * @property {number} [budget] bytes that refinement may add; 0: none
 * @property {number} [size] bytes that the update may take, about; 0: as many as it needs
 */

// Choices between exact ops and JPEG for tiles of many colours, in pixels.
const AT_ONCE = 2 * TILE * TILE; // of one patch that goes exactly at once
const AT_ONCE_ALL = 8 * TILE * TILE; // and of all such patches of one update
const AT_ONCE_MOVING = TILE * TILE / 4; // of all while the screen moves
const NEARLY_WHOLE = TILE * TILE * 3 / 4;
const SHARED_FROM = 17;
const PIECE = 1 << 20; // of the largest JPEG
const REFINE_WORTH = 2 << 10; // bytes that must be left of an update's size for refinement

/** Caps of one update below those of the protocol; tests lower them. */
const LIMITS = { raw: 5 << 20, blobs: 6 << 20, rebuilt: 4 << 20, ops: 32767 };

export class Encoder {
  seq = 0;
  layout = 0;
  /** Bytes of refinement in the last update. */
  refined = 0;
  /** Whether something that has changed did not fit into the last update. */
  waiting = false;
  limits = { ...LIMITS };

  #epoch = 0;
  #part = 0;
  #fresh = true; // the next numbered update begins a compressor frame
  #behind = false; // a keyframe was given out and Done not said yet
  /** @type {Pixels} */
  #shadow = { width: 0, height: 0, pixels: new Uint32Array(0) };
  #grid = new Grid(0, 0);
  #copies = new Copies();
  #palette = new Palette();
  #writer = new PaletteWriter();
  #fills = new Fills();
  #turn = new Turn();
  #key;
  #pack = new Compressor(); // of numbered updates
  #alone = new Compressor(); // of CatchUp messages, a frame each
  #movedAt = 0; // last change of tiles of many colours
  #moving = false; // and it came soon after the one before
  #refineAt = 0;
  #catchUpAt = 0;
  #moveOps = new Bytes();
  #jpegOps = new Bytes(256);
  #exactOps = new Bytes(64 << 10);
  #chunk = new Bytes(64 << 10);
  #ops = 0;
  /** @type {Uint8Array[]} */
  #blobs = [];

  /** @param {Jpegs} jpegs */
  constructor(jpegs) {
    this.jpegs = jpegs;
    this.#key = new KeyBuilder(jpegs, this.#palette, this.#writer);
  }

  /**
   * A new attach: no viewer holds anything. Only between calls.
   * @param {number} epoch
   */
  begin(epoch) {
    this.#epoch = epoch;
    this.seq = this.#part = 0;
    this.#fresh = true;
    this.#behind = this.waiting = this.#moving = false;
    this.#shadow = { width: 0, height: 0, pixels: this.#shadow.pixels };
  }

  /**
   * Makes the shadow equal to cur without saying anything. Only while no viewer holds the stream.
   * @param {Pixels} cur
   */
  sync(cur) {
    if (!validSize(cur.width, cur.height)) return;
    this.#behind = this.waiting = false;
    if (cur.width === this.#shadow.width && cur.height === this.#shadow.height) {
      this.#shadow.pixels.set(cur.pixels);
      this.#grid = new Grid(cur.width, cur.height);
    } else {
      this.#adopt(cur);
    }
  }

  /** @param {Pixels} cur of another size */
  #adopt({ width, height, pixels }) {
    this.layout = this.layout % 0xffff + 1;
    this.#shadow = { width, height, pixels: pixels.slice(0, width * height) };
    this.#grid = new Grid(width, height);
    this.#refineAt = this.#catchUpAt = 0;
    this.#turn = new Turn();
  }

  /**
   * The numbered message of what differs between cur and the shadow, and of quiet tiles that are
   * lossy for all as far as the budget goes; null if there is nothing to say. When cur has another
   * size it is a keyframe with a new layout, at most 128 kB long.
   * @param {Pixels} cur not to be changed until the promise is settled
   * @param {Params} p
   * @param {Rect[]} [damage] where it may have changed since the last call
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async update(cur, p, damage = [{ x: 0, y: 0, w: cur.width, h: cur.height }]) {
    if (!validSize(cur.width, cur.height)) return null;
    if (cur.width !== this.#shadow.width || cur.height !== this.#shadow.height) return this.#resized(cur, p);
    const grid = this.#grid;
    if (this.waiting) damage = [{ x: 0, y: 0, w: cur.width, h: cur.height }];
    grid.compare(cur.pixels, this.#shadow.pixels, damage);
    this.waiting = false;
    for (const ops of [this.#moveOps, this.#jpegOps, this.#exactOps]) ops.clear();
    this.#blobs = [];
    this.#ops = 0;
    if (grid.dirty.length > 0) {
      this.#ops = this.#copies.put(cur, this.#shadow, grid, p.captured, this.#moveOps);
      await this.#encode(cur, p);
      grid.settle();
    }
    this.refined = 0;
    let budget = p.budget ?? 0;
    let refine = budget > 0 && this.#nextQuiet(p.captured) >= 0;
    if (this.#ops === 0 && !refine) return null;
    const pack = this.#pack;
    const flags = this.#fresh ? Flag.Reset : 0;
    pack.begin(this.#fresh);
    this.#fresh = false;
    for (const ops of [this.#moveOps, this.#jpegOps, this.#exactOps]) pack.add(ops.view());
    pack.flush();
    if (p.size) {
      this.#turn.packed(pack.raw, pack.out.length);
      const left = p.size - pack.out.length - this.#blobs.reduce((n, b) => n + b.length, 0);
      budget = Math.min(budget, left);
      refine &&= left > REFINE_WORTH || this.#ops === 0;
    }
    if (refine) {
      const before = pack.out.length;
      this.#rebuild(pack, budget, () => this.#nextQuiet(p.captured));
      this.refined = pack.out.length - before;
    }
    this.seq++;
    return this.#message(pack, flags, 0, p);
  }

  /**
   * Writes the ops of the dirty tiles, and brings the shadow up to cur in all that it wrote.
   * @param {Pixels} cur
   * @param {Params} p
   */
  async #encode(cur, p) {
    const grid = this.#grid;
    const many = new Uint8Array(grid.n);
    const whole = new Uint8Array(grid.n); // tiles that a JPEG may cover, too: an exact op comes after it
    let some = false;
    this.#fills.clear();
    const most = p.size ? Math.min(this.limits.raw, this.#turn.exactRaw(p.size)) : this.limits.raw;
    for (const t of this.#turn.order(grid.dirty)) {
      if (this.#exactOps.length > most || this.#ops + this.#fills.length >= this.limits.ops) {
        this.waiting = true;
        this.#turn.exactAt ||= t;
        continue;
      }
      const r = this.#choose(cur, t);
      if (!r) {
        grid.restless[t] = Math.min(grid.restless[t] + 1, PLAYING);
        many[t] = whole[t] = 1;
        some = true;
        continue;
      }
      grid.restless[t] = 0;
      whole[t] = grid.covers(r, t) ? 1 : 0;
      if (this.#palette.n === 1) {
        this.#fills.add(r, this.#palette.colours.list[0]);
      } else {
        this.#writer.put(this.#exactOps, r, this.#palette);
        this.#ops++;
      }
      this.#took(cur, r, p.captured);
    }
    this.#ops += this.#fills.put(this.#exactOps);
    if (!some) return;
    if (p.size && this.#turn.cut(grid, many, whole, { size: p.size, exact: this.#exactOps.length, quality: p.quality ?? DEFAULT_QUALITY })) {
      this.waiting = true;
    }
    await this.#encodeMany(cur, many, whole, p);
  }

  /**
   * Builds the palette of tile t's box, or of the whole tile where that is worth it: it rids a
   * lossy tile of its mark, joins fills, and costs little where most has changed.
   * @param {Pixels} cur
   * @param {number} t
   * @returns {Rect | null} the rectangle, or null if there are too many colours
   */
  #choose(cur, t) {
    const palette = this.#palette;
    const box = /** @type {Rect} */ (this.#grid.boxes[t]);
    const tile = this.#grid.rect(t);
    const exact = this.#grid.marks[t] === Mark.Exact;
    if (this.#grid.restless[t] > 0 && palette.crowded(cur, box)) return null;
    if (palette.build(cur, box, 1)) {
      if (palette.build(cur, tile, 1)) return tile;
      if (exact) {
        palette.build(cur, box, 1);
        return box;
      }
    }
    if (!exact || area(box) >= NEARLY_WHOLE) {
      if (palette.build(cur, tile, MAX_COLOURS)) return tile;
      if (area(box) === area(tile)) return null;
    }
    // With a colour for every other pixel it is grain, which is cheaper in a JPEG.
    return palette.build(cur, box, MAX_COLOURS) && (2 * palette.n <= area(box) || palette.n < SHARED_FROM) ? box : null;
  }

  /**
   * All viewers get r exactly in this update.
   * @param {Pixels} cur
   * @param {Rect} r
   * @param {number} now
   */
  #took(cur, r, now) {
    copyRect(this.#shadow, cur, r);
    this.#grid.drawn(r, Mark.Exact, now);
  }

  /**
   * Writes tiles of many colours: small patches exactly, others as JPEGs of merged rectangles.
   * @param {Pixels} cur
   * @param {Uint8Array} many
   * @param {Uint8Array} whole
   * @param {Params} p
   */
  async #encodeMany(cur, many, whole, p) {
    const grid = this.#grid;
    const moving = this.moving(p.captured);
    const quality = p.quality ?? DEFAULT_QUALITY;
    let small = 0;
    /** @type {Rect[]} */
    const boxes = [];
    for (const r of mergeCheap(grid, grid.runs(many), whole)) {
      const rows = Math.max(1, Math.floor(PIECE / r.w / TILE)) * TILE;
      for (let y = r.y; y < r.y + r.h; y += rows) {
        const piece = { x: r.x, y, w: r.w, h: Math.min(rows, r.y + r.h - y) };
        /** @type {Rect | null} */
        let box = null;
        grid.each(piece, (t) => {
          const b = many[t] ? grid.boxes[t] : null;
          if (b) box = box ? union(box, b) : b;
        });
        if (!box) continue;
        const size = area(box);
        if (size <= (moving ? AT_ONCE_MOVING : AT_ONCE) && small + size <= (moving ? AT_ONCE_MOVING : AT_ONCE_ALL)) {
          small += size;
          this.#deltas(cur, piece, many, p.captured);
        } else {
          boxes.push(box);
        }
      }
    }
    const blobs = await Promise.all(boxes.map((r) => this.jpegs.encode(cur, r, 1, quality)));
    let bytes = 0;
    boxes.forEach((r, i) => {
      const size = blobs[i].length;
      this.#turn.blob(r, size, quality);
      if (bytes > 0 && bytes + size > this.limits.blobs || this.#ops >= this.limits.ops) {
        this.waiting = true;
        return;
      }
      bytes += size;
      putJpeg(this.#jpegOps, r, size);
      this.#blobs.push(blobs[i]);
      this.#ops++;
      copyRect(this.#shadow, cur, r);
      grid.each(r, (t) => { // a tile that an exact op of this update covers afterwards stays exact
        if (whole[t] && !many[t]) return;
        grid.mark(t, Mark.All);
        grid.changed[t] = p.captured;
      });
    });
    this.#moving = (p.captured - this.#movedAt >>> 0) < QUIET;
    this.#movedAt = p.captured;
  }

  /**
   * Writes the boxes of wanted tiles inside a rectangle exactly.
   * @param {Pixels} cur
   * @param {Rect} r of whole tiles
   * @param {Uint8Array} wanted
   * @param {number} now
   */
  #deltas(cur, r, wanted, now) {
    this.#grid.each(r, (t) => {
      const box = wanted[t] ? this.#grid.boxes[t] : null;
      if (!box) return;
      putDelta(this.#exactOps, cur, box);
      this.#ops++;
      this.#took(cur, box, now);
    });
  }

  /**
   * Whether tiles of many colours change again and again: what is sent exactly is in vain.
   * @param {number} now
   */
  moving(now) {
    return this.#moving && (now - this.#movedAt >>> 0) < QUIET;
  }

  /**
   * The first tile whose turn it is that is lossy for all and quiet, or -1.
   * @param {number} now
   */
  #nextQuiet(now) {
    const grid = this.#grid;
    if (grid.count[Mark.All] === 0) return -1;
    for (let i = 0; i < grid.n; i++) {
      const t = (this.#refineAt + i) % grid.n;
      if (grid.marks[t] !== Mark.All || grid.unquiet(t, now) > 0) continue;
      this.#refineAt = t;
      return t;
    }
    return -1;
  }

  #nextNew() {
    const grid = this.#grid;
    if (grid.count[Mark.New] === 0) return -1;
    while (grid.marks[this.#catchUpAt %= grid.n] !== Mark.New) this.#catchUpAt++;
    return this.#catchUpAt;
  }

  /**
   * Adds whole exact tiles of the shadow until next returns -1 or budget bytes of output are
   * spent; at least one. It fills the budget with as much as fits for sure, sees how far that was
   * packed, and goes on with half of what would fit if the rest is like that.
   * @param {Compressor} pack
   * @param {number} budget
   * @param {() => number} next
   */
  #rebuild(pack, budget, next) {
    const start = pack.out.length;
    const chunk = this.#chunk;
    let raw = 0;
    for (let first = true; ; first = false) {
      const out = pack.out.length - start;
      let left = Math.min(budget - out, this.limits.rebuilt - raw);
      if (!first && left > 0) left = Math.min(Math.max(left, left * raw / (2 * Math.max(out, 1))), this.limits.rebuilt - raw);
      chunk.clear();
      while (first && chunk.length === 0 || chunk.length < left) {
        const t = this.#ops < 65534 ? next() : -1;
        if (t < 0) break;
        const before = chunk.length;
        const r = this.#grid.rect(t);
        if (this.#palette.build(this.#shadow, r, MAX_COLOURS)) this.#writer.put(chunk, r, this.#palette);
        else putDelta(chunk, this.#shadow, r);
        if (chunk.length > left && !(first && before === 0)) {
          chunk.length = before; // it keeps its mark, and is the next one's first
          break;
        }
        this.#ops++;
        this.#grid.mark(t, Mark.Exact);
      }
      if (chunk.length === 0) return;
      raw += chunk.length;
      pack.add(chunk.view());
      pack.flush();
    }
  }

  /**
   * The numbered keyframe that follows a change of size.
   * @param {Pixels} cur
   * @param {Params} p
   */
  async #resized(cur, p) {
    this.#adopt(cur);
    this.waiting = false;
    await this.#build(this.#pack, p);
    this.#key.lossy.forEach((is, t) => {
      this.#grid.changed[t] = p.captured;
      if (is) this.#grid.mark(t, Mark.All);
    });
    this.#fresh = false;
    this.refined = 0;
    this.seq++;
    return this.#message(this.#pack, Flag.Key | Flag.Reset, 0, p);
  }

  /**
   * @param {Compressor} pack
   * @param {Params} p
   */
  async #build(pack, p) {
    await this.#key.build(this.#shadow, this.#grid, pack, { size: p.size ?? 0, quality: p.quality ?? DEFAULT_QUALITY });
    this.#ops = this.#key.ops;
    this.#blobs = this.#key.blobs;
  }

  /**
   * A catch-up keyframe of the shadow: takes no number, stands alone, at most 128 kB. Null before
   * the first picture of an epoch.
   * @param {Params} p
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async keyframe(p) {
    if (this.#shadow.width === 0) return null;
    await this.#build(this.#alone, p);
    this.#alone.end();
    this.#key.lossy.forEach((is, t) => {
      if (is && this.#grid.marks[t] === Mark.Exact) this.#grid.mark(t, Mark.New);
    });
    this.#part++;
    this.#fresh = true;
    // It goes only to those that need it: who was behind before must hear Done, too, from catchUp.
    this.#behind ||= this.#grid.count[Mark.New] > 0;
    return this.#message(this.#alone, Flag.Key | Flag.CatchUp | (this.#behind ? 0 : Flag.Done), this.#part, p);
  }

  /**
   * A message that rebuilds, about budget bytes, what is lossy only for viewers that catch up.
   * Null when none is behind.
   * @param {Params} p
   */
  catchUp(p) {
    if (!this.#behind) return null;
    this.#ops = 0;
    this.#blobs = [];
    const pack = this.#alone;
    pack.begin(this.#grid.count[Mark.New] > 0);
    if (this.#grid.count[Mark.New] > 0) {
      this.#rebuild(pack, p.budget ?? 0, () => this.#nextNew());
      pack.end();
    }
    this.#behind = this.#grid.count[Mark.New] > 0;
    this.#part++;
    return this.#message(pack, Flag.CatchUp | (this.#behind ? 0 : Flag.Done), this.#part, p);
  }

  /** No viewer is catching up any more. */
  dropCatchUp() {
    this.#behind = false;
    this.#grid.dropNew();
  }

  /**
   * What a call would find to do. quietIn: ms until the first lossy tile is quiet.
   * @param {number} now
   * @returns {{catchUp: boolean, refine: boolean, quietIn: number}}
   */
  pending(now) {
    const grid = this.#grid;
    const catchUp = this.#behind;
    if (this.waiting) return { catchUp, refine: true, quietIn: 0 };
    if (grid.count[Mark.All] === 0) return { catchUp, refine: false, quietIn: 0 };
    let quietIn = QUIET;
    for (let t = 0; t < grid.n && quietIn > 0; t++) {
      if (grid.marks[t] === Mark.All) quietIn = Math.min(quietIn, grid.unquiet(t, now));
    }
    return { catchUp, refine: true, quietIn };
  }

  /**
   * @param {Compressor} pack
   * @param {number} flags
   * @param {number} part
   * @param {Params} p
   */
  #message(pack, flags, part, p) {
    if (!this.waiting && this.#grid.count[Mark.All] === 0) flags |= Flag.Exact;
    const { width, height } = this.#shadow;
    const head = { layout: this.layout, width, height, ops: this.#ops, captured: p.captured, input: p.input ?? 0, part, raw: pack.raw };
    return message({ kind: Kind.Update, flags, epoch: this.#epoch, seq: this.seq }, updateBody(head, pack.out.view(), this.#blobs));
  }
}
