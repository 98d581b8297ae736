// The stream's compressor: a zstd encoder (RFC 8878) that keeps its history between updates and
// can stop at any block. Matches are found by a table of the last places of four bytes; what
// decides is speed, as for klauspost/compress's "fastest", whose sizes it comes near to. Pure.
import { PREAMBLE } from '../shared/wire.js';
import { Bits, Bytes } from './bytes.js';
import { describe, Fse, highBit, normalise } from './fse.js';
import { Literals } from './huffman.js';

const FRAME_HEAD = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]; // the protocol's: a window of 1 MiB
const WINDOW = 1 << 20;
const MAX_BLOCK = 128 << 10;
const BUFFER = WINDOW + 4 * MAX_BLOCK; // what is before the window goes when this is full
const HASH_BITS = 16;
const LEAST_MATCH = 4;
const LONG = 48; // from here on a match is taken without a look at the next place
const PREAMBLE_BYTES = new TextEncoder().encode(PREAMBLE);

const LITERAL_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_BITS = [...new Array(32).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

// The distributions that every decoder knows, of lengths of literals, offsets and matches.
const LITERAL_NORM = [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1];
const OFFSET_NORM = [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];
const MATCH_NORM = [1, 4, 3, 2, 2, 2, 2, 2, 2, ...new Array(37).fill(1), -1, -1, -1, -1, -1, -1, -1];

/**
 * The first length of each code, and the code of each length up to 255.
 * @param {number[]} bits
 * @param {number} least
 */
function lengthCodes(bits, least) {
  const base = new Int32Array(bits.length);
  for (let c = 0, at = least; c < bits.length; at += 1 << bits[c++]) base[c] = at;
  const small = new Uint8Array(256);
  for (let n = least, c = 0; n < 256; n++) {
    while (c + 1 < bits.length && base[c + 1] <= n) c++;
    small[n] = c;
  }
  return { bits, base, small };
}
const LITERAL_CODES = lengthCodes(LITERAL_BITS, 0);
const MATCH_CODES = lengthCodes(MATCH_BITS, 3);

/**
 * @param {ReturnType<typeof lengthCodes>} codes
 * @param {number} n
 */
function codeOf({ small, base }, n) {
  if (n < 256) return small[n];
  let c = base.length - 1;
  while (base[c] > n) c--;
  return c;
}

/** One of the three kinds of numbers of a block's sequences. */
class Column {
  codes = new Uint8Array(MAX_BLOCK / LEAST_MATCH + 1);
  extra = new Int32Array(MAX_BLOCK / LEAST_MATCH + 1);
  #counts;
  #known;
  #log;

  /**
   * @param {number[]} norm
   * @param {number} log of norm
   * @param {number} most log of an own table
   */
  constructor(norm, log, most) {
    this.#known = new Fse(norm, log);
    this.#counts = new Uint32Array(norm.length);
    this.#log = most;
  }

  /**
   * The table for the first n codes, whose description, if it needs one, is written.
   * @param {number} n
   * @param {Bytes} out
   * @returns {{fse: Fse, mode: number}}
   */
  table(n, out) {
    const counts = this.#counts.fill(0);
    let kinds = 0;
    for (let i = 0; i < n; i++) if (counts[this.codes[i]]++ === 0) kinds++;
    if (n < 24 || kinds < 2) return { fse: this.#known, mode: 0 };
    const log = Math.min(this.#log, Math.max(5, highBit(kinds - 1) + 1, highBit(n) - 1));
    const norm = normalise(counts, log);
    const own = new Fse(norm, log);
    const at = out.length;
    describe(out, norm, log);
    if (own.cost(counts) + 8 * (out.length - at) < this.#known.cost(counts)) return { fse: own, mode: 2 };
    out.length = at;
    return { fse: this.#known, mode: 0 };
  }
}

/** One compressor; what comes out of a message collects in out. */
export class Compressor {
  /** What was flushed since begin. */
  out = new Bytes(16 << 10);
  /** Bytes put in since begin, the preamble included. */
  raw = 0;

  #buffer = new Uint8Array(BUFFER);
  #from = 0; // what is not compressed yet
  #end = 0;
  #table = new Int32Array(1 << HASH_BITS); // place + 1
  #reps = [1, 4, 8];
  #literals = new Literals();
  #plain = new Uint8Array(MAX_BLOCK);
  #block = new Bytes(64 << 10);
  #lengths = new Column(LITERAL_NORM, 6, 9);
  #offsets = new Column(OFFSET_NORM, 5, 8);
  #matches = new Column(MATCH_NORM, 6, 9);

  /**
   * Begins a message.
   * @param {boolean} fresh also begins a frame, with the preamble
   */
  begin(fresh) {
    this.out.clear();
    this.raw = 0;
    if (!fresh) return;
    this.#from = this.#end = 0;
    this.#table.fill(0);
    this.#reps = [1, 4, 8];
    this.#literals.reset();
    this.out.append(FRAME_HEAD);
    this.add(PREAMBLE_BYTES);
  }

  /** @param {Uint8Array} data */
  add(data) {
    this.raw += data.length;
    for (let at = 0; at < data.length;) {
      if (this.#end - this.#from >= MAX_BLOCK) this.flush();
      const n = Math.min(data.length - at, MAX_BLOCK - (this.#end - this.#from));
      if (this.#end + n > BUFFER) this.#slide();
      this.#buffer.set(data.subarray(at, at + n), this.#end);
      this.#end += n;
      at += n;
    }
  }

  /** Brings all that was added into out, up to a block's end. */
  flush() {
    if (this.#end > this.#from) this.#compress();
    this.#from = this.#end;
  }

  /** Flushes and ends the frame. */
  end() {
    this.flush();
    this.out.append([1, 0, 0]);
  }

  /** Forgets what is before the window. */
  #slide() {
    const by = this.#from - WINDOW;
    this.#buffer.copyWithin(0, by, this.#end);
    this.#from -= by;
    this.#end -= by;
    const table = this.#table;
    for (let i = 0; i < table.length; i++) table[i] = Math.max(0, table[i] - by);
  }

  /** Writes what waits, at most MAX_BLOCK bytes, as one block. */
  #compress() {
    const { out } = this;
    const size = this.#end - this.#from;
    const reps = [...this.#reps];
    const { codes } = this.#literals;
    const block = this.#block;
    block.clear();
    if (size > 16) this.#sequences(block);
    let kind = 2;
    if (block.length === 0 || block.length >= size) {
      kind = 0;
      this.#reps = reps;
      this.#literals.restore(codes);
    }
    const n = kind === 2 ? block.length : size;
    out.append([(kind << 1 | n << 3) & 255, n >> 5 & 255, n >> 13]);
    out.append(kind === 2 ? block.view() : this.#buffer.subarray(this.#from, this.#end));
  }

  /**
   * Finds the sequences of what waits, and writes a block's content.
   * @param {Bytes} block empty
   */
  #sequences(block) {
    const b = this.#buffer;
    const table = this.#table;
    const end = this.#end;
    const limit = end - 8;
    let literals = 0;
    let count = 0;
    let anchor = this.#from;
    let at = this.#from;
    /** @param {number} i */
    const hash = (i) => Math.imul(b[i] | b[i + 1] << 8 | b[i + 2] << 16 | b[i + 3] << 24, 0x9e3779b1) >>> 32 - HASH_BITS;
    /**
     * How long the bytes from i on are those from j on.
     * @param {number} i
     * @param {number} j before i
     */
    const same = (i, j) => {
      const start = i;
      while (i < end && b[i] === b[j]) {
        i++;
        j++;
      }
      return i - start;
    };
    while (at < limit) {
      const h = hash(at);
      let from = table[h] - 1;
      table[h] = at + 1;
      let length = from >= 0 && at - from <= WINDOW ? same(at, from) : 0;
      const rep = at - this.#reps[0];
      if (at > anchor && rep >= 0) {
        const l = same(at, rep);
        if (l >= LEAST_MATCH && l + 2 >= length) {
          from = rep;
          length = l;
        }
      }
      if (length < LEAST_MATCH) {
        at += 1 + (at - anchor >> 7);
        continue;
      }
      while (length < LONG && at + 1 < limit) { // does the next place give more?
        const next = at + 1;
        const nh = hash(next);
        const other = table[nh] - 1;
        const l = other >= 0 && next - other <= WINDOW ? same(next, other) : 0;
        if (l <= length + 1) break;
        table[nh] = next + 1;
        at = next;
        from = other;
        length = l;
      }
      while (at > anchor && from > 0 && b[at - 1] === b[from - 1] && at - from <= WINDOW) {
        at--;
        from--;
        length++;
      }
      const run = at - anchor;
      this.#plain.set(b.subarray(anchor, at), literals);
      literals += run;
      this.#sequence(count++, run, at - from, length);
      for (let i = at + 1, stop = Math.min(at + length, limit), step = length > 64 ? 7 : 2; i < stop; i += step) table[hash(i)] = i + 1;
      at += length;
      anchor = at;
    }
    this.#plain.set(b.subarray(anchor, end), literals);
    literals += end - anchor;
    this.#literals.write(block, this.#plain.subarray(0, literals));
    this.#write(block, count);
  }

  /**
   * Notes a sequence.
   * @param {number} i
   * @param {number} run of literals before it
   * @param {number} offset
   * @param {number} length
   */
  #sequence(i, run, offset, length) {
    const reps = this.#reps;
    // With no literals before it, the last offset would only go on: the codes mean the next ones.
    const first = run > 0 ? 0 : 1;
    let value = offset + 3;
    if (offset === reps[first]) value = 1;
    else if (offset === reps[first + 1]) value = 2;
    else if (offset === (first === 0 ? reps[2] : reps[0] - 1)) value = 3;
    const place = value > 3 ? 2 : Math.min(value - 1 + first, 2);
    for (let k = place; k > 0; k--) reps[k] = reps[k - 1];
    reps[0] = offset;
    let c = codeOf(LITERAL_CODES, run);
    this.#lengths.codes[i] = c;
    this.#lengths.extra[i] = run - LITERAL_CODES.base[c];
    c = codeOf(MATCH_CODES, length);
    this.#matches.codes[i] = c;
    this.#matches.extra[i] = length - MATCH_CODES.base[c];
    c = highBit(value);
    this.#offsets.codes[i] = c;
    this.#offsets.extra[i] = value - (1 << c);
  }

  /**
   * Writes the sequences section.
   * @param {Bytes} block
   * @param {number} n
   */
  #write(block, n) {
    if (n < 128) block.push(n);
    else if (n < 0x7f00) block.append([(n >> 8) + 128, n & 255]);
    else block.append([255, n - 0x7f00 & 255, n - 0x7f00 >> 8]);
    if (n === 0) return;
    const at = block.length;
    block.push(0);
    const lengths = this.#lengths.table(n, block);
    const offsets = this.#offsets.table(n, block);
    const matches = this.#matches.table(n, block);
    block.view()[at] = lengths.mode << 6 | offsets.mode << 4 | matches.mode << 2;
    const bits = new Bits(block);
    const { codes: lc, extra: le } = this.#lengths;
    const { codes: oc, extra: oe } = this.#offsets;
    const { codes: mc, extra: me } = this.#matches;
    let l = lengths.fse.begin(lc[n - 1]);
    let o = offsets.fse.begin(oc[n - 1]);
    let m = matches.fse.begin(mc[n - 1]);
    for (let i = n - 1; i >= 0; i--) {
      if (i < n - 1) {
        o = offsets.fse.put(bits, o, oc[i]);
        m = matches.fse.put(bits, m, mc[i]);
        l = lengths.fse.put(bits, l, lc[i]);
      }
      bits.add(le[i], LITERAL_BITS[lc[i]]);
      bits.add(me[i], MATCH_BITS[mc[i]]);
      bits.add(oe[i], oc[i]);
    }
    bits.add(m, matches.fse.log);
    bits.add(o, offsets.fse.log);
    bits.add(l, lengths.fse.log);
    bits.end();
  }
}
