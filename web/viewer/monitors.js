// The monitors of the remote desktop and which of them this viewer watches. Pure; ui/monitors.js
// shows them. Each monitor is a stream; stream 0 is all of them together.

/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('../shared/wire.js').Monitor} Monitor */
/** @typedef {import('../shared/picture.js').Rect} Rect */

/** What is shown of a longer list; the relay lets no presenter name more. */
export const MAX_MONITORS = 16;

/**
 * The person's choice. The relay keeps it while it knows this viewer; when it does not any more
 * (it or the presenter has begun anew), the choice is named again.
 */
export class Choice {
  /** @type {{stream: number, name: string} | null} null: all together */
  #wish = null;
  #named = ''; // the socket and epoch in which it was named last

  /**
   * @param {number} stream
   * @param {Monitor[]} monitors that there are
   * @param {string} now names the present socket and epoch
   * @returns {Control[]} what is to be sent
   */
  choose(stream, monitors, now) {
    const monitor = monitors.find((m) => m.stream === stream);
    if (stream !== 0 && !monitor) return [];
    this.#wish = monitor ? { stream, name: monitor.name ?? '' } : null;
    this.#named = now;
    return [{ type: 'watch', stream }];
  }

  /**
   * The relay told its state.
   * @param {number} stream that this viewer is sent
   * @param {Monitor[]} monitors
   * @param {string} now
   * @returns {Control[]} what is to be sent
   */
  told(stream, monitors, now) {
    if (!this.#wish || monitors.length === 0) return []; // without any, the presenter has not said yet
    const { stream: wanted, name } = this.#wish;
    const same = monitors.find((m) => m.stream === wanted && (m.name ?? '') === name) ?? monitors.find((m) => m.name === name && name !== '');
    if (!same) {
      this.#wish = null; // gone: its viewers see all together
      return [];
    }
    this.#wish.stream = same.stream;
    if (same.stream === stream || this.#named === now) return [];
    this.#named = now;
    return [{ type: 'watch', stream: same.stream }];
  }
}

/**
 * The part of the desktop that a stream shows.
 * @param {readonly Monitor[]} monitors
 * @param {number} stream
 * @returns {Rect | null} null: all of it, or not known
 */
export function areaOf(monitors, stream) {
  const m = monitors.find((one) => one.stream === stream);
  return m ? { x: m.x, y: m.y, w: m.w, h: m.h } : null;
}

/**
 * A map of the monitors, to scale.
 * @param {readonly Monitor[]} monitors
 * @param {{w: number, h: number}} room for it
 * @returns {{w: number, h: number, boxes: (Rect & {stream: number})[]}} in the units of room
 */
export function mapOf(monitors, room) {
  const left = Math.min(...monitors.map((m) => m.x));
  const top = Math.min(...monitors.map((m) => m.y));
  const w = Math.max(...monitors.map((m) => m.x + m.w)) - left;
  const h = Math.max(...monitors.map((m) => m.y + m.h)) - top;
  if (!(w > 0 && h > 0)) return { w: 0, h: 0, boxes: [] };
  const scale = Math.min(room.w / w, room.h / h);
  return {
    w: w * scale,
    h: h * scale,
    boxes: monitors.map((m) => ({ stream: m.stream, x: (m.x - left) * scale, y: (m.y - top) * scale, w: m.w * scale, h: m.h * scale })),
  };
}

/**
 * Which monitor a keydown means: Ctrl+Alt+Shift and a digit; 0 is all together, 1 the first of the
 * list. By the key's place, since Shift makes other characters of digits; a character typed by
 * AltGr is none.
 * @param {Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey' | 'getModifierState'>} e
 * @returns {number | null} null: none
 */
export function numberOf(e) {
  const digit = /^Digit(\d)$/.exec(e.code)?.[1];
  if (digit === undefined || !e.ctrlKey || !e.altKey || !e.shiftKey || e.metaKey || e.getModifierState('AltGraph')) return null;
  return Number(digit);
}
