// From keydown and keyup to the protocol's Key and Text events: which keys are held, what is
// meant as a character and what as a key. Pure; timers are injected.
import { EventType, MAX_KEY_TEXT, MAX_TEXT, utf8Length, validCode } from '../shared/wire.js';

/** @typedef {import('../shared/wire.js').InputEvent} InputEvent */
/** @typedef {'mac' | 'windows' | 'other'} Platform */
/**
 * What is used of a KeyboardEvent.
 * @typedef {Pick<KeyboardEvent, 'code' | 'key' | 'keyCode' | 'repeat' | 'isComposing' | 'timeStamp' | 'ctrlKey' | 'altKey' | 'metaKey' | 'getModifierState'>} KeyLike
 */

// Windows reports AltGr as ControlLeft and AltRight at the same time. A ControlLeft is held
// back for so long; what comes later is taken back.
const ALTGR_DELAY = 10; // ms
const ALTGR_LATE = 50; // ms
// Locks change what the technician's keys mean, and the text says that already.
const LOCKS = new Set(['CapsLock', 'NumLock', 'ScrollLock']);
const MODIFIERS = /^(Shift|Control|Alt|Meta|OS)(Left|Right)$/;
// What Command makes of these keys on macOS, Control makes of them elsewhere. Command with any other
// key, and alone, is the key with the Windows logo.
const COMMON = /^(?:[abcfiknopstuvwxyz0+\-=]|Enter|F5)$/i;
/** @type {[RegExp, 'Shift' | 'Control' | 'Alt' | 'Meta'][]} */
const FAMILIES = [[/^Shift/, 'Shift'], [/^Control/, 'Control'], [/^Alt/, 'Alt'], [/^(Meta|OS)/, 'Meta']];

/**
 * Reports whether KeyboardEvent.key is a character and not the name of a key.
 * @param {string} key
 */
export const isCharacter = (key) => key.length > 0 && (key.length === 1 || !/^[A-Za-z0-9]+$/.test(key)) && !key.includes('\0');

/**
 * Cuts text into pieces of at most max bytes of UTF-8, never inside a character.
 * @param {string} text
 * @param {number} [max]
 */
export function cutText(text, max = MAX_TEXT) {
  /** @type {string[]} */
  const pieces = [];
  let piece = '';
  let size = 0;
  for (const c of text) {
    const n = utf8Length(c);
    if (size + n > max) {
      pieces.push(piece);
      piece = '';
      size = 0;
    }
    piece += c;
    size += n;
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}

export class Keyboard {
  /** @type {Map<string, {text: string, isText: boolean}>} what is held, by code */
  #held = new Map();
  /** @type {{timer: number, at: number} | null} a ControlLeft that may be a part of AltGr */
  #control = null;
  #controlAt = -Infinity;
  #altGr = false;

  /**
   * @param {Platform} platform the technician's
   * @param {(events: InputEvent[]) => void} send
   * @param {{setTimeout: (f: () => void, ms: number) => number, clearTimeout: (id: number) => void}} timers
   */
  constructor(platform, send, timers) {
    this.platform = platform;
    this.send = send;
    this.timers = timers;
  }

  /** Whether anything is held on the presenter. */
  get holding() {
    return this.#held.size > 0;
  }

  /**
   * @param {KeyLike} e a keydown
   * @returns {boolean} whether the browser must not act on it
   */
  down(e) {
    // An input method has it, or it waits for the next key: the text comes by itself.
    if (e.isComposing || e.keyCode === 229 || e.key === 'Process' || e.key === 'Dead') return false;
    if (LOCKS.has(e.code) || LOCKS.has(e.key)) return false;
    if (e.key === 'AltGraph') {
      this.#altGrDown(e.timeStamp);
      return true;
    }
    if (e.code === 'ControlLeft' && this.platform === 'windows') {
      if (this.#altGr || e.repeat) return true;
      this.#dropControl();
      this.#control = { at: e.timeStamp, timer: this.timers.setTimeout(() => this.#flushControl(), ALTGR_DELAY) };
      return true;
    }
    this.#flushControl();
    const character = isCharacter(e.key);
    const code = codeOf(e);
    const plain = !e.ctrlKey && !e.altKey && !e.metaKey;
    const option = this.platform === 'mac' && e.altKey && !e.ctrlKey && !e.metaKey;
    const isText = character && (plain || option || this.#altGr || e.getModifierState('AltGraph'));
    const text = character ? e.key : '';
    if (isText && (code === '' || utf8Length(text) > MAX_KEY_TEXT)) {
      this.text(text);
      return true;
    }
    if (code === '') return false;
    if (e.repeat && !this.#held.has(code)) return true; // was pressed elsewhere: on a button, in another window
    const key = { text: utf8Length(text) > MAX_KEY_TEXT ? '' : text, isText };
    this.#held.set(code, key);
    this.send([{ type: EventType.Key, down: true, repeat: e.repeat, code, ...key }]);
    return true;
  }

  /**
   * @param {KeyLike} e a keyup
   * @returns {boolean} whether the browser must not act on it
   */
  up(e) {
    if (e.key === 'AltGraph' || (e.code === 'AltRight' && this.#altGr)) {
      this.#altGr = false;
      return true;
    }
    this.#flushControl();
    const code = codeOf(e);
    if (!this.#held.has(code)) return false;
    if (this.platform === 'mac' && (e.key === 'Meta')) {
      // macOS tells of no keyup while Command is held.
      for (const other of [...this.#held.keys()]) if (!MODIFIERS.test(other)) this.#release(other);
    }
    this.#release(code);
    return true;
  }

  /**
   * Text from an input method, or pasted.
   * @param {string} text
   */
  text(text) {
    for (const piece of cutText(text.replaceAll('\0', ''))) this.send([{ type: EventType.Text, text: piece }]);
  }

  /**
   * A key without a keyboard: pressed and released.
   * @param {string} code
   */
  tap(code) {
    const key = { type: EventType.Key, repeat: false, code, text: '', isText: false };
    this.send([{ ...key, down: true }, { ...key, down: false }]);
  }

  /** Releases all that is held: the page lost focus, or control. */
  release() {
    this.#dropControl();
    this.#altGr = false;
    for (const code of [...this.#held.keys()]) this.#release(code);
  }

  /** @param {string} code */
  #release(code) {
    const key = this.#held.get(code);
    if (!key) return;
    this.#held.delete(code);
    this.send([{ type: EventType.Key, down: false, repeat: false, code, ...key }]);
  }

  /** @param {number} at */
  #altGrDown(at) {
    this.#altGr = true;
    if (this.#control && at - this.#control.at <= ALTGR_LATE) this.#dropControl();
    this.#flushControl();
    if (this.platform === 'windows' && at - this.#controlAt <= ALTGR_LATE) this.#release('ControlLeft');
  }

  #dropControl() {
    if (this.#control) this.timers.clearTimeout(this.#control.timer);
    this.#control = null;
  }

  #flushControl() {
    if (!this.#control) return;
    this.#controlAt = this.#control.at;
    this.#dropControl();
    const key = { text: '', isText: false };
    this.#held.set('ControlLeft', key);
    this.send([{ type: EventType.Key, down: true, repeat: false, code: 'ControlLeft', ...key }]);
  }
}

/**
 * The code of a key. Keyboards on glass give none, but names of keys that are codes as well.
 * @param {KeyLike} e
 */
function codeOf(e) {
  if (e.code && e.code !== 'Unidentified') return validCode(e.code) ? e.code : '';
  return e.key.length > 1 && e.key !== 'Unidentified' && validCode(e.key) ? e.key : '';
}
