// Finite state entropy as zstd has it (RFC 8878, 4.1): tables of an encoder, and how they are
// described in a frame. Pure.
import { Bits } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

/** @param {number} n at least 1 */
export const highBit = (n) => 31 - Math.clz32(n);

/** The encoder's table of one distribution. */
export class Fse {
  /**
   * @param {ArrayLike<number>} norm of each symbol: slots, or -1 for less than one; together 1 << log
   * @param {number} log
   */
  constructor(norm, log) {
    this.norm = norm;
    this.log = log;
    const size = 1 << log;
    const symbols = new Uint8Array(size);
    const first = new Int32Array(norm.length + 1);
    let high = size - 1;
    for (let s = 0; s < norm.length; s++) {
      if (norm[s] < 0) symbols[high--] = s;
      first[s + 1] = first[s] + Math.abs(norm[s]);
    }
    const step = (size >> 1) + (size >> 3) + 3;
    for (let s = 0, at = 0; s < norm.length; s++) {
      for (let i = 0; i < norm[s]; i++) {
        symbols[at] = s;
        do at = at + step & size - 1;
        while (at > high);
      }
    }
    this.states = new Uint16Array(size);
    this.bitsDelta = new Int32Array(norm.length);
    this.stateDelta = new Int32Array(norm.length);
    const next = first.slice();
    for (let u = 0; u < size; u++) this.states[next[symbols[u]]++] = size + u;
    for (let s = 0; s < norm.length; s++) {
      const n = Math.abs(norm[s]);
      if (n === 0) continue;
      if (n === 1) {
        this.bitsDelta[s] = (log << 16) - size;
        this.stateDelta[s] = first[s] - 1;
        continue;
      }
      const most = log - highBit(n - 1);
      this.bitsDelta[s] = (most << 16) - (n << most);
      this.stateDelta[s] = first[s] - n;
    }
  }

  /**
   * The state before a stream's last symbol, which costs no bits of its own.
   * @param {number} symbol
   */
  begin(symbol) {
    const delta = this.bitsDelta[symbol];
    const n = delta + (1 << 15) >> 16;
    return this.states[((n << 16) - delta >> n) + this.stateDelta[symbol]];
  }

  /**
   * Writes a symbol that comes before those written so far.
   * @param {Bits} bits
   * @param {number} state
   * @param {number} symbol
   * @returns {number} the new state
   */
  put(bits, state, symbol) {
    const n = state + this.bitsDelta[symbol] >> 16;
    bits.add(state, n);
    return this.states[(state >> n) + this.stateDelta[symbol]];
  }

  /**
   * What symbols of these counts take with this table; Infinity if it lacks one of them.
   * @param {ArrayLike<number>} counts
   * @returns {number} bits
   */
  cost(counts) {
    let bits = 0;
    for (let s = 0; s < counts.length; s++) {
      if (counts[s] === 0) continue;
      const n = s < this.norm.length ? Math.abs(this.norm[s]) : 0;
      if (n === 0) return Infinity;
      bits += counts[s] * (this.log - Math.log2(n));
    }
    return bits;
  }
}

/**
 * Scales counts so that they add up to 1 << log.
 * @param {ArrayLike<number>} counts at least two of them not 0, and at most 1 << log
 * @param {number} log
 * @returns {Int16Array} up to the last symbol that occurs; one that occurs has at least 1
 */
export function normalise(counts, log) {
  let total = 0;
  let length = 0;
  for (let s = 0; s < counts.length; s++) {
    total += counts[s];
    if (counts[s] > 0) length = s + 1;
  }
  const norm = new Int16Array(length);
  let left = 1 << log;
  for (let s = 0; s < length; s++) {
    if (counts[s] === 0) continue;
    norm[s] = Math.max(1, Math.round(counts[s] * (1 << log) / total));
    left -= norm[s];
  }
  while (left !== 0) { // the largest bears it best
    let most = 0;
    for (let s = 1; s < length; s++) if (norm[s] > norm[most]) most = s;
    const by = left > 0 ? left : -Math.min(-left, Math.max(1, norm[most] >> 2));
    norm[most] += by;
    left -= by;
  }
  return norm;
}

/**
 * Writes the description of a table, padded to whole bytes.
 * @param {Bytes} out
 * @param {ArrayLike<number>} norm
 * @param {number} log at least 5
 */
export function describe(out, norm, log) {
  const bits = new Bits(out);
  bits.add(log - 5, 4);
  let remaining = (1 << log) + 1;
  let threshold = 1 << log;
  let width = log + 1;
  let zero = false;
  for (let s = 0; s < norm.length && remaining > 1;) {
    if (zero) {
      let run = 0;
      while (norm[s] === 0) {
        s++;
        run++;
      }
      for (; run >= 3; run -= 3) bits.add(3, 2);
      bits.add(run, 2);
    }
    const n = norm[s++];
    const most = 2 * threshold - 1 - remaining;
    remaining -= Math.abs(n);
    let value = n + 1;
    if (value >= threshold) value += most;
    bits.add(value, width - (value < most ? 1 : 0));
    zero = n === 0;
    for (; remaining < threshold; threshold >>= 1) width--;
  }
  bits.pad();
}
