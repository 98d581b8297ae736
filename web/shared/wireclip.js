// The clipboard in the protocol: the part of wire.js that is Go's internal/wire/clip.go; wire.js
// exports all of it. Pure.
import { WireError } from './wire.js';

export const MAX_CLIP_TEXT = 256 << 10; // bytes of UTF-8
const TOO_LONG = 0;
const TEXT = 1;
// Line feed and tab are all that is left of the control characters: pasted into a terminal the
// others would be commands of whoever has made the text.
const UNCLEAN = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const ALL_UNCLEAN = new RegExp(UNCLEAN, 'g');

const utf8 = new TextEncoder();
const fromUTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Makes a text fit for a clip, of any length: line ends as "\n", no other control characters but tabs.
 * @param {string} text
 */
export const cleanClip = (text) => text.replace(/\r\n?/g, '\n').replace(ALL_UNCLEAN, '');

/**
 * The body of a clip.
 * @param {string} text as cleanClip leaves it
 * @returns {Uint8Array<ArrayBuffer> | null} null for a text that is empty or too long
 */
export function encodeClip(text) {
  if (text === '' || text.length > MAX_CLIP_TEXT) return null;
  const bytes = utf8.encode(text);
  if (bytes.length > MAX_CLIP_TEXT) return null;
  const b = new Uint8Array(1 + bytes.length);
  b[0] = TEXT;
  b.set(bytes, 1);
  return b;
}

/**
 * @param {Uint8Array} body
 * @returns {string} '' for a text that is too long to be sent
 */
export function parseClip(body) {
  if (body.length === 1 && body[0] === TOO_LONG) return '';
  if (body.length < 2 || body.length > 1 + MAX_CLIP_TEXT || body[0] !== TEXT) throw new WireError('clip');
  let text;
  try {
    text = fromUTF8.decode(body.subarray(1));
  } catch {
    throw new WireError('clip is no UTF-8');
  }
  if (UNCLEAN.test(text)) throw new WireError('clip is no clean text');
  return text;
}
