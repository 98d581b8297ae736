// PINs as people type them: 7W2-97-8570, in any case, with or without dashes. Pure.

const SHAPE = /^([0-9A-Z]{3})([0-9]{2})([0-9]{4})$/;

/**
 * Without what people put between the characters.
 * @param {string} typed
 */
const squeeze = (typed) => typed.toUpperCase().replace(/[\s\p{Pd}_.]+/gu, '');

/**
 * The PIN in its own form.
 * @param {string} typed
 * @returns {string | null} null when it is not a whole PIN
 */
export function parsePIN(typed) {
  const m = SHAPE.exec(squeeze(typed));
  return m && `${m[1]}-${m[2]}-${m[3]}`;
}

/**
 * What a half-typed PIN looks like with its dashes; text that can never be one stays as it is.
 * @param {string} typed
 */
export function formatPIN(typed) {
  const s = squeeze(typed);
  if (!/^[0-9A-Z]{0,3}$|^[0-9A-Z]{3}[0-9]{1,6}$/.test(s)) return typed;
  return [s.slice(0, 3), s.slice(3, 5), s.slice(5)].filter((part) => part !== '').join('-');
}

/**
 * The PIN in a page's #fragment, the only part of an address that carries one.
 * @param {string} hash as in location.hash
 */
export function pinOfFragment(hash) {
  try {
    return parsePIN(decodeURIComponent(hash.replace(/^#/, '')));
  } catch {
    return null; // a stray %
  }
}

/**
 * A short name for a PIN's entry in a tab's storage, so that the storage holds no PIN (FNV-1a;
 * crypto.subtle is missing on plain http). Not a protection: PINs can be guessed from it.
 * @param {string} pin
 */
export function pinKey(pin) {
  let h = 0x811c9dc5;
  for (let i = 0; i < pin.length; i++) h = Math.imul(h ^ pin.charCodeAt(i), 0x01000193) >>> 0;
  return h.toString(36);
}
