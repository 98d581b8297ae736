// From keydown and keyup to the protocol's Key and Text events: which keys are held, what is
// meant as a character and what as a key. Pure; timers are injected.
import { EventType, MAX_KEY_TEXT, MAX_TEXT, utf8Length, validCode } from '../shared/wire.js';

/** @typedef {import('../shared/wire.js').InputEvent} InputEvent */
/** @typedef {'mac' | 'windows' | 'other'} Platform */
/**
 * What is used of a KeyboardEvent.
 * @typedef {Pick<KeyboardEvent, 'code' | 'key' | 'keyCode' | 'repeat' | 'isComposing' | 'timeStamp' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'getModifierState'>} KeyLike
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
// Command as Control: not the code of the Control key that is held most.
const COMMAND_CONTROL = 'ControlRight';
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
  /** @type {Map<string, {text: string, isText: boolean}>} what is held on the presenter, by code */
  #held = new Map();
  /** @type {{timer: number, at: number} | null} a ControlLeft that may be a part of AltGr */
  #control = null;
  #controlAt = -Infinity;
  #altGr = false;
  /** What Command is held as: '' = nothing was pressed with it yet; null = it is not down. @type {'' | typeof COMMAND_CONTROL | 'MetaLeft' | null} */
  #command = null;
  /** @type {Map<string, 'once' | 'locked'>} modifiers that are held by buttons on the page */
  #sticky = new Map();

  /**
   * @param {Platform} platform the technician's
   * @param {(events: InputEvent[]) => void} send
   * @param {{setTimeout: (f: () => void, ms: number) => number, clearTimeout: (id: number) => void}} timers
   * @param {() => void} [onSticky] the sticky modifiers have changed
   */
  constructor(platform, send, timers, onSticky = () => {}) {
    this.platform = platform;
    this.send = send;
    this.timers = timers;
    this.onSticky = onSticky;
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
    this.sync(e);
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
    if (this.platform === 'mac' && e.key === 'Meta') {
      this.#command ??= '';
      return true;
    }
    this.#flushControl();
    const character = isCharacter(e.key);
    const code = codeOf(e);
    const plain = !e.ctrlKey && !e.altKey && !e.metaKey;
    const option = this.platform === 'mac' && e.altKey && !e.ctrlKey && !e.metaKey;
    const isText = character && !this.#stuckShortcut() && (plain || option || this.#altGr || e.getModifierState('AltGraph'));
    const text = character && utf8Length(e.key) <= MAX_KEY_TEXT ? e.key : '';
    if (isText && (code === '' || text === '')) {
      this.text(e.key);
      return true;
    }
    if (code === '') return false;
    if (this.platform === 'mac' && e.metaKey && !MODIFIERS.test(code)) {
      // macOS tells of no keyup while Command is held: each press is one by itself.
      this.#holdCommand(e);
      this.tap(code, text);
      return true;
    }
    if (e.repeat && !this.#held.has(code)) return true; // was pressed elsewhere: on a button, in another window
    this.#press(code, { text, isText }, e.repeat);
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
    if (this.platform === 'mac' && e.key === 'Meta') {
      const alone = this.#command === '';
      this.#endCommand();
      if (alone) this.tap('MetaLeft');
      for (const other of [...this.#held.keys()]) if (!MODIFIERS.test(other)) this.#release(other);
      return true;
    }
    const code = codeOf(e);
    if (!this.#held.has(code)) {
      // Windows tells of this key's end only.
      if (code === 'PrintScreen') this.tap(code);
      return code === 'PrintScreen';
    }
    this.#release(code);
    if (!MODIFIERS.test(code)) this.#unstick();
    return true;
  }

  /**
   * A system may keep the end of a modifier key to itself, for a shortcut of its own. What an
   * event says is not held is let go.
   * @param {Pick<KeyLike, 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey' | 'getModifierState'> & {code?: string, key?: string}} e of a key or a pointer
   */
  sync(e) {
    if (this.#altGr || e.getModifierState('AltGraph')) return; // Windows counts it as Control and Alt, or not
    const down = { Shift: e.shiftKey, Control: e.ctrlKey, Alt: e.altKey, Meta: e.metaKey };
    for (const [codes, name] of FAMILIES) {
      if (down[name] || codes.test(e.code ?? '') || e.key === name) continue;
      if (name === 'Meta' && this.platform === 'mac') this.#endCommand();
      for (const code of [...this.#held.keys()]) {
        if (codes.test(code) && !this.#sticky.has(code) && code !== this.#command) this.#release(code);
      }
    }
  }

  /**
   * Before a button of the mouse is pressed: what is held with it counts.
   * @param {PointerEvent} e
   */
  beforeButton(e) {
    this.sync(e);
    this.#flushControl();
    if (this.#command === '') this.#commandAs(COMMAND_CONTROL);
  }

  /**
   * Text from an input method, or pasted.
   * @param {string} text
   */
  text(text) {
    if (this.#stuckShortcut() && [...text].length === 1) {
      this.tap('', text);
      return;
    }
    for (const piece of cutText(text.replaceAll('\0', ''))) this.send([{ type: EventType.Text, text: piece }]);
    this.#unstick();
  }

  /**
   * A key without a keyboard: pressed and released.
   * @param {string} code
   * @param {string} [text] that it gives on the technician's layout
   */
  tap(code, text = '') {
    const key = { type: EventType.Key, repeat: false, code, text, isText: false };
    this.send([{ ...key, down: true }, { ...key, down: false }]);
    this.#unstick();
  }

  /**
   * Keys without a keyboard, pressed together.
   * @param {string[]} codes
   */
  chord(codes) {
    const keys = codes.map((code) => ({ type: EventType.Key, repeat: false, code, text: '', isText: false }));
    this.release(); // nothing else is meant
    this.send([...keys.map((key) => ({ ...key, down: true })), ...keys.reverse().map((key) => ({ ...key, down: false }))]);
  }

  /**
   * A modifier on the page was pressed: it holds for the next key, then until it is pressed
   * again, then not.
   * @param {string} code
   */
  stick(code) {
    const now = this.#sticky.get(code);
    if (now === undefined) {
      this.#sticky.set(code, 'once');
      this.#press(code, { text: '', isText: false }, false);
    } else if (now === 'once') {
      this.#sticky.set(code, 'locked');
    } else {
      this.#sticky.delete(code);
      this.#release(code);
    }
    this.onSticky();
  }

  /** @param {string} code */
  stuck(code) {
    return this.#sticky.get(code) ?? null;
  }

  /** Releases all that is held: the page lost focus, or control. */
  release() {
    this.#dropControl();
    this.#altGr = false;
    this.#command = null;
    for (const code of [...this.#held.keys()]) this.#release(code);
    if (this.#sticky.size === 0) return;
    this.#sticky.clear();
    this.onSticky();
  }

  /**
   * @param {string} code
   * @param {{text: string, isText: boolean}} key
   * @param {boolean} repeat
   */
  #press(code, key, repeat) {
    this.#held.set(code, key);
    this.send([{ type: EventType.Key, down: true, repeat, code, ...key }]);
  }

  /** @param {string} code */
  #release(code) {
    const key = this.#held.get(code);
    if (!key) return;
    this.#held.delete(code);
    this.send([{ type: EventType.Key, down: false, repeat: false, code, ...key }]);
  }

  /** Whether a button on the page makes the next key a shortcut. */
  #stuckShortcut() {
    return [...this.#sticky.keys()].some((code) => !code.startsWith('Shift'));
  }

  /** What was held for one key has had it. */
  #unstick() {
    const once = [...this.#sticky].filter(([, how]) => how === 'once').map(([code]) => code);
    for (const code of once) {
      this.#sticky.delete(code);
      this.#release(code);
    }
    if (once.length > 0) this.onSticky();
  }

  /** @param {KeyLike} e a key that is pressed while Command is down */
  #holdCommand(e) {
    // Layouts without Latin letters have their shortcuts where those are.
    const letter = /^[\x20-\x7e]$/.test(e.key) ? e.key : (/^Key([A-Z])$/.exec(e.code)?.[1] ?? e.key);
    this.#commandAs(COMMON.test(letter) && !e.ctrlKey && !e.altKey ? COMMAND_CONTROL : 'MetaLeft');
  }

  /** @param {typeof COMMAND_CONTROL | 'MetaLeft'} code */
  #commandAs(code) {
    if (this.#command === code) return;
    if (this.#command) this.#release(this.#command);
    this.#command = code;
    this.#press(code, { text: '', isText: false }, false);
  }

  #endCommand() {
    const code = this.#command;
    this.#command = null;
    if (code) this.#release(code);
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
    this.#press('ControlLeft', { text: '', isText: false }, false);
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
