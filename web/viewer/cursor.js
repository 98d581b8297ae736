// The presenter's mouse pointer: for the controller it is the shape of the own pointer over the
// canvas, for all others it is drawn over the picture at its place.

/** @typedef {import('../shared/wire.js').Cursor} Cursor */

export class RemoteCursor {
  /** @type {Cursor | null} */
  #shape = null;
  /** @type {{x: number, y: number} | null} */
  #place = null;
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

  /** @param {{x: number, y: number}} place in picture pixels */
  setPlace(place) {
    this.#place = place;
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
    const visible = !this.#own && this.#shape !== null && this.#shape.w > 0 && this.#place !== null;
    overlay.hidden = !visible;
    if (!visible || !this.#shape || !this.#place) return;
    const x = (this.#place.x + 0.5) * this.#scale - this.#shape.hotX;
    const y = (this.#place.y + 0.5) * this.#scale - this.#shape.hotY;
    overlay.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}
