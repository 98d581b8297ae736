// The literals of a zstd block (RFC 8878, 3.1.1.3.1): as they are, one repeated, or by Huffman
// codes, described anew or those of a block before. Pure.
import { Bits, Bytes } from './bytes.js';
import { describe, Fse, normalise } from './fse.js';

const MAX_BITS = 11;
const LEAST = 32; // literals below which no description pays
const ONE_STREAM = 1024; // from here on four

/** @typedef {{lengths: Uint8Array, codes: Uint16Array}} Codes 0: a byte without a code */

/** Writes the literals of one frame's blocks. */
export class Literals {
  /** @type {Codes | null} those that the decoder holds */
  #codes = null;
  #counts = new Uint32Array(256);
  #description = new Bytes(256);

  /** A new frame begins. */
  reset() {
    this.#codes = null;
  }

  /** What take would have to give back: a block whose literals were not sent after all. */
  get codes() {
    return this.#codes;
  }

  /** @param {Codes | null} codes of an earlier look at codes */
  restore(codes) {
    this.#codes = codes;
  }

  /**
   * Writes a literals section.
   * @param {Bytes} out
   * @param {Uint8Array} data up to 128 KiB
   */
  write(out, data) {
    const n = data.length;
    const counts = this.#counts.fill(0);
    for (let i = 0; i < n; i++) counts[data[i]]++;
    if (n > 4 && counts[data[0]] === n) {
      plainHead(out, 1, n);
      out.push(data[0]);
      return;
    }
    let best = n + (n < 32 ? 1 : n < 4096 ? 2 : 3); // as they are
    const old = this.#codes && size(this.#codes, counts);
    const heads = headSize(n) + (n < ONE_STREAM ? 1 : 10); // and the ends of the streams
    let how = 0;
    if (old !== null && old + heads < best) {
      best = old + heads;
      how = 3;
    }
    /** @type {Codes | null} */
    let fresh = null;
    if (n >= LEAST) {
      fresh = huffman(counts);
      this.#description.clear();
      if (describeCodes(this.#description, fresh.lengths) &&
          (size(fresh, counts) ?? Infinity) + heads + this.#description.length < best) how = 2;
    }
    if (how === 0) {
      plainHead(out, 0, n);
      out.append(data);
      return;
    }
    if (how === 2) this.#codes = fresh;
    this.#compressed(out, data, how);
  }

  /**
   * @param {Bytes} out
   * @param {Uint8Array} data
   * @param {number} how 2 with the description, 3 without
   */
  #compressed(out, data, how) {
    const n = data.length;
    const codes = /** @type {Codes} */ (this.#codes);
    const at = out.length;
    const heads = headSize(n);
    out.grow(heads);
    if (how === 2) out.append(this.#description.view());
    if (n < ONE_STREAM) {
      stream(out, data, 0, n, codes);
    } else {
      const table = out.length;
      out.grow(6);
      const part = n + 3 >> 2;
      for (let i = 0; i < 4; i++) {
        const from = out.length;
        stream(out, data, i * part, Math.min(n, (i + 1) * part), codes);
        const length = out.length - from;
        if (i === 3) break;
        const b = out.view();
        b[table + 2 * i] = length & 255;
        b[table + 2 * i + 1] = length >> 8;
      }
    }
    const packed = out.length - at - heads;
    const format = n < ONE_STREAM ? 0 : heads - 2;
    const width = heads === 3 ? 10 : heads === 4 ? 14 : 18;
    const b = out.view();
    let head = how + format * 4 + n * 16 + packed * 2 ** (4 + width); // up to 40 bits: no shifts
    for (let i = 0; i < heads; i++) {
      b[at + i] = head % 256;
      head = Math.floor(head / 256);
    }
  }
}

/** @param {number} n */
const headSize = (n) => (n < 1024 ? 3 : n < 16384 ? 4 : 5);

/**
 * The head of raw literals or of one that is repeated.
 * @param {Bytes} out
 * @param {number} how 0 or 1
 * @param {number} n
 */
function plainHead(out, how, n) {
  if (n < 32) {
    out.push(how | n << 3);
    return;
  }
  const head = n < 4096 ? how | 1 << 2 | n << 4 : how | 3 << 2 | n << 4;
  out.push(head & 255);
  out.push(head >> 8 & 255);
  if (n >= 4096) out.push(head >> 16);
}

/**
 * Bytes that data of these counts takes, or null if a code is missing.
 * @param {Codes} codes
 * @param {Uint32Array} counts
 */
function size({ lengths }, counts) {
  let bits = 0;
  for (let s = 0; s < 256; s++) {
    if (counts[s] === 0) continue;
    if (lengths[s] === 0) return null;
    bits += counts[s] * lengths[s];
  }
  return bits + 7 >> 3;
}

/**
 * One stream, which is read from its end.
 * @param {Bytes} out
 * @param {Uint8Array} data
 * @param {number} from
 * @param {number} to
 * @param {Codes} codes
 */
function stream(out, data, from, to, { lengths, codes }) {
  const bits = new Bits(out);
  for (let i = to - 1; i >= from; i--) bits.add(codes[data[i]], lengths[data[i]]);
  bits.end();
}

/**
 * Codes of at most MAX_BITS bits.
 * @param {Uint32Array} counts at least two bytes occur
 * @returns {Codes}
 */
export function huffman(counts) {
  /** @type {number[]} */
  const symbols = [];
  for (let s = 0; s < 256; s++) if (counts[s] > 0) symbols.push(s);
  symbols.sort((a, b) => counts[a] - counts[b] || a - b);
  const lengths = limited(depths(symbols.map((s) => counts[s])));
  /** @type {Codes} */
  const codes = { lengths: new Uint8Array(256), codes: new Uint16Array(256) };
  symbols.forEach((s, i) => { codes.lengths[s] = lengths[i]; });
  // The longest codes are the smallest; equally long ones are in the order of their bytes.
  const ranks = new Uint16Array(MAX_BITS + 2);
  for (const l of lengths) ranks[l]++;
  const next = new Uint16Array(MAX_BITS + 2);
  for (let l = MAX_BITS, code = 0; l > 0; l--) {
    next[l] = code;
    code = code + ranks[l] >> 1;
  }
  for (let s = 0; s < 256; s++) if (codes.lengths[s] > 0) codes.codes[s] = next[codes.lengths[s]]++;
  return codes;
}

/**
 * The depths of Huffman's tree: two queues, as all new nodes come in order of their weights.
 * @param {number[]} weights ascending, at least two
 */
function depths(weights) {
  const n = weights.length;
  const weight = [...weights];
  const parent = new Int32Array(2 * n - 1);
  let leaf = 0;
  let node = n;
  const least = () => (leaf < n && (node >= weight.length || weight[leaf] <= weight[node]) ? leaf++ : node++);
  while (weight.length < 2 * n - 1) {
    const a = least();
    const b = least();
    parent[a] = parent[b] = weight.length;
    weight.push(weight[a] + weight[b]);
  }
  const depth = new Uint8Array(2 * n - 1);
  for (let i = 2 * n - 3; i >= 0; i--) depth[i] = depth[parent[i]] + 1;
  return depth.subarray(0, n);
}

/**
 * Cuts lengths at MAX_BITS and makes a whole code of them again, whose lengths add up to just one.
 * @param {Uint8Array} lengths of symbols from the rarest on, so descending
 */
function limited(lengths) {
  const unit = 1 << MAX_BITS;
  let sum = 0;
  for (let i = 0; i < lengths.length; i++) {
    lengths[i] = Math.min(lengths[i], MAX_BITS);
    sum += unit >> lengths[i];
  }
  // Too much: the rarest that can be longer become longer.
  for (let i = 0; sum > unit; i++) {
    for (; lengths[i] < MAX_BITS && sum > unit; lengths[i]++) sum -= unit >> lengths[i] + 1;
  }
  // Too little: the most frequent ones become shorter where that fits.
  for (let i = lengths.length - 1; i >= 0 && sum < unit; i--) {
    for (; lengths[i] > 1 && sum + (unit >> lengths[i]) <= unit; lengths[i]--) sum += unit >> lengths[i];
  }
  return lengths;
}

/**
 * Writes the description of codes: a weight for each byte but the last one that has a code.
 * @param {Bytes} out empty
 * @param {Uint8Array} lengths
 * @returns {boolean} false if these codes cannot be described
 */
function describeCodes(out, lengths) {
  let last = 255;
  while (lengths[last] === 0) last--;
  let most = 0;
  for (const l of lengths) most = Math.max(most, l);
  const weights = new Uint8Array(last);
  const counts = new Uint32Array(MAX_BITS + 2);
  for (let s = 0; s < last; s++) {
    weights[s] = lengths[s] && most + 1 - lengths[s];
    counts[weights[s]]++;
  }
  const direct = last <= 128 ? 1 + (last + 1 >> 1) : Infinity;
  if (last > 2 && counts.filter((n) => n > 0).length > 1) {
    out.push(0);
    packWeights(out, weights, counts);
    if (out.length - 1 < 128 && out.length < direct) {
      out.view()[0] = out.length - 1;
      return true;
    }
    out.clear();
  }
  if (direct === Infinity) return false;
  out.push(127 + last);
  for (let s = 0; s < last; s += 2) out.push(weights[s] << 4 | (s + 1 < last ? weights[s + 1] : 0));
  return true;
}

/**
 * Weights by two states in turn.
 * @param {Bytes} out
 * @param {Uint8Array} weights at least 3, of at least two kinds
 * @param {Uint32Array} counts
 */
function packWeights(out, weights, counts) {
  const log = weights.length > 2 * 32 ? 6 : 5;
  const norm = normalise(counts, log);
  describe(out, norm, log);
  const fse = new Fse(norm, log);
  const bits = new Bits(out);
  const states = [0, 0];
  const n = weights.length;
  // A weight at an even place is of the first state; the last of each costs nothing.
  for (let i = n - 1; i >= 0; i--) {
    states[i & 1] = i >= n - 2 ? fse.begin(weights[i]) : fse.put(bits, states[i & 1], weights[i]);
  }
  bits.add(states[1], log);
  bits.add(states[0], log);
  bits.end();
}

