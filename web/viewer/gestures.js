// Fingers on glass as what a mouse does. Pure: it is fed with the touches of pointer events, in
// CSS pixels of the window and milliseconds; timers are injected.
//
//   direct (a touch is where it points)         trackpad (the glass moves the pointer)
//   tap            click                        click where the pointer is
//   double tap     double click, on one place   double click
//   hold, let go   right click                  right click
//   hold, drag     drag with the left button    the same
//   tap, drag      the same                     the same
//   drag           moves the pointer, or the    moves the pointer
//                  view where it is enlarged
//   two fingers    scroll; apart: zoom; tap: right click. Three fingers tap: middle click.

/** @typedef {'direct' | 'trackpad'} TouchMode */
/**
 * What gestures become. Places are of the window, distances in CSS pixels.
 * @typedef {object} Hands
 * @property {(x: number, y: number) => void} place puts the pointer there
 * @property {(dx: number, dy: number) => void} move moves the pointer from where it is
 * @property {(button: number, down: boolean) => void} button 1 left, 2 middle, 3 right
 * @property {(dx: number, dy: number) => void} wheel as WheelEvent counts pixels
 * @property {() => void} grip two fingers begin to zoom
 * @property {(factor: number, x: number, y: number, dx: number, dy: number) => void} zoom around a place, after moving the view by dx, dy
 * @property {() => boolean} pannable whether the view is larger than its room
 * @property {(at: {x: number, y: number} | null) => void} hint a held touch became a right click or a drag; null: no more
 */

export const HOLD = 500; // ms until a touch that does not move is a hold
export const TAP = 300; // ms that a tap of several fingers takes at most
export const AGAIN = 350; // ms between two taps that belong together
export const SLOP = 10; // px that a resting finger moves
export const NEAR = 28; // px between two taps that belong together
const PINCH = 16; // px that two fingers go apart before it is a zoom

/** @typedef {{id: number, x: number, y: number, startX: number, startY: number}} Finger */

export class Gestures {
  /** @type {TouchMode} */
  mode = 'direct';
  /** @type {Finger[]} on the glass, in the order of coming */
  #fingers = [];
  /** @type {'none' | 'wait' | 'held' | 'drag' | 'move' | 'pan' | 'two' | 'scroll' | 'pinch' | 'over'} */
  #state = 'none';
  #most = 0; // fingers of this gesture
  #startAt = 0; // of this gesture
  #hold = 0;
  /** @type {{x: number, y: number, at: number} | null} the newest tap */
  #tap = null;
  #second = false; // this touch follows a tap

  /**
   * @param {Hands} hands
   * @param {{setTimeout: (f: () => void, ms: number) => number, clearTimeout: (id: number) => void}} timers
   */
  constructor(hands, timers) {
    this.hands = hands;
    this.timers = timers;
  }

  /** Whether there are fingers on the glass. */
  get busy() {
    return this.#fingers.length > 0;
  }

  /**
   * @param {number} id
   * @param {number} x
   * @param {number} y
   * @param {number} at
   */
  down(id, x, y, at) {
    if (this.#fingers.length === 0) {
      this.#begin(x, y, at);
    } else if (this.#state === 'drag' || this.#state === 'held') {
      return; // a hand laid down while dragging means nothing
    }
    this.#fingers.push({ id, x, y, startX: x, startY: y });
    this.#most = Math.max(this.#most, this.#fingers.length);
    if (this.#fingers.length === 1) return;
    this.#endHold();
    // What one finger has begun by moving is not undone; two go on from where they are.
    if (this.#state !== 'over') this.#state = this.#fingers.length === 2 ? 'two' : 'over';
    for (const f of this.#fingers) [f.startX, f.startY] = [f.x, f.y];
  }

  /**
   * @param {number} id
   * @param {number} x
   * @param {number} y
   */
  move(id, x, y) {
    const finger = this.#fingers.find((f) => f.id === id);
    if (!finger) return;
    const before = this.#spread();
    const [dx, dy] = [x - finger.x, y - finger.y];
    if (this.#fingers.length === 1) {
      this.#oneMoved(finger, x, y, dx, dy);
      return;
    }
    finger.x = x;
    finger.y = y;
    if (this.#state === 'two') this.#decide();
    else if (this.#state === 'scroll') this.hands.wheel(-dx / 2, -dy / 2);
    else if (this.#state === 'pinch') this.#pinch(before);
    if (this.#most > 2 && Math.hypot(x - finger.startX, y - finger.startY) > SLOP) this.#most = Infinity; // no tap any more
  }

  /**
   * @param {number} id
   * @param {number} at
   */
  up(id, at) {
    const finger = this.#fingers.find((f) => f.id === id);
    if (!finger) return;
    this.#fingers = this.#fingers.filter((f) => f !== finger);
    if (this.#fingers.length > 0) {
      if (this.#state === 'two') this.#state = 'over'; // counted when the last has gone
      else if (this.#state === 'scroll' || this.#state === 'pinch') [this.#state, this.#most] = ['over', Infinity];
      return;
    }
    const state = this.#state;
    this.#end();
    if (state === 'wait') this.#click(finger, at);
    else if (state === 'held') this.#press(3);
    else if (state === 'drag') this.hands.button(1, false);
    else if ((state === 'over' || state === 'two') && at - this.#startAt <= TAP && (this.#most === 2 || this.#most === 3)) {
      if (this.mode === 'direct') this.hands.place(finger.startX, finger.startY);
      this.#press(this.#most === 2 ? 3 : 2);
    }
  }

  /** The system took the touches, or control has ended: nothing stays pressed. */
  cancel() {
    const { hands } = this;
    const dragging = this.#state === 'drag';
    this.#fingers = [];
    this.#tap = null;
    this.#end();
    if (dragging) hands.button(1, false);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} at
   */
  #begin(x, y, at) {
    const tap = this.#tap;
    this.#second = tap !== null && at - tap.at <= AGAIN && Math.hypot(x - tap.x, y - tap.y) <= NEAR;
    this.#state = 'wait';
    this.#most = 0;
    this.#startAt = at;
    this.#hold = this.timers.setTimeout(() => this.#held(), HOLD);
  }

  #held() {
    const finger = this.#fingers[0];
    if (this.#state !== 'wait' || !finger) return;
    this.#state = 'held';
    if (this.mode === 'direct') this.hands.place(finger.startX, finger.startY);
    this.hands.hint({ x: finger.startX, y: finger.startY });
  }

  /**
   * @param {Finger} finger
   * @param {number} x
   * @param {number} y
   * @param {number} dx
   * @param {number} dy
   */
  #oneMoved(finger, x, y, dx, dy) {
    const { hands } = this;
    const far = Math.hypot(x - finger.startX, y - finger.startY) > SLOP;
    if (!far && (this.#state === 'wait' || this.#state === 'held')) return;
    if (this.#state === 'held' || (this.#state === 'wait' && this.#second)) {
      const from = this.#second && this.#tap ? this.#tap : { x: finger.startX, y: finger.startY };
      this.#endHold();
      if (this.mode === 'direct') hands.place(from.x, from.y);
      hands.button(1, true);
      this.#state = 'drag';
    } else if (this.#state === 'wait') {
      this.#endHold();
      this.#tap = null;
      this.#state = this.mode === 'direct' && hands.pannable() ? 'pan' : 'move';
    }
    finger.x = x;
    finger.y = y;
    if (this.#state === 'pan') hands.zoom(1, x, y, dx, dy);
    else if (this.#state !== 'move' && this.#state !== 'drag') return; // fingers that stay after a gesture of more
    else if (this.mode === 'direct') hands.place(x, y);
    else hands.move(dx, dy);
  }

  /** Scroll or zoom: what the fingers have done most. */
  #decide() {
    const [a, b] = this.#fingers;
    const apart = Math.abs(Math.hypot(a.x - b.x, a.y - b.y) - Math.hypot(a.startX - b.startX, a.startY - b.startY));
    const gone = Math.hypot((a.x + b.x - a.startX - b.startX) / 2, (a.y + b.y - a.startY - b.startY) / 2);
    if (apart > PINCH && apart > gone) {
      this.#state = 'pinch';
      this.hands.grip();
    } else if (gone > SLOP && gone > apart) {
      this.#state = 'scroll';
      // What lies under the fingers scrolls.
      if (this.mode === 'direct') this.hands.place((a.startX + b.startX) / 2, (a.startY + b.startY) / 2);
      this.hands.wheel(-(a.x + b.x - a.startX - b.startX) / 2, -(a.y + b.y - a.startY - b.startY) / 2);
    }
  }

  /** The middle of the first two fingers and how far they are apart. */
  #spread() {
    const [a, b = a] = this.#fingers;
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
  }

  /** @param {{x: number, y: number, apart: number}} before */
  #pinch(before) {
    const now = this.#spread();
    this.hands.zoom(now.apart / before.apart, now.x, now.y, now.x - before.x, now.y - before.y);
  }

  /**
   * @param {Finger} finger
   * @param {number} at
   */
  #click(finger, at) {
    // Two taps of a finger are never on one pixel, the two clicks of a double click are.
    const place = this.#second && this.#tap ? this.#tap : { x: finger.startX, y: finger.startY };
    if (this.mode === 'direct') this.hands.place(place.x, place.y);
    this.#press(1);
    this.#tap = { x: place.x, y: place.y, at };
  }

  /** @param {number} button */
  #press(button) {
    this.hands.button(button, true);
    this.hands.button(button, false);
  }

  #endHold() {
    this.timers.clearTimeout(this.#hold);
    this.hands.hint(null);
  }

  #end() {
    this.#endHold();
    this.#state = 'none';
  }
}
