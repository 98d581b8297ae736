// Where and how large the canvas is on the page. Lengths are device pixels until they become CSS,
// so that one picture pixel is exactly one, two, ... device pixels wherever it is not made smaller.

/** @typedef {'fit' | 'exact'} Mode */

/**
 * The factor from picture pixels to device pixels.
 * @param {Mode} mode
 * @param {{w: number, h: number}} picture
 * @param {{w: number, h: number}} room in device pixels
 */
export function scaleOf(mode, picture, room) {
  if (mode === 'exact') return 1;
  const fit = Math.min(room.w / picture.w, room.h / picture.h);
  // Larger only by whole factors: anything between is blurred or uneven.
  return fit >= 1 ? Math.floor(fit) : Math.max(fit, 1 / Math.max(picture.w, picture.h));
}

export class Viewport {
  /** @type {Mode} */
  #mode = 'fit';
  /** CSS pixels a picture pixel. */
  scale = 1;
  #ratio = 0;

  /**
   * @param {HTMLElement} stage scrolls
   * @param {HTMLElement} sheet holds the canvas and what is drawn over it
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange
   */
  constructor(stage, sheet, canvas, onChange) {
    this.stage = stage;
    this.sheet = sheet;
    this.canvas = canvas;
    this.onChange = onChange;
    new ResizeObserver(() => this.place()).observe(stage);
    window.addEventListener('resize', () => this.place());
    this.#watchRatio();
  }

  get mode() {
    return this.#mode;
  }

  set mode(mode) {
    this.#mode = mode;
    this.place();
  }

  /** Whether the page's device pixels have another size since the last place. */
  get stale() {
    return this.#ratio !== window.devicePixelRatio;
  }

  /** A media query is true for one ratio only: each change needs a new one. */
  #watchRatio() {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener('change', () => {
      this.place();
      this.#watchRatio();
    }, { once: true });
  }

  /** Fits the canvas to the stage again. */
  place() {
    const { stage, sheet, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    this.#ratio = window.devicePixelRatio;
    stage.dataset.mode = this.#mode;
    const room = { w: Math.floor(stage.clientWidth * ratio), h: Math.floor(stage.clientHeight * ratio) };
    const picture = { w: canvas.width, h: canvas.height };
    const scale = scaleOf(this.#mode, picture, room);
    const w = Math.max(1, Math.round(picture.w * scale));
    const h = Math.max(1, Math.round(picture.h * scale));
    canvas.style.width = `${w / ratio}px`;
    canvas.style.height = `${h / ratio}px`;
    canvas.dataset.scaling = scale >= 1 ? 'whole' : 'smooth';
    // Centred, on whole device pixels of the window and not only of the stage.
    const at = stage.getBoundingClientRect();
    /** @type {(start: number, room: number, size: number) => number} */
    const offset = (start, space, size) => (Math.ceil(start * ratio - 0.01) + Math.max(0, Math.floor((space - size) / 2))) / ratio - start;
    sheet.style.left = `${offset(at.left, room.w, w)}px`;
    sheet.style.top = `${offset(at.top, room.h, h)}px`;
    this.scale = w / ratio / picture.w;
    this.onChange();
  }
}
