// What tests of the sharing tab need: seeded chance, and a desktop that lives.

/**
 * Seeded random whole numbers below n (mulberry32).
 * @param {number} seed
 * @returns {(n: number) => number}
 */
export function random(seed) {
  let a = seed | 0;
  return (n) => {
    a = a + 0x6d2b79f5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * n);
  };
}
