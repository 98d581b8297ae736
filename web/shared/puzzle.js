// Solves the puzzle that a broker sets to strangers while many wrong PINs come in; the rules are
// those of internal/puzzle. In slices, so that the page stays responsive. No DOM.
import { compress, H0, sha256, w } from './sha256.js';

/** Harder ones are no puzzle of ours: some ten seconds of a page. */
export const MAX_BITS = 22;
const SLICE = 12; // ms of work between two pauses
const CHECK = 256; // tries between two looks at the clock

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
