// One compressor frame of the stream: fzstd behind the checks that the protocol asks for and
// that fzstd leaves out. Pure.
import { Decompress } from '../vendor/fzstd/index.js';
import { PREAMBLE, WireError } from './wire.js';

const HEADER = [0x28, 0xb5, 0x2f, 0xfd, 0x00];
const MAX_WINDOW_BYTE = 0x50; // 1 MiB
const MAX_BLOCK = 128 << 10; // Block_Maximum_Size of RFC 8878
const PREAMBLE_BYTES = new TextEncoder().encode(PREAMBLE);

/**
 * What this file must know of fzstd's Decompress beyond its types; the version is pinned by checksum.
 * @typedef {{c: Uint8Array[], l: number}} Held c: input held back for the next push; l: its length
 */

/** One zstd frame that arrives in pieces, each of whole blocks. */
export class Frame {
  #begun = false;
  #ended = false;
  /** @type {Uint8Array} */
  #out = new Uint8Array(0);
  #length = 0;
  #decoder = new Decompress((piece) => {
    if (piece.length > this.#out.length - this.#length) throw new WireError('op block is longer than declared');
    this.#out.set(piece, this.#length);
    this.#length += piece.length;
  });

  /**
   * Decompresses the next piece. After an error the frame is of no more use.
   * @param {Uint8Array} packed not empty
   * @param {number} raw the length that must come out, within MAX_RAW
   * @returns {Uint8Array} the op block, without the preamble of a frame's first piece
   */
  push(packed, raw) {
    if (this.#ended) throw new WireError('data behind the end of a frame');
    const first = !this.#begun;
    let at = 0;
    if (first) {
      if (raw < PREAMBLE_BYTES.length) throw new WireError('no room for the preamble');
      if (packed.length < 18 || HEADER.some((b, i) => packed[i] !== b) || packed[5] > MAX_WINDOW_BYTE) {
        throw new WireError('frame header');
      }
      at = 6;
      this.#begun = true;
    }
    this.#ended = checkBlocks(packed, at, raw);
    this.#out = new Uint8Array(raw);
    this.#length = 0;
    this.#decoder.push(packed);
    const held = /** @type {Held} */ (/** @type {unknown} */ (this.#decoder));
    if (this.#length !== raw || held.l !== 0) throw new WireError('op block is shorter than declared');
    // fzstd keeps an empty view for each push: each would hold its whole message in memory.
    held.c = [];
    const out = this.#out;
    this.#out = new Uint8Array(0);
    if (!first) return out;
    if (PREAMBLE_BYTES.some((b, i) => out[i] !== b)) throw new WireError('preamble');
    return out.subarray(PREAMBLE_BYTES.length);
  }
}

/**
 * Walks the blocks of a piece: all whole, none reserved or too large, nothing behind the last one,
 * and no more output announced than may come. So fzstd never sees a second frame, whose header it
 * would believe, nor a block that it would hold back.
 * @param {Uint8Array} packed
 * @param {number} at where the first block begins
 * @param {number} raw
 * @returns {boolean} whether the last block was the frame's last
 */
function checkBlocks(packed, at, raw) {
  let known = 0; // output of raw and RLE blocks; a compressed one's is seen when it comes out
  for (let blocks = 1; ; blocks++) {
    if (packed.length - at < 3) throw new WireError('block cut short');
    const head = packed[at] | packed[at + 1] << 8 | packed[at + 2] << 16;
    const last = (head & 1) !== 0;
    const type = head >> 1 & 3;
    const size = head >> 3;
    if (type === 3 || size > MAX_BLOCK) throw new WireError('block');
    if (type !== 2) known += size;
    if (known > raw) throw new WireError('op block is longer than declared');
    at += 3 + (type === 1 ? 1 : size);
    if (at > packed.length) throw new WireError('block cut short');
    if (at === packed.length) {
      if (raw > blocks * MAX_BLOCK) throw new WireError('op block is longer than its blocks can hold');
      return last;
    }
    if (last) throw new WireError('data behind the end of a frame');
  }
}
