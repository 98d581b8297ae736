// SHA-256 in plain JavaScript: crypto.subtle is missing on plain http, is far slower for inputs so
// small as a puzzle's tries, and takes a file only as a whole. Pure.

// The fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2), and of the
// square roots of the first 8 (5.3.3).
const K = new Int32Array(64);
export const H0 = new Int32Array(8);
{
  const fraction = (/** @type {number} */ x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  let n = 0;
  for (let p = 2; n < 64; p++) {
    let prime = true;
    for (let d = 2; d * d <= p; d++) prime &&= p % d !== 0;
    if (!prime) continue;
    K[n] = fraction(Math.cbrt(p));
    if (n < 8) H0[n] = fraction(Math.sqrt(p));
    n++;
  }
}

/** The schedule of compress: its caller fills the first 16 words. */
export const w = new Int32Array(64);

/**
 * One block of SHA-256: h becomes the state after the 16 words at the start of w.
 * @param {Int32Array} h
 */
export function compress(h) {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    k = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
}

/** SHA-256 of what comes in pieces. */
export class Sha256 {
  #h = H0.slice();
  #rest = new Uint8Array(64); // of a block that is not full
  #length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    let from = 0;
    const held = this.#length % 64;
    this.#length += bytes.length;
    if (held > 0) {
      from = Math.min(64 - held, bytes.length);
      this.#rest.set(bytes.subarray(0, from), held);
      if (held + from < 64) return;
      this.#block(this.#rest, 0);
    }
    for (; from + 64 <= bytes.length; from += 64) this.#block(bytes, from);
    this.#rest.set(bytes.subarray(from));
  }

  /**
   * @param {Uint8Array} b
   * @param {number} at
   */
  #block(b, at) {
    for (let i = 0; i < 16; i++, at += 4) w[i] = (b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3];
    compress(this.#h);
  }

  /** @returns {Int32Array} the hash as 8 words; nothing can be added afterwards */
  digest() {
    const held = this.#length % 64;
    const end = new Uint8Array(held < 56 ? 64 : 128);
    end.set(this.#rest.subarray(0, held));
    end[held] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(this.#length / 2 ** 29));
    view.setUint32(end.length - 4, this.#length * 8); // of which DataView keeps the low 32 bits
    for (let at = 0; at < end.length; at += 64) this.#block(end, at);
    return this.#h;
  }

  /** @returns {string} the digest as 64 hexadecimal digits */
  hex() {
    return Array.from(this.digest(), (x) => (x >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {Int32Array} the hash as 8 words
 */
export function sha256(bytes) {
  const hash = new Sha256();
  hash.update(bytes);
  return hash.digest();
}
