// Where and how large the canvas is on the page: fitted into the stage, or at a chosen scale, with
// the stage scrolling. Lengths are device pixels until they become CSS, so that one picture pixel
// is exactly one, two, ... device pixels wherever it is not made smaller.

/** @typedef {'fit' | number} Mode a number is device pixels a picture pixel */
/** @typedef {{w: number, h: number}} Size */
/** @typedef {{x: number, y: number}} Place in CSS pixels of the window */

/** The scales that steps go through; those between 1 and 2 would be blurred or uneven. */
export const LEVELS = [1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 2, 3, 4, 6, 8];
const MAX_SCALE = LEVELS[LEVELS.length - 1];
const EPSILON = 1e-3;

/**
 * The factor from picture pixels to device pixels.
 * @param {Mode} mode
 * @param {Size} picture
 * @param {Size} room in device pixels
 */
export function scaleOf(mode, picture, room) {
  if (mode !== 'fit') return mode;
  const fit = Math.min(room.w / picture.w, room.h / picture.h);
  // Larger only by whole factors: anything between is blurred or uneven.
  return fit >= 1 ? Math.floor(fit) : Math.max(fit, 1 / Math.max(picture.w, picture.h));
}

/**
 * The mode for a scale that somebody wishes: whole factors from 1 on, and never smaller than the
 * whole picture.
 * @param {number} wish
 * @param {number} fit the scale of 'fit'
 * @returns {Mode}
 */
export function modeFor(wish, fit) {
  const scale = Math.min(MAX_SCALE, wish > 0.85 ? Math.max(1, Math.round(wish)) : wish);
  return scale <= fit + EPSILON ? 'fit' : scale;
}

/**
 * The next scale in a direction.
 * @param {number} scale
 * @param {1 | -1} direction
 */
export function nextLevel(scale, direction) {
  return direction > 0 ? LEVELS.find((level) => level > scale + EPSILON) ?? MAX_SCALE
    : LEVELS.filter((level) => level < scale - EPSILON).at(-1) ?? LEVELS[0];
}

export class Viewport {
  /** @type {Mode} */
  #mode = 'fit';
  /** CSS pixels a picture pixel. */
  scale = 1;
  #ratio = 0;
  #left = 0; // of the picture in what the stage scrolls, in CSS pixels
  #top = 0;
  #wish = 1; // the scale that a gesture goes on from, not rounded

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

  /** Device pixels a picture pixel. */
  get zoom() {
    const { picture, room } = this.#sizes();
    return scaleOf(this.#mode, picture, room);
  }

  /** Whether there is more of the picture than the stage shows. */
  get overflows() {
    const { stage } = this;
    return stage.scrollWidth > stage.clientWidth + 1 || stage.scrollHeight > stage.clientHeight + 1;
  }

  /**
   * @param {Mode} mode
   * @param {Place} [at] what stays where it is; the middle of the stage, if it is not given
   */
  setMode(mode, at) {
    const { stage } = this;
    const box = stage.getBoundingClientRect();
    const x = (at?.x ?? box.left + stage.clientWidth / 2) - box.left;
    const y = (at?.y ?? box.top + stage.clientHeight / 2) - box.top;
    const { scale } = this;
    const held = { x: (stage.scrollLeft + x - this.#left) / scale, y: (stage.scrollTop + y - this.#top) / scale };
    this.#mode = mode;
    this.place();
    stage.scrollLeft = this.#left + held.x * this.scale - x;
    stage.scrollTop = this.#top + held.y * this.scale - y;
  }

  /**
   * One step larger or smaller.
   * @param {1 | -1} direction
   * @param {Place} [at]
   */
  step(direction, at) {
    this.setMode(modeFor(nextLevel(this.zoom, direction), this.#fit()), at);
  }

  /** A gesture begins: the scale changes from what it is now. */
  grip() {
    this.#wish = this.zoom;
  }

  /**
   * A gesture goes on.
   * @param {number} factor since the last call
   * @param {Place} at
   */
  zoomBy(factor, at) {
    const fit = this.#fit();
    this.#wish = Math.max(Math.min(fit, 1) * 0.9, Math.min(MAX_SCALE, this.#wish * factor));
    const mode = modeFor(this.#wish, fit);
    if (mode !== this.#mode) this.setMode(mode, at);
  }

  /**
   * Moves the picture.
   * @param {number} dx in CSS pixels
   * @param {number} dy
   */
  pan(dx, dy) {
    this.stage.scrollLeft += dx;
    this.stage.scrollTop += dy;
  }

  /**
   * Moves the picture so that a place of it is seen, with some of what is around.
   * @param {Place} place in picture pixels
   */
  reveal({ x, y }) {
    const { stage, scale } = this;
    /** @type {(at: number, from: number, room: number) => number} */
    const beyond = (at, from, room) => {
      const margin = Math.min(48, room / 4);
      return Math.min(0, at - from - margin) + Math.max(0, at - from - room + margin);
    };
    this.pan(beyond(this.#left + x * scale, stage.scrollLeft, stage.clientWidth), beyond(this.#top + y * scale, stage.scrollTop, stage.clientHeight));
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

  #sizes() {
    const { stage, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    // The stage's own box: scroll bars are no reason for another scale.
    return { ratio, picture: { w: canvas.width, h: canvas.height }, room: { w: Math.floor(stage.offsetWidth * ratio), h: Math.floor(stage.offsetHeight * ratio) } };
  }

  #fit() {
    const { picture, room } = this.#sizes();
    return scaleOf('fit', picture, room);
  }

  /** Puts the canvas where it belongs again. */
  place() {
    const { stage, sheet, canvas } = this;
    const { ratio, picture, room: box } = this.#sizes();
    this.#ratio = window.devicePixelRatio;
    const scale = scaleOf(this.#mode, picture, box);
    const w = Math.max(1, Math.round(picture.w * scale));
    const h = Math.max(1, Math.round(picture.h * scale));
    canvas.style.width = `${w / ratio}px`;
    canvas.style.height = `${h / ratio}px`;
    canvas.dataset.scaling = scale >= 1 ? 'whole' : 'smooth';
    stage.dataset.mode = this.#mode === 'fit' ? 'fit' : 'zoom';
    const room = { w: Math.floor(stage.clientWidth * ratio), h: Math.floor(stage.clientHeight * ratio) };
    // Centred, on whole device pixels of the window and not only of the stage.
    const at = stage.getBoundingClientRect();
    /** @type {(start: number, room: number, size: number) => number} */
    const offset = (start, space, size) => (Math.ceil(start * ratio - 0.01) + Math.max(0, Math.floor((space - size) / 2))) / ratio - start;
    this.#left = offset(at.left, room.w, w);
    this.#top = offset(at.top, room.h, h);
    sheet.style.left = `${this.#left}px`;
    sheet.style.top = `${this.#top}px`;
    this.scale = w / ratio / picture.w;
    this.onChange();
  }
}
