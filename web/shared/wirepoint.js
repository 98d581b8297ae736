// Points: the part of wire.js that is Go's internal/wire/point.go. wire.js exports all of it. Pure.
import { WireError } from './wire.js';

const SIZE = 6;

/**
 * A place of the shared picture that a viewer points at.
 * @typedef {object} Point
 * @property {number} layout whose coordinates these are
 * @property {number} x pixels of the header's stream
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
