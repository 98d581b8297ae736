// From what the browser says of mouse, pen and wheel to the protocol's numbers. Pure.

/**
 * The picture's pixel under a place of the window; outside of the picture the nearest one.
 * @param {number} clientX
 * @param {number} clientY
 * @param {{left: number, top: number, width: number, height: number}} rect of the canvas in CSS pixels
 * @param {number} w of the picture
 * @param {number} h
 */
export function toPicture(clientX, clientY, rect, w, h) {
  /** @type {(at: number, size: number, n: number) => number} */
  const scale = (at, size, n) => Math.max(0, Math.min(n - 1, Math.floor(size > 0 ? at * n / size : 0)));
  return { x: scale(clientX - rect.left, rect.width, w), y: scale(clientY - rect.top, rect.height, h) };
}

// The bits of PointerEvent.buttons and the protocol's numbers.
const BUTTONS = [[1, 1], [4, 2], [2, 3], [8, 8], [16, 9]];

/**
 * The bit of PointerEvent.buttons of one of the protocol's buttons.
 * @param {number} button
 */
export const buttonBit = (button) => BUTTONS.find(([, b]) => b === button)?.[0] ?? 0;

/**
 * What was pressed or released between two values of PointerEvent.buttons.
 * @param {number} before
 * @param {number} now
 * @returns {{button: number, down: boolean}[]}
 */
export function buttonChanges(before, now) {
  return BUTTONS.filter(([bit]) => ((before ^ now) & bit) !== 0).map(([bit, button]) => ({ button, down: (now & bit) !== 0 }));
}

const NOTCH = 120;
const LINES_A_NOTCH = 3;
const PAGE = 8; // notches

/**
 * One direction of a wheel event in 1/120 of a notch, not rounded.
 * @param {number} delta
 * @param {number} mode WheelEvent.deltaMode
 */
export function notches(delta, mode) {
  if (mode === 1) return delta * NOTCH / LINES_A_NOTCH;
  if (mode === 2) return delta * NOTCH * PAGE;
  // Browsers make a mouse's notch 100 or 120 pixels; a trackpad's pixels count like 100.
  return delta % 120 === 0 ? delta : delta * NOTCH / 100;
}

/** Sums wheel events and keeps what is less than 1/120 of a notch for later. */
export class Wheel {
  #x = 0;
  #y = 0;

  /**
   * @param {number} deltaX
   * @param {number} deltaY
   * @param {number} mode
   */
  add(deltaX, deltaY, mode) {
    this.#x += notches(deltaX, mode);
    this.#y += notches(deltaY, mode);
  }

  /** @returns {{dx: number, dy: number} | null} what is due, within 16 bits */
  take() {
    // The small addition undoes what sums of fractions lose.
    /** @param {number} v */
    const whole = (v) => Math.max(-32768, Math.min(32767, Math.trunc(v + Math.sign(v) * 1e-6))) + 0;
    const dx = whole(this.#x);
    const dy = whole(this.#y);
    this.#x = Math.abs(this.#x) > 32767 ? 0 : this.#x - dx;
    this.#y = Math.abs(this.#y) > 32767 ? 0 : this.#y - dy;
    return dx === 0 && dy === 0 ? null : { dx, dy };
  }
}
