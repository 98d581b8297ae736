// Files in the protocol: chunks, what is said of transfers, and names. The part of wire.js that
// is Go's internal/wire/file.go; wire.js exports all of it. Pure.
import { WireError } from './wire.js';

export const MAX_CHUNK_DATA = 32 << 10;
export const MAX_CHUNK = 8 + MAX_CHUNK_DATA;
export const MAX_FILE_SIZE = 2 ** 50;
export const MAX_FILE_NAME = 180; // bytes of UTF-8

/**
 * What a control message "file" says; the chapter "Files" of internal/wire/doc.go has who sends
 * which op when.
 * @typedef {object} FileControl
 * @property {string} op ask, offer, accept, refuse, ack, done, cancel
 * @property {number} number of the transfer; 0 only in cancel: all of this viewer's
 * @property {string} [name]
 * @property {number} [size] bytes
 * @property {number} [offset]
 * @property {boolean} [again]
 * @property {string} [sha256]
 * @property {string} [reason]
 */

/** @type {Record<string, import('./wirecontrol.js').FieldType>} */
export const FILE_FIELDS = {
  op: 'string', number: 'u32', name: 'string', size: 'size', offset: 'size', again: 'bool', sha256: 'string', reason: 'string',
};

/**
 * The body of a chunk.
 * @param {number} offset
 * @param {Uint8Array} data
 */
export function encodeChunk(offset, data) {
  const b = new Uint8Array(8 + data.length);
  new DataView(b.buffer).setBigUint64(0, BigInt(offset), true);
  b.set(data, 8);
  return b;
}

/**
 * @param {Uint8Array} body
 * @returns {{offset: number, data: Uint8Array}} data aliases body
 */
export function parseChunk(body) {
  if (body.length <= 8 || body.length > MAX_CHUNK) throw new WireError('chunk length');
  const v = new DataView(body.buffer, body.byteOffset, 8);
  const offset = v.getUint32(4, true) * 2 ** 32 + v.getUint32(0, true);
  const data = body.subarray(8);
  if (offset + data.length > MAX_FILE_SIZE) throw new WireError('chunk beyond the largest file');
  return { offset, data };
}

const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;
// What is drawn as nothing although it counts as printable.
const FILLER = /[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\ufffd]/u;
const SHOWN = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;
const MAX_MARKS = 4;
const MAX_ENDING = 20;

const utf8 = new TextEncoder();

/** @param {string} s */
const byteLength = (s) => utf8.encode(s).length;

/**
 * Makes a name that comes from elsewhere fit to be shown and to be a file's name: the twin of Go's
 * CleanFileName, which says why.
 * @param {string} s
 */
export function cleanFileName(s) {
  s = s.slice(Math.max(s.lastIndexOf('/'), s.lastIndexOf('\\')) + 1).slice(0, 64 << 10);
  let name = '';
  let space = false;
  let marks = 0;
  for (const c of s) {
    if (/\p{White_Space}/u.test(c)) {
      space = name !== '';
      marks = 0;
      continue;
    }
    if (!SHOWN.test(c) || FILLER.test(c)) continue;
    if (/\p{M}/u.test(c)) {
      if (name === '' || space || marks === MAX_MARKS) continue;
      marks++;
    } else marks = 0;
    if (c === '.' && name === '') continue;
    if (space) name += ' ';
    space = false;
    name += /[<>:"|?*]/.test(c) ? '_' : c;
  }
  name = name.replace(/[. ]+$/, '');
  if (DEVICE.test(name)) name = '_' + name;
  return cutName(name) || 'file';
}

/**
 * Shortens a name to MAX_FILE_NAME bytes, before its ending if that is short.
 * @param {string} s
 */
function cutName(s) {
  if (byteLength(s) <= MAX_FILE_NAME) return s;
  const dot = s.lastIndexOf('.');
  const end = dot > 0 && byteLength(s.slice(dot)) <= MAX_ENDING ? s.slice(dot) : '';
  let left = MAX_FILE_NAME - byteLength(end);
  let stem = '';
  for (const c of end ? s.slice(0, dot) : s) {
    left -= byteLength(c);
    if (left < 0) break;
    stem += c;
  }
  return stem.replace(/[. ]+$/, '') + end;
}
