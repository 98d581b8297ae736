// The touches on the picture become gestures; the keyboard on glass comes when it is asked for and
// leaves the picture visible.
import { Gestures } from './gestures.js';

/** @typedef {import('./gestures.js').Hands} Hands */
/** @typedef {import('./gestures.js').TouchMode} TouchMode */

export class Touch {
  #glass = false;
  #seen = false;
  /** something that the page shows of this has changed */
  onChange = () => {};

  /**
   * @param {HTMLTextAreaElement} field has the keyboard
   * @param {Hands} hands
   */
  constructor(field, hands) {
    this.field = field;
    this.gestures = new Gestures(hands, {
      setTimeout: (f, ms) => window.setTimeout(f, ms),
      clearTimeout: (id) => window.clearTimeout(id),
    });
    // Without this each tap on the picture would bring the keyboard up.
    if (this.available) field.inputMode = 'none';
    this.#keepAboveKeyboard();
  }

  /** Whether there is anything to touch with. */
  get available() {
    return this.#seen || matchMedia('(any-pointer: coarse)').matches;
  }

  /** @returns {TouchMode} */
  get mode() {
    return this.gestures.mode;
  }

  set mode(mode) {
    this.gestures.cancel();
    this.gestures.mode = mode;
    this.onChange();
  }

  /** Whether the keyboard on glass is wanted. */
  get glass() {
    return this.#glass;
  }

  set glass(glass) {
    this.#glass = glass;
    this.field.inputMode = glass ? 'text' : 'none';
    this.field.blur(); // a keyboard comes and goes with the focus only
    this.field.focus({ preventScroll: true });
    this.onChange();
  }

  /**
   * @param {PointerEvent} e of a finger
   * @param {boolean} on it is on the picture, not beside it
   */
  pointer(e, on) {
    if (!this.#seen) {
      this.#seen = true;
      if (!this.#glass) this.field.inputMode = 'none';
      this.onChange();
    }
    const { gestures } = this;
    switch (e.type) {
      case 'pointerdown':
        if (!on && this.mode === 'direct' && !gestures.busy) return; // points at nothing
        gestures.down(e.pointerId, e.clientX, e.clientY, e.timeStamp);
        break;
      case 'pointermove': gestures.move(e.pointerId, e.clientX, e.clientY); break;
      case 'pointerup': gestures.up(e.pointerId, e.timeStamp); break;
      default: gestures.cancel();
    }
  }

  /** Safari lays its keyboard over the page, others make the page smaller by themselves. */
  #keepAboveKeyboard() {
    const seen = window.visualViewport;
    if (!seen) return; // no such keyboards there
    const fit = () => {
      if (seen.scale > 1.01) return; // the browser's own zoom
      const covered = Math.round(window.innerHeight - seen.height);
      document.documentElement.style.setProperty('--covered', `${covered > 60 ? covered : 0}px`);
      window.scrollTo(0, 0);
    };
    seen.addEventListener('resize', fit);
    seen.addEventListener('scroll', fit);
  }
}
