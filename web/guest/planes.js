// What has changed between two frames, seen in the planes that browsers capture in: that is half
// the bytes of RGBA, and nothing needs to be converted before it is known. Browsers that share a
// screen send 30 frames a second of it, also while nothing happens: measured, Chromium on X11. Pure.
import { TILE } from './tiles.js';

/** @typedef {import('../shared/picture.js').Rect} Rect */
/** @typedef {{offset: number, stride: number}} Layout of one plane, both whole words */

const MOST_BANDS = 4; // above it one rectangle around all: each is read by a call of its own
const MARGIN = 2; // pixels around, as far as a chroma sample may reach; even

/** @param {number} n */
const align = (n) => n + 3 & ~3;

/**
 * How planes are laid out in memory; null for a format that is not of planes.
 * @param {string | null} format of a VideoFrame
 * @param {number} width
 * @param {number} height
 * @returns {{layout: Layout[], across: number[], size: number} | null} across: pixels of a word of each plane; size: bytes
 */
export function planes(format, width, height) {
  const halfWidth = width + 1 >> 1;
  const halfHeight = height + 1 >> 1;
  const luma = { offset: 0, stride: align(width) };
  const end = luma.stride * height;
  if (format === 'I420') {
    const stride = align(halfWidth);
    const v = end + stride * halfHeight;
    return { layout: [luma, { offset: end, stride }, { offset: v, stride }], across: [4, 8, 8], size: v + stride * halfHeight };
  }
  if (format === 'NV12') {
    const stride = align(2 * halfWidth);
    return { layout: [luma, { offset: end, stride }], across: [4, 4], size: end + stride * halfHeight };
  }
  return null;
}

/**
 * Rectangles around all that differs, at least: none if nothing does.
 * @param {Uint32Array} a
 * @param {Uint32Array} b
 * @param {NonNullable<ReturnType<typeof planes>>} how
 * @param {number} width
 * @param {number} height
 * @returns {Rect[]}
 */
export function changed(a, b, { layout, across }, width, height) {
  const rows = Math.ceil(height / TILE);
  const left = new Int32Array(rows).fill(width); // of each row of tiles
  const right = new Int32Array(rows);
  layout.forEach(({ offset, stride }, plane) => {
    const words = stride >> 2;
    const lines = plane === 0 ? height : height + 1 >> 1;
    const down = plane === 0 ? 1 : 2;
    for (let line = 0, at = offset >> 2; line < lines; line++, at += words) {
      const end = at + words;
      let i = at;
      while (i < end && a[i] === b[i]) i++;
      if (i === end) continue;
      let last = end - 1;
      while (a[last] === b[last]) last--;
      const row = line * down >> 5;
      left[row] = Math.min(left[row], (i - at) * across[plane]);
      right[row] = Math.max(right[row], (last - at + 1) * across[plane]);
    }
  });
  return bands(left, right, width, height);
}

/**
 * @param {Int32Array} left
 * @param {Int32Array} right 0: nothing in this row of tiles
 * @param {number} width
 * @param {number} height
 */
function bands(left, right, width, height) {
  /** @type {{y: number, end: number, x: number, to: number}[]} */
  let list = [];
  for (let row = 0; row < right.length; row++) {
    if (right[row] === 0) continue;
    const last = list.at(-1);
    if (last && last.end === row) {
      last.end = row + 1;
      last.x = Math.min(last.x, left[row]);
      last.to = Math.max(last.to, right[row]);
    } else {
      list.push({ y: row, end: row + 1, x: left[row], to: right[row] });
    }
  }
  if (list.length > MOST_BANDS) {
    const x = Math.min(...list.map((r) => r.x));
    list = [{ y: list[0].y, end: list[list.length - 1].end, x, to: Math.max(...list.map((r) => r.to)) }];
  }
  return list.map((r) => {
    const x = Math.max(0, r.x - MARGIN) & ~1;
    const y = Math.max(0, r.y * TILE - MARGIN) & ~1;
    return { x, y, w: Math.min(width, r.to + MARGIN) - x, h: Math.min(height, r.end * TILE + MARGIN) - y };
  });
}
