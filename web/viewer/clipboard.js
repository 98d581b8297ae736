// Which keys paste, and how a paste waits for its text. Pure; timers are injected.
//
// A page may read the clipboard without asking only in the browser's own paste event, which follows
// the keydown of the browser's own shortcut. So that key is left to the browser first, and goes to
// the remote screen behind the text.

/** @typedef {Pick<KeyboardEvent, 'code' | 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'getModifierState'>} KeyLike */

/**
 * Reports whether the browser takes a key for "paste". With a layout that has no Latin letters it
 * goes by the key's place; any other key there is another shortcut, which must not get through to it.
 * @param {KeyLike} e a keydown
 * @param {import('./keyboard.js').Platform} platform the technician's
 */
export function isPaste(e, platform) {
  if (e.altKey || e.getModifierState('AltGraph')) return false;
  const mac = platform === 'mac';
  if (!mac && e.key === 'Insert') return e.shiftKey && !e.ctrlKey && !e.metaKey;
  if (mac ? !e.metaKey || e.ctrlKey : !e.ctrlKey || e.metaKey) return false;
  return e.key === 'v' || e.key === 'V' || (e.code === 'KeyV' && e.key > '\x7f');
}

/** A browser that does not paste, because it has no text, says nothing. */
export const PASTE_WAIT = 100; // ms

/**
 * Holds a key that pastes back until its text is known.
 * @template K
 */
export class Paste {
  /** @type {K | null} */
  #key = null;
  #timer = 0;

  /**
   * @param {(key: K) => void} press
   * @param {{setTimeout: (f: () => void, ms: number) => number, clearTimeout: (id: number) => void}} timers
   */
  constructor(press, timers) {
    this.press = press;
    this.timers = timers;
  }

  /** @param {K} key */
  hold(key) {
    this.release();
    this.#key = key;
    this.#timer = this.timers.setTimeout(() => this.release(), PASTE_WAIT);
  }

  get holding() {
    return this.#key !== null;
  }

  /** Presses the key that is held back, if there is one. */
  release() {
    const key = this.#key;
    this.drop();
    if (key !== null) this.press(key);
  }

  /** Forgets it. */
  drop() {
    this.#key = null;
    this.timers.clearTimeout(this.#timer);
  }
}
