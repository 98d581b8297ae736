// How large a file is, as people read it. Pure.
import { language } from './texts.js';

/** @param {number} n bytes */
export function sizeOf(n) {
  const { tag } = language();
  for (const [unit, size] of /** @type {const} */ ([['gigabyte', 1e9], ['megabyte', 1e6], ['kilobyte', 1e3]])) {
    if (n >= size) return (n / size).toLocaleString(tag, { style: 'unit', unit, maximumFractionDigits: n < 10 * size ? 1 : 0 });
  }
  return Math.round(n).toLocaleString(tag, { style: 'unit', unit: 'byte', unitDisplay: 'long' });
}
