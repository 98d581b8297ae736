// Solves the puzzle that a broker sets to strangers while many wrong PINs come in; the rules are
// those of internal/puzzle. Plain SHA-256, because crypto.subtle is missing on plain http and is
// far slower for tries so small; in slices, so that the page stays responsive. No DOM.

/** Harder ones are no puzzle of ours: some ten seconds of a page. */
export const MAX_BITS = 22;
const SLICE = 12; // ms of work between two pauses
const CHECK = 256; // tries between two looks at the clock

// The fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2), and of the
// square roots of the first 8 (5.3.3).
const K = new Int32Array(64);
const H0 = new Int32Array(8);
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

const w = new Int32Array(64);

/**
 * One block of SHA-256: h becomes the state after the 16 words at the start of w.
 * @param {Int32Array} h
 */
function compress(h) {
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

/**
 * @param {Uint8Array} bytes less than 2^28 of them
 * @returns {Int32Array} the hash as 8 words
 */
export function sha256(bytes) {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const h = H0.slice();
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    compress(h);
  }
  return h;
}

/**
 * Finds the smallest answer, in slices of a few milliseconds.
 * @param {string} challenge
 * @param {number} bits
 * @param {object} [env]
 * @param {() => number} [env.now] ms
 * @param {() => Promise<void>} [env.pause] lets others work
 * @param {() => boolean} [env.wanted] false gives up
 * @returns {Promise<string | null>} what goes into the header Puzzle-Answer; null if it was given up or is unreasonable
 */
export async function solve(challenge, bits, env = {}) {
  const now = env.now ?? (() => performance.now());
  const pause = env.pause ?? (() => new Promise((done) => { setTimeout(done, 0); }));
  const wanted = env.wanted ?? (() => true);
  if (typeof challenge !== 'string' || challenge === '' || challenge.length > 256 || !(bits >= 0 && bits <= MAX_BITS)) return null;
  const seed = sha256(new TextEncoder().encode(challenge));
  const h = new Int32Array(8);
  let until = now() + SLICE;
  for (let n = 0; n <= Number.MAX_SAFE_INTEGER; n++) {
    w.set(seed); // each time: compress has overwritten nothing of it, but a pause may have
    w[8] = Math.floor(n / 2 ** 32);
    w[9] = n;
    w[10] = 0x80 << 24;
    w.fill(0, 11, 15);
    w[15] = 40 * 8;
    h.set(H0);
    compress(h);
    if (Math.clz32(h[0]) >= bits) return challenge + '.' + n;
    if (n % CHECK === CHECK - 1 && now() >= until) {
      await pause();
      if (!wanted()) return null;
      until = now() + SLICE;
    }
  }
  return null;
}
