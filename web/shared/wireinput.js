// The input messages of the protocol: see Go's internal/wire/input.go. Pure.
import { WireError } from './wire.js';

export const MAX_INPUT = 16 << 10;
export const MAX_INPUT_EVENTS = 256;
export const MAX_CODE = 24;
export const MAX_KEY_TEXT = 16;
export const MAX_TEXT = 4096;

export const EventType = Object.freeze({ Move: 1, Button: 2, Wheel: 3, Key: 4, Text: 5 });

const KEY_DOWN = 1;
const KEY_IS_TEXT = 2;
const KEY_REPEAT = 4;
const BUTTONS = new Set([1, 2, 3, 8, 9]);

/** @typedef {{type: 1, x: number, y: number}} MoveEvent */
/** @typedef {{type: 2, button: number, down: boolean}} ButtonEvent */
/** @typedef {{type: 3, dx: number, dy: number}} WheelInput in 1/120 of a notch, -32768..32767 */
/** @typedef {{type: 4, down: boolean, isText: boolean, repeat: boolean, code: string, text: string}} KeyInput */
/** @typedef {{type: 5, text: string}} TextInput */
/** @typedef {MoveEvent | ButtonEvent | WheelInput | KeyInput | TextInput} InputEvent */

const utf8 = new TextEncoder();
const fromUTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The length in bytes of a text as UTF-8.
 * @param {string} text
 */
export const utf8Length = (text) => utf8.encode(text).length;

/**
 * Reports whether a string may be the code of a key.
 * @param {string} code
 */
export const validCode = (code) => code.length <= MAX_CODE && /^[0-9A-Za-z]*$/.test(code);

/**
 * @param {number} layout
 * @param {readonly InputEvent[]} events valid, at most MAX_INPUT_EVENTS and MAX_INPUT bytes of them
 */
export function encodeInput(layout, events) {
  /** @type {number[]} */
  const b = [layout & 255, layout >> 8];
  /** @param {number} n */
  const u16 = (n) => b.push(n & 255, n >> 8 & 255);
  for (const e of events) {
    b.push(e.type);
    switch (e.type) {
      case EventType.Move:
        u16(e.x);
        u16(e.y);
        break;
      case EventType.Button:
        b.push(e.button, e.down ? 1 : 0);
        break;
      case EventType.Wheel:
        u16(e.dx);
        u16(e.dy);
        break;
      case EventType.Key: {
        const code = utf8.encode(e.code);
        const text = utf8.encode(e.text);
        b.push((e.down ? KEY_DOWN : 0) | (e.isText ? KEY_IS_TEXT : 0) | (e.repeat ? KEY_REPEAT : 0));
        b.push(code.length, ...code, text.length, ...text);
        break;
      }
      case EventType.Text: {
        const text = utf8.encode(e.text);
        u16(text.length);
        b.push(...text);
        break;
      }
    }
  }
  return Uint8Array.from(b);
}

/**
 * Parses the body of an input message. On an error nothing of the message may be used.
 * @param {Uint8Array} body
 * @returns {{layout: number, events: InputEvent[]}}
 */
export function parseInput(body) {
  if (body.length < 2 || body.length > MAX_INPUT) throw new WireError('input length');
  let at = 0;
  /** @param {number} n */
  const take = (n) => {
    if (n > body.length - at) throw new WireError('input cut short');
    at += n;
    return body.subarray(at - n, at);
  };
  const u8 = () => take(1)[0];
  const u16 = () => {
    const p = take(2);
    return p[0] | p[1] << 8;
  };
  const i16 = () => u16() << 16 >> 16;
  /** @param {Uint8Array} p */
  const text = (p) => {
    if (p.includes(0)) throw new WireError('text with NUL');
    try {
      return fromUTF8.decode(p);
    } catch {
      throw new WireError('text is not UTF-8');
    }
  };
  const layout = u16();
  /** @type {InputEvent[]} */
  const events = [];
  while (at < body.length) {
    if (events.length === MAX_INPUT_EVENTS) throw new WireError('too many events');
    const type = u8();
    switch (type) {
      case EventType.Move:
        events.push({ type, x: u16(), y: u16() });
        break;
      case EventType.Button: {
        const button = u8();
        const down = u8() !== 0;
        if (!BUTTONS.has(button)) throw new WireError('button');
        events.push({ type, button, down });
        break;
      }
      case EventType.Wheel:
        events.push({ type, dx: i16(), dy: i16() });
        break;
      case EventType.Key: {
        const flags = u8();
        const code = text(take(u8()));
        if (!validCode(code)) throw new WireError('key code');
        const typed = take(u8());
        if (typed.length > MAX_KEY_TEXT) throw new WireError('key text');
        events.push({
          type, down: (flags & KEY_DOWN) !== 0, isText: (flags & KEY_IS_TEXT) !== 0,
          repeat: (flags & KEY_REPEAT) !== 0, code, text: text(typed),
        });
        break;
      }
      case EventType.Text: {
        const typed = take(u16());
        if (typed.length > MAX_TEXT) throw new WireError('text length');
        events.push({ type, text: text(typed) });
        break;
      }
      default:
        throw new WireError('unknown event');
    }
  }
  return { layout, events };
}
