// A viewer points at something of the shared screen: message kind 20, from a viewer to the
// presenter, as docs/decisions/0007-sharing-from-a-browser.md has it. Pure.
import { WireError } from '../shared/wire.js';

export const POINT = 20;
const SIZE = 6;

/**
 * @typedef {object} Point
 * @property {number} layout whose coordinates it uses
 * @property {number} x pixels of the picture
 * @property {number} y
 */

/** @param {Point | null} p null: points no more */
export function encodePoint(p) {
  if (!p) return new Uint8Array(0);
  return Uint8Array.of(p.layout & 255, p.layout >> 8, p.x & 255, p.x >> 8, p.y & 255, p.y >> 8);
}

/**
 * @param {Uint8Array} body
 * @returns {Point | null}
 */
export function parsePoint(body) {
  if (body.length === 0) return null;
  if (body.length !== SIZE) throw new WireError('point length');
  return { layout: body[0] | body[1] << 8, x: body[2] | body[3] << 8, y: body[4] | body[5] << 8 };
}
