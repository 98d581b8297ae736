// The presenter's mouse pointer: for the controller it is the shape of the own pointer over the
// canvas, for all others it is drawn over the picture at its place.

/** @typedef {import('../shared/wire.js').Cursor} Cursor */

export class RemoteCursor {
  /** @type {Cursor | null} */
  #shape = null;
  /** @type {{x: number, y: number} | null} */
  #place = null;
  /** @type {import('../shared/picture.js').Rect | null} */
  #area = null;
  #own = false;
  #scale = 1;
  #css = 'default';

  /**
   * @param {HTMLCanvasElement} screen
   * @param {HTMLCanvasElement} overlay on the same sheet as the screen
   */
  constructor(screen, overlay) {
    this.screen = screen;
    this.overlay = overlay;
  }

  /** @param {Cursor} shape */
  setShape(shape) {
    this.#shape = shape;
    const { w, h, hotX, hotY, rgba } = shape;
    if (w === 0) {
      this.#css = 'none';
    } else {
      this.overlay.width = w;
      this.overlay.height = h;
      this.overlay.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
      this.#css = `url(${this.overlay.toDataURL()}) ${hotX} ${hotY}, default`;
    }
    this.show();
  }

  /** Where it is on the picture; null while that is unknown, or elsewhere. */
  get place() {
    return this.#place && placeIn(this.#area, this.#place);
  }

  /** @param {{x: number, y: number}} place on the picture: this viewer has put it there */
  put({ x, y }) {
    this.setPlace({ x: x + (this.#area?.x ?? 0), y: y + (this.#area?.y ?? 0) });
  }

  /** @param {{x: number, y: number}} place in pixels of the desktop */
  setPlace(place) {
    this.#place = place;
    this.show();
  }

  /** @param {import('../shared/picture.js').Rect | null} area the part of the desktop that the picture shows; null = all of it */
  set area(area) {
    const old = this.#area;
    if (old === area || (old && area && old.x === area.x && old.y === area.y && old.w === area.w && old.h === area.h)) return;
    this.#area = area;
    this.show();
  }

  /** @param {boolean} own whether this viewer's own pointer is the remote one */
  set own(own) {
    if (own === this.#own) return;
    this.#own = own;
    this.show();
  }

  /** @param {number} scale CSS pixels a picture pixel */
  set scale(scale) {
    this.#scale = scale;
    this.show();
  }

  /** Another presenter's pointer is unknown until it is told. */
  forget() {
    this.#shape = null;
    this.#place = null;
    this.#css = 'default';
    this.show();
  }

  show() {
    const { overlay } = this;
    this.screen.style.cursor = this.#own ? this.#css : 'default';
    const place = this.#place && placeIn(this.#area, this.#place);
    const visible = !this.#own && this.#shape !== null && this.#shape.w > 0 && place !== null;
    overlay.hidden = !visible;
    if (!visible || !this.#shape || !place) return;
    const x = (place.x + 0.5) * this.#scale - this.#shape.hotX;
    const y = (place.y + 0.5) * this.#scale - this.#shape.hotY;
    overlay.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}

/**
 * A place of the desktop in a part of it. Pure.
 * @param {import('../shared/picture.js').Rect | null} area null = all of it
 * @param {{x: number, y: number}} place
 * @returns {{x: number, y: number} | null} null: it is elsewhere
 */
export function placeIn(area, { x, y }) {
  if (!area) return { x, y };
  const at = { x: x - area.x, y: y - area.y };
  return at.x >= 0 && at.y >= 0 && at.x < area.w && at.y < area.h ? at : null;
}
