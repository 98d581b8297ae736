// The bar gets out of the way: pinned it stands above the picture; else it floats, slides away,
// and comes back when the mouse rests at the top edge, by its handle, and by Ctrl+Alt+Home. Each
// of window and full screen remembers its own choice. The handle can be dragged along the edge, so
// that nothing under it is out of reach.
import { loadBar, saveBar } from '../../shared/stored.js';
import { t } from '../../shared/texts.js';
import { element } from '../../shared/ui/element.js';

/** @typedef {import('./parts.js').App} App */

const REST = 250; // ms at the edge until the bar comes: on the way to the browser's tabs it does not
const LINGER = 600; // ms until it goes when the mouse has left it
const FAREWELL = 1600; // ms that it stays when it begins to float, so that one sees where it went
const EDGE = 2; // CSS pixels
const DRAGGED = 6; // CSS pixels from which on a press of the handle is a drag

/** @param {App} app */
export function autohide(app) {
  const bar = new FloatingBar(app);
  const look = () => ({ label: t('bar.pin'), checked: bar.pinned });
  app.shell.addTool({
    id: 'pin-bar',
    order: 210,
    look: () => (app.page.picture === 'none' ? null : { label: t('bar.pin'), icon: 'pin', pressed: bar.pinned, roomy: true }),
    run: () => bar.toggle(),
  });
  app.shell.addEntries('screen', { order: 95, entries: () => [{ id: 'screen-pin', ...look(), run: () => bar.toggle() }] });
  app.shell.beforeFocus = () => bar.show();
}

class FloatingBar {
  #shown = true;
  #timer = 0;
  #resting = 0;
  #choice = loadBar();
  /** @type {{x: number, moved: boolean} | null} where the handle was pressed */
  #press = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.bar = element('bar', HTMLElement);
    this.handle = element('bar-handle', HTMLButtonElement);
    this.#placeHandle(this.#choice.at);
    app.on('page', () => this.place());
    document.addEventListener('fullscreenchange', () => this.place());
    window.addEventListener('pointermove', (e) => this.#moved(e), { capture: true, passive: true });
    window.addEventListener('pointerdown', (e) => {
      if (e.pointerType !== 'mouse' && this.#shown && !this.#holds(e.target)) this.#hideIn(0);
    }, { capture: true, passive: true });
    window.addEventListener('keydown', (e) => this.#key(e));
    this.bar.addEventListener('pointerleave', () => this.#hideIn(LINGER));
    this.bar.addEventListener('focusout', () => this.#hideIn(LINGER));
    this.#listenToHandle();
    this.place();
  }

  get #mode() {
    return document.fullscreenElement ? /** @type {const} */ ('full') : 'window';
  }

  get pinned() {
    return this.#choice[this.#mode];
  }

  toggle() {
    this.#choice = { ...this.#choice, [this.#mode]: !this.pinned };
    saveBar(this.#choice);
    this.place();
    this.app.shell.update();
  }

  /** Whether there is a picture that the bar would cover. */
  get #floats() {
    return !this.pinned && this.app.page.picture === 'shown';
  }

  place() {
    const floats = this.#floats;
    const { dataset } = document.documentElement;
    if ((dataset.bar === 'floating') === floats) return;
    dataset.bar = floats ? 'floating' : 'pinned';
    this.show();
    if (floats) this.#hideIn(FAREWELL);
  }

  show() {
    clearTimeout(this.#timer);
    this.#set(true);
  }

  /** @param {boolean} shown */
  #set(shown) {
    this.#shown = shown;
    this.bar.dataset.shown = shown ? 'yes' : 'no';
    this.handle.hidden = !this.#floats || shown;
  }

  /** @param {number} ms */
  #hideIn(ms) {
    clearTimeout(this.#timer);
    if (!this.#floats) return;
    this.#timer = window.setTimeout(() => {
      if (!this.#floats) return;
      if (this.#inUse) this.#hideIn(LINGER);
      else this.#set(false);
    }, ms);
  }

  get #inUse() {
    return this.app.shell.menu !== null || this.bar.matches(':hover') || this.bar.querySelector(':focus-visible') !== null;
  }

  /** @param {EventTarget | null} target */
  #holds(target) {
    return target instanceof Node && (this.bar.contains(target) || this.handle.contains(target) || element('menu', HTMLElement).contains(target));
  }

  /** @param {PointerEvent} e */
  #moved(e) {
    const atEdge = e.pointerType === 'mouse' && e.clientY < EDGE && e.buttons === 0;
    if (!atEdge || this.#shown || !this.#floats) {
      clearTimeout(this.#resting);
      this.#resting = 0;
    } else if (this.#resting === 0) {
      this.#resting = window.setTimeout(() => {
        this.#resting = 0;
        if (!this.#floats) return;
        this.show();
        this.#hideIn(2 * LINGER); // in case that the mouse goes on without having been on the bar
      }, REST);
    }
  }

  /** @param {KeyboardEvent} e */
  #key(e) {
    // While the remote screen has the keyboard, input.js takes this shortcut.
    if (e.defaultPrevented || e.code !== 'Home' || !e.ctrlKey || !e.altKey || e.getModifierState('AltGraph')) return;
    e.preventDefault();
    if (this.bar.contains(document.activeElement)) this.app.shell.on.back();
    else this.app.shell.focusBar();
  }

  #listenToHandle() {
    const { handle } = this;
    handle.addEventListener('pointerdown', (e) => {
      if (e.button !== 0) return;
      handle.setPointerCapture(e.pointerId);
      this.#press = { x: e.clientX, moved: false };
    });
    handle.addEventListener('pointermove', (e) => {
      if (!this.#press || (!this.#press.moved && Math.abs(e.clientX - this.#press.x) < DRAGGED)) return;
      this.#press.moved = true;
      this.#placeHandle(e.clientX / window.innerWidth);
    });
    handle.addEventListener('lostpointercapture', () => {
      if (this.#press?.moved) saveBar(this.#choice);
    });
    handle.addEventListener('click', () => {
      const moved = this.#press?.moved ?? false;
      this.#press = null;
      if (moved) return;
      this.show();
      if (handle.matches(':focus-visible')) this.app.shell.focusBar();
      else this.#hideIn(4 * LINGER);
    });
  }

  /** @param {number} at of the window's width, 0..1 */
  #placeHandle(at) {
    this.#choice = { ...this.#choice, at: Math.max(0.05, Math.min(0.95, at)) };
    this.handle.style.left = `${100 * this.#choice.at}%`;
  }
}
