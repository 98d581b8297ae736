// The technician's mouse, wheel, keyboard and input method, as input messages of the protocol.
// Events are listened to on the canvas and on a hidden text field, which has the focus, so that
// input methods and keyboards on glass work.
import { encodeInput, EventType } from '../shared/wire.js';
import { Composition } from './composition.js';
import { Keyboard } from './keyboard.js';
import { buttonBit, buttonChanges, toPicture, Wheel } from './pointer.js';
import { Touch } from './touch.js';

/** @typedef {import('../shared/wire.js').InputEvent} InputEvent */
/** @typedef {import('./keyboard.js').Platform} Platform */

// Moves that the browser tells of between its frames, where it does, are sent at most so often.
const MOVE_EVERY = 8; // ms
const HEARTBEAT = 500; // ms; the presenter releases what is held after 2 s of silence
// The text field always holds this, so that Backspace on a glass keyboard has something to delete.
const FILLER = '  ';

/** @returns {Platform} */
export function platform() {
  const name = navigator.platform || navigator.userAgent;
  if (/mac|iphone|ipad/i.test(name)) return 'mac';
  return /win/i.test(name) ? 'windows' : 'other';
}

/** @param {InputEvent} e */
const presses = (e) => e.type === EventType.Text || ((e.type === EventType.Key || e.type === EventType.Button) && e.down);

export class Input {
  #on = false;
  #buttons = 0; // PointerEvent.buttons that the presenter knows of
  #wheel = new Wheel();
  /** @type {{x: number, y: number} | null} newest place not sent yet */
  #move = null;
  /** @type {{x: number, y: number} | null} newest place sent */
  #sent = null;
  #sentAt = -Infinity;
  #frame = 0;
  #heartbeat = 0;
  #composing = false;
  /** @type {KeyboardEvent | null} that takesKey has and that may still be pressed */
  #taken = null;
  #at = 0; // time stamp of the newest event that may press something
  /** @type {{x: number, y: number} | null} where a trackpad has moved the pointer, with fractions */
  #spot = null;
  /** the sticky modifiers have changed */
  onSticky = () => {};

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLTextAreaElement} field
   * @param {object} page
   * @param {() => {width: number, height: number, layout: number} | null} page.picture
   * @param {(body: Uint8Array<ArrayBuffer>, at: number) => void} page.send at: time stamp of the DOM event if
   *   it presses a key or a button or is text; else 0
   * @param {() => void} page.leave the person wants out of the remote screen, by keyboard
   * @param {() => {x: number, y: number} | null} page.pointer where the presenter's pointer is
   * @param {(place: {x: number, y: number} | null) => void} page.spot a finger has put the pointer there; null: a mouse has it
   * @param {(at: {x: number, y: number} | null) => void} page.hint a touch is held, there in the window
   * @param {() => boolean} page.pannable whether the picture is larger than its room
   * @param {() => void} page.grip two fingers begin to zoom
   * @param {(factor: number, x: number, y: number, dx: number, dy: number) => void} page.zoom around a place of the
   *   window, after moving the picture by dx, dy
   */
  constructor(canvas, field, page) {
    this.canvas = canvas;
    this.field = field;
    this.page = page;
    this.keyboard = new Keyboard(platform(), (events) => this.#send(events), {
      setTimeout: (f, ms) => window.setTimeout(f, ms),
      clearTimeout: (id) => window.clearTimeout(id),
    }, () => this.onSticky());
    this.touch = new Touch(field, this.#hands());
    field.value = FILLER;
    this.#listenToPointer();
    this.#listenToKeys();
    this.#listenToText();
  }

  /** Whether input is sent at all. */
  get on() {
    return this.#on;
  }

  set on(on) {
    if (on === this.#on) return;
    if (!on) this.release();
    this.#on = on;
    this.#sent = null;
    // The keyboard goes to the picture by itself, unless the person is elsewhere on the page.
    if (on && (document.activeElement === document.body || document.activeElement === null)) this.focus();
  }

  /**
   * Takes a keydown before the remote screen does; press gives it back. The browser acts on it.
   * @type {(e: KeyboardEvent) => boolean}
   */
  takesKey = () => false;

  /** @param {KeyboardEvent} e a keydown that takesKey has taken; after a release it is too late for it */
  press(e) {
    if (this.#on && e === this.#taken) this.keyboard.down(e);
    this.#taken = null;
    this.#beat();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  /** Releases all keys and buttons that the presenter holds for us. */
  release() {
    this.#taken = null;
    this.keyboard.release();
    this.touch.gestures.cancel();
    this.#setButtons(0);
    this.#flush();
  }

  /** @param {InputEvent[]} events sent at once, behind what waits */
  #send(events) {
    const picture = this.page.picture();
    const all = [...this.#takeWaiting(), ...events];
    if (this.#on && picture && all.length > 0) this.page.send(encodeInput(picture.layout, all), events.some(presses) ? this.#at : 0);
    this.#beat();
  }

  #flush() {
    this.#send([]);
  }

  /** @returns {InputEvent[]} */
  #takeWaiting() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    /** @type {InputEvent[]} */
    const waiting = [];
    if (this.#move) {
      waiting.push({ type: EventType.Move, ...this.#move });
      this.#sent = this.#move;
      this.#sentAt = performance.now();
    }
    this.#move = null;
    const wheel = this.#wheel.take();
    if (wheel) waiting.push({ type: EventType.Wheel, ...wheel });
    return waiting;
  }

  #later() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #beat() {
    const holding = this.keyboard.holding || this.#buttons !== 0;
    if (holding && this.#heartbeat === 0) {
      this.#heartbeat = window.setInterval(() => {
        const picture = this.page.picture();
        if (picture) this.page.send(encodeInput(picture.layout, []), 0);
      }, HEARTBEAT);
    } else if (!holding && this.#heartbeat !== 0) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = 0;
    }
  }

  /** @param {number} buttons */
  #setButtons(buttons) {
    const changes = buttonChanges(this.#buttons, buttons);
    this.#buttons = buttons;
    if (changes.length > 0) this.#send(changes.map((c) => ({ type: EventType.Button, ...c })));
  }

  /** @returns {import('./gestures.js').Hands} what fingers do to the remote screen */
  #hands() {
    const { page, canvas } = this;
    /** @param {{x: number, y: number}} at */
    const put = (at) => {
      this.#move = at;
      page.spot(at);
      this.#later();
    };
    return {
      place: (x, y) => {
        const picture = page.picture();
        if (!picture) return;
        this.#spot = null;
        put(toPicture(x, y, canvas.getBoundingClientRect(), picture.width, picture.height));
      },
      move: (dx, dy) => {
        const picture = page.picture();
        const { width } = canvas.getBoundingClientRect();
        if (!picture || width === 0) return;
        const from = this.#spot ?? this.#move ?? this.#sent ?? page.pointer() ?? { x: picture.width / 2, y: picture.height / 2 };
        const scale = picture.width / width;
        /** @type {(v: number, n: number) => number} */
        const limit = (v, n) => Math.max(0, Math.min(n - 1, v));
        this.#spot = { x: limit(from.x + dx * scale, picture.width), y: limit(from.y + dy * scale, picture.height) };
        put({ x: Math.floor(this.#spot.x), y: Math.floor(this.#spot.y) });
      },
      button: (button, down) => this.#setButtons(down ? this.#buttons | buttonBit(button) : this.#buttons & ~buttonBit(button)),
      wheel: (dx, dy) => {
        this.#wheel.add(dx, dy, 0);
        this.#later();
      },
      grip: page.grip,
      zoom: page.zoom,
      pannable: page.pannable,
      hint: page.hint,
    };
  }

  #listenToPointer() {
    const { canvas } = this;
    /** @param {PointerEvent} e */
    const place = (e) => {
      const picture = this.page.picture();
      if (!picture) return;
      this.#move = toPicture(e.clientX, e.clientY, canvas.getBoundingClientRect(), picture.width, picture.height);
    };
    // A place that was sent already is sent again only with what happens there: the guest may
    // have moved the pointer meanwhile.
    /** @param {PointerEvent} e */
    const moved = (e) => {
      place(e);
      if (this.#move && this.#sent && this.#move.x === this.#sent.x && this.#move.y === this.#sent.y) this.#move = null;
      return this.#move !== null;
    };
    // Between frames, so that a drag does not wait for the next one.
    canvas.addEventListener('pointerrawupdate', (event) => {
      const e = /** @type {PointerEvent} */ (event);
      if (!this.#on || !e.isPrimary || e.pointerType === 'touch' || !moved(e)) return;
      if (performance.now() - this.#sentAt >= MOVE_EVERY) this.#flush();
      else this.#later();
    });
    /** @param {PointerEvent} e */
    const onPointer = (e) => {
      if (!this.#on || !e.isPrimary || e.pointerType === 'touch') return;
      this.#at = e.timeStamp;
      this.#spot = null;
      this.page.spot(null);
      if (e.type === 'pointerdown') {
        canvas.setPointerCapture(e.pointerId);
        this.focus();
        this.keyboard.beforeButton(e);
      }
      // Only what was pressed here counts: a drag from elsewhere over the picture presses nothing.
      const captured = canvas.hasPointerCapture(e.pointerId) || e.type === 'pointerup';
      const pressed = e.button !== -1; // or released
      if (pressed) place(e);
      if (pressed || moved(e)) this.#later();
      this.#setButtons(captured ? e.buttons : 0);
    };
    for (const type of /** @type {const} */ (['pointerdown', 'pointermove', 'pointerup'])) canvas.addEventListener(type, onPointer);
    for (const type of /** @type {const} */ (['pointercancel', 'lostpointercapture'])) {
      canvas.addEventListener(type, (e) => {
        if (/** @type {PointerEvent} */ (e).pointerType !== 'touch') this.#setButtons(0);
      });
    }
    // Fingers may be beside the picture: to zoom, or on a trackpad that is all of the stage.
    const stage = canvas.closest('main') ?? canvas;
    for (const type of /** @type {const} */ (['pointerdown', 'pointermove', 'pointerup', 'pointercancel'])) {
      stage.addEventListener(type, (event) => {
        const e = /** @type {PointerEvent} */ (event);
        if (!this.#on || e.pointerType !== 'touch') return;
        this.#at = e.timeStamp;
        if (document.activeElement !== this.field) this.focus();
        this.touch.pointer(e, e.target === canvas);
      });
    }
    // No focus on the canvas, no scrolling by the middle button, no history by the side buttons.
    for (const type of ['mousedown', 'mouseup', 'auxclick', 'dragstart']) {
      canvas.addEventListener(type, (e) => {
        if (this.#on) e.preventDefault();
      });
    }
    canvas.addEventListener('contextmenu', (e) => e.preventDefault());
    canvas.addEventListener('wheel', (e) => {
      if (!this.#on) return;
      e.preventDefault();
      place(/** @type {PointerEvent} */ (/** @type {MouseEvent} */ (e)));
      this.#wheel.add(e.deltaX, e.deltaY, e.deltaMode);
      this.#later();
    }, { passive: false });
  }

  /** Whether keys are meant for the remote screen. */
  #focused() {
    return this.#on && (document.activeElement === this.field || document.activeElement === this.canvas);
  }

  #listenToKeys() {
    window.addEventListener('keydown', (e) => {
      if (!this.#focused()) return;
      this.#at = e.timeStamp;
      if (e.code === 'Home' && e.ctrlKey && e.altKey && !e.getModifierState('AltGraph')) {
        e.preventDefault();
        this.release();
        this.page.leave();
        return;
      }
      if (this.takesKey(e)) {
        this.#taken = e;
        return;
      }
      if (this.keyboard.down(e)) e.preventDefault();
      this.#beat();
    });
    window.addEventListener('keyup', (e) => {
      if (this.#on && this.keyboard.up(e)) e.preventDefault();
      this.#beat();
    });
    const release = () => this.release();
    window.addEventListener('blur', release);
    window.addEventListener('pagehide', release);
    document.addEventListener('fullscreenchange', release);
    this.field.addEventListener('blur', release);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.release();
    });
  }

  #listenToText() {
    const { field } = this;
    // Whatever stands in the field behind the filler was typed; read and emptied at once.
    const take = () => {
      const { value } = field;
      const text = value.startsWith(FILLER) ? value.slice(FILLER.length) : value.trimStart();
      field.value = FILLER;
      field.setSelectionRange(FILLER.length, FILLER.length);
      if (text !== '' && this.#on) this.keyboard.text(text);
    };
    const word = new Composition();
    let shown = false; // the word that is composed is typed while it changes
    /** @param {import('./composition.js').Change} change */
    const apply = ({ remove, add }) => {
      if (!this.#on) return;
      for (let n = 0; n < remove; n++) this.keyboard.tap('Backspace');
      if (add !== '') this.keyboard.text(add);
    };
    const empty = () => {
      field.value = FILLER;
      field.setSelectionRange(FILLER.length, FILLER.length);
    };
    field.addEventListener('compositionstart', () => {
      this.#composing = true;
      shown = this.touch.glass;
    });
    field.addEventListener('compositionupdate', (e) => {
      this.#at = e.timeStamp;
      if (shown) apply(word.update(e.data));
    });
    field.addEventListener('compositionend', (e) => {
      this.#at = e.timeStamp;
      this.#composing = false;
      if (shown) {
        apply(word.end(e.data));
        empty();
      } else {
        take();
      }
    });
    field.addEventListener('beforeinput', (e) => {
      if (this.#composing || e.isComposing) return;
      const code = e.inputType === 'deleteContentBackward' ? 'Backspace' : e.inputType === 'insertLineBreak' ? 'Enter' : '';
      if (code === '') return;
      e.preventDefault();
      this.#at = e.timeStamp;
      if (this.#on) this.keyboard.tap(code);
    });
    field.addEventListener('input', (e) => {
      this.#at = e.timeStamp;
      if (!this.#composing && !(e instanceof InputEvent && e.isComposing)) take();
    });
    field.addEventListener('focus', () => field.setSelectionRange(FILLER.length, FILLER.length));
  }
}
