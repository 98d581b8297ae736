// Bytes and bits that grow: what the encoder of a sharing tab writes into. Pure.

/** Bytes in memory that grows and is used again. */
export class Bytes {
  /** @type {Uint8Array<ArrayBuffer>} */
  #memory;
  length = 0;

  /** @param {number} [capacity] */
  constructor(capacity = 4096) {
    this.#memory = new Uint8Array(capacity);
  }

  clear() {
    this.length = 0;
  }

  /**
   * Makes room for n bytes more, whose content is any, and returns the memory; the offset of the
   * first of them is what length was. The memory is valid until the next call that adds.
   * @param {number} n
   */
  grow(n) {
    const need = this.length + n;
    if (need > this.#memory.length) {
      const bigger = new Uint8Array(Math.max(need, 2 * this.#memory.length));
      bigger.set(this.#memory.subarray(0, this.length));
      this.#memory = bigger;
    }
    this.length = need;
    return this.#memory;
  }

  /** @param {number} b */
  push(b) {
    const at = this.length;
    this.grow(1)[at] = b;
  }

  /** @param {ArrayLike<number>} data */
  append(data) {
    const at = this.length;
    this.grow(data.length).set(data, at);
  }

  /** What was written so far, without a copy: valid until the next call that adds. */
  view() {
    return this.#memory.subarray(0, this.length);
  }
}

/**
 * Bits, the lowest first. A zstd bit stream that is closed by end is read backwards from there.
 */
export class Bits {
  #acc = 0;
  #count = 0; // below 8 between calls

  /** @param {Bytes} out */
  constructor(out) {
    this.out = out;
  }

  /**
   * @param {number} value its lowest n bits are written
   * @param {number} n 0..24
   */
  add(value, n) {
    this.#acc |= (value & (1 << n) - 1) << this.#count;
    this.#count += n;
    if (this.#count < 8) return;
    const { out } = this;
    let at = out.length;
    const bytes = out.grow(this.#count >> 3);
    for (; this.#count >= 8; this.#count -= 8) {
      bytes[at++] = this.#acc & 255;
      this.#acc >>>= 8;
    }
  }

  /** Closes a stream that is read backwards: a one, then zeros to the end of the byte. */
  end() {
    this.add(1, 1);
    this.pad();
  }

  /** Zeros to the end of the byte. */
  pad() {
    if (this.#count > 0) this.add(0, 8 - this.#count);
  }
}
