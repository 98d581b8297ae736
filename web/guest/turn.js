// Keeps updates near a given size: foresees sizes from those of earlier updates, and remembers at
// which tile the next one begins, so that all that waits gets its turn. As Go's
// internal/screen/turn.go. Pure.
import { area, JPEG_HEAD } from './grid.js';
import { TILE } from './tiles.js';

/** @typedef {import('./grid.js').Grid} Grid */
/** @typedef {import('../shared/picture.js').Rect} Rect */

export const DEFAULT_QUALITY = 75; // of a JPEG, 1..100
// What is taken for true before anything was seen: text packs that well, a photo takes that much.
const FIRST_SHRINK = 0.25;
const FIRST_PER_PIXEL = 0.25;
const TILE_SHARE = 64; // bytes of a JPEG's head that a tile has to bear
const SMALL = 1500; // bytes

/**
 * About how a JPEG grows with its quality, as a share of that at DEFAULT_QUALITY.
 * @param {number} q
 */
export const sizeOfQuality = (q) => (10 + q * 6 / 5) / (10 + DEFAULT_QUALITY * 6 / 5);

/**
 * @param {number} was 0: nothing
 * @param {number} is
 */
const lately = (was, is) => (was === 0 ? is : was + (is - was) / 4);

export class Turn {
  exactAt = 0; // tile
  #manyAt = 0;
  #shrink = 0; // bytes of packed ops for each one unpacked; 0: not known
  #perPixel = 0; // bytes of JPEG at DEFAULT_QUALITY

  /**
   * @param {number} raw
   * @param {number} out
   */
  packed(raw, out) {
    if (raw > 256) this.#shrink = lately(this.#shrink, Math.min(Math.max(out / raw, 0.02), 1)); // fewer say nothing
  }

  /**
   * @param {Rect} r
   * @param {number} size
   * @param {number} quality
   */
  blob(r, size, quality) {
    if (area(r) < TILE * TILE) return;
    this.#perPixel = lately(this.#perPixel, Math.max(size - JPEG_HEAD, 1) / area(r) / sizeOfQuality(quality));
  }

  /**
   * How many bytes of exact ops an update of a size may have. More than fit: parts of text that
   * scrolls, if they wait, are soon nowhere to be copied from, and cost far more.
   * @param {number} size
   */
  exactRaw(size) {
    return this.#rawFor(Math.max(size, 4 * (size - SMALL)));
  }

  /** @param {number} size */
  #rawFor(size) {
    return size / (this.#shrink || FIRST_SHRINK);
  }

  /**
   * The sorted tiles from the one on whose turn it is.
   * @param {number[]} tiles
   */
  order(tiles) {
    const first = Math.max(0, tiles.findIndex((t) => t >= this.exactAt));
    this.exactAt = 0;
    return first === 0 ? tiles : [...tiles.slice(first), ...tiles.slice(0, first)];
  }

  /**
   * Leaves in many, tiles of many colours, as many as fit into what is left of an update's size;
   * no JPEG may cover the others, which wait. At least one stays.
   * @param {Grid} grid
   * @param {Uint8Array} many
   * @param {Uint8Array} whole
   * @param {{size: number, exact: number, quality: number}} update exact: bytes of ops it has already
   * @returns {boolean} whether some wait
   */
  cut(grid, many, whole, { size, exact, quality }) {
    const room = Math.max(size - exact * size / this.#rawFor(size), size / 4);
    const perPixel = (this.#perPixel || FIRST_PER_PIXEL) * sizeOfQuality(quality);
    const first = this.#manyAt % many.length;
    this.#manyAt = 0;
    let used = JPEG_HEAD;
    let any = false;
    let full = false;
    for (let i = 0; i < many.length; i++) {
      const t = (first + i) % many.length;
      const box = grid.boxes[t];
      if (!many[t] || !box) continue;
      used += TILE_SHARE + perPixel * area(box);
      full ||= any && used > room;
      if (!full) {
        any = true;
        continue;
      }
      this.#manyAt ||= t;
      many[t] = whole[t] = 0;
    }
    return full;
  }
}
