// What several tests need: hex, vectors and hand-made updates.
import { readFileSync, readdirSync } from 'node:fs';
import { encodeUpdate, Kind, message, PREAMBLE } from '../shared/wire.js';

/** @param {string} hex */
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16));
/** @param {Uint8Array} b */
export const toHex = (b) => Buffer.from(b).toString('hex');
/** @param {string | null} b64 */
export const fromBase64 = (b64) => Uint8Array.from(Buffer.from(b64 ?? '', 'base64'));

const vectors = new URL('../../internal/wire/testdata/vectors/', import.meta.url);
/** @param {string} name */
export const readVectors = (name) => JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));
/** @param {string} folder */
export const listVectors = (folder) => readdirSync(new URL(folder, vectors)).filter((f) => f.endsWith('.json')).sort();

/** @param {...(number | ArrayLike<number> | string)} parts */
export function bytes(...parts) {
  /** @type {number[]} */
  const out = [];
  for (const p of parts) {
    if (typeof p === 'number') out.push(p);
    else if (typeof p === 'string') out.push(...Buffer.from(p));
    else out.push(...Array.from(p));
  }
  return Uint8Array.from(out);
}

/**
 * A zstd block of a kind: 0 raw, 1 one byte repeated.
 * @param {ArrayLike<number>} data
 */
export const rawBlock = (data, last = 0, size = data.length, type = 0) => {
  const head = last | type << 1 | size << 3;
  return bytes(head & 255, head >> 8 & 255, head >> 16 & 255, data);
};
export const frameHead = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];

/** @param {number} n */
const u16 = (n) => [n & 255, n >> 8];
export const op = (code, x, y, w, h, ...rest) => bytes(code, u16(x), u16(y), u16(w), u16(h), ...rest);
export const fill = (x, y, w, h, r, g, b) => op(1, x, y, w, h, b, g, r);

/**
 * A whole update message whose compressor only stores.
 * @param {object} o
 */
export function update({ seq, flags = 0, stream = 0, epoch = 1, layout = 1, width = 4, height = 4, ops = [], blobs = [], part = 0, captured = seq,
  frame = (flags & 5) !== 0, head = {} }) {
  const block = bytes(...ops);
  const raw = frame ? bytes(PREAMBLE, block) : block;
  const packed = raw.length === 0 ? raw : bytes(frame ? frameHead : [], rawBlock(raw));
  const body = encodeUpdate({ layout, width, height, ops: ops.length, captured, input: 0, part, raw: raw.length, ...head }, packed, bytes(...blobs));
  return message({ kind: Kind.Update, flags, stream, epoch, seq }, body);
}

/** A clock and timers that move by hand. */
export class FakeTime {
  now = 0;
  /** @type {{at: number, id: number, f: () => void, every: number}[]} */
  timers = [];
  #id = 0;
  setTimeout = (f, ms = 0) => this.#add(f, ms, 0);
  setInterval = (f, ms) => this.#add(f, ms, ms);
  clear = (id) => { this.timers = this.timers.filter((t) => t.id !== id); };
  #add(f, ms, every) {
    this.timers.push({ at: this.now + ms, id: ++this.#id, f, every });
    return this.#id;
  }
  /** @param {number} ms */
  advance(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.now = due.at;
      if (due.every) due.at += due.every;
      else this.clear(due.id);
      due.f();
    }
    this.now = end;
  }
}
